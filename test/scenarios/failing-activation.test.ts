import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

const FAILS = { ok: false, outcome: 'failed', message: 'disk full' } as const;

/** A story on the bad day, at whose target every activation fails like this. */
async function withAFailingActivation(how: 'lost' | typeof FAILS = FAILS): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  story.universe.airflow(WEST).spoiled.set('mwaadr_activate', how);
  return story;
}

describe('A move whose activation fails again and again', () => {
  test.each([
    [FAILS, 'MDR-ACTIVATE-FAILED'],
    ['lost', 'MDR-DR-RUN-LOST'],
  ] as const)('(%j) makes one new attempt a run, and ends well once the cause is gone', async (how, code) => {
    const story = await withAFailingActivation(how);
    const { drRuns, spoiled } = story.universe.airflow(WEST);
    const attempts = () => [...drRuns.keys()].filter((run) => run.includes('-activate')).length;
    for (let run = 1; run <= 12; run += 1) {
      expect(await story.refusal('failover', FAILOVER)).toMatchObject({ code });
      expect(attempts()).toBe(run);
    }
    spoiled.clear();
    expect(await story.failover()).toMatchObject({ epoch: 1, to: WEST, resumed: true });
    expect(attempts()).toBe(13);
  });

  test('takes a result that cannot be read for none, and makes a new attempt', async () => {
    const story = await withAFailingActivation();
    await story.refusal('failover', FAILOVER);
    story.universe.airflow(WEST).spoiled.clear();
    const runId = `${story.control(WEST).move?.id ?? ''}-activate`;
    story.universe.s3(WEST).put(story.universe.bucket(WEST), keys.result('example', runId), '{"ok":', 'any');
    expect(await story.failover()).toMatchObject({ epoch: 1, resumed: true });
  });

  test('takes the snapshot that a person names, and refuses one that is not there', async () => {
    const story = await withAFailingActivation();
    await story.refusal('failover', FAILOVER);
    story.universe.airflow(WEST).spoiled.clear();
    const before = story.control(WEST);
    const error = await story.refusal('failover', { ...FAILOVER, snapshot: '20261124T090000Z-e0-00000001' });
    expect(error).toMatchObject({ code: 'MDR-SNAPSHOT-MANIFEST' });
    expect(story.control(WEST).move).toEqual(before.move);
    const older = story.snapshots(WEST).find((id) => id !== before.move?.snapshot) ?? '';
    expect(await story.failover({ ...FAILOVER, snapshot: older })).toMatchObject({ epoch: 1, resumed: true });
    expect(story.control(WEST).activated.snapshot).toBe(older);
  });

  test('keeps the snapshot that a person named last, also when that run fails as well', async () => {
    const story = await withAFailingActivation();
    const [oldest = '', older = ''] = story.snapshots(WEST);
    await story.refusal('failover', { ...FAILOVER, snapshot: oldest });
    await story.refusal('failover', { ...FAILOVER, snapshot: older });
    await story.refusal('failover', FAILOVER);
    story.universe.airflow(WEST).spoiled.clear();
    expect(await story.failover()).toMatchObject({ epoch: 1, resumed: true, loss: { snapshot: { id: older } } });
    expect(story.control(WEST).activated.snapshot).toBe(older);
  });
});
