import { describe, expect, test } from '@jest/globals';
import { EAST, WEST } from '../doubles/story.ts';
import { ReconcileStory, withMwaa } from './reconcile-story.ts';

const WIDER = withMwaa({ maxWorkers: 15 });

describe('A reviewed change', () => {
  test('is made at the standby, whose health is seen, and then at the active site', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    const result = await story.reconcile(reviewed);
    expect(story.mutations).toEqual([`${WEST} UpdateEnvironment`, `${EAST} UpdateEnvironment`]);
    expect(result).toMatchObject({ outcome: 'applied', resumed: false, pullRequest: 7 });
    expect(result.gates.map(({ region }) => region)).toEqual([WEST, EAST]);
    expect([story.settings(WEST).MaxWorkers, story.settings(EAST).MaxWorkers]).toEqual([15, 15]);
    expect((await story.plan()).plan.outcome).toBe('in sync');
    expect(story.control(WEST).lease).toBeNull();
  });

  test('that is applied a second time changes nothing', async () => {
    const story = await ReconcileStory.running();
    const reviewed = await story.review(WIDER);
    await story.reconcile(reviewed);
    const before = story.everythingIn(WEST, 'control/');
    const again = await story.reconcile(reviewed);
    expect(again).toMatchObject({ outcome: 'in sync', steps: [] });
    expect(story.mutations).toHaveLength(2);
    expect(story.everythingIn(WEST, 'control/')).toBe(before);
  });
});
