import type { Deployment } from './deployment.ts';
import type { Ignored } from './policies.ts';
import { millis } from './stored-json.ts';
import { matchesAny } from './wildcard.ts';

const hasExpired = ({ until }: Ignored, at: number): boolean => until !== undefined && millis(until) <= at;

/** Exceptions that were declared until a time that has passed: they hold no longer. */
export const expiredIgnores = ({ ignore }: Pick<Deployment, 'ignore'>, at: number): readonly Ignored[] =>
  ignore.filter((entry) => hasExpired(entry, at));

/** Whether a difference in a field is a declared exception at `at` (milliseconds). */
export function isIgnoredTest({ ignore }: Pick<Deployment, 'ignore'>, at: number): (field: string) => boolean {
  const patterns = ignore.filter((entry) => !hasExpired(entry, at)).map(({ field }) => field);
  return (field) => matchesAny(patterns, field);
}
