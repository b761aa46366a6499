import { describe, expect, test } from '@jest/globals';
import { readSnapshotId } from '../../action/src/domain/manifest.ts';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

const takenAt = (id: string): number => readSnapshotId(id)?.at ?? NaN;

describe('When a side is left that lives', () => {
  test('then what is lost is counted to its fence, and the log says before that it works on', async () => {
    const story = await MoveStory.running();
    // The restore takes its time, and the site works on meanwhile.
    story.universe.airflow(WEST).startsAfter = 200_000;
    const east = story.universe.airflow(EAST);
    const isStopped = (): boolean => east.role === 'standby';
    const runner = story.process();
    let stoppedAt = 0;
    const watched = (async () => {
      while (!isStopped()) await story.universe.clock.sleep(1_000);
      stoppedAt = story.universe.clock.now();
    })();
    const { loss, rpo, fence } = await story.failover(forced(TO_WEST), runner);
    await watched;
    expect(fence).toBe('stopped');
    const lost = (stoppedAt - takenAt(loss.snapshot.id)) / 1000;
    expect(rpo.measuredSeconds).toBe(loss.lostSeconds);
    expect(Math.abs((rpo.measuredSeconds ?? 0) - lost)).toBeLessThanOrEqual(2);
    expect(runner.lines.join('\n')).toContain('it lives: what it does from now until it is stopped is lost, too');
  });

  test('for a move home, then it is counted to the fence of that home, and to none of earlier days', async () => {
    const story = await MoveStory.movedToWest();
    await story.getsBack(EAST);
    // Home and away again: from a side that has a fence of its own past.
    await story.force(HOME);
    await story.minutes(31);
    story.universe.airflow(WEST).spoiled.set(DAG_IDS.activate, 'lost');
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    await story.minutes(31);
    story.universe.airflow(WEST).spoiled.clear();
    story.universe.fault({ service: 's3', quality: 'dark', region: WEST, observer: 'outside' });
    await story.minutes(15);
    const stoppedAt = Date.parse(story.universe.airflow(EAST).fence?.at ?? '');
    const { from, fence, rpo, loss } = await story.force(HOME);
    expect([from, fence]).toEqual([WEST, 'stopped']);
    const lost = Math.round((stoppedAt - takenAt(loss.snapshot.id)) / 1000);
    expect([rpo.measuredSeconds, lost > 0]).toEqual([lost, true]);
  });

  test('and its canary cannot stop it, then to the call that paused it', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    const { loss, fence, steps } = await story.failover(forced(TO_WEST));
    expect(fence).toBe('paused');
    const paused = Date.parse(steps.find(({ step }) => step === 'fenced')?.endedAt ?? '');
    // S3 tells whole seconds.
    const lost = (paused - takenAt(loss.snapshot.id)) / 1000;
    expect(Math.abs((loss.lostSeconds ?? Infinity) - lost)).toBeLessThanOrEqual(1);
  });
});
