import type { z } from 'zod';
import { deploymentSchema } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { ruleProblems } from './deployment-rules.ts';
import { MdrError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { PlacedJson } from './json-places.ts';
import type { TextPlace } from './json-places.ts';
import { didYouMean, suggest } from './suggest.ts';

/**
 * The deployment that a file's text describes; `file` is only for messages. Throws {@link MdrError} `MDR-FILE-SYNTAX`,
 * `MDR-FILE-SCHEMA` or `MDR-FILE-RULE` that names every problem with its line and column.
 */
export function parseDeployment(text: string, file: string): Deployment {
  const json = parseJson(text, file);
  const parsed = deploymentSchema.safeParse(json.value);
  const problems = [
    ...json.duplicates().map(({ key, place }) => ({ place, message: `the key "${key}" stands twice` })),
    ...(parsed.error === undefined ? [] : schemaProblems(parsed.error.issues, json)),
  ];
  if (parsed.data === undefined || problems.length > 0) throw refusal('MDR-FILE-SCHEMA', file, problems);
  const broken = ruleProblems(parsed.data);
  if (broken.length > 0) {
    const placed = broken.map(({ path, message }) => ({ place: json.placeOf(path), message }));
    throw refusal('MDR-FILE-RULE', file, placed);
  }
  return parsed.data;
}

interface Problem {
  readonly place: TextPlace;
  readonly message: string;
}

function parseJson(text: string, file: string): PlacedJson {
  try {
    return new PlacedJson(text);
  } catch (cause) {
    if (!isPlacedError(cause)) throw cause;
    const message = cause.message.replace(/ \(\d+:\d+\)$/, '');
    throw refusal('MDR-FILE-SYNTAX', file, [{ place: { line: cause.line, column: cause.column }, message }]);
  }
}

const isPlacedError = (error: unknown): error is Error & TextPlace =>
  error instanceof Error && 'line' in error && 'column' in error;

function refusal(code: ErrorCode, file: string, problems: readonly Problem[]): MdrError {
  const sorted = problems.toSorted((a, b) => a.place.line - b.place.line || a.place.column - b.place.column);
  const lines = sorted.map(({ place, message }) => `${file}:${place.line}:${place.column}: ${message}`);
  return new MdrError({
    code,
    message: lines.join('\n'),
    fix: `Correct ${file}; an editor that knows its $schema shows the same problems while typing.`,
    state: 'nothing was touched',
    place: { file, ...(sorted[0]?.place ?? { line: 1, column: 1 }) },
  });
}

function schemaProblems(issues: readonly z.core.$ZodIssue[], json: PlacedJson): readonly Problem[] {
  const mistyped = new Set(issues.flatMap(meantPaths));
  return issues.filter((issue) => !mistyped.has(issue.path.join('.'))).flatMap((issue) => problemsOf(issue, json));
}

/** The paths that mistyped keys were meant to fill: that these are missing need not be said as well. */
const meantPaths = (issue: z.core.$ZodIssue): readonly string[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys
        .map((key) => suggest(key, keysAt(issue.path)))
        .filter((key) => key !== undefined)
        .map((key) => [...issue.path, key].join('.'))
    : [];

function problemsOf(issue: z.core.$ZodIssue, json: PlacedJson): readonly Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      place: json.placeOfKey(issue.path, key),
      message: `unknown key "${key}"${didYouMean(key, keysAt(issue.path))}`,
    }));
  }
  const place = json.placeOf(issue.path);
  const name = issue.path.join('.') || 'the file';
  if (valueAt(json.value, issue.path) === undefined) return [{ place, message: `${name} is missing` }];
  const value = valueAt(json.value, issue.path);
  const hint =
    issue.code === 'invalid_value' && typeof value === 'string' ? didYouMean(value, issue.values.map(String)) : '';
  return [{ place, message: `${name}: ${issue.message}${hint}` }];
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[step] : undefined,
    value,
  );

/** The keys that the schema allows in the object at `path`. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  let definition = deploymentSchema as SchemaNode;
  for (const step of path) {
    definition = unwrap(definition);
    const next: SchemaNode | undefined =
      typeof step === 'number' ? definition.def.items?.[step] : definition.def.shape?.[String(step)];
    if (next === undefined) return [];
    definition = next;
  }
  return Object.keys(unwrap(definition).def.shape ?? {});
}

/** As much of zod's public `def` as {@link keysAt} walks. */
interface SchemaNode {
  readonly def: {
    readonly innerType?: SchemaNode;
    readonly shape?: Readonly<Record<string, SchemaNode>>;
    readonly items?: readonly SchemaNode[];
  };
}

const unwrap = (node: SchemaNode): SchemaNode => (node.def.innerType === undefined ? node : unwrap(node.def.innerType));
