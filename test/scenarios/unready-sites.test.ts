import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import type { CheckResult } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { Universe } from '../doubles/universe.ts';
import { diesAfter, forced, MoveStory, TO_WEST } from './move-story.ts';

const exit = (check: CheckResult): number => exitOf(check, 'unhealthy').code;
const names = ({ findings }: CheckResult): readonly string[] => findings.map(({ name }) => name);
const commandOf = ({ findings }: Pick<CheckResult, 'findings'>) =>
  findings.flatMap(({ command }) => (command ? [command.inputs] : []))[0];

describe('A site that has never beaten', () => {
  test.each([
    [WEST, 'standby-unready'],
    [EAST, 'canary-silent'],
  ])('is red where its role has no right to the DR buckets (%s)', async (region, finding) => {
    const universe = new Universe();
    for (const bucketOf of [EAST, WEST])
      universe.fault({ service: 's3', quality: 'denied', region: bucketOf, observer: region });
    const story = new MoveStory(universe);
    await story.run('install', {});
    expect(names(await story.check())).toEqual([]);
    await story.minutes(24 * 60);
    const check = await story.check({ wait: '1500' });
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ state: 'nothing was touched' });
    expect([names(check), exit(check)]).toEqual([[finding], 1]);
  });

  test('is red where its environment is being created for a day', async () => {
    const universe = new Universe();
    const west = universe.airflow(WEST);
    west.status = 'CREATING';
    west.goDown();
    universe.fault({ service: 'airflow-env', quality: 'dark', region: WEST });
    const story = new MoveStory(universe);
    await story.run('install', {});
    await story.minutes(24 * 60);
    const check = await story.check({ wait: '1500' });
    expect([names(check), exit(check)]).toEqual([['standby-unready'], 1]);
  });

  test('is not what one is whose last beat somebody has deleted: it stays red', async () => {
    const story = await MoveStory.running();
    const { drDags } = story.universe.airflow(EAST);
    for (const dagId of [DAG_IDS.canary, DAG_IDS.snapshot]) drDags.set(dagId, true);
    await story.minutes(24 * 60);
    const before = await story.check({ wait: '1500' });
    for (const region of [EAST, WEST])
      story.universe.s3(region).delete(story.universe.bucket(region), keys.heartbeat('example', EAST));
    await story.minutes(60);
    const after = await story.check({ wait: '1500' });
    expect([names(before), names(after)]).toEqual([['canary-silent'], ['canary-silent']]);
  });
});

describe('A claimed target that no waiting brings back', () => {
  test.each(['UPDATING', 'ROLLING_BACK', 'MAINTENANCE', 'UNAVAILABLE'])(
    'is left by the one command of check and status (%s)',
    async (status) => {
      const story = await MoveStory.running();
      await story.killed(forced(TO_WEST), diesAfter('fenced'));
      const west = story.universe.airflow(WEST);
      west.status = status;
      west.goDown();
      await story.minutes(180);
      const command = commandOf(await story.check({ wait: '1500' }));
      expect(command).toMatchObject({ target: EAST, override: 'force' });
      expect(commandOf(await story.status())).toEqual(command);
      expect(await story.failover({ ...command })).toMatchObject({ to: EAST });
    },
  );

  test.each(['claimed', 'fenced'] as const)('is not gone back to when the way home dies after %s', async (step) => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    const west = story.universe.airflow(WEST);
    west.status = 'UNAVAILABLE';
    west.goDown();
    await story.minutes(20);
    await story.killed({ ...commandOf(await story.check({ wait: '1500' })) }, diesAfter(step));
    await story.minutes(5);
    const command = commandOf(await story.check({ wait: '1500' }));
    expect(commandOf(await story.status())).toEqual(command);
    expect(await story.failover({ ...command })).toMatchObject({ to: EAST });
  });
});

describe('An observer who cannot read the bucket of the standby', () => {
  test.each(['denied', 'dark', 'throttled'] as const)('(%s) sees all the same that nothing runs', async (quality) => {
    const story = await MoveStory.running();
    story.universe.fault({ service: 's3', quality, region: WEST, observer: 'outside' });
    story.universe.airflow(EAST).workersDead = true;
    await story.minutes(180);
    const check = await story.check({ wait: '1500' });
    expect([check.verdict.key, exit(check)]).toEqual(['UNHEALTHY(airflow)', 1]);
  });

  test('sees all the same that the canary is silent', async () => {
    const story = await MoveStory.running();
    story.universe.fault({ service: 's3', quality: 'denied', region: WEST, observer: 'outside' });
    story.universe.airflow(EAST).drDags.set(DAG_IDS.canary, true);
    await story.minutes(180);
    expect(names(await story.check({ wait: '1500' }))).toContain('canary-silent');
  });

  test.each([
    ['s3', 'denied'],
    ['airflow-api', 'denied'],
  ] as const)('is told what would refuse every move (%s: %s)', async (service, quality) => {
    const story = await MoveStory.running();
    story.universe.fault({ service, quality, region: WEST, observer: 'outside' });
    await story.minutes(180);
    const check = await story.check({ wait: '1500' });
    await expect(story.failover(forced(TO_WEST))).rejects.toThrow();
    expect([names(check), exit(check)]).toEqual([['standby-unready'], 1]);
  });
});
