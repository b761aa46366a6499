import { describe, expect, test } from '@jest/globals';
import { MdrError } from '../../action/src/domain/errors.ts';
import { AwsFault } from '../../action/src/domain/faults.ts';
import type { ReviewedPlan } from '../../action/src/domain/reconcile.ts';
import { Killed, type Call, type ProcessOptions } from '../doubles/process.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { MUTATIONS, ReconcileStory, withMwaa } from './reconcile-story.ts';

type Mishap = NonNullable<ProcessOptions['mishap']>;

const CHANGE = withMwaa({ maxWorkers: 15, tags: { team: 'platform', service: 'example' } });
const WHOLE = [`${WEST} TagResource`, `${WEST} UpdateEnvironment`, `${EAST} TagResource`, `${EAST} UpdateEnvironment`];

async function reviewed(): Promise<readonly [ReconcileStory, ReviewedPlan]> {
  const story = await ReconcileStory.running();
  return [story, await story.review(CHANGE)];
}

/** Runs reconcile until it says that it is done; a run that dies or loses a reply is followed by another one. */
async function insist(story: ReconcileStory, plan: ReviewedPlan, mishap: Mishap): Promise<number> {
  let process = story.process({ mishap });
  for (let runs = 1; runs < 5; runs += 1) {
    try {
      const { outcome } = await story.reconcile(plan, process);
      expect(['applied', 'in sync']).toContain(outcome);
      return runs;
    } catch (error) {
      if (!(error instanceof Killed || error instanceof AwsFault || error instanceof MdrError)) throw error;
      if (error instanceof MdrError && !['MDR-LEASE-LOST', 'MDR-LEASE-HELD'].includes(error.code)) throw error;
    }
    process = story.process();
  }
  throw new Error('reconcile never came to its end');
}

/** Calls at which a mishap can matter: each change and each write; and for a death the first look after each of them. */
async function victims(fate: 'kill before' | 'kill after' | 'lose reply'): Promise<readonly number[]> {
  const [story, plan] = await reviewed();
  const found: number[] = [];
  let last = '';
  await story.reconcile(
    plan,
    story.process({
      mishap: ({ number, operation, region, key }: Call) => {
        const name = `${operation} ${region} ${key}`;
        const isRenewal = operation === 'PutObject' && key === 'control/example.json' && number > 40;
        const isEffect = MUTATIONS.includes(operation) || operation === 'PutObject';
        const isMatter = fate === 'kill before' ? isTelling(operation, key, last) : isEffect;
        if (name !== last && !isRenewal && isMatter) found.push(number);
        last = name;
        return undefined;
      },
    }),
  );
  return found;
}

const isTelling = (operation: string, key: string, last: string): boolean =>
  MUTATIONS.includes(operation) ||
  operation === 'PutObject' ||
  key.endsWith('reconcile.json') ||
  MUTATIONS.some((mutation) => last.startsWith(mutation)) ||
  last.includes('reconcile.json');

describe('A reconcile that is killed', () => {
  test.each(['kill before', 'kill after', 'lose reply'] as const)(
    'at any of its calls (%s) is finished by the next run, which asks for nothing twice',
    async (fate) => {
      for (const victim of await victims(fate)) {
        const [story, plan] = await reviewed();
        await insist(story, plan, ({ number }) => (number === victim ? fate : undefined));
        const updates = story.mutations.filter((name) => !name.endsWith('TagResource'));
        expect({ victim, updates }).toEqual({ victim, updates: [WHOLE[1], WHOLE[3]] });
        expect((await story.plan()).plan.outcome).toBe('in sync');
        expect(story.record(WEST)).toMatchObject({ outcome: 'done' });
      }
    },
    60_000,
  );

  test('in the middle of an update finds it UPDATING, knows it as ours, and follows it', async () => {
    const [story, plan] = await reviewed();
    const process = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(story.reconcile(plan, process)).rejects.toThrow(Killed);
    expect(story.settings(WEST).Status).toBe('UPDATING');
    const result = await story.reconcile(plan);
    expect(result).toMatchObject({ outcome: 'applied', resumed: true });
    expect(result.steps[0]).toMatchObject({ region: WEST, kind: 'update', followed: true });
    expect(story.mutations).toEqual(WHOLE);
  });

  test('in the middle of an update that MWAA then gives up, says so as if it had been there', async () => {
    const [story, plan] = await reviewed();
    const failure = { code: 'INCORRECT_CONFIGURATION', message: 'no capacity' };
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), failure);
    const process = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(story.reconcile(plan, process)).rejects.toThrow(Killed);
    expect(await story.failure(plan)).toMatchObject({
      code: 'MDR-UPDATE-FAILED',
      message: expect.stringContaining('no capacity'),
    });
    expect(story.mutations).toEqual(WHOLE.slice(0, 2));
  });

  test('half-way, and then somebody edits the standby, refuses to go on over that', async () => {
    const [story, plan] = await reviewed();
    let updates = 0;
    const process = story.process({
      mishap: ({ operation }) => {
        if (operation === 'UpdateEnvironment') updates += 1;
        return operation === 'UpdateEnvironment' && updates === 2 ? 'kill before' : undefined;
      },
    });
    await expect(story.reconcile(plan, process)).rejects.toThrow(Killed);
    story.edit(WEST, { MaxWorkers: 12 });
    expect(await story.failure(plan)).toMatchObject({
      code: 'MDR-PLAN-MOVED',
      message: expect.stringContaining('MaxWorkers: Git `15`, us-east-1 `10`, us-west-2 `12`'),
    });
    expect(story.settings(EAST).MaxWorkers).toBe(10);
  });

  test('is overtaken by a newer pull request, whose plan is carried out instead', async () => {
    const [story, plan] = await reviewed();
    const process = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(story.reconcile(plan, process)).rejects.toThrow(Killed);
    await story.minutes(30);
    const newer = await story.review(withMwaa({ maxWorkers: 20 }));
    expect(await story.reconcile(newer)).toMatchObject({ outcome: 'applied', resumed: false });
    expect([story.settings(WEST).MaxWorkers, story.settings(EAST).MaxWorkers]).toEqual([20, 20]);
  });
});

describe('A reconcile whose runner is asked to stop', () => {
  test('stops while it follows, says so, and the next run goes on', async () => {
    const [story, plan] = await reviewed();
    const process = story.process();
    story.universe.clock.after(5 * 60_000, () => {
      process.stopper.abort();
    });
    expect(await story.failure(plan, process)).toMatchObject({ code: 'MDR-STOPPED' });
    expect(await story.reconcile(plan)).toMatchObject({ outcome: 'applied', resumed: true });
    expect(story.mutations).toEqual(WHOLE);
  });
});

describe('A reconcile that loses sight of AWS for a while', () => {
  test.each(['dark', 'throttled'] as const)('(%s) goes on when it sees it again', async (quality) => {
    const [story, plan] = await reviewed();
    for (const [at, service] of [
      [5, 'airflow-api'],
      [30, 'airflow-env'],
    ] as const)
      story.universe.clock.after(at * 60_000, () => {
        const end = story.universe.fault({ service, quality });
        story.universe.clock.after(4 * 60_000, end);
      });
    expect(await story.reconcile(plan)).toMatchObject({ outcome: 'applied' });
    expect(story.mutations).toEqual(WHOLE);
  });
});
