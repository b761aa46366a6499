import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

describe('When S3 of the lost side hangs, and REST of its Airflow answers', () => {
  test.each(['starved', 'cut off'] as const)('(its canary is %s) then its DAGs are paused by REST', async (how) => {
    const story = await MoveStory.running();
    story.universe.fault({ service: 's3', quality: 'dark', region: EAST });
    if (how === 'starved') story.universe.airflow(EAST).starved.add('mwaadr_canary');
    else story.universe.fault({ service: 's3', quality: 'dark', region: WEST, observer: EAST });
    await story.minutes(10);
    expect(await story.force(TO_WEST)).toMatchObject({ fence: 'paused' });
    expect([story.dagsOf(EAST), story.dagsOf(WEST)]).toEqual([ALL_PAUSED, AT_WORK]);
  });
});

describe('When a bucket has months of snapshots', () => {
  test('then the time that a listing takes keeps no pause away', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add('mwaadr_canary');
    await story.minutes(10);
    const runner = story.process({
      mishap: ({ operation, key }) =>
        operation === 'ListObjectsV2' && key.startsWith('snapshots/') ? { freeze: 6_000 } : undefined,
    });
    expect(await story.force(TO_WEST, runner)).toMatchObject({ fence: 'paused' });
    expect(story.dagsOf(EAST)).toEqual(ALL_PAUSED);
  });
});

describe('When one read of the claimed side is lost', () => {
  test('then that does not open the way home: it is read again', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    await story.minutes(20);
    let isOver = false;
    const runner = story.process({
      mishap: ({ operation, region, key }) => {
        if (isOver || operation !== 'GetObject' || region !== WEST || key !== keys.control('example')) return undefined;
        isOver = true;
        return 'lose reply';
      },
    });
    const refusal = await story.refusal('failover', HOME, runner);
    expect([isOver, refusal.code, refusal.state]).toEqual([true, 'MDR-MOVE-OTHER', 'nothing was touched']);
  });
});
