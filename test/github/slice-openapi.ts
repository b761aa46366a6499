/**
 * Cuts GitHub's description of its API down to what we call, with everything that this refers to:
 *
 *     npm pack @octokit/openapi@23.0.2 && tar xzf octokit-openapi-*.tgz package/generated/api.github.com.json
 *     node test/github/slice-openapi.ts package/generated/api.github.com.json
 *
 * Fails when GitHub's description no longer has one of the operations.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';

const REPO = '/repos/{owner}/{repo}';

const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  [REPO]: ['get'],
  [`${REPO}/issues`]: ['get', 'post'],
  [`${REPO}/issues/{issue_number}`]: ['get', 'patch'],
  [`${REPO}/issues/{issue_number}/comments`]: ['get', 'post'],
  [`${REPO}/issues/comments/{comment_id}`]: ['patch', 'delete'],
  [`${REPO}/pulls`]: ['get', 'post'],
  [`${REPO}/pulls/{pull_number}`]: ['get', 'patch'],
  [`${REPO}/pulls/{pull_number}/files`]: ['get'],
  [`${REPO}/commits/{commit_sha}/pulls`]: ['get'],
  [`${REPO}/contents/{path}`]: ['get', 'put'],
  [`${REPO}/git/ref/{ref}`]: ['get'],
  [`${REPO}/git/refs`]: ['post'],
  [`${REPO}/git/refs/{ref}`]: ['delete'],
};

/** What says nothing about the shape of an exchange. */
const NOISE = ['examples', 'example', 'x-github', 'externalDocs', 'tags', 'summary', 'description'];

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** `byName`: the keys are names of properties or of media types, and none of them is noise. */
function strip(value: unknown, wanted: string[], byName = false): unknown {
  if (Array.isArray(value)) return value.map((item) => strip(item, wanted));
  if (!isObject(value)) return value;
  if (typeof value['$ref'] === 'string') {
    wanted.push(value['$ref']);
    return { $ref: value['$ref'] };
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => byName || !NOISE.includes(key))
      .map(([key, inner]) => [key, strip(inner, wanted, !byName && key === 'properties')]),
  );
}

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (isObject(inner) ? inner[key] : undefined), value);

function slice(api: Json): Json {
  const wanted: string[] = [];
  const paths: Record<string, Json> = {};
  for (const [path, methods] of Object.entries(OPERATIONS)) {
    paths[path] = {};
    for (const method of methods) {
      const operation = at(api, 'paths', path, method);
      if (operation === undefined) throw new Error(`GitHub's description has no ${method} ${path}`);
      paths[path][method] = strip(operation, wanted);
    }
  }
  const components: Record<string, Json> = {};
  for (let reference = wanted.pop(); reference !== undefined; reference = wanted.pop()) {
    const [, , kind = '', name = ''] = reference.split('/');
    components[kind] ??= {};
    if (name in components[kind]) continue;
    components[kind][name] = {};
    components[kind][name] = strip(at(api, 'components', kind, name), wanted);
  }
  return { openapi: api['openapi'], info: strip(api['info'], []), paths, components };
}

const [, , source = ''] = argv;
const out = slice(JSON.parse(readFileSync(source, 'utf8')) as Json);
writeFileSync(new URL('openapi.json', import.meta.url), `${JSON.stringify(out)}\n`);
