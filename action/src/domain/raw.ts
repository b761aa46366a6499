/** Looking into values whose shape nobody vouches for. */

export const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** The value behind a path of keys joined by dots; `undefined` when there is none. */
export const valueAt = (value: unknown, path: string): unknown => valueIn(value, path.split('.'));

/** The same behind a path of keys and indices. */
export const valueIn = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, step) => (recordOf(inner) as Readonly<Record<PropertyKey, unknown>>)[step], value);

/** The text there; '' when there is none. */
export function textAt(value: unknown, path: string): string {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : '';
}

/** Whether two values are the same as JSON. */
export const isSameJson = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
