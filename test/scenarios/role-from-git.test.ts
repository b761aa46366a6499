import { describe, expect, test } from '@jest/globals';
import { EAST, WEST } from '../doubles/story.ts';
import { ReconcileStory, withMwaa, type Change } from './reconcile-story.ts';

const agreed: Change = (file) => ({ ...file, active: { site: WEST, since: 1 } });
const WIDER = withMwaa({ maxWorkers: 15 });

/** East was lost and has come back: west is active since epoch 1, and east has obeyed. */
async function afterTheFailover(): Promise<ReconcileStory> {
  const story = await ReconcileStory.running();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  await story.failover();
  story.universe.bringBack(EAST);
  await story.minutes(10);
  await story.check({});
  return story;
}

/** Who is active, by the records and by Airflow; what the environments are set to. */
const world = (story: ReconcileStory) => ({
  records: [EAST, WEST].map((region) => story.control(region).epoch),
  roles: [EAST, WEST].map((region) => story.universe.airflow(region).role),
  settings: [EAST, WEST].map((region) => story.settings(region)),
});

/** Merges a change: the error with which reconcile refuses, and that nothing at all came of it. */
async function refusedMerge(story: ReconcileStory, change: Change): Promise<string> {
  const before = world(story);
  const reviewed = await story.review(change);
  const error = await story.failure(reviewed);
  expect(error).toMatchObject({ code: 'MDR-PLAN-REFUSED', state: 'nothing was touched' });
  expect(world(story)).toEqual(before);
  expect(story.mutations).toEqual([]);
  return error.message;
}

describe('After a failover', () => {
  test('an unrelated push, before the agreeing pull request is merged, moves nothing and is told to wait for it', async () => {
    const story = await afterTheFailover();
    const message = await refusedMerge(story, WIDER);
    expect(message).toContain('MDR-ACTIVE-STALE');
    expect(message).toContain('us-east-1 is active since epoch 0, but us-west-2 is active since epoch 1');
    expect(message).toContain('Merge the pull request that the action opened');
  });

  test('the agreeing pull request itself moves nothing: the file says what is', async () => {
    const story = await afterTheFailover();
    const before = world(story);
    const reviewed = await story.review(agreed);
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'in sync', active: WEST, standby: EAST });
    expect(world(story)).toEqual(before);
    expect(story.mutations).toEqual([]);
  });

  test('an unrelated push after it is carried out with the roles as they are now: east, the standby, first', async () => {
    const story = await afterTheFailover();
    await story.review(agreed);
    const result = await story.reconcile(await story.review(WIDER));
    expect(story.mutations).toEqual([`${EAST} UpdateEnvironment`, `${WEST} UpdateEnvironment`]);
    expect(result.gates.map(({ region, role }) => `${region} ${role}`)).toEqual([`${EAST} standby`, `${WEST} active`]);
    expect(world(story).roles).toEqual(['standby', 'active']);
  });

  test('a revert of the agreeing pull request moves nothing, and is told how to move back', async () => {
    const story = await afterTheFailover();
    await story.reconcile(await story.review(agreed));
    const message = await refusedMerge(story, (file) => ({ ...file, active: { site: EAST, since: 0 } }));
    expect(message).toContain('MDR-ACTIVE-STALE');
    expect(message).toContain('Reverting that pull request moves nothing: to move back, run the `failover` workflow');
  });

  test('a month-old branch moves nothing, and is told to be brought up to date', async () => {
    const story = await afterTheFailover();
    await story.reconcile(await story.review(agreed));
    const message = await refusedMerge(story, (file) => ({ ...WIDER(file), active: { site: EAST, since: 0 } }));
    expect(message).toContain('bring this branch up to date');
  });

  test('a file that asks to move back moves nothing, and is told which workflow does', async () => {
    const story = await afterTheFailover();
    await story.reconcile(await story.review(agreed));
    const message = await refusedMerge(story, (file) => ({ ...file, active: { site: EAST, since: 1 } }));
    expect(message).toContain('MDR-ACTIVE-MOVE');
    expect(message).toContain('run the `failover` workflow for example with target us-east-1');
  });

  test('a job from before it, run again, moves nothing', async () => {
    const story = await ReconcileStory.running();
    const before = await story.review(WIDER);
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    await story.failover();
    story.universe.bringBack(EAST);
    await story.minutes(10);
    expect(await story.failure(before)).toMatchObject({ code: 'MDR-PLAN-REFUSED' });
    expect(story.mutations).toEqual([]);
  });
});
