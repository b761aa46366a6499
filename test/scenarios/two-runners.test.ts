import { describe, expect, test } from '@jest/globals';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

describe('When two runners start the same failover', () => {
  test.each([0, 20, 50, 400, 5_000, 40_000])('%i ms apart, then one wins and the other is told who', async (apart) => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    const second = async () => {
      await story.universe.clock.sleep(apart);
      return story.refusal('failover', FAILOVER);
    };
    const [result, refusal] = await Promise.allSettled([story.failover(), second()]).then((both) =>
      both[0].status === 'fulfilled' ? both : [both[1], both[0]],
    );
    expect(result).toMatchObject({ status: 'fulfilled' });
    expect(refusal).toMatchObject({ value: { code: 'MDR-LEASE-HELD' } });
    expect(story.control(WEST)).toMatchObject({ epoch: 1, phase: 'activated', move: null, lease: null });
  });

  test('and the one that was frozen wakes up late, then it changes nothing and says that it lost its lease', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.check({ wait: '1800' });
    // It stands still for longer than its lease just when it is about to note the claim.
    const frozen = story.process({ freezeAt: '0004.json', freezeFor: 600_000 });
    const late = story.refusal('failover', FAILOVER, frozen);
    await story.minutes(4);
    const result = await story.failover();
    const before = story.everythingIn(WEST, 'control/');
    expect(await late).toMatchObject({ code: 'MDR-LEASE-LOST' });
    expect(story.everythingIn(WEST, 'control/')).toBe(before);
    expect(result.epoch).toBe(1);
  });
});
