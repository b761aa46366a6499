/** `npm run test:without-source`: the end-to-end tests in a worktree from which action/src was removed: the bundle alone. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, requireSuccess } from './command.ts';
import { ROOT } from './paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'mwaadr-without-source-'));
const tree = join(folder, 'tree');
const print = (text: string): void => {
  process.stdout.write(text);
};

await requireSuccess('git', ['worktree', 'add', '--quiet', '--detach', tree, 'HEAD']);
try {
  rmSync(join(tree, 'action/src'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'));
  for (const project of ['services', 'bed']) {
    const args = [join(tree, 'test/tools/jest.ts'), project, '--runInBand', '--verbose', 'test/e2e'];
    const { code } = await command(process.execPath, args, { onOutput: print });
    if (code !== 0) process.exitCode = 1;
  }
} finally {
  await requireSuccess('git', ['worktree', 'remove', '--force', tree]);
  rmSync(folder, { recursive: true, force: true });
}
