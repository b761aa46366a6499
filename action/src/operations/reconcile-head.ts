import { MdrError } from '../domain/errors.ts';
import type { GitHub } from '../domain/github.ts';

/**
 * Whether the default branch has moved on since a commit: its head, where that is another one. Nothing says what is
 * wanted but the head: a run of an old commit, started once more, would take back all that was merged after it. So this
 * throws `MDR-PLAN-OUTDATED` when the head has another deployment file, or none.
 */
export async function newerHead(github: GitHub, commit: string, path: string): Promise<string | undefined> {
  const branch = await github.defaultBranch();
  const head = await github.headOf(branch);
  if (head === undefined || head === commit) return undefined;
  const [here, there] = await Promise.all([github.fileAt(path, commit), github.fileAt(path, head)]);
  if (here?.text === there?.text) return head;
  throw new MdrError({
    code: 'MDR-PLAN-OUTDATED',
    message: `${path} is another one on ${branch} (${head.slice(0, 7)}) than in the commit of this run (${commit.slice(0, 7)}): what was merged later would be taken back`,
    fix: `Let the run of the newest commit do it, or run the workflow \`reconcile\` by hand on ${branch}; where it finds no reviewed plan it names the \`digest\` to give. To bring an older state back, revert in a pull request.`,
    state: 'this run has touched nothing',
  });
}
