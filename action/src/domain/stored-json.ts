import { z } from 'zod';
import { MdrError } from './errors.ts';
import type { ErrorCode } from './errors.ts';

/** What every stored JSON object carries; keys that we do not know are left to newer writers. */
export const versioned = { schemaVersion: z.literal(1) };

/** UTC, ISO 8601 with `Z`. */
export const instant = z.iso.datetime({ offset: false });

/**
 * The object that `body` holds. `where` (bucket and key) is for the message. Throws {@link MdrError} with `code` when
 * the bytes are no JSON or not what the schema says.
 */
export function parseStored<T>(schema: z.ZodType<T>, body: Uint8Array, where: string, code: ErrorCode): T {
  const parsed = schema.safeParse(jsonOf(body, where, code));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the object'}: ${issue.message}`);
  throw unreadable(where, code, problems.join('; '), parsed.error);
}

function jsonOf(body: Uint8Array, where: string, code: ErrorCode): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw unreadable(where, code, 'it is no JSON', cause);
  }
}

const unreadable = (where: string, code: ErrorCode, why: string, cause: unknown): MdrError =>
  new MdrError({
    code,
    message: `${where} cannot be read: ${why}`,
    fix: `Look at ${where}: it was damaged, or written by a release that this one does not know.`,
    cause,
  });

/** As it is stored: indented, for the reader at three in the morning. */
export const toStored = (value: object): string => `${JSON.stringify(value, undefined, 2)}\n`;

export const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
export const millis = (instantText: string): number => Date.parse(instantText);

/** How long ago, in words and without false precision. */
export function inWords(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

/** Whole seconds from one instant to a later one, never below zero; `null` when there is no later one. */
export const secondsBetween = (from: string, to: string | null): number | null =>
  to === null ? null : Math.max(0, Math.round((millis(to) - millis(from)) / 1000));
