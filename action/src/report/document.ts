/**
 * A report before it is Markdown for a job summary or text for a terminal. Plain strings are never markup: whatever a
 * DAG is called, it cannot change how the report looks.
 */
export type Inline = string | { readonly code: string } | { readonly strong: string } | readonly Inline[];

export type Block =
  /** The first line: what the reader came for. */
  | { readonly kind: 'answer'; readonly mood: Mood; readonly text: Inline }
  | { readonly kind: 'paragraph'; readonly text: Inline }
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'alert'; readonly level: 'NOTE' | 'WARNING' | 'CAUTION'; readonly text: Inline }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly Inline[])[] }
  | { readonly kind: 'list'; readonly items: readonly Inline[] }
  | { readonly kind: 'command'; readonly text: string }
  /** A change of a file, as `git apply` takes it. */
  | { readonly kind: 'patch'; readonly text: string }
  | { readonly kind: 'details'; readonly summary: Inline; readonly blocks: readonly Block[] };

export type Mood = 'good' | 'attention' | 'bad' | 'unclear';

export type Document = readonly Block[];

export const code = (value: string): Inline => ({ code: value });
export const strong = (value: string): Inline => ({ strong: value });

/** Joins text and inlines: t`moved to ${code(site)}`. */
export const t = (texts: TemplateStringsArray, ...values: readonly (Inline | number)[]): Inline =>
  texts.flatMap((text, index): readonly Inline[] => {
    const value = values[index];
    return value === undefined ? [text] : [text, typeof value === 'number' ? String(value) : value];
  });

/** Our own sentences mark names by backticks. */
export const prose = (text: string): Inline =>
  text.split('`').map((part, index, all) => (index % 2 === 1 && index < all.length - 1 ? { code: part } : part));

/** Longest text taken over from elsewhere: an id, a path, a message. */
const MAX_VALUE = 2_000;

/** On one line, without characters that a terminal or a browser would obey. */
export function tame(value: string): string {
  const line = value
    .replaceAll(/[\p{Cc}\u2028\u2029\s]+/gu, ' ')
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
  return line.length > MAX_VALUE ? `${line.slice(0, MAX_VALUE)}…` : line;
}
