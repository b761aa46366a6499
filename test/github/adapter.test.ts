import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createGitHub } from '../../action/src/github/rest.ts';
import { startBed, type Bed } from './bed.ts';

let bed: Bed;

beforeEach(async () => {
  bed = await startBed();
});

afterEach(() => bed.close());

const github = (token = 'job-token') => bed.as(token).github;
const anIssue = () => bed.double.repository.addIssue('mallory', { title: 'an issue' }).number;

test('who we are is known of the token of a job and of that of an app', async () => {
  expect(await github().me()).toEqual({ login: 'github-actions[bot]', startsChecks: false });
  expect(await github('app-token').me()).toEqual({ login: 'our-app[bot]', startsChecks: true });
});

test('who we are is an error when GitHub’s GraphQL refuses to say', async () => {
  const body = { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] };
  bed.double.fail('POST /graphql', { kind: 'answer', status: 200, body });
  await expect(github().me()).rejects.toMatchObject({ code: 'MDR-GITHUB-ERROR' });
});

test('comments are read through all pages, oldest first', async () => {
  const issue = anIssue();
  for (let count = 1; count <= 230; count += 1) bed.double.repository.addComment('mallory', issue, `comment ${count}`);
  const all = await github().comments(issue);
  expect(all.map(({ body }) => body)).toEqual(Array.from({ length: 230 }, (_, index) => `comment ${index + 1}`));
  expect(bed.double.log.map(({ query }) => query['page'])).toEqual([undefined, '2', '3']);
});

test('a comment is made, changed and deleted, and deleting it twice is no error', async () => {
  const issue = anIssue();
  const { id, author } = await github().createComment(issue, 'first');
  expect(author).toBe('github-actions[bot]');
  await github().updateComment(id, 'second');
  expect(bed.double.repository.comment(id).body).toBe('second');
  await github().deleteComment(id);
  await github().deleteComment(id);
  expect(await github().comments(issue)).toEqual([]);
});

test('issues of an author are all open ones and those closed ones that were touched lately; no pull requests', async () => {
  const { repository } = bed.double;
  const old = repository.addIssue('mallory', { title: 'closed long ago' });
  repository.close(old, 'completed');
  repository.addIssue('mallory', { title: 'open' });
  bed.clock.pass(20 * 86_400_000);
  const late = repository.addIssue('mallory', { title: 'closed now' });
  repository.close(late, 'completed');
  repository.addBranch('work', repository.branch('main').sha);
  repository.addPull('mallory', { title: 'pull', head: 'work' });
  repository.addIssue('eve', { title: 'of somebody else' });
  const found = await github().issuesBy('mallory', new Date(bed.clock.now() - 1_000).toISOString());
  expect(found.map(({ title, open }) => [title, open])).toEqual([
    ['open', true],
    ['closed now', false],
  ]);
});

test('a pull request says whether it is open, merged or closed, and what it changes', async () => {
  const { repository } = bed.double;
  repository.addBranch('work', repository.branch('main').sha);
  const { number } = repository.addPull('mallory', { title: 'work', head: 'work', files: ['environments/a.json'] });
  expect(await github().pullRequest(number)).toMatchObject({
    number,
    state: 'open',
    branch: 'work',
    base: 'main',
    isOwnBranch: true,
    head: repository.branch('work').sha,
    mergedAt: undefined,
  });
  expect(await github().changedFiles(number)).toEqual(['environments/a.json']);
  const head = repository.commit('work', 'README.md', 'merged');
  const commit = repository.merge(number);
  repository.commit('work', 'README.md', 'pushed afterwards');
  const merged = { number, state: 'merged', mergedAt: '2026-11-24T10:00:01Z', head };
  expect(await github().pullRequestsOfCommit(commit)).toMatchObject([merged]);
  expect(await github().pullRequest(number)).toMatchObject(merged);
  expect(await github().pullRequest(99)).toBeUndefined();
});

test('a file is read and written over the version that was read, and over no other', async () => {
  const { repository } = bed.double;
  const text = `{"name": "Zürich ${'x'.repeat(200)}"}\n`;
  repository.commit('main', 'environments/a.json', text);
  const over = await github().fileAt('environments/a.json', 'main');
  if (over === undefined) throw new Error('the file is there');
  expect(over.text).toBe(text);
  const file = { path: 'environments/a.json', branch: 'main', text: 'new', over, message: 'Agree' };
  expect(await github().putFile(file)).toBe(true);
  expect(await github().putFile(file)).toBe(false);
  expect(await github().fileAt('environments/a.json', 'main')).toMatchObject({ text: 'new' });
  expect(await github().fileAt('environments/b.json', 'main')).toBeUndefined();
  expect(await github().fileAt('environments/a.json', 'nowhere')).toBeUndefined();
});

