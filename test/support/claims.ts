/** One thing that has to be true, and what was seen. */
export interface Claim {
  readonly claim: string;
  readonly ok: boolean;
  readonly seen: string;
}

export const claim = (text: string, ok: boolean, seen: string): Claim => ({ claim: text, ok, seen });

export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
