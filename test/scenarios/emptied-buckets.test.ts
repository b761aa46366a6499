import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { diesAfter, forced, MoveStory, TO_WEST } from './move-story.ts';

const KEY = keys.control('example');
const remove = (story: MoveStory, region: string, prefix: string) => {
  const [s3, bucket] = [story.universe.s3(region), story.universe.bucket(region)];
  for (const { key } of s3.list(bucket, prefix)) s3.delete(bucket, key);
};

describe('When one bucket has no record, the other Region does not tell, and nothing proves who is active', () => {
  test('as that of the standby was emptied before the bad day, then a waiting check is red', async () => {
    const story = await MoveStory.running();
    remove(story, WEST, '');
    story.universe.lose(EAST);
    await story.minutes(10);
    const check = await story.check({ wait: '1500' });
    expect([check.verdict.key, exitOf(check, 'unhealthy').code]).toEqual(['UNKNOWN', 1]);
  });

  test('as the record of a fenced side was deleted, then it is red, too', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    story.universe.lose(WEST);
    remove(story, EAST, KEY);
    await story.minutes(10);
    expect(story.roles).toBe('standby 1, standby 0');
    const check = await story.check({ wait: '1500' });
    expect([check.verdict.key, exitOf(check, 'unhealthy').code]).toEqual(['UNKNOWN', 1]);
  });

  test('as nothing was ever installed, then it is red, too', async () => {
    const story = new MoveStory();
    story.universe.fault({ service: 's3', quality: 'denied', region: EAST, observer: 'outside' });
    const check = await story.check({ wait: '1500' });
    expect([check.verdict.key, exitOf(check, 'unhealthy').code]).toEqual(['UNKNOWN', 1]);
  });
});

describe('When a debt is paid, and the record that holds it may not be written', () => {
  test('then check still says how the active site is', async () => {
    const story = await MoveStory.movedToWest();
    await story.minutes(15);
    story.deniesWritesOf(WEST, KEY);
    story.universe.bringBack(EAST);
    await story.minutes(6);
    expect(await story.check()).toMatchObject({ active: WEST });
  });
});

describe('When the standby could not restore one of the new snapshots', () => {
  test('then status does not call their age the measured RPO', async () => {
    const story = await MoveStory.running();
    story.universe.fault({ service: 'kms', quality: 'denied', region: WEST, observer: EAST });
    await story.minutes(90);
    const [check, status] = [await story.check(), await story.status()];
    // The one was taken a moment after the other.
    expect((status.rpo.measuredSeconds ?? 0) - (check.snapshot?.ageSeconds ?? 0)).toBeLessThan(5);
    expect(status.rpo.measuredSeconds).toBeGreaterThan(3_600);
  });
  test('nor when no part of them arrives', async () => {
    const story = await MoveStory.running();
    story.universe.drops = (key) => key.startsWith('snapshots/') && !key.endsWith('manifest.json');
    await story.minutes(90);
    const [check, status] = [await story.check(), await story.status()];
    // The one was taken a moment after the other.
    expect((status.rpo.measuredSeconds ?? 0) - (check.snapshot?.ageSeconds ?? 0)).toBeLessThan(5);
    expect(status.rpo.measuredSeconds).toBeGreaterThan(3_600);
  });
});

describe('When the record of the new active site is deleted before the old side is back', () => {
  test.each(['its canary has no slot', 'its canary beats'])('(%s) then the next check makes it anew', async (how) => {
    const story = await MoveStory.movedToWest();
    await story.minutes(35);
    expect(story.snapshots(WEST).some((id) => id.includes('-e1-'))).toBe(true);
    if (how.includes('no slot')) story.universe.airflow(WEST).starved.add(DAG_IDS.canary);
    await story.minutes(12);
    story.universe.s3(WEST).delete(story.universe.bucket(WEST), KEY);
    story.universe.bringBack(EAST);
    const both = story.count();
    for (let round = 0; round < 4; round += 1) {
      await story.minutes(10);
      await story.check();
    }
    expect(story.roles).toBe('standby 1, active 1');
    expect(both.both).toBeLessThan(1200);
  });
});
