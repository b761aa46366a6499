import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { AT_WORK, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

/** WEST is lost with the activation of epoch 1 in its queue; the run of the failover waits for it until it is cancelled. */
async function lostWithAnActivationInItsQueue() {
  const story = await MoveStory.running();
  const west = story.universe.airflow(WEST);
  const trigger = west.trigger.bind(west);
  let activation = '';
  west.trigger = (dagId, runId, conf) => {
    if (dagId === 'mwaadr_activate') {
      activation = runId;
      story.universe.clock.after(1_000, () => {
        story.universe.lose(WEST);
      });
    }
    return trigger(dagId, runId, conf);
  };
  const runner = story.process();
  const ended = story.refusal('failover', forced(TO_WEST), runner);
  while (activation === '') await story.universe.clock.sleep(1_000);
  await story.minutes(2);
  const cancel = async () => {
    runner.stopper.abort();
    return ended;
  };
  return { story, activation, cancel };
}

describe('When the target is lost with its activation in the queue', () => {
  test('then the old side cannot take over as long as the run waits for the target, and can once it is cancelled', async () => {
    const { story, cancel } = await lostWithAnActivationInItsQueue();
    const before = [story.roles, story.dagsOf(EAST), story.journal(EAST)];
    expect(await story.refusal('failover', forced(HOME))).toMatchObject({ code: 'MDR-LEASE-HELD' });
    expect([story.roles, story.dagsOf(EAST), story.journal(EAST)]).toEqual(before);
    expect(await cancel()).toMatchObject({ code: 'MDR-STOPPED' });
    expect(await story.force(HOME)).toMatchObject({ epoch: 2, to: EAST });
    expect(story.roles).toBe('active 2, standby 0');
    expect(story.dagsOf(EAST)).toEqual(AT_WORK);
  });

  test.each([
    ['after its canary has learnt of the other epoch', true],
    ['before its canary has looked at any record', false],
  ])('then the activation that runs when the target is back, %s, is refused', async (_, beats) => {
    const { story, activation, cancel } = await lostWithAnActivationInItsQueue();
    await cancel();
    await story.force(HOME);
    await story.minutes(60);
    const seconds = story.count();
    const west = story.universe.airflow(WEST);
    expect(west.drRuns.get(activation)).toBe('queued');
    if (!beats) west.starved.add(DAG_IDS.canary);
    story.universe.bringBack(WEST);
    await story.minutes(2);
    const result = story.universe.s3(WEST).json(story.universe.bucket(WEST), keys.result('example', activation));
    expect(result).toMatchObject({ outcome: 'refused', code: 'MDR-MOVE-SUPERSEDED' });
    expect(story.roles).toBe(`active 2, standby ${beats ? 2 : 0}`);
    west.starved.clear();
    await story.minutes(10);
    expect(seconds).toMatchObject({ both: 0, none: 0 });
    expect(story.roles).toBe('active 2, standby 2');
    expect(story.dagsOf(EAST)).toEqual(AT_WORK);
    expect(west.started).toEqual([]);
  });
});
