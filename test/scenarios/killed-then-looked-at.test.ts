import { describe, expect, test } from '@jest/globals';
import { errorOf } from '../../action/src/domain/aws-errors.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { Killed } from '../doubles/process.ts';
import type { Call, ProcessOptions } from '../doubles/process.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

type Inputs = Readonly<Record<string, string>>;
type Mishap = NonNullable<ProcessOptions['mishap']>;

interface Way {
  readonly begin: () => Promise<MoveStory>;
  readonly inputs: Inputs;
  /** Why nothing is to be done at the side that was to be left. */
  readonly home: string;
}

const WAYS: readonly (readonly [string, Way])[] = [
  ['away from a lost Region', { begin: () => MoveStory.onTheBadDay(), inputs: TO_WEST, home: 'MDR-AWS-DARK' }],
  [
    'by force away from a living Region',
    { begin: () => MoveStory.running(), inputs: forced(TO_WEST), home: 'MDR-MOVE-SAME-SITE' },
  ],
];

/** Counts the calls that may change something, and lets the process die after the `victim`th. */
function dyingAfter(victim: number, story: MoveStory): { readonly mishap: Mishap; readonly count: () => number } {
  let count = 0;
  const mishap = ({ operation, region }: Call) => {
    const isChange = operation === 'PutObject' || operation === 'InvokeRestApi';
    if (!isChange || story.universe.isLost(region)) return undefined;
    count += 1;
    return count === victim ? ('kill after' as const) : undefined;
  };
  return { mishap, count: () => count };
}

/** The story after each call that may change something of a failover, which died there. */
async function* killedAfterEachCall({ begin, inputs }: Way): AsyncGenerator<{ victim: number; story: MoveStory }> {
  for (let victim = 1; ; victim += 1) {
    const story = await begin();
    const { mishap, count } = dyingAfter(victim, story);
    try {
      await story.failover(inputs, story.process({ mishap }));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    if (count() < victim) return;
    yield { victim, story };
  }
}

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

const isClaimed = (story: MoveStory): boolean => story.control(WEST).epoch === 1;

/** Who is active, by both operations that tell. */
async function activeByBoth(story: MoveStory): Promise<readonly string[]> {
  const { active, epoch } = await story.check();
  const status = await story.status();
  return [`${active} ${epoch}`, `${status.active} ${status.epoch}`];
}

/** The lease of a run that died is over by then. */
const LEASE_IS_OVER = 2;

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
  }, 60_000);

  test('and had not claimed, is withdrawn by the next check, which says so, and keeps nobody from any move', async () => {
    let withdrawals = 0;
    for await (const { victim, story } of killedAfterEachCall(way)) {
      if (isClaimed(story)) break;
      const { move } = story.control(WEST);
      expect({ victim, withdrawn: (await story.check()).withdrawn }).toEqual({ victim, withdrawn: [] });
      await story.minutes(LEASE_IS_OVER);
      const { withdrawn } = await story.check();
      expect({ victim, withdrawn }).toEqual({ victim, withdrawn: move === null ? [] : [move] });
      withdrawals += withdrawn.length;
      expect(await story.status()).toMatchObject({ epoch: 0, phase: 'activated', move: undefined, lease: undefined });
      expect(await codeOf(story.force(HOME))).toBe(way.home);
      expect(await story.failover(way.inputs)).toMatchObject({ epoch: 1, resumed: false });
    }
    expect(withdrawals).toBeGreaterThan(5);
  }, 60_000);
});
