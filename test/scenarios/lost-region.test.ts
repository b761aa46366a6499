import { describe, expect, test } from '@jest/globals';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';

/** Milliseconds: three beats missed, one health period, and what calls into the dark take. */
const STALE = 360_000;
const PERIOD = 300_000;
const CALLS = 30_000;

describe('When a Region is lost', () => {
  test('then two health periods after its heartbeat is stale it is called UNHEALTHY, and the failover brings all work to the other one', async () => {
    const story = await Story.ofARunningDeployment();
    const { universe } = story;
    expect(await story.check()).toMatchObject({ verdict: { key: 'HEALTHY' } });

    universe.lose(EAST);
    const lostAt = universe.clock.now();
    const { verdict } = await story.check({ wait: '1800' });
    expect(verdict.key).toBe('UNHEALTHY(region)');
    expect(universe.clock.now() - lostAt).toBeLessThanOrEqual(STALE + 2 * PERIOD + CALLS);

    const result = await story.failover(FAILOVER);
    expect(result).toMatchObject({
      from: EAST,
      to: WEST,
      epoch: 1,
      fence: 'unproven',
      overridden: false,
      resumed: false,
    });
    expect(result.steps.map(({ step }) => step)).toEqual([
      'planned',
      'prepared',
      'rechecked',
      'claimed',
      'fenced',
      'activated',
      'confirmed',
    ]);
    expect(result.rpo.measuredSeconds).toBeLessThanOrEqual(600);
    expect(result.rto.measuredSeconds).toBeLessThanOrEqual(600);
    expect(result.firstBeat.unpausedUserDags).toBe(2);

    const west = universe.airflow(WEST);
    expect([west.role, west.epoch]).toEqual(['active', 1]);
    expect(Object.fromEntries(west.dags)).toEqual({ invoices: false, orders: false, report: true });
    expect(story.control(WEST)).toMatchObject({
      epoch: 1,
      phase: 'activated',
      activated: { site: WEST, epoch: 1 },
      move: null,
      lease: null,
      debts: [
        { kind: 'claim', site: EAST },
        { kind: 'fence', site: EAST },
      ],
    });
  });
});
