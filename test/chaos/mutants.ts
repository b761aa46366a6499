import type { ProfileName } from './profiles.ts';

/** A rule taken out: the text that makes it, what stands there instead, and the promise that breaks without it. */
export interface Mutant {
  readonly rule: string;
  /** From the root of the repository. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly from: string;
  readonly to: string;
  readonly breaks: string;
  readonly profile: ProfileName;
}

export const MUTANTS: readonly Mutant[] = [];
