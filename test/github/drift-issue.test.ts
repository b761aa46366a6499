import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { DriftFinding } from '../../action/src/domain/drift-findings.ts';
import { upkeepDriftIssues } from '../../action/src/operations/drift-issue.ts';
import { DAY, startBed, type Bed } from './bed.ts';

let bed: Bed;

beforeEach(async () => {
  bed = await startBed();
});

afterEach(() => bed.close());

const finding = (key: string): DriftFinding => ({
  key,
  what: `\`${key}\` differs`,
  consequence: 'a failover would run old dependencies',
});

/** One scheduled look at the bookshop that finds these differences. */
async function look(...keys: readonly string[]) {
  const report = { deployment: 'bookshop', findings: keys.map(finding) };
  const [outcome] = await upkeepDriftIssues(bed.as('job-token'), [report]);
  return outcome;
}

const issues = () => bed.double.repository.issues;
const states = () => issues().map(({ number, state, stateReason }) => [number, state, stateReason]);

test('drift appears, is reported once, ages, is cured, the issue closes by itself', async () => {
  expect(await look()).toMatchObject({ act: 'nothing' });
  expect(await look('requirements')).toMatchObject({ act: 'open', issue: 1 });
  bed.clock.pass(4 * DAY);
  expect(await look('requirements')).toMatchObject({ act: 'update', issue: 1 });
  expect(issues()[0]?.body).toContain('since 2026-11-24, 4 d');
  expect(issues()[0]?.labels).toEqual(['mwaadr-drift']);
  expect(await look()).toMatchObject({ act: 'close', issue: 1 });
  expect(issues()[0]?.body).toContain('again after 4 d');
  expect(await look()).toMatchObject({ act: 'nothing' });
  expect(states()).toEqual([[1, 'closed', 'completed']]);
  expect(bed.double.repository.comments).toEqual([]);
});

test('what comes back within seven days opens the issue again, later a new one', async () => {
  await look('requirements');
  await look();
  bed.clock.pass(6 * DAY);
  expect(await look('requirements')).toMatchObject({ act: 'reopen', issue: 1 });
  await look();
  bed.clock.pass(8 * DAY);
  expect(await look('requirements')).toMatchObject({ act: 'open', issue: 2 });
});

test('an issue that a person closed stays closed, until something else drifts', async () => {
  await look('requirements');
  const [first] = issues();
  if (first !== undefined) bed.double.repository.close(first, 'not_planned');
  bed.clock.pass(DAY);
  expect(await look('requirements')).toMatchObject({ act: 'nothing' });
  expect(await look('requirements', 'class')).toMatchObject({ act: 'reopen', issue: 1 });
});

test('says since when something differs as the issue knows it, and nothing where that is just now', async () => {
  expect(await look('requirements')).toMatchObject({ since: undefined });
  bed.clock.pass(DAY);
  expect(await look('requirements', 'class')).toMatchObject({ since: '2026-11-24T10:00:00.000Z' });
  expect(await look()).toMatchObject({ since: undefined });
});

test('one that a person closed, that was cured and comes back a day later is heard of again', async () => {
  await look('requirements');
  const [first] = issues();
  if (first !== undefined) bed.double.repository.close(first, 'not_planned');
  bed.clock.pass(DAY);
  expect(await look()).toMatchObject({ act: 'cured', issue: 1 });
  expect(states()).toEqual([[1, 'closed', 'not_planned']]);
  expect(issues()[0]?.body).toContain('is what Git says again after 1 d');
  bed.clock.pass(DAY);
  expect(await look('requirements')).toMatchObject({ act: 'reopen', issue: 1 });
});

test.each(['open', 'closed'])('an issue whose label somebody took away is still the one: %s', async (state) => {
  await look('requirements');
  const [first] = issues();
  if (first !== undefined) first.labels = [];
  if (state === 'closed') await look();
  await look('requirements');
  expect(states()).toEqual([[1, 'open', state === 'open' ? null : 'reopened']]);
});

test('two looks at once leave one open issue, the one with the lowest number', async () => {
  await Promise.all([look('requirements'), look('requirements'), look('requirements')]);
  expect(issues().length).toBeGreaterThan(1);
  const open = issues().filter(({ state }) => state === 'open');
  expect(open.map(({ number }) => number)).toEqual([1]);
  for (const { number, body } of issues().slice(1))
    expect([number, body]).toEqual([number, expect.stringContaining('#1')]);
  await look();
  bed.clock.pass(DAY);
  expect(await look('requirements')).toMatchObject({ act: 'reopen', issue: 1 });
});

test('issues that a race left open are reduced to the first one', async () => {
  await look('requirements');
  const { body, title, labels } = issues()[0] ?? {};
  bed.double.repository.addIssue('github-actions[bot]', { body: body ?? '', title: title ?? '', labels: labels ?? [] });
  expect(await look('requirements')).toMatchObject({ act: 'update', issue: 1 });
  expect(states()).toEqual([
    [1, 'open', null],
    [2, 'closed', 'duplicate'],
  ]);
});

test('somebody else’s issue with our label and marker is left alone', async () => {
  const body = '<!-- mwaadr:drift:bookshop -->';
  bed.double.repository.addIssue('mallory', { title: 'mine', body, labels: ['mwaadr-drift'] });
  expect(await look('requirements')).toMatchObject({ act: 'open', issue: 2 });
  expect(issues()[0]).toMatchObject({ state: 'open', body });
});

test('a reply that was lost, a broken answer, a limit: one issue all the same', async () => {
  for (const [line, fault] of [
    ['POST /issues$', { kind: 'reply lost' }],
    ['GET /issues$', { kind: 'answer', status: 502, body: '<html>' }],
  ] as const)
    bed.double.fail(line, fault);
  bed.double.throttle('GET /issues$', 5);
  await look('requirements');
  expect(states()).toEqual([[1, 'open', null]]);
});

test('two hundred deployments without news cost two reads and one question who we are', async () => {
  const reports = Array.from({ length: 200 }, (_, index) => ({ deployment: `deployment-${index}`, findings: [] }));
  await upkeepDriftIssues(bed.as('job-token'), reports);
  expect(bed.double.log).toHaveLength(3);
});
