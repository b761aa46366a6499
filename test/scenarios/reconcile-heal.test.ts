import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ReconcileStory, withMwaa } from './reconcile-story.ts';

const heal = (story: ReconcileStory, process = story.process()) => story.reconcile(undefined, process, 'self-heal');

const DEBUG = { TaskLogs: { Enabled: true, LogLevel: 'DEBUG' } };
const tries = (story: ReconcileStory) =>
  story.universe.s3(WEST).list(story.universe.bucket(WEST), keys.heal('example', '').replace('.json', '')).length;

describe('Self-heal', () => {
  test('sets right what the file lets it, and only that, behind the same gate', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, {
      MaxWorkers: 3,
      LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG },
    });
    const result = await heal(story);
    expect(result).toMatchObject({ outcome: 'applied', scope: 'self-heal' });
    expect(result.steps.map(({ fields }) => fields)).toEqual([['LoggingConfiguration.TaskLogs.LogLevel']]);
    expect(result.gates.map(({ region }) => region)).toEqual([WEST]);
    expect(story.settings(WEST).LoggingConfiguration?.['TaskLogs']).toMatchObject({ LogLevel: 'INFO' });
    expect(story.settings(WEST).MaxWorkers).toBe(3);
    expect(tries(story)).toBe(1);
  });

  test('leaves alone what the file does not name', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, { MaxWorkers: 3 });
    expect(await heal(story)).toMatchObject({ outcome: 'differs' });
    expect([story.mutations, tries(story)]).toEqual([[], 0]);
  });

  test('creates no environment that is gone', async () => {
    const story = await ReconcileStory.running();
    story.universe.controlPlane(WEST).deleteEnvironment({ Name: story.nameIn(WEST) });
    await story.minutes(60);
    expect(await heal(story)).toMatchObject({ outcome: 'differs' });
    expect(story.mutations).toEqual([]);
  });

  test('tries the same plan once: what comes back is left to people', async () => {
    const story = await ReconcileStory.running();
    const spoil = () => {
      story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    };
    spoil();
    expect(await heal(story)).toMatchObject({ outcome: 'applied' });
    spoil();
    expect(await heal(story)).toMatchObject({ outcome: 'tried', steps: [] });
    expect(story.mutations).toHaveLength(1);
  });

  test('tries once even when MWAA gives it up', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    story.universe.controlPlane(WEST).failNextUpdate(story.nameIn(WEST), { code: 'X', message: 'no' });
    await expect(heal(story)).rejects.toMatchObject({ code: 'MDR-UPDATE-FAILED' });
    expect(await heal(story)).toMatchObject({ outcome: 'tried' });
    expect(story.mutations).toHaveLength(1);
  });

  test('tries once even when the site does not prove itself healthy behind it', async () => {
    const story = await ReconcileStory.running();
    const spoil = () => {
      story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    };
    spoil();
    story.universe.airflow(WEST).frozen = true;
    await expect(heal(story)).rejects.toMatchObject({ code: 'MDR-GATE' });
    for (let day = 1; day <= 3; day += 1) {
      await story.minutes(360);
      spoil();
      expect(await heal(story)).toMatchObject({ outcome: 'tried' });
    }
    expect(story.mutations).toHaveLength(1);
  });

  test('changes nothing at the active site behind a standby that is gone', async () => {
    const story = await ReconcileStory.running();
    story.edit(EAST, { LoggingConfiguration: { ...story.settings(EAST).LoggingConfiguration, ...DEBUG } });
    story.universe.controlPlane(WEST).deleteEnvironment({ Name: story.nameIn(WEST) });
    await story.minutes(60);
    await expect(heal(story)).rejects.toMatchObject({ code: 'MDR-GATE' });
    expect(story.mutations).toEqual([]);
  });

  test('keeps away from a reviewed change that came to no end, whose own run then finishes it', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(withMwaa({ maxWorkers: 15 }));
    const killed = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(story.reconcile(reviewed, killed)).rejects.toThrow();
    await story.minutes(40);
    await story.minutes(1);
    const before = story.record(WEST);
    story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    expect(await heal(story)).toMatchObject({ outcome: 'busy' });
    expect([story.record(WEST), tries(story), story.mutations.length]).toEqual([before, 0, 1]);
    const { LoggingConfiguration } = story.settings(EAST);
    story.edit(WEST, LoggingConfiguration === undefined ? {} : { LoggingConfiguration });
    expect(await story.reconcile(reviewed)).toMatchObject({ outcome: 'applied', resumed: true });
  });

  test('never begins while an environment is being changed', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    story.universe.controlPlane(EAST).updateEnvironment({ Name: story.nameIn(EAST), MaxWorkers: 12 });
    expect(story.settings(EAST).Status).toBe('UPDATING');
    expect(await heal(story)).toMatchObject({ outcome: 'busy' });
    expect([story.mutations, tries(story)]).toEqual([[], 0]);
  });

  test('never begins in a freeze window', async () => {
    const story = await ReconcileStory.running((file) => ({
      ...file,
      freeze: [{ reason: 'end of the year', from: '2026-11-24T00:00:00Z', to: '2026-11-25T00:00:00Z' }],
    }));
    story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    expect(await heal(story)).toMatchObject({ outcome: 'held' });
    expect([story.mutations, tries(story)]).toEqual([[], 0]);
  });

  test('that is killed half-way goes on, and counts as the one try', async () => {
    const story = await ReconcileStory.running();
    story.edit(WEST, { LoggingConfiguration: { ...story.settings(WEST).LoggingConfiguration, ...DEBUG } });
    const process = story.process({
      mishap: ({ operation }) => (operation === 'UpdateEnvironment' ? 'kill after' : undefined),
    });
    await expect(heal(story, process)).rejects.toThrow();
    expect(await heal(story)).toMatchObject({ outcome: 'applied', resumed: true });
    expect(story.mutations).toHaveLength(1);
    expect(tries(story)).toBe(1);
  });

  test('that is killed just before it asks for a change has had its try of it', async () => {
    const spoiled = { LoggingConfiguration: {} };
    for (const victim of [1, 2]) {
      const story = await ReconcileStory.running();
      spoiled.LoggingConfiguration = { ...story.settings(WEST).LoggingConfiguration, ...DEBUG };
      for (const region of [WEST, EAST]) story.edit(region, spoiled);
      let updates = 0;
      const process = story.process({
        mishap: ({ operation }) => {
          if (operation === 'UpdateEnvironment') updates += 1;
          return operation === 'UpdateEnvironment' && updates === victim ? 'kill before' : undefined;
        },
      });
      await expect(heal(story, process)).rejects.toThrow();
      expect(await heal(story)).toMatchObject({ outcome: 'tried', steps: [] });
      expect(story.mutations).toHaveLength(victim - 1);
    }
  });
});
