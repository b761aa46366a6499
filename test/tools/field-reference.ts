import type { z } from 'zod';

type Schema = z.core.JSONSchema.BaseSchema;

/** A row for each key of the deployment file, in the order of the schema. */
function* rowsOf(schema: Schema, path: string): Generator<readonly string[]> {
  for (const [key, value] of Object.entries(schema.properties ?? {})) {
    if (typeof value === 'boolean') continue;
    const here = `${path}${key}`;
    const required = schema.required?.includes(key) === true ? ' (required)' : '';
    const fallback = value.default === undefined || isEmpty(value.default) ? '' : code(JSON.stringify(value.default));
    yield [`${code(here)}${required}`, valuesOf(value), fallback, value.description ?? ''];
    yield* rowsOf(value, `${here}.`);
    const [item] = itemsOf(value);
    // What a site is told is what both are told, and what belongs to its Region.
    if (item !== undefined && here !== 'sites') yield* rowsOf(item, `${here}[].`);
    if (item !== undefined && here === 'sites') yield* rowsOf(withoutShared(item), 'sites[].');
    for (const option of item?.anyOf ?? []) if (typeof option === 'object') yield* rowsOf(option, `${here}[].`);
  }
}

const SITE_ONLY = ['executionRoleArn', 'kmsKey', 'networkConfiguration'];

function withoutShared(site: Schema): Schema {
  const mwaa = site.properties?.['mwaa'];
  if (typeof mwaa !== 'object') return site;
  const own = Object.fromEntries(Object.entries(mwaa.properties ?? {}).filter(([key]) => SITE_ONLY.includes(key)));
  return { ...site, properties: { ...site.properties, mwaa: { ...mwaa, properties: own } } };
}

const itemsOf = ({ items }: Schema): readonly Schema[] =>
  [items].flat().filter((item) => typeof item === 'object' && !Array.isArray(item)) as Schema[];

const isEmpty = (value: unknown): boolean => JSON.stringify(value) === '{}' || JSON.stringify(value) === '[]';

function valuesOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return '';
  if (schema.enum !== undefined) return schema.enum.map((value) => code(String(value))).join(', ');
  if (schema.type === 'integer')
    return `${schema.minimum ?? ''} to ${schema.maximum === MAX ? '…' : (schema.maximum ?? '…')}`;
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.format === 'date-time') return 'time';
  const [item] = itemsOf(schema);
  if (schema.type === 'array')
    return Array.isArray(schema.items) ? 'two' : `list${item?.type === 'string' ? ' of texts' : ''}`;
  if (schema.type === 'object') return schema.properties === undefined ? 'names and values' : '';
  return 'text';
}

const MAX = Number.MAX_SAFE_INTEGER;
const code = (text: string): string => `\`${text}\``;
const line = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** Some keys stand in several forms of one value. */
const distinct = (rows: Iterable<readonly string[]>): readonly (readonly string[])[] => [
  ...new Map([...rows].map((cells) => [cells[0] ?? '', cells])).values(),
];

const SECTION = /(?<=<!-- fields -->\n).*?(?=<!-- \/fields -->)/s;

/** The page with its table of fields as the schema has them, padded as the formatter does. */
export function withFieldReference(page: string, schema: Schema): string {
  const rows = [['field', 'values', 'default', 'meaning'], ...distinct(rowsOf(schema, ''))];
  const widths = [0, 1, 2, 3].map((column) => Math.max(3, ...rows.map((cells) => (cells[column] ?? '').length)));
  const padded = (cells: readonly string[]) => line(cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  const [head = [], ...body] = rows;
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return page.replace(SECTION, () => `\n${[padded(head), rule, ...body.map(padded)].join('\n')}\n\n`);
}
