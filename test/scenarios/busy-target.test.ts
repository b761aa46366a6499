import { describe, expect, test } from '@jest/globals';
import { DAG_IDS } from '../../action/src/domain/names.ts';
import type { ModelAirflow } from '../doubles/model-airflow.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { forced, MoveStory, notes, TO_WEST } from './move-story.ts';

const MINUTE = 60_000;

describe('When the target is being updated on the bad day', () => {
  test('then the failover waits for the end of the update, and moves', async () => {
    const story = await MoveStory.onTheBadDay();
    const west = story.universe.airflow(WEST);
    west.status = 'UPDATING';
    story.universe.clock.after(25 * MINUTE, () => {
      west.status = 'AVAILABLE';
    });
    const runner = story.process();
    expect(await story.failover({ ...TO_WEST, wait: '1500' }, runner)).toMatchObject({ epoch: 1, to: WEST });
    expect(runner.lines.join('\n')).toContain('is UPDATING: waiting until that is over, for 45 min at most');
  });

  test('then an update without an end is not waited for for ever, and is named', async () => {
    const story = await MoveStory.onTheBadDay();
    story.universe.airflow(WEST).status = 'UPDATING';
    const before = story.everything;
    const began = story.universe.clock.now();
    const error = await story.refusal('failover', forced(TO_WEST));
    expect(error).toMatchObject({ code: 'MDR-TARGET-UNREADY', state: 'nothing was touched' });
    expect(error.message).toContain('is UPDATING, not AVAILABLE');
    expect(story.universe.clock.now() - began).toBeLessThan(50 * MINUTE);
    expect(story.everything).toBe(before);
  });
});

describe('When one of our own DAGs is paused at the target', () => {
  test.each([DAG_IDS.restore, DAG_IDS.activate, DAG_IDS.canary])(
    '(%s) then it is named before anything is touched',
    async (dagId) => {
      const story = await MoveStory.running();
      story.universe.airflow(WEST).drDags.set(dagId, true);
      const before = story.everything;
      const error = await story.refusal('failover', forced(TO_WEST));
      expect(error).toMatchObject({ code: 'MDR-TARGET-UNREADY', state: 'nothing was touched' });
      expect(error.message).toContain(`${dagId} is paused`);
      expect(story.everything).toBe(before);
      expect(story.roles).toBe('active 0, standby 0');
      story.universe.airflow(WEST).drDags.set(dagId, false);
      expect(await story.force(TO_WEST)).toMatchObject({ epoch: 1, from: EAST });
    },
  );
});

describe('When the target becomes unable to take over while it restores', () => {
  test.each([
    ['an update of it begins', 'is UPDATING', (west: ModelAirflow) => void (west.status = 'UPDATING')],
    [
      'its activation is paused',
      `${DAG_IDS.activate} is paused`,
      (west: ModelAirflow) => void west.drDags.set(DAG_IDS.activate, true),
    ],
  ])('(%s) then the move says so and claims nothing', async (_, told, happens) => {
    const story = await MoveStory.running();
    const runner = story.process({
      mishap: (call) => {
        if (notes('prepared')(call)) happens(story.universe.airflow(WEST));
        return undefined;
      },
    });
    const error = await story.refusal('failover', forced(TO_WEST), runner);
    expect(error).toMatchObject({ code: 'MDR-TARGET-UNREADY' });
    expect(error.message).toContain(told);
    for (const region of [EAST, WEST])
      expect(story.control(region)).toMatchObject({ epoch: 0, move: null, lease: null });
    await story.minutes(5);
    expect(story.roles).toBe('active 0, standby 0');
  });
});
