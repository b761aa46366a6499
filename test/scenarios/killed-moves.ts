import type { Call, ProcessOptions } from '../doubles/process.ts';
import { Killed } from '../doubles/process.ts';
import { WEST } from '../doubles/story.ts';
import { forced, MoveStory, TO_WEST } from './move-story.ts';

type Inputs = Readonly<Record<string, string>>;
type Mishap = NonNullable<ProcessOptions['mishap']>;

/** A way into a failover to WEST. */
export interface Way {
  readonly begin: () => Promise<MoveStory>;
  readonly inputs: Inputs;
  /** Why nothing is to be done at the side that was to be left. */
  readonly home: string;
}

export const WAYS: readonly (readonly [string, Way])[] = [
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
export async function* killedAfterEachCall({
  begin,
  inputs,
}: Way): AsyncGenerator<{ victim: number; story: MoveStory }> {
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

export const isClaimed = (story: MoveStory): boolean => story.control(WEST).epoch === 1;

/** Minutes after which the lease of a run that died is over. */
export const LEASE_IS_OVER = 2;
