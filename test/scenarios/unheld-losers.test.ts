import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

/** EAST lost epoch 1 and was paused by REST: its canary gets no worker. */
async function pausedByRest() {
  const story = await MoveStory.running();
  const east = story.universe.airflow(EAST);
  east.starved.add(DAG_IDS.canary);
  await story.minutes(10);
  return { story, east, result: await story.force(TO_WEST) };
}

describe('When a side that was left is only paused by REST, since its canary does not run', () => {
  test('then its fence is owed until that canary holds it', async () => {
    const { story, east, result } = await pausedByRest();
    expect(result).toMatchObject({ fence: 'paused', debts: [{ kind: 'fence', site: EAST }] });
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    await story.minutes(15);
    expect((await story.check()).debts).toMatchObject({ paid: [], owed: [{ kind: 'fence', grade: 'paused' }] });
    east.starved.clear();
    await story.minutes(10);
    expect((await story.check()).debts).toMatchObject({ paid: [{ kind: 'fence', grade: 'stopped' }], owed: [] });
    expect(story.roles).toBe('standby 1, active 1');
  });

  test('then the next check pauses what somebody unpauses there, and nothing says that two sides work', async () => {
    const { story, east } = await pausedByRest();
    await story.minutes(15);
    east.dags.set('orders', false);
    const check = await story.check();
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    expect(check.findings.map(({ name }) => name)).toEqual([]);
    expect(exitOf(check, 'unhealthy').code).toBe(0);
  });

  test('then no run of the canary is asked for twice', async () => {
    const { story, east } = await pausedByRest();
    for (let count = 0; count < 5; count += 1) {
      await story.minutes(15);
      await story.check();
    }
    expect([...east.drRuns.keys()].filter((id) => id.includes('-fence'))).toHaveLength(2);
  });
});

describe('When a move paused its site by REST and came to nothing, and its site is made active again', () => {
  test('then check says that its DAGs are paused, and by whom', async () => {
    const story = await MoveStory.running();
    const [east, west] = [story.universe.airflow(EAST), story.universe.airflow(WEST)];
    east.starved.add(DAG_IDS.canary);
    west.spoiled.set(DAG_IDS.activate, { ok: false, outcome: 'failed', message: 'disk full' });
    await story.minutes(10);
    story.universe.cut();
    story.universe.fault({ service: 's3', quality: 'dark', region: EAST });
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ code: 'MDR-ACTIVATE-FAILED' });
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    story.universe.faults.clear();
    await story.minutes(20);
    await story.check();
    east.starved.clear();
    await story.minutes(5);
    story.universe.lose(WEST);
    await story.minutes(20);
    expect(await story.force(HOME)).toMatchObject({ epoch: 2, to: EAST });
    const [unread] = (await story.check({ wait: '1500' })).findings;
    expect(unread?.message).toContain('whether a move did that cannot be read, since the bucket in us-west-2');
    story.universe.bringBack(WEST);
    story.universe.mend();
    await story.minutes(20);
    const { findings } = await story.check({ wait: '1500' });
    expect(findings.map(({ name }) => name)).toEqual(['all-paused']);
    expect(findings[0]?.message).toContain('(invoices, orders): unpause them in Airflow of example-us-east-1');
  });
});

describe('When an activation leaves the new side without a worker for its canary', () => {
  test('then check says what the move waits for, and prints no command that ends in a time-out', async () => {
    const story = await MoveStory.running();
    const west = story.universe.airflow(WEST);
    west.onActivated = () => {
      west.starved.add(DAG_IDS.canary);
    };
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ code: 'MDR-TIMEOUT' });
    expect(story.roles).toBe('standby 1, active 1');
    await story.minutes(20);
    const check = await story.check({ wait: '1500' });
    expect(check.findings.map(({ name, command }) => [name, command])).toEqual([
      ['move-stands', undefined],
      ['dr-waits', undefined],
    ]);
    expect(check.findings[0]?.message).toContain('its canary waits for a worker');
    expect(exitOf(check, 'unhealthy').code).toBe(1);

    west.starved.clear();
    await story.minutes(10);
    const [found] = (await story.check()).findings;
    expect(found?.command?.inputs).toMatchObject({ target: WEST });
    expect(await story.failover(found?.command?.inputs ?? {})).toMatchObject({ epoch: 1 });
    expect((await story.check()).findings).toEqual([]);
  });
});

describe('When no snapshot of the last 24 hours is whole', () => {
  test('then check and status name the older one that a failover would restore', async () => {
    const story = await MoveStory.running();
    const whole = (await story.check()).snapshot?.id;
    story.universe.drops = (key) => key.startsWith('snapshots/') && !key.endsWith('manifest.json');
    await story.minutes(25 * 60);
    expect(whole).toBeDefined();
    const check = await story.check();
    expect(check.snapshot?.id.slice(0, 8)).toBe(whole?.slice(0, 8));
    expect(check.snapshot?.ageSeconds).toBeGreaterThan(24 * 3600);
    expect((await story.status()).rpo.measuredSeconds).toBeGreaterThan(24 * 3600);
    expect((await story.force(TO_WEST)).loss.snapshot.id).toBe(check.snapshot?.id);
  }, 60_000);
});

describe('When the record of a winner is lost before anything was activated, with the pauses of its fence', () => {
  test('then check names them for as long as they stand, whatever later snapshots say', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.starved.add(DAG_IDS.canary);
    await story.minutes(10);
    story.universe.fault({ service: 's3', quality: 'dark', region: EAST });
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
    story.universe.faults.clear();
    story.universe.s3(WEST).delete(story.universe.bucket(WEST), keys.control('example'));
    await story.run('install', {});
    east.starved.clear();
    await story.minutes(40);
    const check = await story.check();
    expect(story.roles).toMatch(/^active 0, standby/);
    expect(check.findings).toMatchObject([{ name: 'all-paused' }]);
    expect(check.findings[0]?.message).toContain('2 of them by a move that did not come to its end (invoices, orders)');
    for (const dagId of ['invoices', 'orders']) east.dags.set(dagId, false);
    await story.minutes(10);
    expect((await story.check()).findings).toEqual([]);
  });
});
