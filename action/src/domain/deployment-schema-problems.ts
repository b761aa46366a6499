import type { z } from 'zod';
import { deploymentSchema } from './deployment.ts';
import type { PlacedJson, TextPlace } from './json-places.ts';
import { valueIn } from './raw.ts';
import { didYouMean, suggest } from './suggest.ts';

type Path = readonly PropertyKey[];
type Issue = z.core.$ZodIssue;

/** What zod says about a file, in words of the file: one problem for each mistake, with what was probably meant. */
export function schemaProblems(
  issues: readonly Issue[],
  json: PlacedJson,
): readonly { readonly place: TextPlace; readonly message: string }[] {
  const plain = issues.flatMap((issue) => withoutUnions(issue));
  const mistyped = new Set(plain.flatMap(meantPaths));
  return plain.filter((issue) => !mistyped.has(issue.path.join('.'))).flatMap((issue) => problemsOf(issue, json));
}

/** Of a value that may have several forms, the issues of the form that it is nearest to. */
function withoutUnions(issue: Issue): readonly Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const forms = issue.errors.map((errors) => errors.flatMap((inner) => withoutUnions(inner)));
  const nearest = forms.toSorted((one, other) => mistakesIn(one) - mistakesIn(other))[0] ?? [];
  return nearest.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
}

const mistakesIn = (issues: readonly Issue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 1), 0);

/** The paths that mistyped keys were meant to fill: that these are missing need not be said as well. */
const meantPaths = (issue: Issue): readonly string[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys
        .map((key) => suggest(key, keysAt(issue.path)))
        .filter((key) => key !== undefined)
        .map((key) => [...issue.path, key].join('.'))
    : [];

function problemsOf(issue: Issue, json: PlacedJson): readonly { place: TextPlace; message: string }[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      place: json.placeOfKey(issue.path, key),
      message: `unknown key "${key}"${didYouMean(key, keysAt(issue.path))}`,
    }));
  }
  if (issue.code === 'invalid_key') {
    const key = String(issue.path.at(-1));
    const why = issue.issues.map(({ message }) => message).join('; ');
    return [{ place: json.placeOfKey(issue.path.slice(0, -1), key), message: `the key "${key}" ${why}` }];
  }
  const place = json.placeOf(issue.path);
  const name = issue.path.join('.') || 'the file';
  const value = valueIn(json.value, issue.path);
  if (value === undefined) return [{ place, message: `${name} is missing` }];
  const hint =
    issue.code === 'invalid_value' && typeof value === 'string' ? didYouMean(value, issue.values.map(String)) : '';
  return [{ place, message: `${name}: ${issue.message}${hint}` }];
}

/** As much of zod's public `def` as {@link keysAt} walks. */
interface SchemaNode {
  readonly def: {
    readonly innerType?: SchemaNode;
    readonly shape?: Readonly<Record<string, SchemaNode>>;
    readonly items?: readonly SchemaNode[];
    readonly element?: SchemaNode;
    readonly options?: readonly SchemaNode[];
    readonly valueType?: SchemaNode;
  };
}

/** The keys that the schema allows in the object at `path`, in whichever of its forms. */
function keysAt(path: Path): readonly string[] {
  let nodes = formsOf(deploymentSchema as SchemaNode);
  for (const step of path) nodes = nodes.flatMap((node) => childOf(node, step)).flatMap(formsOf);
  return [...new Set(nodes.flatMap(({ def }) => Object.keys(def.shape ?? {})))];
}

function formsOf(node: SchemaNode): readonly SchemaNode[] {
  const { innerType, options } = node.def;
  if (innerType !== undefined) return formsOf(innerType);
  return options === undefined ? [node] : options.flatMap(formsOf);
}

function childOf({ def }: SchemaNode, step: PropertyKey): readonly SchemaNode[] {
  const child =
    typeof step === 'number' ? (def.items?.[step] ?? def.element) : (def.shape?.[String(step)] ?? def.valueType);
  return child === undefined ? [] : [child];
}
