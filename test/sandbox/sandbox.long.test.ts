import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { DeleteObjectCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { createAirflow } from '../../action/src/airflow/airflow.ts';
import { LIMITS } from '../../action/src/aws/call.ts';
import { parseEndpoints } from '../../action/src/aws/endpoints.ts';
import { createRestApi } from '../../action/src/aws/mwaa.ts';
import { startSandbox, type AirflowVersion, type Region, type Sandbox } from './index.ts';
import { dagsBucket, drBucket, environmentName, SECRET_KEY } from './topology.ts';
import { eventually } from './waiting.ts';

const EAST = 'us-east-1';
const WEST = 'us-west-2';

describe.each(['2.10.3', '3.3.1'] as const)('two Regions with Airflow %s', (airflow: AirflowVersion) => {
  let sandbox: Sandbox;

  beforeAll(async () => {
    sandbox = await startSandbox({ airflow, log: (line) => process.stderr.write(`${line}\n`) });
  }, 300_000);
  afterAll(() => sandbox.stop(), 60_000);

  /** InvokeRestApi as the runner calls it; the gateway looks at the signature's scope only. */
  async function invoke(region: Region, Method: string, Path: string, Body?: unknown) {
    const scope = `${sandbox.accessKeys.runner}/20260101/${region}/airflow/aws4_request`;
    const response = await fetch(`${sandbox.gateway(region).url}/restapi/${environmentName('sandbox', region)}`, {
      method: 'POST',
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}` },
      body: JSON.stringify({ Path, Method, Body }),
    });
    const { RestApiResponse } = (await response.json()) as { RestApiResponse?: Record<string, unknown> };
    return { status: response.status, body: RestApiResponse };
  }

  const runState = async (region: Region, runId: string): Promise<string | undefined> => {
    const rows = await sandbox.sql(region, 'SELECT state::text FROM dag_run WHERE run_id = $1', [runId]);
    return rows[0]?.['state'] as string | undefined;
  };

  const runUntilSuccess = async (region: Region, runId: string): Promise<void> => {
    const body = { dag_run_id: runId, ...(airflow === '3.3.1' && { logical_date: null }) };
    expect(await invoke(region, 'POST', '/dags/witness/dagRuns', body)).toMatchObject({ status: 200 });
    await eventually(`run ${runId} succeeds`, async () => (await runState(region, runId)) === 'success' || undefined);
  };

  const heartbeatsSince = async (region: Region, since: Date): Promise<number> => {
    const credentials = { accessKeyId: sandbox.accessKeys.runner, secretAccessKey: SECRET_KEY };
    const cloudWatch = new CloudWatchClient({ region, endpoint: sandbox.gateway(region).url, credentials });
    const Dimensions = [
      { Name: 'Environment', Value: environmentName('sandbox', region) },
      { Name: 'Function', Value: 'Scheduler' },
    ];
    const Metric = { Namespace: 'AmazonMWAA', MetricName: 'SchedulerHeartbeat', Dimensions };
    const { MetricDataResults } = await cloudWatch.send(
      new GetMetricDataCommand({
        StartTime: since,
        EndTime: new Date(Date.now() + 5000),
        MetricDataQueries: [{ Id: 'beats', MetricStat: { Metric, Period: 10, Stat: 'Sum' } }],
      }),
    );
    return MetricDataResults?.[0]?.Values?.reduce((sum, value) => sum + value, 0) ?? 0;
  };

  const beats = async (region: Region): Promise<void> => {
    const since = new Date();
    await eventually(`${region} beats`, async () => (await heartbeatsSince(region, since)) > 0 || undefined);
  };

  it('parses a DAG that was put into one bucket at both sites, and with the same hash', async () => {
    const Body = readFileSync(join(import.meta.dirname, 'dags/witness.py'));
    await sandbox
      .s3(EAST)
      .send(new PutObjectCommand({ Bucket: dagsBucket('sandbox', EAST), Key: 'dags/witness.py', Body }));
    const hashes = await Promise.all(
      sandbox.regions.map((region) =>
        eventually(`witness is parsed in ${region}`, async () => {
          const [row] = await sandbox.sql(region, "SELECT dag_hash FROM serialized_dag WHERE dag_id = 'witness'");
          return row?.['dag_hash'] as string | undefined;
        }),
      ),
    );
    expect(new Set(hashes).size).toBe(1);
    const [paused] = await sandbox.sql(WEST, "SELECT is_paused FROM dag WHERE dag_id = 'witness'");
    expect(paused).toEqual({ is_paused: true });
  }, 90_000);

  it('runs it by InvokeRestApi; the task sees what MWAA shows it, and reaches its Region', async () => {
    expect(await invoke(EAST, 'PATCH', '/dags/witness', { is_paused: false })).toMatchObject({ status: 200 });
    await runUntilSuccess(EAST, 'first');
    await sandbox.replicated();
    const { Body } = await sandbox
      .s3(WEST)
      .send(new GetObjectCommand({ Bucket: drBucket(WEST), Key: 'evidence/witness.json' }));
    expect(JSON.parse((await Body?.transformToString()) ?? '')).toEqual({
      environment: 'sandbox-us-east-1',
      home: '/usr/local/airflow',
      database: ['airflow_user', 'sandbox-us-east-1'],
      'has Fernet key': true,
    });
    expect(sandbox.gateway(EAST).requests).toContainEqual(
      expect.objectContaining({ operation: 'PutObject', accessKey: sandbox.accessKeys.execution[EAST] }),
    );
  }, 90_000);

  it('counts tasks as the action asks for them: what waits, what runs, and what a worker has started', async () => {
    const credentials = () => Promise.resolve({ accessKeyId: sandbox.accessKeys.runner, secretAccessKey: SECRET_KEY });
    const endpoints = parseEndpoints(sandbox.actionEnv['MWAADR_ENDPOINTS']);
    const api = createRestApi({ credentials, endpoints, limits: LIMITS }, EAST);
    const inside = createAirflow(api, airflow);
    const lately = () => inside.work(environmentName('sandbox', EAST), Date.now() - 300_000);
    const { startedSince = 0, ...rest } = await lately();
    expect(rest).toEqual({ queued: 0, running: 0, of: 'Airflow' });
    expect(startedSince).toBeGreaterThan(0);
    const change = (what: string) => sandbox.sql(EAST, `UPDATE task_instance SET ${what} WHERE run_id = 'first'`);
    // As the scheduler itself leaves what needs no worker.
    await change('duration = 0');
    expect(await lately()).toMatchObject({ startedSince: 0 });
    await change("state = 'queued', start_date = NULL, duration = NULL");
    expect(await lately()).toMatchObject({ queued: startedSince, running: 0, startedSince: 0 });
    await change("state = 'running', start_date = now()");
    expect(await lately()).toMatchObject({ queued: 0, running: startedSince, startedSince });
    await change("state = 'success', duration = 1");
  }, 60_000);

  it("publishes the scheduler's heartbeat in both Regions, and none while it is frozen", async () => {
    await Promise.all([beats(EAST), beats(WEST)]);
    sandbox.freezeScheduler(WEST);
    // A beat may be under way; from then on there must be none for longer than one is ever late.
    const since = new Date(Date.now() + 1000);
    await eventually(
      'the other Region beats twice',
      async () => (await heartbeatsSince(EAST, since)) >= 2 || undefined,
    );
    expect(await heartbeatsSince(WEST, since)).toBe(0);
    sandbox.thawScheduler(WEST);
    await beats(WEST);
  }, 90_000);

  it('loses a Region: nothing of it answers or runs, and the other goes on', async () => {
    await sandbox.lose(EAST);
    await expect(fetch(sandbox.gateway(EAST).url)).rejects.toThrow();
    await expect(fetch(sandbox.airflowUrl(EAST))).rejects.toThrow();
    expect(await invoke(WEST, 'GET', '/dags')).toMatchObject({ status: 200 });
    await sandbox.s3(WEST).send(new DeleteObjectCommand({ Bucket: dagsBucket('sandbox', WEST), Key: 'dags/none.py' }));
    await beats(WEST);
  }, 60_000);

  it('brings it back on its own database, and it works again', async () => {
    await sandbox.return(EAST);
    expect(await runState(EAST, 'first')).toBe('success');
    await runUntilSuccess(EAST, 'second');
    expect(sandbox.cpuSeconds()).toBeGreaterThan(5);
  }, 120_000);
});
