import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { z } from 'zod';

/** No state of ours is longer; a text that somebody edited must not fill the memory. */
const MAX_STATE = 4_000_000;

const START = '<!-- mwaadr:state ';
const END = ' -->';

/** A value as a line of Markdown that nobody sees: Base64 has no character that could end the comment. */
export const hidden = (value: unknown): string =>
  `${START}${deflateRawSync(JSON.stringify(value)).toString('base64')}${END}`;

/** The value that {@link hidden} wrote last into a text; `undefined` when there is none that can be read as one. */
export function revealed<T>(body: string, schema: z.ZodType<T>): T | undefined {
  const start = body.lastIndexOf(START);
  const end = body.indexOf(END, start);
  if (start < 0 || end < 0) return undefined;
  try {
    const packed = Buffer.from(body.slice(start + START.length, end), 'base64');
    const value: unknown = JSON.parse(inflateRawSync(packed, { maxOutputLength: MAX_STATE }).toString('utf8'));
    return schema.safeParse(value).data;
  } catch {
    // Somebody edited it: as good as absent.
    return undefined;
  }
}
