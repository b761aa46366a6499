import { deploymentSchema } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { ruleProblems } from './deployment-rules.ts';
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
}

/**
 * The deployment that a file's text describes; `file` is only for messages. Throws {@link MdrError} `MDR-FILE-SYNTAX`,
 * `MDR-FILE-SCHEMA` or `MDR-FILE-RULE` that names every problem with its line and column.
 */
export function parseDeployment(text: string, file: string): Deployment {
  const read = readDeployment(text);
  if ('deployment' in read) return read.deployment;
  const { code, problems } = read;
  const [only] = problems.length === 1 ? problems : [];
  throw new MdrError({
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

/** The same without a throw: all problems of the first kind that was found, in the order of the file. */
export function readDeployment(
  text: string,
): { readonly deployment: Deployment } | { readonly code: ErrorCode; readonly problems: readonly FileProblem[] } {
  const json = parseJson(text);
  if (!(json instanceof PlacedJson)) return { code: 'MDR-FILE-SYNTAX', problems: [json] };
  const parsed = deploymentSchema.safeParse(json.value);
  const problems = [
    ...json.duplicates().map(({ key, place }) => ({ place, message: `the key "${key}" stands twice` })),
    ...schemaProblems(parsed.error?.issues ?? [], json),
  ];
  if (parsed.data === undefined || problems.length > 0) return { code: 'MDR-FILE-SCHEMA', problems: sorted(problems) };
  const broken = ruleProblems(parsed.data).map(({ path, ...rest }) => ({ place: json.placeOf(path), ...rest }));
  return broken.length > 0 ? { code: 'MDR-FILE-RULE', problems: sorted(broken) } : { deployment: parsed.data };
}

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
