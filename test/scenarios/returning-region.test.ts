import { describe, expect, test } from '@jest/globals';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

async function afterAFailover(): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  await story.failover();
  return story;
}

describe('When the lost Region comes back after a failover', () => {
  test('then its canary fences it with its first beat, and the next check pays what is owed', async () => {
    const story = await afterAFailover();
    story.universe.bringBack(EAST);
    await story.minutes(4);
    const east = story.universe.airflow(EAST);
    expect([east.role, east.fence?.grade]).toEqual(['standby', 'stopped']);
    expect([...east.dags.values()]).toEqual([true, true, true]);

    const { debts } = await story.check();
    expect(debts.paid.map(({ kind, grade }) => [kind, grade])).toEqual([
      ['claim', null],
      ['fence', 'stopped'],
    ]);
    expect(debts.owed).toEqual([]);
    expect(story.control(WEST).debts).toEqual([]);
    expect(story.control(EAST)).toMatchObject({ epoch: 1, phase: 'activated', activated: { site: WEST, epoch: 1 } });
  });

  test('then a check pauses it before its canary has beaten', async () => {
    const story = await afterAFailover();
    story.universe.bringBack(EAST);
    story.universe.airflow(EAST).beat = () => undefined;
    const { debts } = await story.check();
    expect(debts).toMatchObject({ paid: [{ kind: 'claim' }], owed: [{ kind: 'fence', grade: 'paused' }] });
    expect([...story.universe.airflow(EAST).dags.values()]).toEqual([true, true, true]);
  });

  test('then as long as it is dark the debts stay, and say since when', async () => {
    const story = await afterAFailover();
    const { debts, verdict } = await story.check();
    expect(debts.paid).toEqual([]);
    expect(debts.owed.map(({ kind, site }) => [kind, site])).toEqual([
      ['claim', EAST],
      ['fence', EAST],
    ]);
    expect(verdict.key).toBe('DEGRADED');
    expect(verdict.evidence.join('\n')).toContain('unproven');
  });

  test('then a snapshot of the dead branch is never restored, and the new active side is unprotected until its own arrives', async () => {
    const story = await afterAFailover();
    story.universe.drops = (key) => key.startsWith('snapshots/');
    story.universe.bringBack(EAST);
    await story.check();
    const home = { ...FAILOVER, target: EAST, reason: 'drill', override: 'force' };
    expect(await story.refusal('failover', home)).toMatchObject({ code: 'MDR-SNAPSHOT-NONE' });
    const dead =
      story.universe.s3(EAST).list(story.universe.bucket(EAST), 'snapshots/example/').at(-1)?.key.split('/')[2] ?? '';
    expect(await story.refusal('failover', { ...home, snapshot: dead })).toMatchObject({
      code: 'MDR-SNAPSHOT-LINEAGE',
    });
  });

  test('then work can move home again, with what ran only on the other side, and epochs go on', async () => {
    const story = await afterAFailover();
    story.universe.bringBack(EAST);
    await story.minutes(12);
    await story.check();
    const onlyWest = story.universe.airflow(WEST).started[0];
    const result = await story.failover({ ...FAILOVER, target: EAST, reason: 'home', override: 'force' });
    expect(result).toMatchObject({ epoch: 2, to: EAST, fence: 'stopped', overridden: true, debts: [] });
    const east = story.universe.airflow(EAST);
    expect([east.role, east.epoch]).toEqual(['active', 2]);
    expect(east.runs.map(({ dagId, runId }) => `${dagId} ${runId}`)).toContain(onlyWest);
    expect(story.universe.airflow(WEST).role).toBe('standby');
    expect(story.control(EAST).activated).toEqual(story.control(WEST).activated);
  });
});
