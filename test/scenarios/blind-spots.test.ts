import { describe, expect, test } from '@jest/globals';
import type { Service } from '../../action/src/domain/faults.ts';
import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import type { RegionPorts } from '../../action/src/domain/ports.ts';
import type { CheckResult } from '../../action/src/domain/results.ts';
import { exitOf } from '../../action/src/report/fail-on.ts';
import type { Process } from '../doubles/process.ts';
import { EAST, WEST } from '../doubles/story.ts';
import { diesAfter, forced, HOME, MoveStory, TO_WEST } from './move-story.ts';

const commandOf = ({ findings }: Pick<CheckResult, 'findings'>) =>
  findings.flatMap(({ command }) => (command ? [command.inputs] : []))[0];
const exit = (result: CheckResult): number => exitOf(result, 'unhealthy').code;
const remove = (story: MoveStory, region: string, prefix: string) => {
  const [s3, bucket] = [story.universe.s3(region), story.universe.bucket(region)];
  for (const { key } of s3.list(bucket, prefix)) s3.delete(bucket, key);
};
const ALL: readonly Service[] = ['s3', 'airflow-api', 'airflow-env', 'cloudwatch', 'sts', 'kms'];

/** Its scheduler stands still meanwhile, and so does its canary. */
function updatesFor({ universe }: MoveStory, region: string, minutes: number): void {
  const airflow = universe.airflow(region);
  airflow.status = 'UPDATING';
  airflow.frozen = true;
  universe.clock.after(minutes * 60_000, () => {
    airflow.status = 'AVAILABLE';
    airflow.frozen = false;
  });
}

