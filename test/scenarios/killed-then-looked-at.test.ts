import { describe, expect, test } from '@jest/globals';
import { errorOf } from '../../action/src/domain/aws-errors.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { isClaimed, killedAfterEachCall, LEASE_IS_OVER, WAYS } from './killed-moves.ts';
import { HOME } from './move-story.ts';
import type { MoveStory } from './move-story.ts';

/** The code with which a run ends; the outermost layer gives one to what AWS says, too. */
const codeOf = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof AwsFault) return errorOf(error).code;
      if (error instanceof MdrError) return error.code;
      throw error;
    },
  );

/** Who is active, by both operations that tell. */
async function activeByBoth(story: MoveStory): Promise<readonly string[]> {
  const { active, epoch } = await story.check();
  const status = await story.status();
  return [`${active} ${epoch}`, `${status.active} ${status.epoch}`];
}

describe.each(WAYS)('A failover %s that is killed after any call', (_, way) => {
  test('leaves check and status of one mind who is active, at once and when its lease is over', async () => {
    for await (const { victim, story } of killedAfterEachCall(way)) {
      for (const minutes of [0, LEASE_IS_OVER]) {
        await story.minutes(minutes);
        const [byCheck, byStatus] = await activeByBoth(story);
        expect({ victim, byCheck }).toEqual({ victim, byCheck: byStatus });
        const hasMoved = story.universe.airflow(WEST).role === 'active';
        if (minutes > 0)
          expect({ victim, byCheck }).toEqual({
            victim,
            byCheck: hasMoved ? `${WEST} 1` : expect.stringContaining(EAST),
          });
      }
    }
  }, 240_000);

  test('and had not claimed, is withdrawn by the next check, which says so, and keeps nobody from any move', async () => {
    let withdrawals = 0;
    for await (const { victim, story } of killedAfterEachCall(way)) {
      if (isClaimed(story)) break;
      const { lease } = story.control(WEST);
      expect({ victim, withdrawn: (await story.check()).withdrawn }).toEqual({ victim, withdrawn: [] });
      await story.minutes(LEASE_IS_OVER);
      const { withdrawn } = await story.check();
      expect({ victim, withdrawn }).toEqual({ victim, withdrawn: lease?.move === undefined ? [] : [lease.move] });
      withdrawals += withdrawn.length;
      expect(await story.status()).toMatchObject({ epoch: 0, phase: 'activated', move: undefined, lease: undefined });
      expect(await codeOf(story.force(HOME))).toBe(way.home);
      expect(await story.failover(way.inputs)).toMatchObject({ epoch: 1, resumed: false });
    }
    expect(withdrawals).toBeGreaterThan(5);
  }, 240_000);
});
