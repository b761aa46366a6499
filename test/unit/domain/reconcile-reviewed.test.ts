import { describe, expect, test } from '@jest/globals';
import type { GitHub, PullRequest } from '../../../action/src/domain/github.ts';
import { hidden } from '../../../action/src/domain/hidden-state.ts';
import { PLAN_MARKER } from '../../../action/src/domain/sticky.ts';
import { reviewedPlanOf } from '../../../action/src/operations/reconcile-reviewed.ts';

const PLANNED = '2026-11-24T10:00:00Z';
const MERGED = '2026-11-24T10:05:00Z';

const state = (digest: string, commit: string) => ({
  schemaVersion: 1,
  at: PLANNED,
  commit,
  answer: 'x',
  digests: { example: digest },
  fingerprints: { example: { MaxWorkers: '12345678' } },
  history: [],
});

const ours = (digest: string, commit = 'abc') => `${PLAN_MARKER}\n${hidden(state(digest, commit))}\n`;

const pull = (number: number, status: PullRequest['state']): PullRequest => ({
  number,
  author: 'dev',
  body: '',
  url: '',
  branch: 'change',
  base: 'main',
  isOwnBranch: true,
  head: 'abc',
  state: status,
  mergedAt: status === 'merged' ? MERGED : undefined,
});

function github(
  pulls: readonly PullRequest[],
  comments: Readonly<Record<number, readonly [string, string][]>>,
  updatedAt = PLANNED,
): GitHub {
  const port: Pick<GitHub, 'me' | 'defaultBranch' | 'pullRequestsOfCommit' | 'comments'> = {
    me: () => Promise.resolve({ login: 'github-actions[bot]', startsChecks: false }),
    defaultBranch: () => Promise.resolve('main'),
    pullRequestsOfCommit: () => Promise.resolve(pulls),
    comments: (issue) =>
      Promise.resolve(
        (comments[issue] ?? []).map(([author, body], index) => ({ id: index + 1, author, body, updatedAt })),
      ),
  };
  return port as GitHub;
}

const BOT = 'github-actions[bot]';

describe('The reviewed plan of a commit', () => {
  test('is what our own comment in its merged pull request says', async () => {
    const found = await reviewedPlanOf(github([pull(7, 'merged')], { 7: [[BOT, ours('d1')]] }), 'sha', 'example');
    expect(found).toEqual({ digest: 'd1', fingerprints: { MaxWorkers: '12345678' }, pullRequest: 7 });
  });

  test('is none where the marker stands in somebody else’s comment', async () => {
    expect(
      await reviewedPlanOf(github([pull(7, 'merged')], { 7: [['dev', ours('d1')]] }), 'sha', 'example'),
    ).toBeUndefined();
  });

  test('is none while the pull request is open or was closed without a merge', async () => {
    const pulls = [pull(7, 'open'), pull(8, 'closed')];
    const comments = { 7: [[BOT, ours('d1')]], 8: [[BOT, ours('d2')]] } as const;
    expect(await reviewedPlanOf(github(pulls, comments as never), 'sha', 'example')).toBeUndefined();
  });

  test('is none where the comment was written when the merge was done, or in the very second', async () => {
    for (const late of [MERGED, '2026-11-24T10:35:00Z']) {
      const port = github([pull(7, 'merged')], { 7: [[BOT, ours('d1')]] }, late);
      expect(await reviewedPlanOf(port, 'sha', 'example')).toBeUndefined();
    }
  });

  test('is none where the plan is of another commit than the one that was merged', async () => {
    const port = github([pull(7, 'merged')], { 7: [[BOT, ours('d1', 'before the last push')]] });
    expect(await reviewedPlanOf(port, 'sha', 'example')).toBeUndefined();
  });

  test('is not what was said where it went into another branch, though that came later', async () => {
    const pulls = [pull(7, 'merged'), { ...pull(8, 'merged'), base: 'develop' }];
    const comments = { 7: [[BOT, ours('d1')]], 8: [[BOT, ours('d2')]] } as const;
    expect(await reviewedPlanOf(github(pulls, comments as never), 'sha', 'example')).toMatchObject({ pullRequest: 7 });
  });

  test('is none of a deployment that nobody planned there, and of a commit without a pull request', async () => {
    expect(
      await reviewedPlanOf(github([pull(7, 'merged')], { 7: [[BOT, ours('d1')]] }), 'sha', 'other'),
    ).toBeUndefined();
    expect(await reviewedPlanOf(github([], {}), 'sha', 'example')).toBeUndefined();
  });
});
