import { describe, expect, test } from '@jest/globals';
import type { Service, Unreadable } from '../../action/src/domain/faults.ts';
import { EAST, Story, WEST } from '../doubles/story.ts';

const SERVICES: readonly Service[] = ['airflow-api', 'airflow-env', 'cloudwatch', 's3', 'kms', 'sts'];
const QUALITIES: readonly Unreadable[] = ['dark', 'denied', 'throttled'];
const PLACES = [[EAST], [WEST], [EAST, WEST]] as const;

const causes = SERVICES.flatMap((service) =>
  QUALITIES.flatMap((quality) => PLACES.map((regions) => ({ service, quality, regions }))),
);

/** Every verdict of a check a period, for so many periods. */
async function verdicts(story: Story, periods: number): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let period = 0; period < periods; period += 1) {
    keys.push((await story.check()).verdict.key);
    await story.universe.clock.sleep(300_000);
  }
  return keys;
}

describe('A single cause is never a lost site', () => {
  test.each(causes)('$service $quality in $regions for fifty minutes', async ({ service, quality, regions }) => {
    const story = await Story.ofARunningDeployment();
    for (const region of regions) story.universe.fault({ service, quality, region });
    const seen = await verdicts(story, 10);
    expect(seen.filter((key) => key.startsWith('UNHEALTHY'))).toEqual([]);
  });

  test('the observer is cut off from the active Region, which lives on', async () => {
    const story = await Story.ofARunningDeployment();
    for (const service of SERVICES) story.universe.fault({ service, quality: 'dark', region: EAST });
    expect(new Set(await verdicts(story, 6))).toEqual(new Set(['DEGRADED']));
  });

  test.each(QUALITIES)('the observer sees nothing at all (%s): UNKNOWN', async (quality) => {
    const story = await Story.ofARunningDeployment();
    for (const service of SERVICES) story.universe.fault({ service, quality });
    expect(new Set(await verdicts(story, 6))).toEqual(new Set(['UNKNOWN']));
  });

  test.each(QUALITIES)('STS answers nowhere (%s): UNKNOWN, since our credentials are lost', async (quality) => {
    const story = await Story.ofARunningDeployment();
    story.universe.fault({ service: 'sts', quality });
    const { verdict } = await story.check();
    expect(verdict.key).toBe('UNKNOWN');
    expect(verdict.reason).toContain('credentials');
  });

  test('the canary alone is dead: DEGRADED', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).beat = () => undefined;
    const seen = await verdicts(story, 6);
    expect(seen.at(-1)).toBe('DEGRADED');
    expect(seen).not.toContain('UNHEALTHY(airflow)');
  });

  test('CloudWatch has no data, although the scheduler lives: DEGRADED', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).beats.push = () => 0;
    const seen = await verdicts(story, 6);
    expect(seen.at(-1)).toBe('DEGRADED');
    expect(seen).not.toContain('UNHEALTHY(airflow)');
  });
});

describe('What is really lost is said', () => {
  test('the scheduler is frozen: UNHEALTHY(airflow) within four periods, and the Region is not called lost', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).frozen = true;
    const frozenAt = story.universe.clock.now();
    const { verdict, permission } = await story.check({ wait: '3600' });
    expect(verdict.key).toBe('UNHEALTHY(airflow)');
    expect(story.universe.clock.now() - frozenAt).toBeLessThanOrEqual(4 * 300_000);
    expect(permission).toEqual({ manual: 'confirm', automatic: 'refused' });
  });

  test('the site is updated: DEGRADED with a deadline, and free again after it', async () => {
    const story = await Story.ofARunningDeployment();
    const east = story.universe.airflow(EAST);
    east.status = 'UPDATING';
    east.frozen = true;
    const seen = await verdicts(story, 20);
    expect(new Set(seen)).toEqual(new Set(['DEGRADED']));
    const after = await verdicts(story, 8);
    expect(after.at(-1)).toBe('UNHEALTHY(airflow)');
  });

  test('a lost Region is UNHEALTHY only once N periods in a row say so', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    const seen = await verdicts(story, 5);
    expect(seen).toEqual(['DEGRADED', 'UNKNOWN', 'UNHEALTHY(region)', 'UNHEALTHY(region)', 'UNHEALTHY(region)']);
  });

  test('a lost Region that comes back is HEALTHY again', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await verdicts(story, 4);
    story.universe.bringBack(EAST);
    await story.minutes(11);
    expect((await story.check()).verdict.key).toBe('HEALTHY');
  });
});
