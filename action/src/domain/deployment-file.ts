import { deploymentSchema } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { ruleProblems } from './deployment-rules.ts';
import type { Rule } from './deployment-rules.ts';
import { schemaProblems } from './deployment-schema-problems.ts';
import { MdrError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { PlacedJson } from './json-places.ts';
import type { TextPlace } from './json-places.ts';

/** One thing that is wrong with a file, at its place. */
export interface FileProblem {
  readonly place: TextPlace;
  readonly message: string;
  readonly fix?: string;
  /** Whether it is about what no move rests on, as what environments are to become. */
  readonly changesOnly?: boolean;
}

type Read =
  | { readonly deployment: Deployment }
  | { readonly code: ErrorCode; readonly problems: readonly FileProblem[]; readonly parsed?: Deployment };

/**
 * The deployment that a file's text describes; `file` is only for messages. Throws {@link MdrError} `MDR-FILE-SYNTAX`,
 * `MDR-FILE-SCHEMA` or `MDR-FILE-RULE` that names every problem with its line and column.
 */
export function parseDeployment(text: string, file: string, more: readonly Rule[] = []): Deployment {
  const read = readDeployment(text, more);
  if ('deployment' in read) return read.deployment;
  throw refusal(file, read.code, read.problems);
}

/**
 * The same for what must work on the bad day: rules about what environments are to be changed to are only warnings
 * there, since a move changes none of it. Throws as {@link parseDeployment} for all other problems.
 */
export function parseForMove(
  text: string,
  file: string,
  more: readonly Rule[] = [],
): { deployment: Deployment; warnings: readonly string[] } {
  const read = readDeployment(text, more);
  if ('deployment' in read) return { deployment: read.deployment, warnings: [] };
  const { code, problems } = read;
  const grave = problems.filter(({ changesOnly }) => changesOnly !== true);
  if (read.parsed === undefined || grave.length > 0) throw refusal(file, code, grave.length > 0 ? grave : problems);
  return { deployment: read.parsed, warnings: problems.map((problem) => lineOf(file, problem, true)) };
}

function refusal(file: string, code: ErrorCode, problems: readonly FileProblem[]): MdrError {
  const [only] = problems.length === 1 ? problems : [];
  return new MdrError({
    code,
    message: problems.map((problem) => lineOf(file, problem, only === undefined)).join('\n'),
    fix: only?.fix ?? `Correct ${file}; ${EDITOR}`,
    state: 'nothing was touched',
    place: { file, ...(problems[0]?.place ?? { line: 1, column: 1 }) },
  });
}

/** Of several problems each says its own way out. */
const lineOf = (file: string, { place, message, fix }: FileProblem, withFix: boolean): string =>
  `${file}:${place.line}:${place.column}: ${message}${withFix && fix !== undefined ? `. ${fix}` : ''}`;

const EDITOR = 'an editor that knows its $schema shows the same problems while typing.';

/** The same without a throw, and with rules of where the file is used: all problems of the first kind that was found, in the order of the file. */
export function readDeployment(text: string, more: readonly Rule[] = []): Read {
  const json = parseJson(text);
  if (!(json instanceof PlacedJson)) return { code: 'MDR-FILE-SYNTAX', problems: [json] };
  const parsed = deploymentSchema.safeParse(json.value);
  const problems = [
    ...json.duplicates().map(({ key, place }) => ({ place, message: `the key "${key}" stands twice` })),
    ...schemaProblems(parsed.error?.issues ?? [], json),
  ];
  if (parsed.data === undefined || problems.length > 0) return { code: 'MDR-FILE-SCHEMA', problems: sorted(problems) };
  const all = [ruleProblems, ...more].flatMap((rule) => rule(parsed.data));
  const broken = all.map(({ path, ...rest }): FileProblem => ({
    place: json.placeOf(path),
    changesOnly: isAboutChanges(path),
    ...rest,
  }));
  return broken.length > 0
    ? { code: 'MDR-FILE-RULE', problems: sorted(broken), parsed: parsed.data }
    : { deployment: parsed.data };
}

/** Parts of the file that only plan and reconcile go by; and that of a verdict, which at worst has one witness less. */
const CHANGES = ['health', 'mwaa', 'manage', 'artifacts', 'paused', 'freeze', 'ignore', 'selfHeal', 'plan', 'active'];

const isAboutChanges = ([first, , third]: readonly (string | number)[]): boolean =>
  CHANGES.includes(String(first === 'sites' && third !== undefined ? third : first));

/** In the order of the file; what is shared by both sites is said once. */
const sorted = (problems: readonly FileProblem[]): readonly FileProblem[] => {
  const said = new Map(problems.map((problem) => [lineOf('', problem, false), problem]));
  return [...said.values()].sort((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
};

function parseJson(text: string): PlacedJson | FileProblem {
  try {
    return new PlacedJson(text);
  } catch (cause) {
    if (!isPlacedError(cause)) throw cause;
    const { line, column } = cause;
    return { place: { line, column }, message: cause.message.replace(/ \(\d+:\d+\)$/, '') };
  }
}

const isPlacedError = (error: unknown): error is Error & TextPlace =>
  error instanceof Error && 'line' in error && 'column' in error;
