import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { driftMarker, readDriftState } from '../../action/src/domain/drift.ts';
import { hidden } from '../../action/src/domain/hidden-state.ts';
import { Bed, EAST, plain, TOKEN, WEST, type Repository } from './gitops-bed.ts';

jest.setTimeout(30_000);

let bed: Bed;
beforeAll(async () => {
  bed = await Bed.start();
}, 120_000);
afterAll(() => bed.stop(), 30_000);

/** As if the issue had been opened then: the look at it goes by what it says of itself. */
function makeOlder(issue: { body: string | null }, at: string): void {
  const state = readDriftState({ body: issue.body ?? '' });
  if (state === undefined) throw new Error('the issue has no state');
  const since = Object.fromEntries(Object.keys(state.since).map((key) => [key, at]));
  issue.body = `${driftMarker(state.deployment)}\n${hidden({ ...state, checkedAt: at, since })}`;
}

describe('Drift', () => {
  let orders: Repository;
  const drift = () => orders.run('drift', { 'github-token': TOKEN });
  const issues = () => bed.github.repository.issues;

  test('that is not there opens no issue, and changes nothing but the note of the look', async () => {
    orders = await bed.repository('orders');
    await orders.madeByHand();
    const before = bed.mark();
    const run = await drift();
    expect([run.code, run.outputs['outcome']]).toEqual([0, 'clean']);
    expect(issues()).toEqual([]);
    expect(bed.changesSince(before)).toEqual([`${WEST} PutObject`]);
  });

  test('of an edit by hand opens one issue that says what it means', async () => {
    orders.byHand(WEST, { MaxWorkers: 2 });
    const run = await drift();
    expect([run.code, run.outputs['outcome']]).toEqual([0, 'drift']);
    expect(run.summary).toMatch(/^### ⚠️ 1 of 1 deployment differs from Git/);
    expect(issues()).toMatchObject([{ state: 'open', labels: ['mwaadr-drift'] }]);
    const body = plain(issues()[0]?.body ?? '');
    expect(body).toContain('MaxWorkers');
    expect(body).toContain('A failover would scale to another number of workers');
  });

  test('that lasts is the same issue, and its age is said', async () => {
    const earlier = new Date(Date.now() - 4 * 86_400_000).toISOString();
    for (const issue of issues()) makeOlder(issue, earlier);
    await drift();
    expect(issues()).toHaveLength(1);
    expect(issues()[0]?.body).toContain(`since ${earlier.slice(0, 10)}, 4 d`);
    expect(bed.github.repository.comments).toEqual([]);
  });

  test('that is cured closes it', async () => {
    orders.byHand(WEST, { MaxWorkers: 4 });
    const run = await drift();
    expect(run.outputs['outcome']).toBe('clean');
    expect(issues()).toMatchObject([{ state: 'closed', stateReason: 'completed' }]);
  });

  test('heals itself where the file allows it, once for each plan', async () => {
    orders.edit((file) => {
      file.selfHeal = ['MaxWorkers'];
    });
    const edit = () => {
      orders.byHand(WEST, { MaxWorkers: 2, MinWorkers: 2 });
    };
    const workers = () => [orders.environment(WEST).MinWorkers, orders.environment(WEST).MaxWorkers];
    edit();
    const healed = await orders.run('reconcile', { scope: 'self-heal' });
    expect([healed.code, healed.outputs['outcome'], workers()]).toEqual([0, 'applied', [2, 4]]);
    // Another difference is left.
    expect(healed.summary).toMatch(/^### ✅ Self-heal has set orders right, in what the file leaves to it/);
    edit();
    const before = bed.mark();
    const again = await orders.run('reconcile', { scope: 'self-heal' });
    expect([again.outputs['outcome'], workers()]).toEqual(['tried', [2, 2]]);
    expect(bed.changesSince(before)).toEqual([]);
  });
});

test('import of two environments made by hand gives a file whose plan is empty', async () => {
  const shop = await bed.repository('imported');
  await shop.madeByHand((region) => ({
    AirflowConfigurationOptions: { 'core.parallelism': '16', 'webserver.base_url': `https://${region}.example.com` },
    Tags: { team: 'shop', region },
  }));
  shop.remove(shop.path);
  const before = bed.mark();
  const run = await shop.run('import', {
    sites: `${EAST}/imported-${EAST} ${WEST}/imported-${WEST}`,
  });
  expect(run.code).toBe(0);
  expect(JSON.parse(readFileSync(join(shop.folder, shop.path), 'utf8'))).toMatchObject({
    deployment: 'imported',
    manage: 'observe',
    mwaa: { environmentClass: 'mw1.medium', maxWorkers: 4 },
  });
  const { plan } = await shop.plan();
  expect(plan).toMatchObject({ outcome: 'in sync', refusals: [] });
  expect((await shop.run('validate')).code).toBe(0);
  expect(bed.changesSince(before)).toEqual([]);
});
