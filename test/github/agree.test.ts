import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { agree, type Wanted } from '../../action/src/operations/agree.ts';
import { startBed, type Bed } from './bed.ts';

const PATH = 'environments/shop.json';
const EXAMPLE = readFileSync(new URL('../../environments/example.json', import.meta.url), 'utf8');
const file = (site: string, since: number): string =>
  EXAMPLE.replace('"deployment": "example"', '"deployment": "shop"').replace(
    '"active": { "site": "us-east-1", "since": 0 }',
    `"active": { "site": "${site}", "since": ${since} }`,
  );

let bed: Bed;

beforeEach(async () => {
  bed = await startBed();
  repository().commit('main', PATH, file('us-east-1', 6));
  repository().commit('main', 'README.md', 'hello');
});

afterEach(() => bed.close());

const move = (since: number): Wanted => ({
  deployment: 'shop',
  path: PATH,
  site: since % 2 === 0 ? 'us-east-1' : 'us-west-2',
  since,
});
const asApp = (since: number) => agree({ ...bed.as('job-token'), app: bed.as('app-token').github }, move(since));
const asJob = (since: number) => agree(bed.as('job-token'), move(since));

/** Of a run that meets nothing unexpected. */
const APP_REQUESTS = 16;
const JOB_REQUESTS = 10;
const requestsOf = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

const repository = () => bed.double.repository;
const states = () => repository().issues.map(({ number, state }) => [number, state]);

