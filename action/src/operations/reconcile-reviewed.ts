import type { Author, GitHub, IssueComment, PullRequest } from '../domain/github.ts';
import type { ReviewedPlan } from '../domain/reconcile.ts';
import { reviewedPlan } from '../domain/sticky.ts';
import { pullsOfPush } from './pushed-pulls.ts';

/**
 * The plan of a deployment as it was reviewed in the newest of the pull requests that brought a commit, and what was
 * pushed with it, and that planned this deployment: what our own comment there said when it was merged. Only those into the
 * default branch count: another branch has its own reviewers. `undefined` = all came without such a pull request, or
 * nobody planned this deployment in one.
 */
export async function reviewedPlanOf(
  github: GitHub,
  commit: string,
  deployment: string,
  pushed: readonly string[] = [],
): Promise<ReviewedPlan | undefined> {
  const found = await pullsOfPush(github, [...pushed.filter((one) => one !== commit), commit]);
  if (found.pulls.length === 0) return undefined;
  const branch = await github.defaultBranch();
  const pulls = found.pulls.filter(({ base }) => base === branch);
  if (pulls.length === 0) return undefined;
  const me = await github.me();
  for (const pull of pulls.toReversed()) {
    const state = reviewedBefore(pull, await github.comments(pull.number), me);
    const digest = state?.digests[deployment];
    if (digest !== undefined)
      return { digest, fingerprints: state?.fingerprints[deployment], pullRequest: pull.number };
  }
  return undefined;
}

/**
 * What stood in our comment when the pull request was merged, of the very commit that was. Both times are GitHub's, in
 * whole seconds: within one nobody knows which was first, and it is not taken for a review.
 */
function reviewedBefore({ head, mergedAt }: PullRequest, comments: readonly IssueComment[], me: Author) {
  if (mergedAt === undefined) return undefined;
  const merged = Date.parse(mergedAt);
  const state = reviewedPlan(
    comments.filter(({ updatedAt }) => Date.parse(updatedAt) < merged),
    me,
  );
  return state?.commit === head ? state : undefined;
}
