import type { GitHub, IssueComment } from '../domain/github.ts';
import type { Clock, Log } from '../domain/ports.ts';
import { newestPlan, nextState, planComments, type PlanNote, type PlanState } from '../domain/sticky.ts';
import { planComment, type Render } from '../report/comment.ts';
import { createOnce } from './create-once.ts';

/** What the operations that keep something on GitHub need of the world. */
export interface Keeping {
  readonly github: GitHub;
  readonly clock: Clock;
  readonly log: Log;
}

export type CommentOutcome =
  /** The pull request shows this plan. */
  | 'created'
  | 'updated'
  /** It shows a newer one, of a run that began later and ended earlier. */
  | 'outdated'
  /** It was merged or closed: its comment stays as it was reviewed. */
  | 'closed';

/**
 * Keeps the one comment that shows the plan of a pull request. Runs that race leave one comment, the oldest, with the
 * newest plan. Safe to repeat at any point.
 */
export async function upkeepComment(
  world: Keeping,
  pull: number,
  plan: PlanNote,
  render: Render,
  run?: string,
): Promise<CommentOutcome> {
  const { github } = world;
  if ((await github.pullRequest(pull))?.state !== 'open') return 'closed';
  const me = await github.me();
  const own = async () => planComments(await github.comments(pull), me);
  const body = (before: PlanState | undefined): string | undefined => {
    const state = nextState(plan, before);
    return state && planComment(state, render, run);
  };
  const found = await own();
  const newest = newestPlan(found);
  const wanted = body(newest?.state);
  if (found.length > 0) {
    await leaveOne(world, found, wanted ?? newest?.body ?? '');
    return wanted === undefined ? 'outdated' : 'updated';
  }
  const first = wanted ?? '';
  await createOnce(
    world,
    'the comment',
    async () => (await own())[0],
    () => github.createComment(pull, first),
  );
  // Another run may have made one at the same time: both see both, and both choose the same.
  const all = await own();
  if (all.length > 1) await leaveOne(world, all, newestPlan(all)?.body ?? first);
  return 'created';
}

/** The oldest comment says this, and the others are gone. */
async function leaveOne({ github, log }: Keeping, comments: readonly IssueComment[], body: string): Promise<void> {
  const [oldest, ...others] = comments;
  if (oldest !== undefined && oldest.body !== body) await github.updateComment(oldest.id, body);
  for (const { id } of others) {
    log.info('two runs commented at once: one comment is taken away');
    await github.deleteComment(id);
  }
}