describe('as the GitHub App', () => {
  test('a move opens one pull request whose checks run, and whose merge makes Git agree', async () => {
    expect(await asApp(7)).toMatchObject({ outcome: 'pull request', number: 1 });
    const [pull] = repository().issues;
    expect(pull).toMatchObject({ author: 'our-app[bot]', pull: { head: 'mwaadr/agree-shop-7', startsChecks: true } });
    expect(repository().branch('mwaadr/agree-shop-7').files.get(PATH)).toBe(file('us-west-2', 7));
    expect(repository().branch('main').files.get(PATH)).toBe(file('us-east-1', 6));
    repository().merge(1);
    expect(repository().branch('main').files.get(PATH)).toBe(file('us-west-2', 7));
    expect(await asApp(7)).toEqual({ outcome: 'agrees' });
  });

  test('again, before it is merged, nothing is written', async () => {
    await asApp(7);
    const { length } = bed.double.writes;
    expect(await asApp(7)).toMatchObject({ outcome: 'pull request', number: 1 });
    expect(bed.double.writes).toHaveLength(length);
  });

  test('a file that agrees already, or names a later move, is left alone', async () => {
    expect(await asApp(6)).toEqual({ outcome: 'agrees' });
    expect(await asApp(5)).toEqual({ outcome: 'newer' });
    expect(bed.double.writes).toEqual([]);
  });

  test('an older move that comes late opens nothing beside the pull request of a newer one', async () => {
    await asApp(8);
    const { length } = bed.double.writes;
    expect(await asApp(7)).toEqual({ outcome: 'newer' });
    expect(bed.double.writes).toHaveLength(length);
  });

  test('an older move that comes late opens nothing beside the issue of a newer one either', async () => {
    await asJob(8);
    expect(await asApp(7)).toEqual({ outcome: 'newer' });
    expect(states()).toEqual([[1, 'open']]);
  });

  test('a file that would be refused is proposed all the same, and says why it would be', async () => {
    repository().commit(
      'main',
      PATH,
      file('us-east-1', 6).replace('"core.parallelism": "64"', '"smtp.smtp_password": "hunter22"'),
    );
    expect(await asApp(7)).toMatchObject({ outcome: 'pull request' });
    expect(repository().issues[0]?.body).toContain('smtp.smtp_password looks like a credential');
    expect(bed.lines).toContainEqual(expect.stringMatching(/shop\.json .* refused .*smtp\.smtp_password looks like/));
  });

  test('a file that is right after the move is proposed without such a word', async () => {
    await asApp(7);
    expect(repository().issues[0]?.body).not.toContain('refused');
    expect(bed.lines).toEqual([]);
  });

  test('one that somebody closed is not opened again, and that is said', async () => {
    await asApp(7);
    repository().close(repository().issue(1), 'not_planned');
    expect(await asApp(7)).toMatchObject({ outcome: 'declined', number: 1 });
    expect(bed.lines).toContain('#1 was closed, and the file does not agree: it is not opened again');
    expect(states()).toEqual([[1, 'closed']]);
  });

  test('one that was merged and reverted is not opened again either', async () => {
    await asApp(7);
    repository().merge(1);
    repository().commit('main', PATH, file('us-east-1', 6));
    expect(await asApp(7)).toMatchObject({ outcome: 'declined', number: 1 });
  });

  test('a later move supersedes the pull request of an earlier one, and nobody else’s', async () => {
    await asApp(7);
    for (const [author, branch] of [
      ['mallory', 'mwaadr/agree-shop-5'],
      ['our-app[bot]', 'mwaadr/agree-shop-2-3'],
    ] as const) {
      repository().addBranch(branch, repository().branch('main').sha);
      repository().addPull(author, { title: 'other', head: branch });
    }
    expect(await asApp(8)).toMatchObject({ outcome: 'pull request', number: 4 });
    expect(states()).toEqual([
      [1, 'closed'],
      [2, 'open'],
      [3, 'open'],
      [4, 'open'],
    ]);
    expect(repository().issue(1).body).toContain('Superseded by &#35;4');
    expect(repository().branches.has('mwaadr/agree-shop-7')).toBe(false);
  });

  test('what people wrote on the branch stays', async () => {
    await asApp(7);
    const theirs = file('us-east-1', 6).replace('warm-standby', 'backup-restore');
    repository().commit('mwaadr/agree-shop-7', PATH, theirs);
    await asApp(7);
    expect(repository().branch('mwaadr/agree-shop-7').files.get(PATH)).toBe(
      file('us-west-2', 7).replace('warm-standby', 'backup-restore'),
    );
  });

  test('two runs at once open one pull request', async () => {
    await Promise.all([asApp(7), asApp(7)]);
    expect(states()).toEqual([[1, 'open']]);
  });

  test.each(requestsOf(APP_REQUESTS))(
    'killed at request %i, with its reply lost, the next run goes on to the same end',
    async (request) => {
      bed.double.goDarkAfter(request);
      await expect(asApp(7)).rejects.toMatchObject({ code: 'MDR-GITHUB-DARK' });
      bed.double.recover();
      expect(await asApp(7)).toMatchObject({ outcome: 'pull request', number: 1 });
      expect(states()).toEqual([[1, 'open']]);
      expect(repository().branch('mwaadr/agree-shop-7').files.get(PATH)).toBe(file('us-west-2', 7));
    },
  );

  test('these are all requests that there are', async () => {
    await asApp(7);
    expect(bed.double.log).toHaveLength(APP_REQUESTS);
  });

  test('with every write’s reply lost once, there is one of everything', async () => {
    for (const line of ['POST /git/refs$', 'PUT /contents/', 'POST /pulls$'])
      bed.double.fail(line, { kind: 'reply lost' });
    await asApp(7);
    expect(states()).toEqual([[1, 'open']]);
    expect(repository().branches.size).toBe(2);
  });

  test('a file that is not there is an error', async () => {
    const failure = agree(bed.as('app-token'), { ...move(7), path: 'environments/other.json' });
    await expect(failure).rejects.toMatchObject({ code: 'MDR-FILE-MISSING' });
  });
});

