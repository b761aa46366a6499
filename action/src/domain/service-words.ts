import { recordOf, textAt } from './raw.ts';

/** What a service says, as far as it may be repeated: in logs, errors, records and comments. */

/** AWS's own words, on one line, without anything that looks like a key, a token or a ciphertext. */
export const harmless = (text: string): string =>
  text
    .replaceAll(/\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{8,}\b/g, '***')
    .replaceAll(/\beyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g, '***')
    .replaceAll(/[A-Za-z0-9+/=_-]{48,}/g, '***')
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 300);

/** LastUpdate.Error of GetEnvironment. Its message may quote any value that the service was sent, or had. */
export interface ServiceError {
  /** `INCORRECT_CONFIGURATION`; '' when there is none. */
  readonly code: string;
  readonly message: string;
}

/** Of GetEnvironment's `Environment`; `undefined` when its last update has no error. */
export function updateErrorOf(raw: unknown): ServiceError | undefined {
  const code = textAt(raw, 'LastUpdate.Error.ErrorCode');
  const message = textAt(raw, 'LastUpdate.Error.ErrorMessage');
  return code === '' && message === '' ? undefined : { code, message };
}

/** Whether the value of an option is no secret anywhere. */
export type HarmlessTest = (option: string, value: string) => boolean;

/** What is said in place of words that may quote a secret. `where`: who else has them. */
export const leftOut = (code: string, where: string): string =>
  `${code} (its words may quote a secret, and are left out here; ${where})`;

/**
 * The service quotes what it does not like, whole or in part, and no pattern finds every part of a secret. So its words
 * are repeated only where each option that it may quote (`AirflowConfigurationOptions`, each name → value) is harmless.
 */
export const mayBeRepeated = (isHarmless: HarmlessTest, ...options: readonly unknown[]): boolean =>
  options
    .flatMap((some) => Object.entries(recordOf(some)))
    .every(([option, value]) => typeof value !== 'string' || isHarmless(option, value));
