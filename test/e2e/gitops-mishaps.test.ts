import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { startOidc } from '../workflows/oidc.ts';
import { startShortLived } from './gitops-short-lived.ts';
import { Bed, EAST, plain, WEST, type Repository } from './gitops-bed.ts';

jest.setTimeout(60_000);

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
}, 120_000);
afterAll(() => bed.stop(), 30_000);
afterEach(() => {
  for (const region of [EAST, WEST]) bed.services.gateway(region).clearFaults();
});

/** A deployment that runs, and one reviewed change of it. */
async function reviewed(name: string): Promise<{ shop: Repository; commit: string }> {
  const shop = await bed.repository(name);
  await shop.madeByHand();
  shop.edit(({ mwaa }) => Object.assign(mwaa ?? {}, { maxWorkers: 9 }));
  return { shop, commit: await shop.merge() };
}

const maxWorkers = (shop: Repository) => [WEST, EAST].map((region) => shop.environment(region).MaxWorkers);
const updates = (lines: readonly string[]) => lines.filter((line) => line.endsWith('UpdateEnvironment'));

describe('An update that MWAA rolls back', () => {
  let shop: Repository;
  let commit: string;

  test('at the standby fails with its own words, and the active site is not touched', async () => {
    ({ shop, commit } = await reviewed('rolled-back'));
    const failure = { code: 'INCORRECT_CONFIGURATION', message: 'no capacity for 9 workers' };
    bed.services.controlPlane(WEST).failNextUpdate(`rolled-back-${WEST}`, failure);
    const before = bed.mark();
    const run = await shop.afterMerge(commit);
    expect(run.code).toBe(1);
    expect(run.summary).toMatch(/^### 🛑 MDR-UPDATE-FAILED/);
    expect(plain(run.summary)).toContain('INCORRECT_CONFIGURATION: no capacity for 9 workers');
    expect(plain(run.summary)).toContain('the active site was not touched');
    expect(updates(bed.changesSince(before))).toEqual([`${WEST} UpdateEnvironment`]);
    expect(maxWorkers(shop)).toEqual([4, 4]);
  });

  test('is not tried again by itself', async () => {
    const before = bed.mark();
    const run = await shop.afterMerge(commit);
    expect([run.code, bed.changesSince(before)]).toEqual([1, []]);
    expect(plain(run.summary)).toContain('This plan was tried by');
  });
});

test('a run that is killed in the middle of an update is gone on with, and asks for nothing twice', async () => {
  const { shop, commit } = await reviewed('killed');
  const before = bed.mark();
  const over = Promise.withResolvers<undefined>();
  bed.services.runtime(WEST).updating = () => over.promise;
  const killed = await shop.afterMerge(commit, { signal: { when: /us-west-2: UPDATING/, send: 'SIGKILL' } });
  expect([killed.code, killed.summary]).toEqual([null, '']);
  over.resolve(undefined);
  const again = await shop.afterMerge(commit);
  expect(again.code).toBe(0);
  expect(again.summary).toContain('This run finished what an earlier one had begun.');
  expect(updates(bed.changesSince(before))).toEqual([`${WEST} UpdateEnvironment`, `${EAST} UpdateEnvironment`]);
  expect(maxWorkers(shop)).toEqual([9, 9]);
});

test('credentials that expire in the middle of a reconcile are renewed, and it goes on', async () => {
  const { shop, commit } = await reviewed('expired');
  const oidc = await startOidc('repo:team/airflow:environment:expired');
  const shortLived = await startShortLived(bed.services.gateway(WEST).url);
  const west = bed.services.gateway(WEST);
  const held = west.hold({ operation: 'UpdateEnvironment' }, { after: true });
  const run = shop.afterMerge(commit, {
    inputs: { 'role-to-assume': 'arn:aws:iam::111122223333:role/reconcile' },
    env: {
      ...oidc.environment,
      MWAADR_ENDPOINTS: `${EAST}=${bed.services.gateway(EAST).url},${WEST}=${shortLived.url}`,
      AWS_ACCESS_KEY_ID: '',
      AWS_SECRET_ACCESS_KEY: '',
    },
  });
  await held.arrived;
  const used = new Set(west.requests.map(({ accessKey }) => accessKey).filter((key) => key.startsWith('ASIA')));
  for (const accessKey of used)
    for (const region of [EAST, WEST]) bed.services.gateway(region).fault('denied', { accessKey });
  const issued = oidc.issued.length;
  held.release();
  const { code, summary, raw } = await run;
  await Promise.all([oidc.close(), shortLived.close()]);
  expect([code, summary]).toEqual([0, expect.stringContaining('expired is as Git says, at both sites')]);
  expect(used.size).toBeGreaterThan(0);
  expect(oidc.issued.length).toBeGreaterThan(issued);
  expect(maxWorkers(shop)).toEqual([9, 9]);
  expect(raw).not.toContain('AKIA');
});
