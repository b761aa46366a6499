import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CACHE } from './paths.ts';

/** Short digest of files that decide what is installed. */
export function digestOf(...files: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) hash.update(readFileSync(file));
  return hash.digest('hex').slice(0, 16);
}

/**
 * The folder `<cache>/<name>/<digest>`, built when it is not there yet. `build` fills a neighbour that is renamed when
 * whole: nobody ever sees a half-built folder, and of two builders at the same time one wins and both are right. What
 * is built must not depend on its own path.
 */
export async function cached(name: string, digest: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(CACHE, name, digest);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const building = mkdtempSync(`${folder}.building-`);
  try {
    await build(building);
    renameSync(building, folder);
  } catch (error) {
    rmSync(building, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
