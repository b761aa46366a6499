/** `npm run build`: bundles the action into action/dist, which is committed. */
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { requireSuccess } from './command.ts';
import { ROOT } from './paths.ts';

export const DIST = join(ROOT, 'action/dist');

/** Bundles action/src into a folder; the same source gives the same bytes in any folder. */
export async function bundle(folder: string): Promise<void> {
  const ncc = join(ROOT, 'node_modules/@vercel/ncc/dist/ncc/cli.js');
  await requireSuccess(process.execPath, [ncc, 'build', 'src/index.ts', '-o', folder, '--license', 'licenses.txt'], {
    cwd: join(ROOT, 'action'),
  });
  // Python needs files of its own.
  for (const script of globSync(join(ROOT, 'action/src/dag-check/*.py')))
    copyFileSync(script, join(folder, basename(script)));
}

/** Paths of the files that differ between two bundles, or that only one of them has. */
export function differences(left: string, right: string): string[] {
  const names = new Set([left, right].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })));
  return [...names].sort().filter((name) => !sameFile(join(left, name), join(right, name)));
}

function sameFile(left: string, right: string): boolean {
  if (!existsSync(left) || !existsSync(right)) return false;
  try {
    return readFileSync(left).equals(readFileSync(right));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EISDIR') return true;
    throw error;
  }
}

/** Bundles beside the target and swaps: a failed build leaves the old dist alone and says so by its exit code. */
export async function build(): Promise<void> {
  const folder = mkdtempSync(join(ROOT, 'action/.dist-'));
  try {
    await bundle(folder);
    rmSync(DIST, { recursive: true, force: true });
    renameSync(folder, DIST);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What keeps action/dist from being what the source builds; empty when it is. */
export async function distProblem(): Promise<string> {
  if (!existsSync(join(DIST, 'index.js'))) return 'action/dist is missing: run `npm run build` and commit it.';
  const folder = mkdtempSync(join(tmpdir(), 'mwaadr-dist-'));
  try {
    await bundle(folder);
    const different = differences(folder, DIST);
    if (different.length === 0) return '';
    return `action/dist is not what the source builds (${different.join(', ')}): run \`npm run build\` and commit it.`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) await build();
