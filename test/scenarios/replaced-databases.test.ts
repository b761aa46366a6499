import { describe, expect, test } from '@jest/globals';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, MoveStory, TO_WEST } from './move-story.ts';

function removes(story: MoveStory, region: string, prefix: string): void {
  const [s3, bucket] = [story.universe.s3(region), story.universe.bucket(region)];
  for (const { key } of s3.list(bucket, prefix)) s3.delete(bucket, key);
}

/** EAST's environment is made anew, and more is lost with it, before its canary beats again. */
async function madeAnew(alsoLost: (story: MoveStory) => Promise<void> | void): Promise<MoveStory> {
  const story = await MoveStory.running();
  await story.minutes(60);
  const east = story.universe.airflow(EAST);
  east.goDown();
  await story.minutes(30);
  east.loseAll();
  await alsoLost(story);
  east.comeUp();
  await story.minutes(28);
  return story;
}

const runsIn = (story: MoveStory, region: string): number => story.universe.airflow(region).runs.length;

describe('When the active environment is made anew, and its own bucket has none of its snapshots', () => {
  test.each(['snapshots/', ''])('("%s") then the copies at the standby prove it: nobody is active', async (prefix) => {
    const story = await madeAnew(async (lost) => {
      removes(lost, EAST, prefix);
      if (prefix === '') await lost.run('install', {});
    });
    const good = story.snapshots(WEST);
    expect(story.roles).toBe('standby 0, standby 0');
    expect(exitOf(await story.check(), 'unhealthy').code).toBe(1);
    await story.minutes(60);
    expect(story.snapshots(WEST)).toEqual(good);
    expect(await story.failover(TO_WEST)).toMatchObject({ loss: { snapshot: { id: good.at(-1) } } });
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
  });

  /** Nobody can tell it: it becomes active with an empty database, and takes snapshots of that. */
  async function unnoticed(): Promise<{ story: MoveStory; good: readonly string[] }> {
    const story = await madeAnew((lost) => {
      removes(lost, EAST, 'snapshots/');
      // The peer answers what is small, and no list.
      lost.universe.fault({ service: 's3', quality: 'dark', region: WEST, observer: EAST });
    });
    story.universe.faults.clear();
    return { story, good: story.snapshots(WEST) };
  }

  test('and no bucket tells, then the check is red, and its command restores the last one before', async () => {
    const { story, good } = await unnoticed();
    await story.minutes(120);
    expect(story.roles).toBe('active 0, standby 0');
    const last = good.findLast((id) => id < (story.snapshots(EAST)[0] ?? ''));
    expect(story.snapshots(WEST).at(-1)).toBe(story.snapshots(EAST).at(-1));
    const checked = await story.check();
    const found = checked.findings.find(({ name }) => name === 'database-replaced');
    expect([exitOf(checked, 'unhealthy').code, checked.snapshot?.id]).toEqual([1, last]);
    expect(found?.message).toContain(last);
    expect(await story.failover(found?.command?.inputs)).toMatchObject({ loss: { snapshot: { id: last } } });
    expect([story.roles, story.dagsOf(WEST)]).toEqual(['standby 1, active 1', AT_WORK]);
    expect(runsIn(story, WEST)).toBeGreaterThan(50);
    await story.minutes(25);
    expect((await story.check()).findings).toEqual([]);
  });

  test('and that was days ago, with more ids by now than there were, then all the same', async () => {
    const { story, good } = await unnoticed();
    const last = good.findLast((id) => id < (story.snapshots(EAST)[0] ?? ''));
    for (const dagId of ['invoices', 'orders']) story.universe.airflow(EAST).dags.set(dagId, false);
    await story.minutes(60 * 24 * 3);
    const checked = await story.check();
    expect(checked.findings.map(({ name }) => name)).toContain('database-replaced');
    await story.loses(EAST);
    expect(await story.failover(TO_WEST)).toMatchObject({ loss: { snapshot: { id: last } } });
  });

  test('and the team wants to go on with the new one, then it names its snapshot', async () => {
    const { story } = await unnoticed();
    const newest = story.snapshots(WEST).at(-1) ?? '';
    await story.force({ ...TO_WEST, snapshot: newest });
    await story.minutes(25);
    expect([story.roles, (await story.check()).findings]).toEqual(['standby 1, active 1', []]);
  });
});

describe('When the new side is made anew before its first snapshot', () => {
  test('then it lacks what its activation had loaded: nobody is active', async () => {
    const story = await MoveStory.movedToWest();
    const west = story.universe.airflow(WEST);
    west.goDown();
    await story.minutes(30);
    west.loseAll();
    west.comeUp();
    await story.minutes(25);
    expect(story.roles).toBe('active 0, standby 1'); // EAST is lost still
    expect(exitOf(await story.check(), 'unhealthy').code).toBe(1);
  });
});

describe('When the active site lost nothing but its row', () => {
  test('then its snapshots go on as those of one database', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.starved.add(DAG_IDS.canary);
    east.loseRow();
    await story.minutes(5);
    east.starved.clear();
    await story.minutes(60);
    const checked = await story.check();
    expect(checked).toMatchObject({ verdict: { key: 'HEALTHY' }, snapshot: { id: story.snapshots(EAST).at(-1) } });
    expect(checked.findings).toEqual([]);
  });
});
