import { closest, distance } from 'fastest-levenshtein';

/** The known word that was probably meant, or `undefined` when none is near. */
export function suggest(typed: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(typed.toLowerCase(), known);
  return distance(typed.toLowerCase(), nearest.toLowerCase()) <= Math.max(2, Math.floor(nearest.length / 3))
    ? nearest
    : undefined;
}

/** `: did you mean "x"?`, or nothing. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const word = suggest(typed, known);
  return word === undefined ? '' : `: did you mean "${word}"?`;
}
