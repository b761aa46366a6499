import { describe, expect, test } from '@jest/globals';
import { EAST, Story, WEST } from '../doubles/story.ts';

const TEN_MINUTES = 600_000;

/** A story on the bad day, at whose target the restore takes ten minutes: no reading is taken meanwhile. */
async function withASlowRestore(): Promise<Story> {
  const story = await Story.ofARunningDeployment();
  story.universe.lose(EAST);
  await story.check({ wait: '1800' });
  return slowed(story);
}

function slowed(story: Story): Story {
  const west = story.universe.airflow(WEST);
  const trigger = west.trigger.bind(west);
  west.trigger = (dagId, runId, conf) => {
    if (west.drRuns.has(runId)) return 'existed';
    west.drRuns.set(runId, 'running');
    story.universe.clock.after(dagId === 'mwaadr_restore' ? TEN_MINUTES : 0, () => {
      west.drRuns.delete(runId);
      trigger(dagId, runId, conf);
    });
    return 'started';
  };
  return story;
}

describe('A restore that takes ten minutes', () => {
  test('does not make the move forget that the Region is lost', async () => {
    const story = await withASlowRestore();
    expect(await story.failover()).toMatchObject({ epoch: 1, to: WEST, overridden: false, resumed: false });
    expect(story.control(WEST)).toMatchObject({ phase: 'activated', move: null });
  });

  test('leaves time for the Region to come back, and then the move is withdrawn', async () => {
    const story = await withASlowRestore();
    story.universe.clock.after(60_000, () => {
      story.universe.bringBack(EAST);
    });
    const error = await story.refusal('failover', { target: WEST, reason: 'x', confirm: 'example' });
    expect(['MDR-MOVE-HEALTHY', 'MDR-MOVE-VERDICT']).toContain(error.code);
    expect(story.control(WEST)).toMatchObject({ epoch: 0, move: null });
    expect(story.universe.airflow(EAST).role).toBe('active');
  });

  test('leaves time for the Region to answer again without its scheduler: withdrawn, too', async () => {
    const story = await withASlowRestore();
    story.universe.clock.after(60_000, () => {
      story.universe.airflow(EAST).frozen = true;
      story.universe.bringBack(EAST);
    });
    story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    const error = await story.refusal('failover', { target: WEST, reason: 'x', confirm: 'example' });
    expect(error).toMatchObject({ code: 'MDR-MOVE-VERDICT' });
    expect(error.message).toContain('UNKNOWN');
    expect(story.control(WEST)).toMatchObject({ epoch: 0, move: null });
  });
});

test('A snapshot that is taken while a forced move prepares is activated, and its age is not below zero', async () => {
  const story = slowed(await Story.ofARunningDeployment());
  const before = story.snapshots(WEST);
  const { loss, startedAt } = await story.failover({
    target: WEST,
    reason: 'x',
    confirm: 'example',
    override: 'force',
  });
  expect(before).not.toContain(loss.snapshot.id);
  expect(Date.parse(loss.snapshot.takenAt)).toBeGreaterThan(Date.parse(startedAt));
  expect(loss.snapshot.ageSeconds).toBe(0);
});

test('A forced move that was interrupted before its claim has to be forced again', async () => {
  const story = await Story.ofARunningDeployment();
  story.universe.airflow(WEST).spoiled.set('mwaadr_restore', 'lost');
  const inputs = { target: WEST, reason: 'x', confirm: 'example' };
  expect(await story.refusal('failover', { ...inputs, override: 'force' })).toMatchObject({ code: 'MDR-DR-RUN-LOST' });
  story.universe.airflow(WEST).spoiled.clear();
  expect(await story.refusal('failover', inputs)).toMatchObject({ code: 'MDR-MOVE-HEALTHY' });
  const forced = await story.failover({ ...inputs, override: 'force' });
  expect(forced).toMatchObject({ epoch: 1, resumed: false, overridden: true });
});
