import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EnvironmentInput } from './environment.ts';
import { MwaaError, validation } from './errors.ts';
import type { Tags } from './tags.ts';
import type { UpdateEnvironmentInput } from './update.ts';

/** A slice of botocore's model of the service, made by `moto/model_slice.py` and held to it by `contract.test.ts`. */
interface Model {
  inputs: Record<ModelOperation, string>;
  shapes: Record<string, Shape>;
}

/** What each operation takes. */
export interface ModelInputs {
  CreateEnvironment: EnvironmentInput;
  DeleteEnvironment: { Name: string };
  GetEnvironment: { Name: string };
  ListEnvironments: { MaxResults?: number; NextToken?: string };
  ListTagsForResource: { ResourceArn: string };
  TagResource: { ResourceArn: string; Tags: Tags };
  UntagResource: { ResourceArn: string; tagKeys: string[] };
  UpdateEnvironment: UpdateEnvironmentInput;
}

export type ModelOperation = keyof ModelInputs;

interface Shape {
  type: 'structure' | 'map' | 'list' | 'string' | 'integer' | 'boolean';
  required?: string[];
  /** Name of the shape of each member. */
  members?: Record<string, string>;
  member?: string;
  key?: string;
  value?: string;
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  sensitive?: boolean;
}

const MODEL = JSON.parse(readFileSync(join(import.meta.dirname, 'model.json'), 'utf8')) as Model;
const patterns = new Map<string, RegExp>();

/**
 * The members of an input that the operation has; what else came with it is ignored, as the service does.
 * Throws ValidationException with all that is wrong, SerializationException when a type is.
 */
export function requireModel<Operation extends ModelOperation>(
  operation: Operation,
  input: object,
): ModelInputs[Operation] {
  const shape = shapeOf(MODEL.inputs[operation]);
  const broken = structureViolations(shape, input as Record<string, unknown>, '', false);
  if (broken.length > 0) {
    const errors = broken.length === 1 ? 'error' : 'errors';
    throw validation(`${broken.length} validation ${errors} detected: ${broken.join('; ')}`);
  }
  const isKept = ([name, value]: [string, unknown]): boolean => isGiven(value) && name in (shape.members ?? {});
  return structuredClone(Object.fromEntries(Object.entries(input).filter(isKept))) as ModelInputs[Operation];
}

function violations(shape: Shape, value: unknown, path: string, secret: boolean): string[] {
  const isSecret = secret || shape.sensitive === true;
  const own = [...constraintsBroken(shape, requireType(shape, value))].map((constraint) =>
    sentence(isSecret ? '***sensitive***' : value, path, constraint),
  );
  return [...own, ...partViolations(shape, value, path, isSecret)];
}

function partViolations(shape: Shape, value: unknown, path: string, secret: boolean): string[] {
  if (shape.type === 'structure') return structureViolations(shape, value as Record<string, unknown>, path, secret);
  if (shape.type === 'list') return itemViolations(shape, value as unknown[], path, secret);
  return shape.type === 'map' ? entryViolations(shape, value as Record<string, unknown>, path, secret) : [];
}

function structureViolations(shape: Shape, value: Record<string, unknown>, path: string, secret: boolean): string[] {
  const missing = (shape.required ?? []).filter((name) => !isGiven(value[name]));
  return [
    ...missing.map((name) => sentence(null, memberPath(path, name), 'Member must not be null')),
    ...Object.entries(shape.members ?? {}).flatMap(([name, member]) =>
      isGiven(value[name]) ? violations(shapeOf(member), value[name], memberPath(path, name), secret) : [],
    ),
  ];
}

function itemViolations(shape: Shape, items: unknown[], path: string, secret: boolean): string[] {
  return items.flatMap((item, index) =>
    violations(shapeOf(shape.member ?? ''), item, `${path}.${index + 1}.member`, secret),
  );
}

/** The service names a map and a constraint that one of its keys breaks, and a value by its key. */
function entryViolations(shape: Shape, entries: Record<string, unknown>, path: string, secret: boolean): string[] {
  const shown = secret ? '***sensitive***' : entries;
  const keyShape = shapeOf(shape.key ?? '');
  return Object.entries(entries).flatMap(([key, item]) => {
    const ofKey = constraintsBroken(keyShape, key);
    const wrongKey =
      ofKey.length > 0 ? [sentence(shown, path, `Map keys must satisfy constraint: ${list(ofKey)}`)] : [];
    return [...wrongKey, ...violations(shapeOf(shape.value ?? ''), item, `${path}.${key}.member`, secret)];
  });
}

function constraintsBroken(shape: Shape, value: unknown): string[] {
  const broken: string[] = [];
  const size = typeof value === 'number' ? value : lengthOf(value);
  const what = typeof value === 'number' ? 'value' : 'length';
  if (shape.max !== undefined && size > shape.max)
    broken.push(`Member must have ${what} less than or equal to ${shape.max}`);
  if (shape.min !== undefined && size < shape.min)
    broken.push(`Member must have ${what} greater than or equal to ${shape.min}`);
  if (shape.pattern !== undefined && !patternOf(shape.pattern).test(value as string))
    broken.push(`Member must satisfy regular expression pattern: ${shape.pattern}`);
  if (shape.enum && !shape.enum.includes(value as string))
    broken.push(`Member must satisfy enum value set: ${list(shape.enum)}`);
  return broken;
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string' || Array.isArray(value)) return value.length;
  return typeof value === 'object' && value !== null ? Object.keys(value).length : 0;
}

const TYPES: Record<Shape['type'], (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  list: (value) => Array.isArray(value),
  map: (value) => typeof value === 'object' && !Array.isArray(value),
  structure: (value) => typeof value === 'object' && !Array.isArray(value),
};

function requireType(shape: Shape, value: unknown): unknown {
  if (isGiven(value) && TYPES[shape.type](value)) return value;
  const found = Array.isArray(value) ? 'list' : typeof value;
  throw new MwaaError('SerializationException', 400, { message: `A ${found} can not be converted to a ${shape.type}` });
}

function sentence(value: unknown, path: string, constraint: string): string {
  const shown = value === null ? 'Value null' : `Value '${typeof value === 'string' ? value : JSON.stringify(value)}'`;
  return `${shown} at '${path}' failed to satisfy constraint: ${constraint}`;
}

/** The service writes member names with a small first letter. */
function memberPath(path: string, name: string): string {
  const small = name.charAt(0).toLowerCase() + name.slice(1);
  return path === '' ? small : `${path}.${small}`;
}

const list = (items: string[]): string => `[${items.join(', ')}]`;

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

function shapeOf(name: string): Shape {
  const shape = MODEL.shapes[name];
  if (!shape) throw new Error(`The slice of the model has no ${name}`);
  return shape;
}

/** The service's patterns hold for the whole text. */
function patternOf(pattern: string): RegExp {
  const known = patterns.get(pattern) ?? new RegExp(`^(?:${pattern})$`, 'su');
  patterns.set(pattern, known);
  return known;
}
