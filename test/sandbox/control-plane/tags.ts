import { validation } from './errors.ts';

export type Tags = Record<string, string>;

const MOST_TAGS = 50;

/** Throws ValidationException. */
export function requireOrdinaryTags(tags: Tags): void {
  const reserved = Object.keys(tags).find((key) => key.toLowerCase().startsWith('aws:'));
  if (reserved !== undefined) throw validation(`Tag key '${reserved}' begins with a prefix that AWS keeps for itself.`);
}

export function tagged(before: Tags, more: Tags): Tags {
  requireOrdinaryTags(more);
  const after = { ...before, ...more };
  if (Object.keys(after).length > MOST_TAGS) throw validation(`A resource can have at most ${MOST_TAGS} tags.`);
  return after;
}

export function untagged(before: Tags, keys: readonly string[]): Tags {
  return Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key)));
}
