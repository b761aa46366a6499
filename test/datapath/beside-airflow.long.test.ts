import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startSandbox, type Region, type Sandbox } from '../sandbox/index.ts';
import { eventually } from '../sandbox/waiting.ts';
import { EAST, moveId, Story, WEST, type DrResult } from './story.ts';

const MINUTE = 60_000;
const USER = "dag_id not like 'mwaadr%'";

/** The data path beside running schedulers, parsers and triggerers; the action's part is played by hand. */
describe.each(['2.10.3', '3.3.1'] as const)('a move beside running Airflow %s', (version) => {
  let sandbox: Sandbox;
  let story: Story;
  let restored: DrResult;
  let activated: DrResult;
  let conf: { move: string; epoch: number; snapshot: string; manifestSha256: string };

  beforeAll(async () => {
    sandbox = await startSandbox({ airflow: version });
    story = new Story(sandbox, version);
    await story.install(15);
    for (const region of [EAST, WEST]) {
      await eventually('the canary beats', () => story.heartbeat(region), { seconds: 120 });
      const parsed = async (): Promise<true | undefined> =>
        (await story.value(region, "select count(*)::int from dag where dag_id = 'eager'")) === 1 || undefined;
      await eventually('the DAGs are parsed', parsed);
    }
  }, 5 * MINUTE);

  afterAll(async () => {
    await sandbox.stop();
  }, MINUTE);

  test('the active site is not held, the standby is', async () => {
    expect(await story.heartbeat(EAST)).toMatchObject({
      role: 'active',
      epoch: 0,
      hold: { installed: true, held: false },
    });
    expect(await story.heartbeat(WEST)).toMatchObject({ role: 'standby', epoch: 0, hold: { unpausedUserDags: 0 } });
    expect(await story.sql(EAST, 'select * from import_error')).toEqual([]);
  });

  test(
    'a snapshot is taken while work is in flight, and its inert layer brings nothing to life',
    async () => {
      await story.sql(EAST, "update dag set is_paused = false where dag_id <> 'stays_paused'");
      for (const dagId of ['producer_one', 'deferred', 'line', 'retry']) await story.trigger(EAST, dagId, 'r1');
      await story.taskReaches(EAST, ['producer_one', 'r1', 'one'], 'success', 120);
      await story.taskReaches(EAST, ['line', 'r1', 'slow'], 'running', 120);
      await story.taskReaches(EAST, ['deferred', 'r1', 'wait'], 'deferred', 120);
      await story.taskReaches(EAST, ['retry', 'r1', 'flaky'], 'up_for_retry', 120);
      const { snapshot } = succeeded(await story.dr(EAST, 'snapshot', 'snapshot-0a0a0a0a'));
      await sandbox.replicated();
      await sandbox.lose(EAST);
      await story.control(1, 'claimed', [WEST]);
      conf = { move: moveId(1), epoch: 1, snapshot, manifestSha256: await story.manifestSha256(WEST, snapshot) };
      restored = succeeded(await story.dr(WEST, 'restore', `${conf.move}-restore`, conf));
      const alive = `select count(*)::int from dag_run where ${USER} and state not in ('success', 'failed')`;
      expect(await story.value(WEST, alive)).toBe(0);
      expect(await story.value(WEST, 'select count(*)::int from trigger')).toBe(0);
      expect(restored.seconds['shortPhase']).toBeLessThan(1);
    },
    5 * MINUTE,
  );

  test(
    'the activation continues what was in flight, repeats nothing and unpauses what was unpaused',
    async () => {
      activated = succeeded(await story.dr(WEST, 'activate', `${conf.move}-activate`, conf));
      await story.control(1, 'activated', [WEST]);
      await story.trigger(WEST, 'producer_two', 'r2');
      expect(activated.report.rerun.map(({ taskId }) => taskId)).toEqual(['slow']);
      expect(new Set(activated.report.continued.map(({ taskId }) => taskId))).toEqual(new Set(['wait', 'flaky']));
      await story.taskReaches(WEST, ['line', 'r1', 'last'], 'success', 180);
      await story.taskReaches(WEST, ['retry', 'r1', 'flaky'], 'success', 180);
      await story.taskReaches(WEST, ['deferred', 'r1', 'after'], 'success', 180);
      const consumed = async (): Promise<true | undefined> =>
        (await story.value(
          WEST,
          "select count(*)::int from task_instance where dag_id = 'consumer' and state = 'success'",
        )) === 1 || undefined;
      await eventually('the consumer of both datasets has run', consumed);
      const tries = `select dag_id || '.' || task_id as task, try_number from task_instance where run_id in ('r1', 'r2')`;
      const rows = await story.sql(WEST, tries);
      const by = Object.fromEntries(rows.map(({ task, try_number }) => [String(task), try_number]));
      expect(by).toMatchObject({
        'producer_one.one': 1,
        'line.first': 1,
        'line.slow': 2,
        'line.last': 1,
        'retry.flaky': 2,
      });
      expect(await story.value(WEST, "select is_paused from dag where dag_id = 'stays_paused'")).toBe(true);
      const twice = `select count(*)::int from (select 1 from dag_run where ${USER} group by dag_id, run_id having count(*) > 1) x`;
      expect(await story.value(WEST, twice)).toBe(0);
      const late = await story.sql(
        WEST,
        'select at from (select max(latest_heartbeat) at from job) x where at < now() - interval $$30 seconds$$',
      );
      expect(late).toEqual([]);
    },
    6 * MINUTE,
  );

  test(
    'the old side comes back, fences itself and takes no snapshot',
    async () => {
      await sandbox.return(EAST);
      const at = await fenced(EAST);
      expect(await story.heartbeat(EAST)).toMatchObject({ role: 'standby', epoch: 1, hold: { unpausedUserDags: 0 } });
      const started = `select count(*)::int from task_instance where ${USER} and start_date > $1 and state <> 'upstream_failed'`;
      expect(await story.value(EAST, started, [at])).toBe(0);
      expect((await story.dr(EAST, 'snapshot', 'snapshot-0c0c0c0c')).outcome).toBe('skipped');
    },
    6 * MINUTE,
  );

  test(
    'and back again, over what the fenced side had left',
    async () => {
      const { snapshot } = succeeded(await story.dr(WEST, 'snapshot', 'snapshot-0b0b0b0b'));
      await sandbox.replicated();
      await story.control(2, 'claimed');
      await fenced(WEST);
      conf = { move: moveId(2), epoch: 2, snapshot, manifestSha256: await story.manifestSha256(EAST, snapshot) };
      succeeded(await story.dr(EAST, 'restore', `${conf.move}-restore`, conf));
      succeeded(await story.dr(EAST, 'activate', `${conf.move}-activate`, conf));
      await story.control(2, 'activated');
      const before = Number(await story.value(EAST, "select max(id) from dag_run where dag_id = 'cron'"));
      const goesOn = async (): Promise<true | undefined> =>
        Number(await story.value(EAST, "select max(id) from dag_run where dag_id = 'cron' and state = 'success'")) >
          before || undefined;
      await eventually('the schedule goes on', goesOn, { seconds: 150 });
    },
    6 * MINUTE,
  );

  /** Waits for a fence that is proven; returns its time. */
  const fenced = (region: Region): Promise<Date> => {
    const proof = async (): Promise<Date | undefined> => {
      const { fence } = await story.heartbeat(region);
      return fence?.grade === 'stopped' ? new Date(fence.at) : undefined;
    };
    return eventually('the fence is laid and proven', proof, { seconds: 180 });
  };
});

function succeeded(result: DrResult): DrResult {
  if (!result.ok) throw new Error(`${result.outcome} ${result.code ?? ''}: ${result.message ?? ''}`);
  return result;
}
