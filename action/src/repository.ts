import { access, constants, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, sep } from 'node:path';
import { refuseFile, requireSmall } from './domain/bundle.ts';
import type { RepositoryFile, RepositoryFiles } from './domain/ports.ts';

/** The repository whose root is `folder`, at `commit`. */
export function repositoryAt(folder: string, commit: string | null): RepositoryFiles {
  const resolve = async (path: string): Promise<string | undefined> => {
    if (isAbsolute(path)) throw refuseFile(`${path} is no path in the repository`);
    const root = await realpath(folder);
    const real = await orUndefined(realpath(join(root, path)));
    return real === undefined ? undefined : requireInside(root, path, real);
  };
  return {
    commit,
    async list(path) {
      const real = await resolve(path);
      if (real === undefined || !(await stat(real)).isDirectory()) return undefined;
      const files = await filesBelow({ resolve, folder: path, path: '', above: [] });
      return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
    },
    async read(path) {
      const real = await resolve(path);
      if (real === undefined) return undefined;
      const found = await stat(real);
      if (!found.isFile()) return undefined;
      requireSmall(path, found.size);
      return new Uint8Array(await readFile(real));
    },
  };
}

/** A link may lead anywhere; what it leads to must be the repository's own, and `.git` may hold a token. */
function requireInside(root: string, path: string, real: string): string {
  const inside = relative(root, real);
  if (inside.split(sep)[0] === '..' || isAbsolute(inside)) throw refuseFile(`${path} leads out of the repository`);
  if (inside.split(sep).includes('.git')) throw refuseFile(`${path} leads into .git`);
  return real;
}

interface Walk {
  readonly resolve: (path: string) => Promise<string | undefined>;
  /** That was asked for. */
  readonly folder: string;
  /** Below it; '' = itself. */
  readonly path: string;
  /** The real folders on the way: a link to one of them has no end. */
  readonly above: readonly string[];
}

async function filesBelow(walk: Walk): Promise<RepositoryFile[]> {
  const { resolve, folder, path, above } = walk;
  const here = (await resolve(join(folder, path))) ?? '';
  if (above.includes(here)) throw refuseFile(`${folder}/${path} is a link to a folder that it lies in`);
  const files: RepositoryFile[] = [];
  for (const name of await readdir(here)) {
    if (name === '.git') continue;
    const inner = path === '' ? name : `${path}/${name}`;
    const real = await resolve(join(folder, inner));
    if (real === undefined) throw refuseFile(`${folder}/${inner} is a link that leads nowhere`);
    const found = await stat(real);
    if (found.isDirectory()) files.push(...(await filesBelow({ ...walk, path: inner, above: [...above, here] })));
    if (found.isFile()) files.push({ path: inner, size: found.size, executable: await isExecutable(real) });
  }
  return files;
}

const isExecutable = (file: string): Promise<boolean> =>
  access(file, constants.X_OK).then(
    () => true,
    () => false,
  );

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
