import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Workspace } from './domain/tools.ts';

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

async function entriesOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

export const workspace: Workspace = {
  async write(path, text, { mustBeNew } = { mustBeNew: false }) {
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(path, text, { flag: mustBeNew ? 'wx' : 'w' });
      return true;
    } catch (error) {
      if (mustBeNew && hasCode(error, 'EEXIST')) return false;
      throw error;
    }
  },
  async read(folder, ending) {
    const paths = (await entriesOf(folder)).filter((path) => path.endsWith(ending)).sort();
    return Promise.all(paths.map(async (path) => ({ path, text: await readFile(path, 'utf8') })));
  },
};
