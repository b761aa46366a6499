import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { command, requireSuccess } from '../tools/command.ts';
import { ROOT } from '../tools/paths.ts';

/** act 0.2.89 refuses a whole file for keys that GitHub knows; `static.test.ts` sees to it that they are there. */
const UNKNOWN_TO_ACT = [/^ *queue: max *$\n/gm];

export interface Repository {
  readonly folder: string;
  /** A commit with these files (path → text; `undefined` = the file is gone); answers its id. */
  commit(files: Readonly<Record<string, string | undefined>>): Promise<string>;
  remove(): void;
}

/**
 * A repository as a user has it: our action and workflows with the given files (path → text) instead of our example.
 * A commit and a GitHub origin are what act reads the repository's name and the commit from.
 */
export async function makeRepository(files: Readonly<Record<string, string>>, name = 'o/r'): Promise<Repository> {
  const folder = mkdtempSync(join(tmpdir(), 'mwaadr-repository-'));
  for (const path of ['action/action.yml', 'action/dist', 'dags', '.github/workflows']) {
    if (existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  }
  write(folder, files);
  for (const file of readdirSync(join(folder, '.github/workflows'))) {
    const path = join(folder, '.github/workflows', file);
    writeFileSync(
      path,
      UNKNOWN_TO_ACT.reduce((text, key) => text.replace(key, ''), readFileSync(path, 'utf8')),
    );
  }
  const git = (...args: string[]): Promise<void> =>
    requireSuccess('git', ['-c', 'user.name=test', '-c', 'user.email=test@example.com', ...args], { cwd: folder });
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('remote', 'add', 'origin', `https://github.com/${name}.git`);
  const commit: Repository['commit'] = async (changed) => {
    write(folder, changed);
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--message', 'A repository to test with');
    return (await command('git', ['rev-parse', 'HEAD'], { cwd: folder })).output.trim();
  };
  await commit({});
  return {
    folder,
    commit,
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function write(folder: string, files: Readonly<Record<string, string | undefined>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    if (text === undefined) rmSync(join(folder, path));
    else writeFileSync(join(folder, path), text);
  }
}
