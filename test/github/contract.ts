import { readFileSync } from 'node:fs';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Exchange, Json } from './types.ts';

/**
 * GitHub's own description of its API, cut down by slice-openapi.ts. Every exchange with the double is held against it:
 * path, query, request, status, response. So neither the double nor the adapter can drift from what GitHub says.
 */
const API = JSON.parse(readFileSync(new URL('openapi.json', import.meta.url), 'utf8')) as Json;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * OpenAPI 3.0 writes `nullable` beside a type or a reference; JSON Schema needs a union. And GitHub writes `oneOf` where
 * its alternatives overlap: any of them will do.
 */
function toJsonSchema(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toJsonSchema);
  if (!isObject(value)) return value;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key === 'oneOf' ? 'anyOf' : key,
      key === '$ref' ? String(inner).replace(/^#/, 'github#') : toJsonSchema(inner),
    ]),
  );
  return nullable === true ? { anyOf: [rest, { type: 'null' }] } : rest;
}

const addFormats = formats as unknown as typeof formats.default;

function newAjv(coerceTypes: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, coerceTypes });
  addFormats(ajv);
  // A format of GitHub's own.
  ajv.addFormat('repo.nwo', /^[\w.-]+\/[\w.-]+$/);
  ajv.addSchema({ $id: 'github', components: toJsonSchema(API['components']) });
  return ajv;
}

const bodies = newAjv(false);
/** Queries and paths are text: `"100"` is an integer there. */
const texts = newAjv(true);

const compiled = new Map<string, ValidateFunction>();

function problems(ajv: Ajv2020, key: string, schema: unknown, value: unknown): readonly string[] {
  const validate = compiled.get(key) ?? ajv.compile(toJsonSchema(schema) as Json);
  compiled.set(key, validate);
  return validate(value) ? [] : (validate.errors ?? []).map(inWords);
}

const inWords = ({ instancePath, message = '', params }: ErrorObject): string =>
  `${instancePath || 'the body'} ${message} ${JSON.stringify(params)}`;

/** The thing at a path; a reference is followed. */
export function described(value: unknown): unknown {
  if (!isObject(value) || typeof value['$ref'] !== 'string') return value;
  const steps = value['$ref'].split('/').slice(1);
  return steps.reduce<unknown>((inner, step) => (isObject(inner) ? inner[step] : undefined), API);
}

const get = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, step) => {
    const at = described(inner);
    return isObject(at) ? at[step] : undefined;
  }, value);

interface Operation {
  readonly method: string;
  readonly id: string;
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly description: unknown;
}

const OPERATIONS: readonly Operation[] = Object.entries(API['paths'] as Record<string, Json>).flatMap(([path, item]) =>
  Object.entries(item).map(([method, description]) => ({
    method: method.toUpperCase(),
    id: String(get(description, 'operationId')),
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '([^/]+)')}$`),
    names: Array.from(path.matchAll(/\{(\w+)\}/g), ([, name = '']) => name),
    description,
  })),
);

/** An exchange that says nothing about GitHub's description: GraphQL has its own. Only who we are is asked there. */
const WHO_AM_I = { method: 'POST', path: '/graphql', query: 'query { viewer { login } }' };

/** What is wrong with an exchange; nothing when it is as GitHub describes it. */
export function violations(exchange: Exchange): readonly string[] {
  const { method, path } = exchange;
  if (method === WHO_AM_I.method && path === WHO_AM_I.path) {
    const asked = isObject(exchange.request) ? exchange.request['query'] : undefined;
    return asked === WHO_AM_I.query ? [] : [`${path}: an unknown query: ${String(asked)}`];
  }
  const operation = OPERATIONS.find((other) => other.method === method && other.pattern.test(path));
  if (operation === undefined) return [`${method} ${path} is not an operation that we said we use`];
  return [
    ...parameterProblems(operation, exchange),
    ...requestProblems(operation, exchange),
    ...responseProblems(operation, exchange),
  ].map((problem) => `${operation.id}: ${problem}`);
}

function parameterProblems({ id, pattern, names, description }: Operation, { path, query }: Exchange) {
  const parameters = (get(description, 'parameters') as readonly unknown[]).map(described).filter(isObject);
  const inPath = (pattern.exec(path)?.slice(1) ?? []).map((text, index) => [names[index] ?? '', text, 'path'] as const);
  const inQuery = Object.entries(query).map(([name, text]) => [name, text, 'query'] as const);
  return [...inPath, ...inQuery].flatMap(([name, text, place]) => {
    const parameter = parameters.find((one) => one['name'] === name && one['in'] === place);
    if (parameter === undefined) return [`no parameter ${name} in the ${place}`];
    const schema = { type: 'object', properties: { value: parameter['schema'] } };
    return problems(texts, `${id} ${name}`, schema, { value: decodeURIComponent(text) });
  });
}

function requestProblems({ id, description }: Operation, { request }: Exchange): readonly string[] {
  const schema = get(description, 'requestBody', 'content', 'application/json', 'schema');
  if (schema === undefined) return request === undefined ? [] : ['a body that is not described'];
  if (request === undefined) return get(description, 'requestBody', 'required') === true ? ['a body is missing'] : [];
  const known = get(schema, 'properties');
  const unknown = isObject(request) && isObject(known) ? Object.keys(request).filter((key) => !(key in known)) : [];
  return [
    ...unknown.map((key) => `the request has ${key}, which is not described`),
    ...problems(bodies, `${id} request`, schema, request).map((problem) => `request ${problem}`),
  ];
}

/** Any operation may be answered so, by what stands in front of it: authentication, limits, a broken server. */
const EVERYWHERE = [401, 403, 404, 429, 500, 502, 503, 504];

function responseProblems({ id, description }: Operation, { status, response }: Exchange): readonly string[] {
  const documented = get(description, 'responses', String(status));
  if (documented === undefined && !EVERYWHERE.includes(status)) return [`the status ${status} is not described`];
  const error = { $ref: '#/components/schemas/basic-error' };
  const schema = get(documented, 'content', 'application/json', 'schema') ?? (status >= 400 ? error : undefined);
  if (schema === undefined) return response === undefined ? [] : ['a response that is not described'];
  // A server that breaks before GitHub's own code answers with a page of HTML.
  if (status >= 500 && typeof response === 'string') return [];
  return problems(bodies, `${id} ${status}`, schema, response).map((problem) => `${status} ${problem}`);
}
