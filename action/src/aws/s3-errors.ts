export const named = (error: unknown, ...names: string[]): boolean =>
  error instanceof Error && names.includes(error.name);

/** A reply without a body (HEAD, some proxies) has only its status. */
export const isNoSuchKey = (error: unknown): boolean => named(error, 'NoSuchKey', 'NoSuchVersion', 'NotFound');
