/**
 * MWAA hands tasks to a queue, and a worker that takes one looks at nothing but the task's own row. A fence is laid with
 * every slot taken and a hundred messages waiting, on real Airflow with Celery and by the bundle. One story a generation,
 * told in order.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSandbox } from '../sandbox/index.ts';
import type { AirflowVersion, Region, Sandbox } from '../sandbox/types.ts';
import { type Runner, runner } from '../support/action.ts';
import { AirflowRest } from '../support/airflow-rest.ts';
import { eventually } from '../support/deadline.ts';
import { readJson } from '../support/dr-bucket.ts';
import { DEPLOYMENT, keys } from '../support/names.ts';
import { dagsBucket } from '../support/platform.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';
const TASKS = 100;
const MINUTES = 60_000;
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const file = new URL('../support/platform/crowd.py', import.meta.url);

interface Line {
  readonly what: 'begun' | 'done' | 'holds';
  readonly number: number;
  readonly site: Region;
}

const VERSIONS: readonly AirflowVersion[] = ['2.10.3', '3.3.1'];
const wanted = VERSIONS.filter((version) => (process.env['MWAADR_AIRFLOW'] ?? version) === version);

describe.each(wanted)('A queue full of messages, Airflow %s with Celery', (version) => {
  let sandbox: Sandbox;
  let act: Runner;
  /** Outside both sites. */
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'mwaadr-crowd-'));
    await chmod(folder, 0o777);
    sandbox = await startSandbox({
      airflow: version,
      executor: 'CeleryExecutor',
      // No snapshot of its own accord may stand between the messages.
      periods: { snapshot: 3600, rpo: 7200 },
      log,
    });
    act = runner(sandbox, log);
    const text = (await readFile(file, 'utf8')).replaceAll('__FOLDER__', folder);
    for (const region of sandbox.regions)
      await sandbox
        .s3(region)
        .send(new PutObjectCommand({ Bucket: dagsBucket(region), Key: 'dags/crowd.py', Body: text }));
    await act('install', { wait: '180' });
    for (const region of sandbox.regions)
      await until('both DAGs', region, "select 1 from dag where dag_id in ('crowd', 'blockers')", 2);
    await rest(EAST).call('POST', '/pools', {
      ...{ name: 'crowd', slots: 0, description: 'nothing begins yet', include_deferred: false },
    });
  }, 15 * MINUTES);

  afterAll(async () => {
    await sandbox.stop();
    await rm(folder, { recursive: true, force: true });
  }, MINUTES);

  const rest = (region: Region) => new AirflowRest(sandbox.airflowUrl(region), version);
  const until = (what: string, region: Region, select: string, count: number) =>
    eventually(what, 300, async () => ((await sandbox.sql(region, select)).length === count ? true : undefined), log);
  const tasks = (state: string) => `select 1 from task_instance where dag_id = 'crowd' and state ${state}`;
  /** Of the hundred. */
  const states = async (region: Region) => {
    const rows = await sandbox.sql(
      region,
      "select coalesce(state, 'none') as state, count(*)::int as n from task_instance where dag_id = 'crowd' group by 1",
    );
    return Object.fromEntries(rows.map(({ state, n }) => [String(state), Number(n)]));
  };
  const ledger = async (what: Line['what']): Promise<Line[]> => {
    const text = await readFile(join(folder, 'ledger'), 'utf8').catch(() => '');
    const lines = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]));
    return lines.filter((line) => line.what === what);
  };
  const letGo = (number: number) => writeFile(join(folder, `go-${number}`), '');
  const slots = (region: Region, count: number) =>
    sandbox.sql(region, "update slot_pool set slots = $1 where pool = 'crowd'", [count]);
  const force = (target: Region) =>
    act('failover', { target, reason: 'a full queue', confirm: DEPLOYMENT, override: 'force' });
  const snapshot = async () => {
    await act('snapshot', { force: 'true' });
    await sandbox.replicated();
  };
  const parked = version.startsWith('2.') ? { scheduled: TASKS } : { none: TASKS };

  it(
    'has every slot taken and a hundred messages behind the canary',
    async () => {
      await rest(EAST).pause('crowd', false);
      await rest(EAST).trigger('crowd', 'the-one');
      await until('a hundred tasks without a slot of their pool', EAST, tasks("= 'scheduled'"), TASKS);
      await snapshot();
      await rest(EAST).pause('blockers', false);
      await rest(EAST).trigger('blockers', 'now');
      await eventually('both slots are taken', 120, async () =>
        (await ledger('holds')).length === 2 ? true : undefined,
      );
      const canary = "select 1 from task_instance where dag_id = 'mwaadr_canary' and state = 'queued' limit 1";
      await until('the canary waits', EAST, canary, 1);
      await slots(EAST, 200);
      await until('a hundred tasks are queued', EAST, tasks("= 'queued'"), TASKS);
      expect(await sandbox.messages(EAST)).toBeGreaterThanOrEqual(TASKS);
      expect(await ledger('begun')).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    'begins none of them once the fence is laid',
    async () => {
      const moved = force(WEST);
      await eventually(
        'the epoch is claimed',
        300,
        async () => {
          const control = await readJson<{ phase: string }>(sandbox, WEST, keys.control);
          return control?.phase === 'claimed' ? true : undefined;
        },
        log,
      );
      await letGo(1);
      const [run] = await Promise.all([moved, until('no task is queued', EAST, tasks("= 'queued'"), 0)]);
      expect(JSON.parse(run.outputs['json'] ?? '{}')).toMatchObject({ epoch: 1, fence: 'stopped' });
      expect(await states(EAST)).toEqual(parked);
      await eventually(
        'the messages are used up',
        900,
        async () => ((await sandbox.messages(EAST)) <= 2 ? true : undefined),
        log,
      );
      expect(await ledger('begun')).toEqual([]);
      expect(await states(EAST)).toEqual(parked);
    },
    30 * MINUTES,
  );

  it(
    'runs all of them once, and fails none, when the work has come back',
    async () => {
      await until('they are at the other side', WEST, tasks("= 'scheduled'"), TASKS);
      await snapshot();
      const run = await force(EAST);
      expect(run.outputs).toMatchObject({ epoch: '2' });
      expect(await ledger('begun')).toEqual([]);
      await slots(EAST, 200);
      await until('all have ended', EAST, tasks("in ('success', 'failed', 'upstream_failed', 'skipped')"), TASKS);
      expect(await states(EAST)).toEqual({ success: TASKS });
      for (const what of ['begun', 'done'] as const) {
        const lines = await ledger(what);
        expect(lines.map(({ number }) => number).toSorted((a, b) => a - b)).toEqual([...Array(TASKS).keys()]);
        expect(new Set(lines.map(({ site }) => site))).toEqual(new Set([EAST]));
      }
    },
    15 * MINUTES,
  );
});
