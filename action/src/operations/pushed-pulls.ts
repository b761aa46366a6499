import pLimit from 'p-limit';
import type { GitHub, PullRequest } from '../domain/github.ts';

/** So many commits are looked up, one call each; a job's token has a thousand calls an hour. */
const MOST = 100;
const AT_ONCE = 8;

export interface PushedPulls {
  /** Merged pull requests that brought commits of the push, each once, the one that came last at the end. */
  readonly pulls: readonly PullRequest[];
  /** Whether they are known to have brought all of it. */
  readonly areAll: boolean;
}

/** `commits`: those of a push, oldest first; a merge queue may push what several pull requests brought. */
export async function pullsOfPush(
  github: Pick<GitHub, 'pullRequestsOfCommit'>,
  commits: readonly string[],
): Promise<PushedPulls> {
  const limit = pLimit(AT_ONCE);
  const found = await Promise.all(
    commits.slice(-MOST).map((commit) => limit(async () => mergedOnes(await github.pullRequestsOfCommit(commit)))),
  );
  const newestFirst = new Map<number, PullRequest>();
  for (const pull of found.flat().toReversed()) if (!newestFirst.has(pull.number)) newestFirst.set(pull.number, pull);
  return {
    pulls: [...newestFirst.values()].toReversed(),
    areAll: commits.length <= MOST && found.every((pulls) => pulls.length > 0),
  };
}

const mergedOnes = (pulls: readonly PullRequest[]): readonly PullRequest[] =>
  pulls.filter(({ state }) => state === 'merged').toSorted((a, b) => a.number - b.number);