describe('A look at what nobody had looked at', () => {
  test('counts the loss of a move home to the fence of the side whose work is restored', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.starved.add(DAG_IDS.canary);
    await story.minutes(1);
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    story.universe.lose(WEST);
    await story.minutes(90);
    east.starved.clear();
    await story.minutes(6);
    const stopped = Date.parse(east.fence?.at ?? '');
    const { loss } = await story.failover({ ...commandOf(await story.check({ wait: '1500' })) });
    const truth = (stopped - Date.parse(loss.snapshot.takenAt)) / 1000;
    expect(truth).toBeGreaterThan(5_000);
    expect(loss.lostSeconds ?? Infinity).toBeGreaterThanOrEqual(truth - 5);
  });

  test('says before what going on with a claimed move loses', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    await story.minutes(1);
    await story.killed(forced(TO_WEST), diesAfter('claimed'));
    await story.minutes(90);
    const runner = story.process();
    const { loss } = await story.failover(TO_WEST, runner);
    expect(loss.lostSeconds).toBeGreaterThan(5_000);
    expect(runner.lines.join('\n')).toContain('lost: what happened in');
  });

  test('believes another run of the same name, which sees the Region', async () => {
    const story = await MoveStory.running();
    story.universe.cut();
    for (const service of ALL) story.universe.fault({ service, quality: 'dark', region: EAST, observer: 'blind' });
    await story.minutes(8);
    const over = new AbortController();
    const seeing = (async () => {
      while (!over.signal.aborted) {
        await story.check();
        await story.universe.clock.sleep(60_000);
      }
    })();
    const ended = await story.failover({ ...TO_WEST, wait: '1500' }, story.process({ name: 'blind' })).then(
      () => 'moved',
      () => 'refused',
    );
    over.abort();
    await seeing;
    expect(ended).toBe('refused');
  });

  test('lets a standby take over whose last update failed: it runs', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(WEST).status = 'UPDATE_FAILED';
    await story.minutes(10);
    expect((await story.check({ wait: '1500' })).verdict.key).toBe('HEALTHY');
    await story.loses(EAST);
    expect(await story.failover(TO_WEST)).toMatchObject({ to: WEST });
  });

  test.each(['version', 'no DAG', DAG_IDS.restore, DAG_IDS.activate])(
    'calls no standby ready that every move would refuse (%s)',
    async (what) => {
      const story = await MoveStory.running();
      const west = story.universe.airflow(WEST);
      if (what === 'version') west.version = '2.10.4';
      else if (what === 'no DAG') west.dags.clear();
      else west.drDags.set(what, true);
      await story.minutes(60);
      const { verdict, findings } = await story.check({ wait: '1500' });
      expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ state: 'nothing was touched' });
      expect([verdict.key, findings.map(({ name }) => name)]).toEqual(['DEGRADED', ['standby-unready']]);
    },
  );

  test.each([
    'DELETED',
    'CREATE_FAILED',
    'UNAVAILABLE',
    'UPDATING',
    'ROLLING_BACK',
    'dark',
    'denied',
    'throttled',
    'only other DAGs',
  ])('calls no standby ready that is none (%s)', async (what) => {
    const story = await MoveStory.running();
    const west = story.universe.airflow(WEST);
    if (what === 'only other DAGs') {
      west.dags.clear();
      west.dags.set('hello_world', true);
    } else if (what === 'dark' || what === 'denied' || what === 'throttled')
      story.universe.fault({ service: 'airflow-env', quality: what, region: WEST });
    else {
      west.status = what;
      west.up = false;
    }
    await story.check();
    await story.minutes(180);
    const check = await story.check({ wait: '1500' });
    const { code, state, fix } = await story.refusal('failover', forced(TO_WEST));
    expect([check.verdict.key, check.findings.map(({ name }) => name), exit(check)]).toEqual([
      'DEGRADED',
      ['standby-unready'],
      1,
    ]);
    expect([code, state]).toEqual([expect.stringMatching(/^MDR-(TARGET-UNREADY|AWS-)/), 'nothing was touched']);
    expect(fix).toMatch(/example-us-west-2/);
  });

  test('calls no standby ready that would save nothing after a move, and does not keep a move from it', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(WEST).drDags.set(DAG_IDS.snapshot, true);
    await story.minutes(60);
    const { findings } = await story.check({ wait: '1500' });
    expect(findings.map(({ name }) => name)).toEqual(['standby-unready']);
    expect(findings[0]?.message).toContain('mwaadr_snapshot is paused');
    await story.loses(EAST);
    expect(await story.failover(TO_WEST)).toMatchObject({ to: WEST });
    await story.getsBack(EAST);
    await story.minutes(200);
    expect((await story.check()).findings.map(({ name }) => name)).toEqual(['unprotected']);
  });

  test('is red when the active site works and nothing is saved any more, green again with the next snapshot', async () => {
    const story = await MoveStory.running();
    const { drDags } = story.universe.airflow(EAST);
    drDags.set(DAG_IDS.snapshot, true);
    await story.minutes(200);
    const check = await story.check();
    expect([check.findings.map(({ name }) => name), exit(check)]).toEqual([['unprotected'], 1]);
    drDags.set(DAG_IDS.snapshot, false);
    await story.minutes(11);
    expect((await story.check()).findings).toEqual([]);
  });

  test('stops a side that lost and works on after the first reading, not after the last', async () => {
    const story = await MoveStory.movedToWest();
    const { clock } = story.universe;
    const east = story.universe.airflow(EAST);
    east.starved.add(DAG_IDS.canary);
    story.universe.bringBack(EAST);
    await story.minutes(1);
    const began = clock.now();
    const pausedAfter: number[] = [];
    const pause = east.pause.bind(east);
    east.pause = (dagId) => {
      pausedAfter.push(clock.now() - began);
      pause(dagId);
    };
    const { readings, debts } = await story.check({ wait: '1500' });
    expect(readings).toBeGreaterThan(1);
    expect(debts.paid).not.toEqual([]);
    expect(pausedAfter[0]).toBeLessThan(120_000);
  });

  test('says which DAGs the standby lacks before a move leaves them without a file', async () => {
    const story = await MoveStory.running();
    for (const dagId of ['invoices', 'report']) story.universe.airflow(WEST).dags.delete(dagId);
    await story.minutes(20);
    const { verdict, findings, notes } = await story.check();
    expect([verdict.key, findings]).toEqual(['HEALTHY', []]);
    expect(notes).toEqual([
      '2 DAGs of the newest snapshot are not parsed in us-west-2 (invoices, report): after a move nothing would run for them',
    ]);
  });

  test('says within minutes what keeps a target from taking an order of the move', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    story.universe.fault({ service: 'airflow-env', quality: 'dark', region: WEST });
    await story.minutes(10);
    const began = story.universe.clock.now();
    const { code, message, state } = await story.refusal('failover', TO_WEST);
    expect([code, message]).toEqual(['MDR-TIMEOUT', expect.stringContaining('and at last: InvokeRestApi')]);
    expect(state).toContain('`status` shows it');
    expect(story.universe.clock.now() - began).toBeLessThan(15 * 60_000);
  });

  test('is red for a day while a DAG of before the move has no file', async () => {
    const story = await MoveStory.running();
    const west = story.universe.airflow(WEST);
    for (const dagId of ['orders', 'report']) west.dags.delete(dagId);
    story.universe.lose(EAST);
    await story.check({ wait: '1500' });
    await story.failover(TO_WEST);
    const names = async () =>
      (await story.check()).findings.map(({ name, message }) => [name, message.split(' do')[0]]);
    await story.minutes(2);
    expect(await names()).toEqual([]);
    await story.minutes(10);
    expect(await names()).toEqual([['dags-missing', 'one DAG of before the move']]);
    west.dags.set('orders', true);
    await story.minutes(3);
    expect([west.dags.get('orders'), await names()]).toEqual([false, []]);
    west.dags.delete('orders');
    west.late.set('orders', false);
    await story.minutes(10);
    expect(await names()).toHaveLength(1);
    await story.minutes(60 * 24);
    expect(await names()).toEqual([]);
  });

  test('waits for a target that is UPDATING until it beats again', async () => {
    const story = await MoveStory.onTheBadDay();
    updatesFor(story, WEST, 25);
    expect(await story.failover({ ...TO_WEST, wait: '1500' })).toMatchObject({ to: WEST });
  });

  test('waits for it after the claim, too', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    updatesFor(story, WEST, 40);
    await story.minutes(5);
    expect(await story.failover({ ...commandOf(await story.check()) })).toMatchObject({ to: WEST });
  });

  test.each(['dark', 'denied', 'throttled'] as const)(
    'waits for nothing after the claim when MWAA is %s',
    async (quality) => {
      const story = await MoveStory.running();
      await story.killed(forced(TO_WEST), diesAfter('fenced'));
      story.universe.fault({ service: 'airflow-api', quality, region: WEST });
      expect(await story.failover(TO_WEST)).toMatchObject({ to: WEST });
    },
  );

  test('takes an update of now not for one of hours ago', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.status = 'UPDATING';
    await story.check({ observer: 'laptop' });
    east.status = 'AVAILABLE';
    await story.minutes(60 * 5);
    east.status = 'UPDATING';
    east.frozen = true;
    await story.minutes(9);
    expect((await story.check({ observer: 'laptop', wait: '1500' })).verdict.key).toBe('DEGRADED');
  });

  test('prints a command that a bucket of many months does not keep from its end', async () => {
    const story = await MoveStory.running();
    const slow = (): Process => {
      const runner = story.process();
      const region = runner.region.bind(runner);
      const list =
        ({ objects }: RegionPorts): RegionPorts['objects']['list'] =>
        async (bucket, prefix, after) => {
          if (prefix === 'snapshots/example/' && after === undefined) await story.universe.clock.sleep(70_000);
          return objects.list(bucket, prefix, after);
        };
      runner.region = (name) => {
        const ports = region(name);
        return { ...ports, objects: { ...ports.objects, list: list(ports) } };
      };
      return runner;
    };
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    story.universe.airflow(WEST).goDown();
    story.universe.airflow(WEST).status = 'UNAVAILABLE';
    await story.minutes(15);
    const command = commandOf(await story.check({}, slow()));
    expect(command).toMatchObject({ target: EAST });
    expect(await story.failover({ ...command }, slow())).toMatchObject({ to: EAST });
  });

  test.each(['dark', 'throttled', 'denied'] as const)(
    'is red while both sites work, whatever of the Region that is back answers first (its MWAA is %s)',
    async (quality) => {
      const story = await MoveStory.movedToWest();
      await story.minutes(15);
      story.universe.airflow(EAST).drDags.set(DAG_IDS.canary, true);
      for (const service of ['airflow-env', 'airflow-api'] as const)
        story.universe.fault({ service, quality, region: EAST });
      story.universe.bringBack(EAST);
      await story.minutes(120);
      expect(story.roles).toBe('active 0, active 1');
      expect(exit(await story.check({ wait: '1500' }))).toBe(1);
    },
  );

  test('takes no side for stopped by an old copy of its beat', async () => {
    const story = await MoveStory.movedToWest();
    await story.getsBack(EAST);
    await story.minutes(31);
    await story.check();
    const s3 = story.universe.s3(WEST);
    const put = s3.put.bind(s3);
    s3.put = (bucket, key, ...more) =>
      key === keys.heartbeat('example', EAST) ? ({ written: true, etag: 'x' } as never) : put(bucket, key, ...more);
    await story.force(HOME);
    await story.minutes(31);
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    story.universe.fault({ service: 'airflow-env', quality: 'denied', region: EAST });
    await story.minutes(20);
    expect(await story.refusal('failover', forced(TO_WEST))).toMatchObject({ code: 'MDR-MOVE-VERDICT' });
  });

  test('prints a command that goes where a snapshot is', async () => {
    const story = await MoveStory.running();
    const east = story.universe.airflow(EAST);
    east.goDown();
    await story.minutes(5);
    east.loseAll();
    east.comeUp();
    await story.minutes(10);
    remove(story, EAST, 'snapshots/');
    await story.minutes(15);
    await story.failover({ ...commandOf(await story.check()) });
  });

  test('prints the same command in status and in check', async () => {
    const story = await MoveStory.running();
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    await story.minutes(3);
    story.universe.airflow(WEST).goDown();
    story.universe.airflow(WEST).status = 'UNAVAILABLE';
    await story.minutes(15);
    const checked = commandOf(await story.check());
    expect(commandOf(await story.status())).toEqual(checked);
  });

  test('makes no loss smaller by the clock of a runner', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    await story.minutes(1);
    const { loss } = await story.failover(forced(TO_WEST), story.process({ skew: -15 * 60_000 }));
    expect(loss.lostSeconds).toBeGreaterThan(60);
  });

  test('lets a damaged note of pauses stop no activation', async () => {
    const story = await MoveStory.running();
    story.universe.airflow(EAST).starved.add(DAG_IDS.canary);
    await story.minutes(5);
    await story.killed(forced(TO_WEST), diesAfter('fenced'));
    const s3 = story.universe.s3(WEST);
    const bucket = story.universe.bucket(WEST);
    for (const { key } of s3.list(bucket, 'control/')) if (key.includes('/pauses-')) s3.put(bucket, key, '{', 'any');
    await story.minutes(2);
    expect(await story.failover(TO_WEST)).toMatchObject({ to: WEST });
  });
});
