import { describe, expect, test } from '@jest/globals';
import type { Deployment } from '../../action/src/domain/deployment.ts';
import type { Service } from '../../action/src/domain/faults.ts';
import type { CheckResult } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, Story, WEST } from '../doubles/story.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from '../doubles/universe.ts';

const exit = (result: CheckResult): number => exitOf(result, 'unhealthy').code;
const names = ({ findings }: CheckResult): readonly string[] => findings.map(({ name }) => name);

/** A check every so many seconds, for so many times. */
async function checks(story: Story, times: number, seconds = 300): Promise<readonly CheckResult[]> {
  const all: CheckResult[] = [];
  for (let time = 0; time < times; time += 1) {
    all.push(await story.check());
    await story.universe.clock.sleep(seconds * 1000);
  }
  return all;
}

describe('Workers that are dead', () => {
  test('are UNHEALTHY(airflow) in the first run of the health workflow after their last beat is stale', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).workersDead = true;
    await story.minutes(10);
    const seen = await story.check({ wait: '1500' });
    expect(seen.verdict).toMatchObject({ key: 'UNHEALTHY(airflow)' });
    expect(seen.verdict.reason).toContain('tasks are due and nothing has started');
    expect(names(seen)).toEqual(['nothing-runs']);
    expect(seen.findings[0]?.command?.inputs).toMatchObject({ target: WEST, confirm: 'example' });
    expect(exit(seen)).toBe(1);
    await story.failover({ ...seen.findings[0]?.command?.inputs });
    expect((await story.check()).active).toBe(WEST);
  });

  test('are also seen where REST cannot be asked, by the metrics of the queue', async () => {
    const story = await Story.ofARunningDeployment();
    const { universe } = story;
    universe.airflow(EAST).workersDead = true;
    universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    await story.minutes(10);
    expect((await checks(story, 4)).map(({ verdict }) => verdict.key)).not.toContain('UNHEALTHY(airflow)');
    universe.metric = ({ namespace, metric, dimensions }) => {
      if (namespace !== 'AWS/MWAA' || dimensions['Environment'] !== 'example-us-east-1') return undefined;
      return metric === 'QueuedTasks' ? 12 : 0;
    };
    const [, , last] = await checks(story, 3);
    expect(last?.verdict.key).toBe('UNHEALTHY(airflow)');
  });

  test('are not asked for while the canary beats: counting costs Airflow a look at every task', async () => {
    const story = await Story.ofARunningDeployment();
    const calls: string[] = [];
    const process = story.process({
      mishap: ({ operation, region }) => {
        if (region === EAST) calls.push(operation);
        return undefined;
      },
    });
    await story.check({}, process);
    expect(calls.filter((operation) => operation === 'InvokeRestApi')).toHaveLength(1);
  });

  test('are not meant when only the canary is dead', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).starved.add('mwaadr_canary');
    const seen = await checks(story, 8);
    expect(seen.flatMap(names)).not.toContain('nothing-runs');
    expect(seen.at(-1)?.verdict.key).toBe('DEGRADED');
  });
});

describe('Somebody has paused all DAGs of the active site', () => {
  test('is red until a snapshot says that it is meant, and then a line', async () => {
    const story = await Story.ofARunningDeployment();
    for (const dagId of ['invoices', 'orders']) story.universe.airflow(EAST).pause(dagId);
    await story.minutes(3);
    const seen = await story.check();
    expect(names(seen)).toEqual(['all-paused']);
    expect(seen.findings[0]?.message).toContain('(invoices, orders)');
    expect(exit(seen)).toBe(1);
    expect(exitOf(seen, 'never').code).toBe(0);
    await story.minutes(11);
    const later = await story.check();
    expect(later).toMatchObject({ findings: [], verdict: { key: 'HEALTHY' } });
    expect(later.notes.join()).toContain('all DAGs of yours in us-east-1 are paused');
    expect(exit(later)).toBe(0);
  });
});

