import type { Issue } from '../domain/github.ts';
import { duplicateBody } from '../report/drift.ts';
import { createOnce } from './create-once.ts';
import type { Keeping } from './sticky-comment.ts';

export interface NewIssue {
  readonly title: string;
  readonly body: string;
  readonly labels: readonly string[];
}

/**
 * Opens an issue of which there must be one. Runs that race leave the one with the lowest number: both see both, and
 * both choose the same.
 * @param own our issues of the same matter, lowest number first, read anew
 */
export async function openOnce(world: Keeping, issue: NewIssue, own: () => Promise<readonly Issue[]>): Promise<Issue> {
  const open = async () => (await own()).filter((one) => one.open);
  const made = await createOnce(
    world,
    'the issue',
    async () => (await open())[0],
    () => world.github.createIssue(issue),
  );
  return (await leaveFirst(world, await open())) ?? made;
}

/** Of open issues of the same matter the first is left. */
export async function leaveFirst({ github, log }: Keeping, open: readonly Issue[]): Promise<Issue | undefined> {
  const [first, ...others] = open;
  for (const { number } of others) {
    log.info(`two runs opened an issue at once: #${number} is closed`);
    await github.updateIssue(number, { body: duplicateBody(first?.number ?? number), state: 'duplicate' });
  }
  return first;
}
