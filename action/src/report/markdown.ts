import { tame, type Block, type Document, type Inline, type Mood } from './document.ts';

const ICONS: Readonly<Record<Mood, string>> = { good: '✅', attention: '⚠️', bad: '🛑', unclear: '❔' };

/**
 * Every character that means something in Markdown or HTML, as an entity; links and mentions are broken up. Underscores
 * inside a word mean nothing, and ids are full of them.
 */
const escape = (value: string): string =>
  tame(value)
    .replaceAll(/[&<>`*[\]|~\\$#]|(?<![\p{L}\p{N}_])_+|_+(?![\p{L}\p{N}_])/gu, entities)
    .replaceAll('://', '&#58;//')
    .replaceAll(/www\./gi, (text) => text.replace('.', '&#46;'))
    .replaceAll('@', '@&#8203;');

const entities = (characters: string): string =>
  Array.from(characters, (character) => `&#${character.codePointAt(0)};`).join('');

/** HTML's own element: between backticks no character could be escaped. Mentions do not work in it. */
const codeElement = (value: string): string => `<code>${escape(value).replaceAll('&#8203;', '')}</code>`;

function inline(text: Inline): string {
  if (typeof text === 'string') return escape(text);
  if ('code' in text) return codeElement(text.code);
  if ('strong' in text) return `<b>${escape(text.strong)}</b>`;
  return text.map(inline).join('');
}

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A fence longer than any run of backticks inside. */
function fenced(language: 'sh' | 'diff', text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** At the start of a line a dash or a number would begin a list. */
const lineStart = (text: string): string => text.replace(/^(\d+)([.)])/, '$1&#46;').replace(/^[-+=]/, entities);

function block(part: Block): string {
  switch (part.kind) {
    case 'answer':
      return `### ${ICONS[part.mood]} ${inline(part.text)}`;
    case 'paragraph':
      return lineStart(inline(part.text));
    case 'heading':
      return `#### ${inline(part.text)}`;
    case 'alert':
      return `> [!${part.level}]\n> ${lineStart(inline(part.text))}`;
    case 'table':
      return [
        row(part.head.map(escape)),
        row(part.head.map(() => '---')),
        ...part.rows.map((cells) => row(cells.map(inline))),
      ].join('\n');
    case 'list':
      return part.items.map((item) => `- ${lineStart(inline(item))}`).join('\n');
    case 'command':
      return fenced('sh', part.text);
    case 'patch':
      return fenced('diff', part.text);
    case 'details':
      return `<details>\n<summary>${inline(part.summary)}</summary>\n\n${toMarkdown(part.blocks)}\n</details>`;
  }
}

export const toMarkdown = (document: Document): string => `${document.map(block).join('\n\n')}\n`;
