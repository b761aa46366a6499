import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { World } from './domain/ports.ts';

/** Beside the action in every checkout of it, whether this runs as bundle or as source. */
const FOLDER = join(import.meta.dirname, '../../dags/mwaadr');

const isOurs = (path: string): boolean =>
  !path.includes('__pycache__') && !path.endsWith('.pyc') && path !== 'deployment.json';

/** The DR DAGs of this release. */
export const drDags: World['drDags'] = async () => {
  const entries = await readdir(FOLDER, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(FOLDER, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(isOurs)
    .sort();
  return Promise.all(paths.map(async (path) => ({ path, body: new Uint8Array(await readFile(join(FOLDER, path))) })));
};