describe('with the workflow’s own token alone', () => {
  const issue = () => repository().issues[0];

  test('an issue has the patch, and no pull request is opened that would have no checks', async () => {
    expect(await asJob(7)).toMatchObject({ outcome: 'issue', number: 1 });
    expect(issue()).toMatchObject({ author: 'github-actions[bot]', labels: ['mwaadr-agree'], state: 'open' });
    expect(repository().branches.size).toBe(1);
    const folder = mkdtempSync(join(tmpdir(), 'agree-'));
    try {
      mkdirSync(join(folder, 'environments'));
      writeFileSync(join(folder, PATH), file('us-east-1', 6));
      const [, patch = ''] = /^```diff\n([^]*?)\n```$/m.exec(issue()?.body ?? '') ?? [];
      execFileSync('git', ['apply', '-'], { cwd: folder, input: `${patch}\n` });
      expect(readFileSync(join(folder, PATH), 'utf8')).toBe(file('us-west-2', 7));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('there is one issue, kept up to date, and closed once the file agrees', async () => {
    await asJob(7);
    const { length } = bed.double.writes;
    await asJob(7);
    expect(bed.double.writes).toHaveLength(length);
    await asJob(8);
    expect(issue()?.title).toBe('shop: us-east-1 is active since epoch 8');
    repository().commit('main', PATH, file('us-east-1', 8));
    expect(await asJob(8)).toEqual({ outcome: 'agrees' });
    expect(states()).toEqual([[1, 'closed']]);
  });

  test('an older move that comes late leaves the issue of a newer one, open or closed', async () => {
    await asJob(8);
    const { body } = repository().issue(1);
    expect(await asJob(7)).toEqual({ outcome: 'newer' });
    expect(issue()).toMatchObject({ body, title: 'shop: us-east-1 is active since epoch 8' });
    repository().close(repository().issue(1), 'not_planned');
    expect(await asJob(7)).toEqual({ outcome: 'newer' });
    expect(states()).toEqual([[1, 'closed']]);
  });

  test('a file that agrees with an older move closes no issue of a newer one', async () => {
    await asJob(7);
    expect(await asJob(6)).toEqual({ outcome: 'agrees' });
    expect(states()).toEqual([[1, 'open']]);
  });

  test('the issue says why the file would be refused', async () => {
    repository().commit(
      'main',
      PATH,
      file('us-east-1', 6).replace('"core.parallelism": "64"', '"smtp.smtp_password": "hunter22"'),
    );
    expect(await asJob(7)).toMatchObject({ outcome: 'issue' });
    expect(issue()?.body).toContain('smtp.smtp_password looks like a credential');
  });

  test('an issue whose label somebody took away is still the one', async () => {
    await asJob(7);
    repository().issue(1).labels = [];
    expect(await asJob(7)).toMatchObject({ outcome: 'issue', number: 1 });
  });

  test('one that somebody closed is not opened again for the same move, but for the next', async () => {
    await asJob(7);
    repository().close(repository().issue(1), 'not_planned');
    expect(await asJob(7)).toMatchObject({ outcome: 'declined', number: 1 });
    expect(await asJob(8)).toMatchObject({ outcome: 'issue', number: 2 });
  });

  test.each(requestsOf(JOB_REQUESTS))(
    'killed at request %i, with its reply lost, the next run leaves one issue',
    async (request) => {
      bed.double.goDarkAfter(request);
      await expect(asJob(7)).rejects.toMatchObject({ code: 'MDR-GITHUB-DARK' });
      bed.double.recover();
      expect(await asJob(7)).toMatchObject({ outcome: 'issue', number: 1 });
      expect(states()).toEqual([[1, 'open']]);
    },
  );

  test('these are all requests that there are', async () => {
    await asJob(7);
    expect(bed.double.log).toHaveLength(JOB_REQUESTS);
  });

  test('an App that comes later takes over: its pull request closes the issue', async () => {
    await asJob(7);
    expect(await asApp(7)).toMatchObject({ outcome: 'pull request', number: 2 });
    expect(states()).toEqual([
      [1, 'closed'],
      [2, 'open'],
    ]);
  });
});
