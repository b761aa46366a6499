import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import { keys } from '../../action/src/domain/names.ts';
import type { CheckResult } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from '../doubles/universe.ts';
import { MoveStory, TO_WEST } from './move-story.ts';

const exit = (check: CheckResult): number => exitOf(check, 'unhealthy').code;
const names = ({ findings }: CheckResult): readonly string[] => findings.map(({ name }) => name);

/** EAST stands still in a change that does not end; nobody can ask its Airflow. */
async function standingStill(status: string): Promise<MoveStory> {
  const story = await MoveStory.running();
  const east = story.universe.airflow(EAST);
  east.status = status;
  east.frozen = true;
  story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST });
  return story;
}

const withHealth = (health: Partial<Deployment['health']>): Promise<MoveStory> =>
  MoveStory.running(new Universe({ ...EXAMPLE_DEPLOYMENT, health: { ...EXAMPLE_DEPLOYMENT.health, ...health } }));

/** Checks for hours, and answers the last one. */
async function lookedAt(
  story: MoveStory,
  hours: number,
  everyMinutes: number,
  look: (n: number) => Promise<CheckResult>,
) {
  const end = story.universe.clock.now() + hours * 3_600_000;
  let last = await look(0);
  for (let n = 1; story.universe.clock.now() < end; n += 1) {
    await story.minutes(everyMinutes);
    last = await look(n);
  }
  return last;
}

describe('A change that does not end excuses a site that stands still for two hours in all', () => {
  test.each(['MAINTENANCE', 'ROLLING_BACK', 'CREATING'])(
    'whatever some readings could not see (%s)',
    async (status) => {
      const story = await standingStill(status);
      const last = await lookedAt(story, 3, 14, async (n) => {
        if (n % 3 === 2) {
          const heal = story.universe.fault({
            service: 'airflow-api',
            quality: 'throttled',
            region: EAST,
            observer: 'outside',
          });
          await story.check();
          heal();
        }
        return story.check({ wait: '300' });
      });
      expect([last.verdict.key, exit(last)]).toEqual(['UNHEALTHY(airflow)', 1]);
      expect(await story.failover({ ...TO_WEST, wait: '1500' })).toMatchObject({ to: WEST });
    },
  );

  test('however seldom somebody looks', async () => {
    const story = await standingStill('MAINTENANCE');
    const last = await lookedAt(story, 7, 180, () => story.check({ wait: '600' }));
    expect([last.verdict.key, exit(last)]).toEqual(['UNHEALTHY(airflow)', 1]);
  });

  test('whoever looks, though he never did before, and whatever became of the memory', async () => {
    const story = await standingStill('MAINTENANCE');
    await lookedAt(story, 2.5, 14, () => story.check());
    expect((await story.check({ wait: '600', observer: 'alice' })).verdict.key).toBe('UNHEALTHY(airflow)');
    const s3 = story.universe.s3(WEST);
    for (const { key } of s3.list(story.universe.bucket(WEST), keys.observationsPrefix('example', EAST)))
      s3.put(story.universe.bucket(WEST), key, '{', 'any');
    expect((await story.check({ wait: '600' })).verdict.key).toBe('UNHEALTHY(airflow)');
  });

  test('which begin with the last sign of life, though it had worked under the change for long', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).status = 'MAINTENANCE';
    await lookedAt(story, 2.75, 15, () => story.check());
    story.universe.airflow(EAST).frozen = true;
    story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST });
    await story.minutes(20);
    expect((await story.check({ wait: '1500' })).verdict.key).toBe('DEGRADED');
    await lookedAt(story, 2, 15, () => story.check());
    expect((await story.check({ wait: '900' })).verdict.key).toBe('UNHEALTHY(airflow)');
  });

  test('also where only its workers have stopped, after hours of work under the change', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.status = 'UPDATING';
    await lookedAt(story, 3, 15, () => story.check());
    east.workersDead = true;
    await story.minutes(20);
    const check = await story.check({ wait: '1500' });
    expect([check.verdict.key, names(check)]).toEqual(['DEGRADED', []]);
    await lookedAt(story, 2, 15, () => story.check());
    expect(exit(await story.check({ wait: '1500' }))).toBe(1);
  });

  test('nor does it say before that its canary is silent, or that its Airflow works', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.status = 'UPDATING';
    await lookedAt(story, 3, 15, () => story.check());
    east.frozen = true;
    await story.minutes(18);
    const check = await story.check({ wait: '1500' });
    expect([check.verdict.key, names(check)]).toEqual(['DEGRADED', []]);
  });

  test.each([100, 121, 360])('and not one whose workers are dead, looked at every %d min', async (every) => {
    const story = await MoveStory.running();
    await story.check();
    const east = story.universe.airflow(EAST);
    east.status = 'MAINTENANCE';
    east.workersDead = true;
    const last = await lookedAt(story, 8, every, () => story.check({ wait: '900' }));
    expect(exit(last)).toBe(1);
  });

  test('nor is one dead whose heartbeats nobody could read for a moment', async () => {
    const story = await standingStill('MAINTENANCE');
    await story.minutes(12);
    const heals = [EAST, WEST].map((region) =>
      story.universe.fault({ service: 's3', quality: 'throttled', region, observer: 'outside' }),
    );
    story.universe.clock.after(5_000, () => {
      for (const heal of heals) heal();
    });
    expect((await story.check({ wait: '1500' })).verdict.key).not.toMatch(/^UNHEALTHY/);
    await story.minutes(15);
    expect((await story.check({ wait: '1500' })).verdict.key).toBe('DEGRADED');
  });

  test.each([1, 20, 60, 140])('nor one whose update is over for %d s', async (seconds) => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST, observer: 'outside' });
    await story.check();
    east.status = 'UPDATING';
    east.frozen = true;
    await lookedAt(story, 0.7, 4, () => story.check());
    east.status = 'AVAILABLE';
    east.frozen = false;
    await story.universe.clock.sleep(seconds * 1000);
    expect((await story.check({ wait: '1500' })).verdict.key).not.toMatch(/^UNHEALTHY/);
  });

  test('and not one that has worked until it began, though its canary is paused since yesterday', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.drDags.set('mwaadr_canary', true);
    await story.minutes(24 * 60);
    await story.check({ wait: '900' });
    east.status = 'UPDATING';
    east.frozen = true;
    story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST });
    await story.minutes(30);
    expect((await story.check({ wait: '900' })).verdict).toMatchObject({ key: 'DEGRADED' });
  });
});

