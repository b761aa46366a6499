import { describe, expect, test } from '@jest/globals';
import { keys } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { ReconcileStory } from './reconcile-story.ts';

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
});
