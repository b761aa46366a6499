import { describe, expect, test } from '@jest/globals';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import type { CheckResult } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { EXAMPLE_DEPLOYMENT, Universe } from '../doubles/universe.ts';
import { diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';
import { ReconcileStory } from './reconcile-story.ts';

const exit = (check: CheckResult): number => exitOf(check, 'unhealthy').code;
const names = ({ findings }: CheckResult): readonly string[] => findings.map(({ name }) => name);
const commandOf = ({ findings }: Pick<CheckResult, 'findings'>) =>
  findings.flatMap(({ command }) => (command ? [command.inputs] : []))[0];

function down({ universe }: MoveStory | ReconcileStory, region: string, status: string): void {
  const airflow = universe.airflow(region);
  airflow.status = status;
  airflow.goDown();
}

function up({ universe }: MoveStory, region: string): void {
  const airflow = universe.airflow(region);
  airflow.status = 'AVAILABLE';
  airflow.comeUp();
}

/** What is written there is said to be written, and is nowhere. */
function losesInTheWest(universe: Universe, lost: string): void {
  const s3 = universe.s3(WEST);
  const put = s3.put.bind(s3);
  s3.put = (bucket, key, ...more) =>
    key === lost ? { written: true, etag: 'x', date: 0, version: undefined } : put(bucket, key, ...more);
}

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
    universe.fault({ service: 'airflow-env', quality: 'dark', region: WEST });
    const story = new MoveStory(universe);
    down(story, WEST, 'CREATING');
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

  test('is red where its beats come into the bucket of the other one only, since no move finds them', async () => {
    const universe = new Universe();
    losesInTheWest(universe, keys.heartbeat('example', WEST));
    const story = new MoveStory(universe);
    await story.run('install', {});
    await story.minutes(24 * 60);
    const { code } = await story.refusal('failover', forced(TO_WEST));
    expect([code, names(await story.check({ wait: '1500' }))]).toEqual(['MDR-TARGET-UNREADY', ['standby-unready']]);
  });
});

describe('A site that is just being made or changed', () => {
  test('owes no beat while reconcile creates the standby', async () => {
    const story = new ReconcileStory(new Universe(EXAMPLE_DEPLOYMENT, { missing: [1] }));
    story.universe.airflow(WEST).goDown();
    await story.run('install', {});
    const expected = await story.review((file) => file);
    const end = story.universe.fault({ service: 'airflow-env', quality: 'dark', region: WEST });
    const done = story.reconcile(expected);
    await story.minutes(20);
    const check = await story.check({ wait: '1500' });
    end();
    story.universe.airflow(WEST).comeUp();
    await done;
    expect(names(check)).toEqual([]);
  });

  test.each(['CREATING', 'UPDATING'])('owes no beat and no snapshot (%s), nor right after it', async (status) => {
    const story = new MoveStory(new Universe());
    down(story, EAST, status);
    await story.run('install', {});
    await story.minutes(20);
    const during = await story.check({ wait: '1500' });
    await story.minutes(15);
    up(story, EAST);
    await story.minutes(3);
    expect([names(during), names(await story.check({ wait: '1500' }))]).toEqual([[], []]);
  });

  test('has not lost its protection when an upgrade took an hour', async () => {
    const story = await MoveStory.running();
    down(story, EAST, 'UPDATING');
    await story.minutes(65);
    up(story, EAST);
    await story.minutes(1);
    expect(names(await story.check({ wait: '1500' }))).toEqual([]);
  });

  test.each([EAST, WEST])('is not called silent for what it did not say meanwhile (%s)', async (region) => {
    const story = await MoveStory.running();
    down(story, region, 'UPDATING');
    for (let time = 0; time < 8; time += 1) {
      await story.check();
      await story.minutes(5);
    }
    up(story, region);
    expect(names(await story.check())).toEqual([]);
  });
});

describe('A site that has been changing for hours', () => {
  test('is not excused for ever when its DR DAGs are dead', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.status = 'UPDATING';
    for (const dagId of [DAG_IDS.canary, DAG_IDS.snapshot]) east.drDags.set(dagId, true);
    await story.check();
    await story.minutes(60);
    expect(names(await story.check({ wait: '900' }))).toEqual([]);
    // Whoever looks every quarter of an hour sees one change, not two.
    for (let time = 0; time < 8; time += 1) {
      await story.minutes(15);
      await story.check();
    }
    expect(names(await story.check({ wait: '900' }))).toEqual(['canary-silent']);
  });
});

describe('A side that lost', () => {
  test.each(['DELETED', 'CREATE_FAILED'])('works on nowhere when there is nothing of it (%s)', async (status) => {
    const story = await MoveStory.movedToWest();
    story.universe.bringBack(EAST);
    down(story, EAST, status);
    story.universe.fault({ service: 'airflow-env', quality: 'dark', region: EAST });
    await story.minutes(60);
    expect(names(await story.check({ wait: '1500' }))).toEqual(['standby-unready']);
  });

  test('is red while its record cannot be written: the way home is closed', async () => {
    const story = await MoveStory.movedToWest();
    story.deniesWritesOf(EAST, keys.control('example'));
    await story.getsBack(EAST);
    await story.minutes(24 * 60);
    const check = await story.check({ wait: '1500' });
    await expect(story.failover(forced(HOME))).rejects.toThrow();
    expect([names(check), exit(check)]).toEqual([['record-lost'], 1]);
  });
});

test('A heartbeat that does not come to the standby is a line, since no verdict will go by it', async () => {
  const universe = new Universe();
  losesInTheWest(universe, keys.heartbeat('example', EAST));
  const story = new MoveStory(universe);
  await story.run('install', {});
  await story.minutes(60);
  const { notes } = await story.check({ wait: '1500' });
  expect(notes).toEqual([expect.stringContaining('the heartbeat of us-east-1 does not come to us-west-2')]);
});

describe('A claimed target that no waiting brings back', () => {
  test.each(['UPDATING', 'ROLLING_BACK', 'MAINTENANCE', 'UNAVAILABLE'])(
    'is left by the one command of check and status (%s)',
    async (status) => {
      const story = await MoveStory.running();
      await story.killed(forced(TO_WEST), diesAfter('fenced'));
      down(story, WEST, status);
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
    down(story, WEST, 'UNAVAILABLE');
    await story.minutes(20);
    await story.killed({ ...commandOf(await story.check({ wait: '1500' })) }, diesAfter(step));
    await story.minutes(5);
    const command = commandOf(await story.check({ wait: '1500' }));
    expect(commandOf(await story.status())).toEqual(command);
    expect(await story.failover({ ...command })).toMatchObject({ to: EAST });
  });
});

describe('When neither side can be used', () => {
  test.each(['UNAVAILABLE', 'UPDATING'])('no command leads into the dark (%s)', async (status) => {
    const story = await MoveStory.onTheBadDay();
    await story.killed(TO_WEST, diesAfter('fenced'));
    down(story, WEST, status);
    await story.minutes(150);
    const { findings } = await story.check({ wait: '1500' });
    expect(commandOf({ findings })).toBeUndefined();
    expect(findings.map(({ message }) => message).join()).toContain('Bring example-us-west-2 back in the MWAA console');
    expect(commandOf(await story.status())).toBeUndefined();
    up(story, WEST);
    await story.minutes(20);
    expect(await story.failover({ ...commandOf(await story.check({ wait: '1500' })) })).toMatchObject({ to: WEST });
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
