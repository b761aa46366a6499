import { describe, expect, it } from '@jest/globals';
import type { DeploymentFile } from '../../../action/src/domain/fleet.ts';
import type { GitHub, PullRequest } from '../../../action/src/domain/github.ts';
import { MdrError } from '../../../action/src/domain/errors.ts';
import type { Tools } from '../../../action/src/domain/tools.ts';
import { commitsOf } from '../../../action/src/github/run-context.ts';
import { pullsOfPush } from '../../../action/src/operations/pushed-pulls.ts';
import { matrix } from '../../../action/src/operations/matrix.ts';
import { EXAMPLE_DEPLOYMENT } from '../../doubles/universe.ts';

const file = (name: string): DeploymentFile => ({
  path: `environments/${name}.json`,
  text: '',
  deployment: { ...EXAMPLE_DEPLOYMENT, deployment: name, artifacts: undefined },
});
const BROKEN: DeploymentFile = {
  path: 'environments/broken.json',
  text: '{',
  error: new MdrError({ code: 'MDR-FILE-SYNTAX', message: 'it ends early', fix: 'end it' }),
};

interface Story {
  readonly run: Partial<Tools['run']>;
  /** Pull requests of each commit; those below 100 are merged. */
  readonly pulls?: Readonly<Record<string, readonly number[]>>;
  readonly changes?: Readonly<Record<number, readonly string[]>>;
  readonly files?: readonly DeploymentFile[];
}

/** Deployments that a change concerns, and why. */
async function concernedBy({ run, pulls = {}, changes = {}, files }: Story) {
  const github: Pick<GitHub, 'pullRequestsOfCommit' | 'changedFiles'> = {
    pullRequestsOfCommit: (sha) =>
      Promise.resolve(
        (pulls[sha] ?? []).map((number) => ({ number, state: number < 100 ? 'merged' : 'open' }) as PullRequest),
      ),
    changedFiles: (number) => Promise.resolve(changes[number] ?? []),
  };
  const tools: Pick<Tools, 'files' | 'github' | 'run'> = {
    files: files ?? [file('billing'), file('orders'), file('sales')],
    github: () => github as GitHub,
    run: { commit: 'head', commits: undefined, pullRequest: undefined, url: undefined, ...run },
  };
  const result = await matrix(tools as Tools, { 'only-changed': true });
  return { names: result.matrix.names, reason: result.reason, failures: result.failures };
}

const ALL = ['billing', 'orders', 'sales'];
const BILLING = ['environments/billing.json'];
const ORDERS = ['environments/orders.json'];

describe('A run concerns', () => {
  it('what its pull request changes', async () => {
    const found = await concernedBy({ run: { pullRequest: 7 }, changes: { 7: BILLING } });
    expect(found).toMatchObject({ names: ['billing'], reason: 'what pull request #7 changes' });
  });

  it('what all pull requests of a push change', async () => {
    const found = await concernedBy({
      run: { commits: ['first', 'head'] },
      pulls: { first: [7], head: [8] },
      changes: { 7: BILLING, 8: ORDERS },
    });
    expect(found).toMatchObject({ names: ['billing', 'orders'], reason: 'what pull requests #7, #8 change' });
  });

  it.each<[string, Story]>([
    [
      'one commit of the push came without a pull request',
      { run: { commits: ['stray', 'head'] }, pulls: { head: [7] } },
    ],
    ['the pull request of a commit is not merged', { run: { commits: ['head'] }, pulls: { head: [107] } }],
    ['a push took commits away', { run: { commits: [] }, pulls: { head: [7] } }],
    [
      'a push has too many commits to look each up',
      { run: { commits: Array.from({ length: 101 }, () => 'head') }, pulls: { head: [7] } },
    ],
    ['nothing says which commit it is', { run: { commit: undefined } }],
    ['GitHub does not list all that a pull request changes', { run: { pullRequest: 9 } }],
  ])('everything where %s', async (_why, story) => {
    const long = Array.from({ length: 3_000 }, (_, index) => `docs/${index}.md`);
    const { names, reason } = await concernedBy({ changes: { 7: BILLING, 107: BILLING, 9: long }, ...story });
    expect(names).toEqual(ALL);
    expect(reason).toMatch(/^all: /);
  });

  it('a file that cannot be read, which fails the run', async () => {
    const run = { pullRequest: 7 };
    const found = await concernedBy({ run, changes: { 7: [BROKEN.path] }, files: [file('billing'), BROKEN] });
    expect(found).toMatchObject({ names: ['broken'], failures: [{ file: BROKEN.path, code: 'MDR-FILE-SYNTAX' }] });
  });
});

describe('A push', () => {
  it('has the commits of its event, none that can be told where it took others away, and is no other event', () => {
    const commits = [{ id: 'a' }, { id: 'b' }];
    expect(commitsOf({ commits, forced: false })).toEqual(['a', 'b']);
    expect(commitsOf({ commits, forced: true })).toEqual([]);
    expect(commitsOf({ pull_request: {} })).toBeUndefined();
  });

  it('names each of its pull requests once, in the order in which they were merged', async () => {
    const pulls: Readonly<Record<string, readonly number[]>> = { a: [8, 9], b: [7], c: [8] };
    const github: Pick<GitHub, 'pullRequestsOfCommit'> = {
      pullRequestsOfCommit: (sha) =>
        Promise.resolve((pulls[sha] ?? []).map((number) => ({ number, state: 'merged' }) as PullRequest)),
    };
    const found = await pullsOfPush(github, ['a', 'b', 'c']);
    expect(found.pulls.map(({ number }) => number)).toEqual([9, 7, 8]);
  });
});
