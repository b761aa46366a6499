import { describe, expect, test } from '@jest/globals';
import type { Service } from '../../action/src/domain/faults.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, FAILOVER, Story, WEST } from '../doubles/story.ts';
import { WORKFLOW_FILES } from '../workflows/workflow-files.ts';

const SERVICES: readonly Service[] = ['airflow-api', 'airflow-env', 'cloudwatch', 's3', 'kms', 'sts'];
const PERIOD = 300;

/** The seconds that a workflow lets the action wait when nobody says how many. */
function waitOf(id: string): string {
  const file = WORKFLOW_FILES.find((workflow) => workflow.id === id);
  const step = file?.jobs[id]?.steps?.find(({ uses }) => uses === './action');
  return /'(?<seconds>\d+)'/.exec(String(step?.with?.['wait']))?.groups?.['seconds'] ?? '';
}

/** A check, and how many seconds it took. */
async function timedCheck(story: Story, wait = waitOf('health')) {
  const began = story.universe.clock.now();
  const result = await story.check({ wait });
  return { result, exit: exitOf(result, 'unhealthy').code, took: (story.universe.clock.now() - began) / 1000 };
}

describe('The health workflow, four times an hour', () => {
  // From the moment after a run to the moment before the next one.
  test.each([0, 1, 4, 7, 10, 14])('fails in its first run, %i minutes after the Region was lost', async (minutes) => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.minutes(minutes);
    const { result, exit } = await timedCheck(story);
    expect({ key: result.verdict.key, exit }).toEqual({ key: 'UNHEALTHY(region)', exit: 1 });
  });

  test.each([0, 1, 4, 7, 10, 14])('fails in its first run, %i minutes after the scheduler froze', async (minutes) => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).frozen = true;
    await story.minutes(minutes);
    const { result, exit } = await timedCheck(story);
    expect({ key: result.verdict.key, exit }).toEqual({ key: 'UNHEALTHY(airflow)', exit: 1 });
  });

  test('has its answer at once while the site is HEALTHY', async () => {
    const { result, took } = await timedCheck(await Story.ofARunningDeployment());
    expect(result).toMatchObject({ verdict: { key: 'HEALTHY' }, readings: 1 });
    expect(took).toBeLessThan(10);
  });

  test('does not wait for a remark to go away, nor fails for it', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.drops = (key) => key.includes('/parts/') || key.endsWith('manifest.json');
    await story.minutes(25);
    const { result, exit } = await timedCheck(story);
    expect(result).toMatchObject({ verdict: { key: 'DEGRADED' }, readings: 1 });
    expect(exit).toBe(0);
  });

  test('that is cut off from the active Region ends with the first beat that can only be new', async () => {
    const story = await Story.ofARunningDeployment();
    for (const service of SERVICES) story.universe.fault({ service, quality: 'dark', region: EAST });
    const { result, took } = await timedCheck(story);
    expect(result).toMatchObject({ verdict: { key: 'DEGRADED' } });
    expect(took).toBeLessThan(2 * PERIOD + 60);
  });

  test('that has only the metric to go by ends with the first period that can only be new', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).beat = () => undefined;
    story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    const { result, took } = await timedCheck(story);
    expect(result).toMatchObject({ verdict: { key: 'DEGRADED' } });
    expect(took).toBeLessThan(3 * PERIOD + 60);
  });

  test('waits for what becomes a finding only by staying: the canary has no worker slot', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).starved.add('mwaadr_canary');
    await story.minutes(20);
    const { result, exit, took } = await timedCheck(story);
    expect(result.findings.map(({ name }) => name)).toEqual(['dr-waits']);
    expect(exit).toBe(1);
    expect(took).toBeLessThan(3 * PERIOD + 60);
  });

  test('or a site cannot read the record of the other', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.cut();
    await story.minutes(4);
    const { result, exit } = await timedCheck(story);
    expect(result.findings.map(({ name }) => name)).toContain('peer-unreadable');
    expect(exit).toBe(1);
  });

  test('and no longer than that takes, when it goes away', async () => {
    const story = await Story.ofARunningDeployment();
    const east = story.universe.airflow(EAST);
    east.starved.add('mwaadr_canary');
    await story.minutes(20);
    story.universe.clock.after(60_000, () => {
      east.starved.clear();
    });
    const { result, exit } = await timedCheck(story);
    expect(result.findings).toEqual([]);
    expect(exit).toBe(0);
  });

  test('does not wait for an update of the site to end', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.airflow(EAST).status = 'UPDATING';
    story.universe.airflow(EAST).frozen = true;
    const { result, exit } = await timedCheck(story);
    expect(result).toMatchObject({ verdict: { key: 'DEGRADED' }, readings: 1 });
    expect(exit).toBe(0);
  });

  test('fails when all its waiting did not tell: UNKNOWN', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.fault({ service: 'sts', quality: 'denied' });
    const { result, exit, took } = await timedCheck(story);
    expect({ key: result.verdict.key, exit }).toEqual({ key: 'UNKNOWN', exit: 1 });
    expect(took).toBeGreaterThan(Number(waitOf('health')) - PERIOD);
    expect(await timedCheck(story, '0')).toMatchObject({ result: { verdict: { key: 'UNKNOWN' } }, exit: 1 });
  });
});

describe('A failover that may wait for the verdict', () => {
  test.each([0, 4, 7, 14])(
    'moves without override, %i minutes after the loss that nobody has seen',
    async (minutes) => {
      const story = await Story.ofARunningDeployment();
      story.universe.lose(EAST);
      await story.minutes(minutes);
      const result = await story.failover({ ...FAILOVER, wait: waitOf('failover') });
      expect(result).toMatchObject({ epoch: 1, overridden: false, verdict: { key: 'UNHEALTHY(region)' } });
    },
  );

  test('refuses to leave a healthy site at once', async () => {
    const story = await Story.ofARunningDeployment();
    const began = story.universe.clock.now();
    expect(await story.refusal('failover', { ...FAILOVER, wait: '1500' })).toMatchObject({ code: 'MDR-MOVE-HEALTHY' });
    expect(story.universe.clock.now() - began).toBeLessThan(10_000);
  });

  test('does not wait when it is forced anyway', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    await story.minutes(7);
    const process = story.process();
    await story.failover({ ...FAILOVER, wait: '1500', override: 'force' }, process);
    expect(process.lines.filter((line) => line.startsWith(`${EAST}: UNKNOWN`))).toHaveLength(2);
  });

  test('refuses what is wrong with its inputs before it waits', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    const began = story.universe.clock.now();
    const inputs = { ...FAILOVER, confirm: 'other', wait: '1500' };
    expect(await story.refusal('failover', inputs)).toMatchObject({ code: 'MDR-INPUT-CONFIRM' });
    expect(story.universe.clock.now() - began).toBeLessThan(60_000);
  });

  test('stops waiting when the runner is asked to stop, and has begun nothing', async () => {
    const story = await Story.ofARunningDeployment();
    story.universe.lose(EAST);
    const process = story.process();
    story.universe.clock.after(60_000, () => {
      process.stopper.abort();
    });
    const error = await story.refusal('failover', { ...FAILOVER, wait: '1500' }, process);
    expect(error).toMatchObject({ code: 'MDR-MOVE-VERDICT' });
    expect(story.control(WEST)).toMatchObject({ move: null, epoch: 0 });
  });
});
