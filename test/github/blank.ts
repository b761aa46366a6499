import { described } from './contract.ts';
import type { Json } from './types.ts';

const made = new Map<string, Json>();

/** A thing with all the members that GitHub's description requires and nothing in them, with these over it. */
export function shaped(schema: string, members: Json): Json {
  const blank = made.get(schema) ?? (blankOf({ $ref: `#/components/schemas/${schema}` }) as Json);
  made.set(schema, blank);
  return over(structuredClone(blank), members);
}

/** Members over members, all the way down. */
function over(below: unknown, above: Json): Json {
  const base = isObject(below) ? below : {};
  for (const [key, value] of Object.entries(above)) base[key] = isObject(value) ? over(base[key], value) : value;
  return base;
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const TEXTS: Readonly<Record<string, string>> = { uri: 'https://github.test/x', 'date-time': '2026-01-01T00:00:00Z' };

function blankOf(reference: unknown): unknown {
  const schema = described(reference) as Json;
  if (schema['nullable'] === true) return null;
  const [first] = (schema['oneOf'] ?? schema['anyOf'] ?? schema['allOf'] ?? schema['enum'] ?? []) as unknown[];
  if (first !== undefined) return isObject(first) ? blankOf(first) : first;
  switch (schema['type']) {
    case 'string':
      return TEXTS[String(schema['format'])] ?? '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    default:
      return blankObject(schema);
  }
}

function blankObject({ required = [], properties = {} }: Json): Json {
  const members = properties as Record<string, unknown>;
  return Object.fromEntries((required as string[]).map((name) => [name, blankOf(members[name] ?? { type: 'string' })]));
}
