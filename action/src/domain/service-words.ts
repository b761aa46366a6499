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

/** Shorter values are numbers and switches, and would take the words of the message along. */
const SHORTEST_SECRET = 6;

/**
 * The service quotes what it does not like, and an option of Airflow may be a secret: its words without any value of
 * these options (`AirflowConfigurationOptions`, each name → value), nor a password or a quoted text within one.
 */
export function withoutOptions(text: string, ...options: readonly unknown[]): string {
  const values = options
    .flatMap((some) => Object.values(recordOf(some)))
    .filter((value): value is string => typeof value === 'string')
    .flatMap((value) => [value, value.trim(), ...withinOf(value)])
    .filter((value) => value.length >= SHORTEST_SECRET)
    .toSorted((a, b) => b.length - a.length);
  return harmless(values.reduce((words, value) => words.replaceAll(value, '***'), text));
}

/** The password of an address, and the texts of JSON. */
const withinOf = (value: string): readonly string[] =>
  [/:\/\/[^\s/:@]*:([^\s/@]+)@/g, /:\s*"((?:[^"\\]|\\.)+)"/g].flatMap((pattern) =>
    [...value.matchAll(pattern)].map(([, found = '']) => found),
  );