describe('A Region that stays lost', () => {
  test.each([
    [3_600, 6, 15],
    [3_600, 10, 5],
    [900, 10, 5],
  ])(
    'is called so by %d s and %d bad periods, though somebody looks every %d min',
    async (periodSeconds, badPeriods, every) => {
      const story = await withHealth({ periodSeconds, badPeriods });
      story.universe.lose(EAST);
      const hours = ((badPeriods + 1) * periodSeconds) / 3_600 + 1;
      const last = await lookedAt(story, hours, every, () => story.check());
      expect([last.verdict.key, exit(last)]).toEqual(['UNHEALTHY(region)', 1]);
      const [memory] = story.universe
        .s3(WEST)
        .list(story.universe.bucket(WEST), keys.observationsPrefix('example', EAST));
      const { readings } = JSON.parse(
        Buffer.from(story.universe.s3(WEST).get(story.universe.bucket(WEST), memory?.key ?? '')?.body ?? '').toString(),
      ) as { readings: unknown[] };
      expect(readings.length).toBeLessThanOrEqual(20 + 2 * (badPeriods + 3));
    },
    60_000,
  );

  test('is red from the second look on, though the looks are too far apart for a verdict', async () => {
    const story = await MoveStory.running();
    await story.check();
    await story.minutes(15);
    story.universe.lose(EAST);
    await story.minutes(5);
    const first = await story.check();
    expect([first.verdict.key, exit(first)]).toEqual(['UNKNOWN', 0]);
    await story.minutes(15);
    const second = await story.check();
    expect([second.verdict.key, second.readings, exit(second)]).toEqual(['UNKNOWN', 1, 1]);
  });
});

test.each([
  ['the bucket of the standby is dark', ['s3'], 'dark'],
  [
    'our credentials are refused everywhere',
    ['s3', 'sts', 'airflow-api', 'airflow-env', 'cloudwatch', 'kms'],
    'denied',
  ],
] as const)('An UNKNOWN of which nobody can remember the one before is red (%s)', async (_, services, quality) => {
  const story = await MoveStory.running();
  await story.check();
  story.universe.lose(EAST);
  for (const service of services) story.universe.fault({ service, quality, region: WEST, observer: 'outside' });
  await story.minutes(15);
  const check = await story.check();
  expect([check.verdict.key, exit(check)]).toEqual(['UNKNOWN', 1]);
});

test('A bucket of snapshots that refuses us is a finding for a backup-restore, too', async () => {
  const universe = new Universe({ ...EXAMPLE_DEPLOYMENT, strategy: 'backup-restore' }, { missing: [1] });
  universe.airflow(WEST).goDown();
  const story = await MoveStory.running(universe);
  story.universe.fault({ service: 's3', quality: 'denied', region: WEST, observer: 'outside' });
  const check = await story.check({ wait: '1500' });
  expect([names(check), exit(check)]).toEqual([['standby-unready'], 1]);
});
