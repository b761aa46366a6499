import { describe, expect, test } from '@jest/globals';
import { MOVE_STEPS } from '../../action/src/domain/control-record.ts';
import { MdrError } from '../../action/src/domain/errors.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import { Killed, type ProcessOptions } from '../doubles/process.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

type Mishap = NonNullable<ProcessOptions['mishap']>;

/** A story at the moment at which the failover is started, with a snapshot to go by. */
async function onTheBadDay(): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  return story;
}

/** All that must not depend on how often the failover was killed. */
function outcomeOf(story: Story) {
  const { move, lease, epoch, phase, activated, debts } = story.control(WEST);
  const west = story.universe.airflow(WEST);
  return {
    record: {
      move,
      lease,
      epoch,
      phase,
      snapshot: activated.snapshot,
      site: activated.site,
      debts: debts.map(({ kind }) => kind),
    },
    tables: { role: west.role, epoch: west.epoch, dags: Object.fromEntries(west.dags), copied: copiedRuns(story) },
    doubles: west.started.length - new Set(west.started).size,
  };
}

/** Runs that came from the other site: those that the target did not start itself. */
const copiedRuns = (story: Story): readonly string[] => {
  const west = story.universe.airflow(WEST);
  const own = new Set(west.started);
  return west.runs.map(({ dagId, runId }) => `${dagId} ${runId}`).filter((run) => !own.has(run));
};

/** Runs the failover until it says it is done; a run that dies or loses a reply is followed by another one. */
async function insist(story: Story, mishap: Mishap): Promise<{ runs: number; calls: number }> {
  const first = story.process({ mishap });
  let process = first;
  for (let runs = 1; runs < 6; runs += 1) {
    try {
      await story.failover(FAILOVER, process);
      return { runs, calls: first.calls };
    } catch (error) {
      if (error instanceof MdrError && error.code === 'MDR-MOVE-SAME-SITE') return { runs, calls: first.calls };
      if (!(error instanceof Killed || error instanceof AwsFault || error instanceof MdrError)) throw error;
    }
    process = story.process();
  }
  throw new Error('the failover never came to its end');
}

/** Calls that change something: to die after any other one is to die before the next. */
const EFFECTS = ['PutObject', 'InvokeRestApi'];

async function uninterrupted() {
  const story = await onTheBadDay();
  const effects: number[] = [];
  const { calls } = await insist(story, ({ number, operation }) => {
    if (EFFECTS.includes(operation)) effects.push(number);
    return undefined;
  });
  const all = Array.from({ length: calls }, (_, index) => index + 1);
  return { outcome: outcomeOf(story), journal: story.journal(WEST), calls: all, effects };
}

describe('A failover that is killed', () => {
  test.each(MOVE_STEPS.map((step, index) => [step, index + 1] as const))(
    'right after the journal says %s is finished by the next run, as if nothing had been',
    async (_, number) => {
      const whole = await uninterrupted();
      const story = await onTheBadDay();
      const entry = `${String(number).padStart(4, '0')}.json`;
      const killed: Mishap = ({ operation, key }) =>
        operation === 'PutObject' && key.endsWith(entry) ? 'kill after' : undefined;
      const { runs } = await insist(story, killed);
      expect(runs).toBe(2);
      expect(outcomeOf(story)).toEqual(whole.outcome);
      // Before the claim (the fourth entry) nothing had happened: the next run planned anew.
      const left = number < 4 ? whole.journal.slice(0, number) : [];
      expect(story.journal(WEST).toSorted()).toEqual([...left, ...whole.journal].toSorted());
    },
  );

  test.each([
    ['kill before', 'calls'],
    ['kill after', 'effects'],
    ['lose reply', 'calls'],
  ] as const)(
    'at any of its calls (%s) is finished by the next run, as if nothing had been',
    async (mishap, which) => {
      const whole = await uninterrupted();
      for (const victim of whole[which]) {
        const story = await onTheBadDay();
        await insist(story, ({ number }) => (number === victim ? mishap : undefined));
        expect({ victim, ...outcomeOf(story) }).toEqual({ victim, ...whole.outcome });
      }
    },
    240_000,
  );

  test('after the journal says fenced does not fence again', async () => {
    const story = await Story.ofARunningDeployment();
    const east = story.universe.airflow(EAST);
    const pause = east.pause.bind(east);
    const pauses: string[] = [];
    east.beat = () => undefined;
    east.pause = (dagId) => {
      pauses.push(dagId);
      pause(dagId);
    };
    const inputs = { ...FAILOVER, override: 'force' };
    const process = story.process({
      mishap: ({ operation, key }) =>
        operation === 'PutObject' && key.endsWith('0005.json') ? 'kill after' : undefined,
    });
    await expect(story.failover(inputs, process)).rejects.toThrow(Killed);
    expect(await story.failover(inputs)).toMatchObject({ resumed: true, fence: 'paused' });
    expect(pauses).toEqual(['invoices', 'orders']);
  });
});

describe('A failover that only loses the reply to a write of its control record', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('(the %i. one) knows its own write again, and goes on', async (nth) => {
    const story = await onTheBadDay();
    let writes = 0;
    const process = story.process({
      mishap: ({ operation, key }) => {
        if (operation === 'PutObject' && key === 'control/example.json') writes += 1;
        return writes === nth && operation === 'PutObject' && key === 'control/example.json' ? 'lose reply' : undefined;
      },
    });
    expect(await story.failover(FAILOVER, process)).toMatchObject({ epoch: 1, resumed: false });
    expect(story.control(WEST)).toMatchObject({ move: null, lease: null, phase: 'activated' });
  });
});