describe('A site that cannot read the record of the other', () => {
  test('is named after two periods, while the observer reads both', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.cut();
    await story.minutes(4);
    const [first, second, third] = await checks(story, 3);
    expect(first && names(first)).toEqual([]);
    expect([...(second ? names(second) : []), ...(third ? names(third) : [])]).toContain('peer-unreadable');
    expect(third && exit(third)).toBe(1);
    story.universe.mend();
    await story.minutes(3);
    expect(names(await story.check())).toEqual([]);
  });
});

describe('A Region of which anything answers is not called lost', () => {
  test('when S3, CloudWatch and the control plane are gone, and Airflow works on', async () => {
    const story = await Story.ofARunningDeployment();
    for (const service of ['s3', 'cloudwatch', 'airflow-api'] as const satisfies readonly Service[])
      story.universe.fault({ service, quality: 'dark', region: EAST });
    const seen = await checks(story, 40, 60);
    expect(new Set(seen.map(({ verdict }) => verdict.key))).toEqual(new Set(['DEGRADED']));
  });
});

describe('Observers whose clocks differ', () => {
  test('see one period, not two, when they look at the same time', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.minutes(8);
    const late = story.process({ name: 'slow', skew: -6 * 60_000 });
    const first = await story.check({}, late);
    const second = await story.check({}, story.process({ name: 'quick' }));
    expect([first.verdict.key, second.verdict.key]).toEqual(['UNKNOWN', 'UNKNOWN']);
  });

  test('do not keep each other from the verdict', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.minutes(8);
    await story.check({}, story.process({ name: 'slow', skew: -60 * 60_000 }));
    await story.minutes(5);
    const { verdict } = await story.check({}, story.process({ name: 'quick', skew: 60 * 60_000 }));
    expect(verdict.key).toBe('UNHEALTHY(region)');
  });
});

describe('A metric of the team', () => {
  const extraMetrics: Deployment['health']['extraMetrics'] = [
    {
      namespace: 'Team/Orders',
      name: 'Processed',
      dimensions: { Environment: '{environment}', Region: '{region}' },
      statistic: 'Sum',
      badWhen: { lessThan: 1 },
    },
  ];
  const deployment = { ...EXAMPLE_DEPLOYMENT, health: { ...EXAMPLE_DEPLOYMENT.health, extraMetrics } };

  async function withMetric(value: (at: number) => number): Promise<Story> {
    const story = await Story.ofARunningDeployment(new Universe(deployment));
    story.universe.metric = ({ dimensions, at }) =>
      dimensions['Environment'] === 'example-us-east-1' && dimensions['Region'] === EAST ? value(at) : undefined;
    return story;
  }

  test('that is bad alone is a remark', async () => {
    const story = await withMetric(() => 0);
    const seen = await checks(story, 4);
    expect(new Set(seen.map(({ verdict }) => verdict.key))).toEqual(new Set(['DEGRADED']));
    expect(seen[0]?.verdict.evidence).toEqual(['extraMetrics: bad, Processed 0, 0']);
  });

  test('stands in for the metric of the scheduler that may not be read', async () => {
    const story = await withMetric(() => 0);
    story.universe.airflow(EAST).frozen = true;
    story.universe.airflow(EAST).beats.length = 0;
    const keys = (await checks(story, 6)).map(({ verdict }) => verdict.key);
    expect(keys.at(-1)).toBe('UNHEALTHY(airflow)');
  });

  test('that is good changes nothing', async () => {
    const story = await withMetric(() => 7);
    expect((await story.check()).verdict.key).toBe('HEALTHY');
  });
});

describe('A canary that waits for a worker slot behind tasks that run', () => {
  test('is red as soon as that lasts, and a beat ends it', async () => {
    const story = await Story.ofARunningDeployment();
    const east = story.universe.airflow(EAST);
    east.starved.add('mwaadr_canary');
    const seen = await checks(story, 8);
    const found = seen.map(({ findings }) => findings.map(({ name }) => name));
    expect(found[0]).toEqual([]);
    expect(found.at(-1)).toEqual(['dr-waits']);
    expect(seen.at(-1)?.findings[0]?.message).toContain('behind 2 running and 1 queued task(s)');
    east.starved.clear();
    await story.minutes(10);
    expect((await story.check()).findings).toEqual([]);
  });
});
