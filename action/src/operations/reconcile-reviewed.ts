import type { GitHub } from '../domain/github.ts';
import type { ReviewedPlan } from '../domain/reconcile.ts';
import { reviewedPlan } from '../domain/sticky.ts';

/**
 * The plan of a deployment as it was reviewed in the pull request that brought a commit: what our own comment there says
 * last. `undefined` = the commit came without a pull request, or nobody planned this deployment in it.
 */
export async function reviewedPlanOf(
  github: GitHub,
  commit: string,
  deployment: string,
): Promise<ReviewedPlan | undefined> {
  const pulls = (await github.pullRequestsOfCommit(commit)).filter(({ state }) => state === 'merged');
  if (pulls.length === 0) return undefined;
  const me = await github.me();
  for (const { number } of pulls.toSorted((a, b) => b.number - a.number)) {
    const state = reviewedPlan(await github.comments(number), me);
    const digest = state?.digests[deployment];
    if (digest !== undefined) return { digest, fingerprints: state?.fingerprints[deployment], pullRequest: number };
  }
  return undefined;
}
