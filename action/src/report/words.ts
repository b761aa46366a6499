import type { SnapshotAge, Measured } from '../domain/results.ts';
import { code, prose, t, type Block, type Document, type Inline } from './document.ts';

/** `4 min 12 s`, `2 h 5 min`, `3 d 4 h`: two units, the smaller one rounded. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds < 10 && !Number.isInteger(seconds) ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ] as const;
  const first = units.findIndex(([, size]) => seconds >= size);
  const [name, size] = units[first] ?? ['s', 1];
  const [smallerName, smallerSize] = units[first + 1] ?? ['s', 1];
  const count = Math.floor(seconds / size);
  const rest = Math.floor((seconds - count * size) / smallerSize);
  return rest === 0 ? `${count} ${name}` : `${count} ${name} ${rest} ${smallerName}`;
}

/** `2026-11-24 10:15:00 UTC`. */
export const moment = (iso: string): string =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/.test(iso) ? `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC` : iso;

export const bytes = (count: number): string =>
  count < 1_000
    ? `${count} B`
    : count < 1_000_000
      ? `${(count / 1_000).toFixed(1)} kB`
      : `${(count / 1_000_000).toFixed(1)} MB`;

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** With a capital and a full stop; names that begin with a small letter stay as they are. */
export function sentence(text: string): string {
  const trimmed = text.trim().replace(/^\p{Ll}+(?=\s)/u, (word) => word.charAt(0).toUpperCase() + word.slice(1));
  return /[.!?:]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

const measured = ({ measuredSeconds }: Measured): string =>
  measuredSeconds === null ? 'could not be measured' : duration(measuredSeconds);

/** Whether an objective was met, as a row: name, objective, measured, met. */
export function objectiveRow(name: string, value: Measured): readonly Inline[] {
  const { objectiveSeconds, measuredSeconds } = value;
  const met = measuredSeconds === null ? '❔ unknown' : measuredSeconds <= objectiveSeconds ? '✅ met' : '🛑 missed';
  return [name, duration(objectiveSeconds), measured(value), met];
}

export const snapshotWords = ({ id, takenAt, ageSeconds }: SnapshotAge): Inline =>
  t`${code(id)}, taken ${moment(takenAt)}, ${duration(ageSeconds)} old`;

/** What a reader needs to repeat a call or make the next one. */
export interface Context {
  /** Path of the deployment file as it was given. */
  readonly file: string;
  readonly onGitHub: boolean;
  /** How many rows of a list are shown; the rest is counted. */
  readonly maxRows: number;
}

const quoted = (value: string): string => (/^[\w./:@=-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`);

const WORKFLOWS: Readonly<Record<string, string>> = {
  check: 'health.yml',
  failover: 'failover.yml',
  install: 'install.yml',
  snapshot: 'snapshot.yml',
};

/** The workflow asks whether to override, and not how. */
const asDispatched = (inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  inputs['override'] === 'force' ? { ...inputs, override: 'true' } : inputs;

/** A verdict is of minutes ago when somebody types; the workflow waits for the next one by itself, too. */
const asTyped = (operation: string, inputs: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  operation === 'failover' && inputs['override'] === undefined ? { ...inputs, wait: inputs['wait'] ?? '1500' } : inputs;

/** The command that starts an operation where the reader is: a workflow, or the bundle on a terminal. */
export function command(
  { file, onGitHub }: Context,
  operation: string,
  deployment: string,
  inputs: Readonly<Record<string, string>> = {},
): Extract<Block, { readonly kind: 'command' }> {
  const workflow = WORKFLOWS[operation];
  const [start, prefix, values] =
    onGitHub && workflow !== undefined
      ? [
          `gh workflow run ${workflow}`,
          '-f ',
          operation === 'failover' ? asDispatched({ deployment, ...inputs }) : inputs,
        ]
      : [`node action/dist/index.js ${operation} --deployment ${quoted(file)}`, '--', asTyped(operation, inputs)];
  const separator = prefix === '--' ? ' ' : '=';
  const words = Object.entries(values).map(([name, value]) => `${prefix}${name}${separator}${quoted(value)}`);
  const line = [start, ...words].join(' ');
  return { kind: 'command', text: line.length <= 90 ? line : [start, ...words].join(' \\\n  ') };
}

/** At most `maxRows` rows of a list, and how many are left out; `total`: when the list itself is not the whole. */
export function bounded<T>(
  all: readonly T[],
  { maxRows }: Context,
  show: (item: T) => readonly Inline[],
  total = all.length,
): (readonly Inline[])[] {
  const rows = all.slice(0, maxRows).map(show);
  const left = total - rows.length;
  const width = rows[0]?.length ?? 1;
  return left === 0 ? rows : [...rows, [`… and ${left} more`, ...Array<Inline>(width - 1).fill('')]];
}

/** Several lines are a list, and one that ends with a colon leads it in. */
export function told(message: string): Document {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const [first = 'No details are known', ...more] = lines;
  if (more.length === 0) return [{ kind: 'paragraph', text: prose(sentence(first)) }];
  if (!first.endsWith(':')) return [{ kind: 'list', items: lines.map(prose) }];
  return [
    { kind: 'paragraph', text: prose(sentence(first)) },
    { kind: 'list', items: more.map(prose) },
  ];
}

/** Time from one instant to another, both ISO. */
export const took = (from: string, to: string): string =>
  duration(Math.round((Date.parse(to) - Date.parse(from)) / 1_000));
