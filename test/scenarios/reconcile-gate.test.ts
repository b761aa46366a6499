import { describe, expect, test } from '@jest/globals';
import { EAST, WEST } from '../doubles/story.ts';
import { ReconcileStory, withMwaa, type Change } from './reconcile-story.ts';

const WIDER = withMwaa({ maxWorkers: 15 });
const TAGS = withMwaa({ tags: { team: 'platform', service: 'example' } });

/** A change of the active site alone. */
const atTheActiveSite: Change = (file) => ({
  ...file,
  sites: [
    { ...file.sites[0], mwaa: { ...file.sites[0].mwaa, weeklyMaintenanceWindowStart: 'SUN:05:00' } },
    file.sites[1],
  ],
});

const activeUpdates = (story: ReconcileStory) => story.mutations.filter((name) => name === `${EAST} UpdateEnvironment`);
const minutesAfter = (story: ReconcileStory, minutes: number, happens: () => void): void => {
  story.universe.clock.after(minutes * 60_000, happens);
};

describe('A change that broke the standby', () => {
  test('does not reach the active site by the next pull request, which knows nothing of it', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    story.universe.airflow(WEST).frozen = true;
    expect(await story.failure(first)).toMatchObject({ code: 'MDR-GATE' });
    const second = await story.review(TAGS);
    expect(await story.failure(second)).toMatchObject({ code: 'MDR-GATE' });
    expect([activeUpdates(story), story.settings(EAST).MaxWorkers]).toEqual([[], 10]);
    story.universe.airflow(WEST).frozen = false;
    expect(await story.reconcile(second)).toMatchObject({ outcome: 'applied' });
    expect(story.settings(EAST).MaxWorkers).toBe(15);
  });

  test('does not reach it by the next pull request after its own run was killed before the gate, either', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    const process = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(story.reconcile(first, process)).rejects.toThrow();
    story.universe.airflow(WEST).frozen = true;
    await story.minutes(60);
    expect(await story.failure(await story.review(TAGS))).toMatchObject({ code: 'MDR-GATE' });
    expect(activeUpdates(story)).toEqual([]);
  });

  test('is not proven by a plan that takes it back where Airflow still cannot import its files', async () => {
    const story = await ReconcileStory.running();
    const first = await story.review(WIDER);
    minutesAfter(story, 5, () => {
      story.universe.airflow(WEST).importErrors = ['a.py', 'b.py'];
    });
    await story.failure(first);
    expect(await story.failure(await story.review(withMwaa({ maxWorkers: 12 })))).toMatchObject({
      code: 'MDR-GATE',
      message: expect.stringContaining('2 DAG files cannot be imported; before the change it was 0'),
    });
    expect(activeUpdates(story)).toEqual([]);
  });
});

describe('A change of the active site alone', () => {
  test('waits for the standby’s proof, and is made behind it', async () => {
    const story = await ReconcileStory.running();
    const result = await story.reconcile(await story.review(atTheActiveSite));
    expect(story.mutations).toEqual([`${EAST} UpdateEnvironment`]);
    expect(result.gates.map(({ region }) => region)).toEqual([WEST, EAST]);
  });

  test('is not made while the standby is dead, whatever killed it', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(atTheActiveSite);
    story.universe.airflow(WEST).frozen = true;
    expect(await story.failure(reviewed)).toMatchObject({
      code: 'MDR-GATE',
      state: 'us-west-2, the standby, was not changed; the active site was not touched',
    });
    expect(story.mutations).toEqual([]);
  });

  test.each(['UNAVAILABLE', 'CREATE_FAILED', 'DELETING'])('is refused while the standby is %s', async (status) => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(atTheActiveSite);
    story.universe.airflow(WEST).status = status;
    expect(await story.failure(reviewed)).toMatchObject({
      code: 'MDR-PLAN-REFUSED',
      message: expect.stringContaining(`the standby, is ${status}`),
    });
    expect(story.mutations).toEqual([]);
  });

  test('is looked at again behind the standby’s proof: an edit of that time is not overwritten', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(atTheActiveSite);
    story.universe.clock.after(20_000, () => {
      story.edit(EAST, { MinWorkers: 4 });
    });
    expect(await story.failure(reviewed)).toMatchObject({ code: 'MDR-PLAN-MOVED' });
    expect(story.mutations).toEqual([]);
  });

  test('is made while the standby runs on from before an update that MWAA gave up', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const failure = { code: 'INCORRECT_CONFIGURATION', message: 'no' };
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), failure);
    expect(await story.failure(reviewed)).toMatchObject({ code: 'MDR-UPDATE-FAILED' });
    story.file = withMwaa({ maxWorkers: 10 })(story.file);
    expect(await story.reconcile(await story.review(atTheActiveSite))).toMatchObject({ outcome: 'applied' });
    expect(activeUpdates(story)).toHaveLength(1);
  });
});

describe('Import errors at the standby', () => {
  test('that a change brings keep the gate closed, also for a second run of the same plan', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    minutesAfter(story, 5, () => {
      story.universe.airflow(WEST).importErrors = ['a.py', 'b.py'];
    });
    for (let run = 1; run <= 3; run += 1)
      expect(await story.failure(reviewed)).toMatchObject({
        code: 'MDR-GATE',
        message: expect.stringContaining('2 DAG files cannot be imported; before the change it was 0'),
      });
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`]);
    story.universe.airflow(WEST).importErrors = [];
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'applied', resumed: true });
  });

  test('that can no longer be read keep it closed', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    minutesAfter(story, 5, () => {
      story.universe.airflow(WEST).importErrors = 'unreadable';
    });
    expect(await story.failure(reviewed)).toMatchObject({
      code: 'MDR-GATE',
      message: expect.stringContaining('the import errors cannot be read'),
    });
    expect(activeUpdates(story)).toEqual([]);
  });

  test('that were there before the change do not', async () => {
    const story = await ReconcileStory.running();
    story.universe.airflow(WEST).importErrors = ['old.py'];
    expect(await story.reconcile(await story.review(WIDER))).toMatchObject({ outcome: 'applied' });
  });
});
