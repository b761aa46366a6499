import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { forced, HOME, MoveStory, notes, TO_WEST } from './move-story.ts';

const damageBeat = (story: MoveStory) =>
  story.universe.s3(WEST).put(story.universe.bucket(WEST), keys.heartbeat('example', EAST), '{"x":', 'any');

describe('When the last heartbeat of the lost side is damaged', () => {
  test('then it stops no move', async () => {
    const story = await MoveStory.onTheBadDay();
    damageBeat(story);
    expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1, loss: { lastSignOfLife: null } });
  });

  test('least of all one that has claimed', async () => {
    const story = await MoveStory.onTheBadDay();
    const runner = story.process({
      watch: (call) => {
        if (notes('rechecked')(call)) void damageBeat(story);
      },
    });
    expect(await story.failover(TO_WEST, runner)).toMatchObject({ epoch: 1 });
  });
});

describe('When an activation of a superseded epoch is committed right before the next claim', () => {
  test('then a beat from before does not prove that the side has stopped', async () => {
    const story = await MoveStory.running();
    const west = story.universe.airflow(WEST);
    await story.killed(forced(TO_WEST), {
      mishap: ({ key }) => {
        if (!key.includes(DAG_IDS.activate)) return undefined;
        west.startsAfter = 105_000;
        return 'kill after';
      },
    });
    story.universe.fault({ service: 's3', quality: 'dark', region: WEST, observer: 'outside' });
    await story.minutes(1);
    west.onActivated = () => {
      west.starved.add(DAG_IDS.canary);
    };
    const { fence, debts } = await story.force(HOME);
    expect(story.roles).toBe('active 2, active 1');
    // Its REST API answers, but S3 of its own does not: whether it lost is in the record of the winner.
    expect([fence, debts.map(({ kind }) => kind)]).toEqual(['paused', ['claim', 'fence']]);
    expect(Object.values(story.dagsOf(WEST))).toEqual([true, true, true]);
  }, 60_000);
});

describe('When the clock of a runner is behind', () => {
  test('then snapshot calls none fresh that is old by the clock of S3', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add(DAG_IDS.snapshot);
    await story.minutes(30);
    const late = story.process({ skew: -25 * 60_000 });
    await expect(story.run('snapshot', {}, late)).rejects.toMatchObject({ code: 'MDR-TIMEOUT' });
    expect((await story.status()).rpo.measuredSeconds).toBeGreaterThan(1_800);
  });
});