test('a branch is made and deleted, and deleting it twice is no error', async () => {
  const sha = await github().headOf('main');
  await github().createBranch('mwaadr/agree-a-7', sha ?? '');
  expect(await github().headOf('mwaadr/agree-a-7')).toBe(sha);
  await github().deleteBranch('mwaadr/agree-a-7');
  await github().deleteBranch('mwaadr/agree-a-7');
  expect(await github().headOf('mwaadr/agree-a-7')).toBeUndefined();
});

test('a broken answer is asked for again, a second and then longer', async () => {
  bed.double.fail('GET /comments$', { kind: 'answer', status: 502, body: '<html>Unicorn!</html>' }, 2);
  bed.double.fail('GET /comments$', { kind: 'refused' });
  expect(await github().comments(anIssue())).toEqual([]);
  expect(bed.clock.slept).toEqual([1_000, 2_000, 4_000]);
});

test('GitHub dark for longer than four tries is an error that shows none of its page', async () => {
  bed.double.fail('GET /comments$', { kind: 'answer', status: 503, body: '<html>Unicorn!</html>' }, 9);
  const failure = github().comments(anIssue());
  await expect(failure).rejects.toMatchObject({ code: 'MDR-GITHUB-DARK' });
  await expect(failure).rejects.not.toThrow('Unicorn');
  expect(bed.double.log).toHaveLength(4);
});

test('a create that got no answer is never repeated by itself', async () => {
  const issue = anIssue();
  bed.double.fail('POST /comments$', { kind: 'reply lost' });
  await expect(github().createComment(issue, 'once')).rejects.toMatchObject({ code: 'MDR-GITHUB-DARK' });
  expect(bed.double.repository.comments).toHaveLength(1);
});

test('an update whose reply was lost is repeated', async () => {
  const { id } = bed.double.repository.addComment('github-actions[bot]', anIssue(), 'first');
  bed.double.fail('PATCH /comments/', { kind: 'reply lost' });
  await github().updateComment(id, 'second');
  expect(bed.double.writes).toHaveLength(2);
});

test('a limit is waited out, as long as GitHub says, also before a create', async () => {
  bed.double.throttle('POST /comments$', 7);
  bed.double.throttle('POST /comments$', undefined);
  await github().createComment(anIssue(), 'in the end');
  expect(bed.clock.slept).toEqual([7_000, 60_000]);
  expect(bed.double.repository.comments).toHaveLength(1);
});

test('a limit that lasts an hour does not hold up the job: it ends at once and says when to come back', async () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(bed.clock.now() / 1_000 + 3_600) };
  bed.double.fail('GET /comments$', {
    kind: 'answer',
    status: 403,
    headers,
    body: { message: 'API rate limit exceeded' },
  });
  const failure = github().comments(anIssue());
  await expect(failure).rejects.toMatchObject({
    code: 'MDR-GITHUB-RATE',
    fix: expect.stringContaining('2026-11-24T11:00:01.000Z') as unknown,
  });
  expect(bed.clock.slept).toEqual([]);
});

test('many short limits together are not waited for longer than a run can bear', async () => {
  bed.double.throttle('GET /comments$', 50, 9);
  await expect(github().comments(anIssue())).rejects.toMatchObject({ code: 'MDR-GITHUB-RATE' });
  expect(bed.clock.slept).toEqual([50_000, 50_000, 50_000]);
});

test('a permission that is missing is named', async () => {
  const issue = anIssue();
  await expect(github('read-token').createComment(issue, 'x')).rejects.toMatchObject({
    code: 'MDR-GITHUB-DENIED',
    fix: 'Give the job (under `permissions`) or the app `issues: write` or `pull-requests: write`.',
  });
  await expect(github('nobody').comments(issue)).rejects.toMatchObject({ code: 'MDR-GITHUB-DENIED' });
});

test('an answer that we do not expect is an error with GitHub’s word and without the token', async () => {
  const failure = github().createComment(anIssue(), 'x'.repeat(65_537));
  await expect(failure).rejects.toMatchObject({ code: 'MDR-GITHUB-ERROR' });
  await expect(failure).rejects.toThrow('body is too long');
  await expect(failure).rejects.not.toThrow('job-token');
});

test('a silent GitHub is given up, and asked again', async () => {
  bed.double.fail('GET /comments$', { kind: 'silent' });
  const quick = { token: 'job-token', url: bed.double.url, clock: bed.clock, stop: bed.stop.signal, attempt: 500 };
  expect(await createGitHub(bed.double.repository.name, quick).comments(anIssue())).toEqual([]);
});

test('asked to stop, a waiting call ends', async () => {
  bed.double.fail('GET /comments$', { kind: 'silent' });
  const failure = github().comments(anIssue());
  bed.stop.abort();
  await expect(failure).rejects.toMatchObject({ code: 'MDR-STOPPED' });
});
