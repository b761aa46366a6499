import { zipSync } from 'fflate';
import type { Zippable } from 'fflate';

interface ZipFile {
  readonly path: string;
  readonly executable: boolean;
  readonly content: Uint8Array;
}

/** The first day that a zip knows, in the machine's own time as the format has it: the same bytes in every time zone. */
const firstDay = (): Date => new Date(1980, 0, 1);
const UNIX = 3;
const mode = (executable: boolean): number => ((0o100_000 | (executable ? 0o755 : 0o644)) << 16) >>> 0;

/**
 * A zip whose bytes are a function of its files alone, since other bytes mean a new version of the plugins, and that
 * means half an hour of updating: sorted, without times, and stored without compression, so that no compressor's next
 * release changes them.
 */
export function zipOf(files: readonly ZipFile[]): Uint8Array {
  const sorted = files.toSorted((a, b) => Buffer.compare(Buffer.from(a.path, 'utf8'), Buffer.from(b.path, 'utf8')));
  const entries = sorted.map(({ path, executable, content }): [string, Zippable[string]] => [
    path,
    [content, { level: 0, mtime: firstDay(), os: UNIX, attrs: mode(executable) }],
  ]);
  return zipSync(Object.fromEntries(entries));
}
