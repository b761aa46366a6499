import { describe, expect, test } from '@jest/globals';
import { readSnapshotId } from '../../action/src/domain/manifest.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ALL_PAUSED, AT_WORK, diesAfter, HOME, MoveStory, TO_WEST } from './move-story.ts';

const HOURS = 60;

/**
 * A failover to WEST was killed after its claim; then WEST was lost and EAST became active again in epoch 2; now WEST is
 * back, with the move still in its record.
 */
async function afterAnOvertakenMove(): Promise<MoveStory> {
  const story = await MoveStory.onTheBadDay();
  await story.killed(TO_WEST, diesAfter('claimed'));
  await story.getsBack(EAST);
  story.universe.lose(WEST);
  await story.minutes(16);
  await story.force(HOME);
  await story.getsBack(WEST);
  return story;
}

describe('When a move was killed after its claim and a higher epoch has overtaken it', () => {
  test('then it counts for nothing, and the next check takes it out of the record', async () => {
    const story = await afterAnOvertakenMove();
    expect(story.control(WEST).move).toMatchObject({ epoch: 1 });
    expect(await story.status()).toMatchObject({ active: EAST, epoch: 2, move: undefined });
    const { active, epoch, withdrawn } = await story.check();
    expect({ active, epoch, withdrawn }).toEqual({ active: EAST, epoch: 2, withdrawn: [] });
    expect(story.control(WEST)).toMatchObject({ epoch: 2, phase: 'activated', move: null });
    expect(story.dagsOf(EAST)).toEqual(AT_WORK);
  });

  test.each(['at once', 'after hours and a check'])(
    'then a failover to that site %s is a new move, of the newest work',
    async (when) => {
      const story = await afterAnOvertakenMove();
      if (when !== 'at once') {
        await story.minutes(4 * HOURS);
        await story.check();
      }
      const seconds = story.count();
      const result = await story.force(TO_WEST);
      expect(result).toMatchObject({ epoch: 3, to: WEST, resumed: false });
      expect(readSnapshotId(result.loss.snapshot.id)?.epoch).toBe(2);
      expect(result.loss.snapshot.ageSeconds).toBeLessThanOrEqual(600);
      expect(seconds.both).toBe(0);
      expect(story.roles).toBe('standby 3, active 3');
      expect([story.dagsOf(EAST), story.dagsOf(WEST)]).toEqual([ALL_PAUSED, AT_WORK]);
    },
  );
});

describe('When only the evidence of a move was not written, and a higher epoch has overtaken it', () => {
  /** WEST was active in epoch 1 and lost again, EAST is active in epoch 2 since, and lost now. */
  async function lostOnceMore(): Promise<MoveStory> {
    const story = await MoveStory.onTheBadDay();
    await story.killed(TO_WEST, { mishap: ({ key }) => (key.startsWith('evidence/') ? 'kill before' : undefined) });
    expect(story.control(WEST)).toMatchObject({ phase: 'activated', move: { step: 'confirmed' } });
    await story.getsBack(EAST);
    await story.check();
    await story.loses(WEST);
    await story.failover(HOME);
    await story.getsBack(WEST);
    await story.check();
    await story.minutes(4 * HOURS);
    await story.loses(EAST);
    return story;
  }

  test('then the next failover to that site really moves', async () => {
    const story = await lostOnceMore();
    const result = await story.failover(TO_WEST);
    expect(result).toMatchObject({ epoch: 3, to: WEST, resumed: false });
    expect(story.roles).toBe('active 2, active 3');
    expect(story.dagsOf(WEST)).toEqual(AT_WORK);
    expect(await story.refusal('failover', TO_WEST)).toMatchObject({ code: 'MDR-MOVE-SAME-SITE' });
  });
});
