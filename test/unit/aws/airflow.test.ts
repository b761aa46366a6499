import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as mwaa from '@aws-sdk/client-mwaa';
import { createAirflow } from '../../../action/src/airflow/airflow.ts';
import { createRestApi } from '../../../action/src/aws/mwaa.ts';
import { json, sessionAt, startScriptedServer, type Answer, type ScriptedServer } from './scripted-server.ts';

const REGION = 'us-west-2';
const ENV = 'example-us-west-2';

interface AirflowCall {
  Method: string;
  Path: string;
  QueryParameters?: Record<string, unknown>;
  Body?: Record<string, unknown>;
}

let server: ScriptedServer;
/** What Airflow was asked, as InvokeRestApi carried it. */
const calls = () => server.requests.map(({ body }) => JSON.parse(body) as AirflowCall);
const airflow = (version: '2.10.3' | '3.3.1' = '2.10.3') =>
  createAirflow(createRestApi(sessionAt(REGION, server.url), REGION), version);
const answer = (body: unknown): Answer => json({ RestApiStatusCode: 200, RestApiResponse: body });
const refusal = (status: number, body: unknown = { detail: 'said Airflow' }): Answer =>
  json({ RestApiStatusCode: status, RestApiResponse: body, message: '' }, 400, {
    'x-amzn-errortype': status < 500 ? 'RestApiClientException' : 'RestApiServerException',
  });

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

test('the installed MWAA client still has no InvokeRestApi of its own', () => {
  // When this fails, use the client's command and delete action/src/aws/invoke-rest-api.ts.
  expect(Object.keys(mwaa)).not.toContain('InvokeRestApiCommand');
});

test('InvokeRestApi is a signed POST to the environment', async () => {
  server.script(refusal(404));
  await airflow().runState(ENV, 'mwaadr_restore', 'mv-1-ab12cd34-restore');
  const [request] = server.requests;
  expect(request).toMatchObject({ method: 'POST', path: `/restapi/${ENV}` });
  expect(request?.headers['content-type']).toBe('application/json');
  expect(request?.headers.authorization).toMatch(/Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/airflow\/aws4_request/);
  expect(request?.headers['x-amz-security-token']).toBe('a-session-token');
});

test('deletes a DAG with all its rows, and says when it is not there, or a task of it runs', async () => {
  server.script(json({ RestApiStatusCode: 204 }), refusal(404), refusal(409), refusal(403));
  expect(await airflow().deleteDag(ENV, 'mwaadr_canary')).toBe('deleted');
  expect(await airflow().deleteDag(ENV, 'mwaadr_canary')).toBe('missing');
  expect(await airflow().deleteDag(ENV, 'mwaadr_canary')).toBe('busy');
  await expect(airflow().deleteDag(ENV, 'mwaadr_canary')).rejects.toMatchObject({ quality: 'denied' });
  expect(calls()[0]).toEqual({ Method: 'DELETE', Path: '/dags/mwaadr_canary' });
});

describe.each([
  ['2.10.3', '/health'],
  ['3.3.1', '/monitor/health'],
] as const)('Airflow %s', (version, healthPath) => {
  test('tells its health', async () => {
    const scheduler = { status: 'healthy', latest_scheduler_heartbeat: '2026-11-24T10:15:00+00:00' };
    server.script(answer({ metadatabase: { status: 'healthy' }, scheduler, triggerer: { status: null } }));
    expect(await airflow(version).health(ENV)).toEqual({
      metadatabase: true,
      scheduler: true,
      latestSchedulerHeartbeat: Date.parse('2026-11-24T10:15:00Z'),
    });
    expect(calls()).toEqual([{ Method: 'GET', Path: healthPath }]);
  });

  test('a scheduler that never beat is not healthy', async () => {
    const scheduler = { status: 'unhealthy', latest_scheduler_heartbeat: null };
    server.script(answer({ metadatabase: { status: 'healthy' }, scheduler }));
    expect(await airflow(version).health(ENV)).toMatchObject({ scheduler: false, latestSchedulerHeartbeat: undefined });
  });

  test('counts the tasks that wait, run and were started by a worker, over all DAGs', async () => {
    const counts = [3, 2, 1, 4, 1];
    server.script(...counts.map((total_entries) => answer({ task_instances: [{}], total_entries })));
    const since = Date.parse('2026-11-24T10:15:00Z');
    const work = await airflow(version).work(ENV, since);
    const asked = calls();
    const own = asked.findIndex(({ Path }) => Path === '/dags/mwaadr_canary/dagRuns/~/taskInstances');
    expect(asked[own]?.QueryParameters).toEqual({ limit: 1, state: 'queued' });
    const [ourWaiting] = counts.splice(own, 1);
    asked.splice(own, 1);
    expect(asked.map(({ Method, Path }) => `${Method} ${Path}`)).toEqual(
      Array<string>(4).fill('GET /dags/~/dagRuns/~/taskInstances'),
    );
    const start_date_gte = '2026-11-24T10:15:00.000Z';
    const filters = asked.map(({ QueryParameters }) => QueryParameters);
    expect(filters).toEqual(
      expect.arrayContaining([
        { limit: 1, state: 'queued' },
        { limit: 1, state: 'running' },
        { limit: 1, state: 'running', start_date_gte },
        { limit: 1, duration_gte: 0.001, start_date_gte },
      ]),
    );
    const of = (filter: object) =>
      counts[filters.findIndex((one) => JSON.stringify(one) === JSON.stringify(filter))] ?? 0;
    expect(work).toEqual({
      queued: of({ limit: 1, state: 'queued' }),
      running: of({ limit: 1, state: 'running' }),
      startedSince:
        of({ limit: 1, state: 'running', start_date_gte }) + of({ limit: 1, duration_gte: 0.001, start_date_gte }),
      ourWaiting,
      of: 'Airflow',
    });
  });

  test('counts what waits and runs though our canary is not there', async () => {
    server.script(({ body }) =>
      body.includes('mwaadr_canary') ? refusal(404) : answer({ task_instances: [], total_entries: 2 }),
    );
    expect(await airflow(version).work(ENV, 0)).toMatchObject({ queued: 2, running: 2, ourWaiting: undefined });
  });

  test('starts a run under our id', async () => {
    server.script(answer({ dag_run_id: 'r', state: 'queued' }));
    expect(await airflow(version).trigger(ENV, 'mwaadr_restore', 'r', { move: 'm' })).toBe('started');
    const Body = { dag_run_id: 'r', conf: { move: 'm' }, ...(version === '3.3.1' ? { logical_date: null } : {}) };
    expect(calls()).toEqual([{ Method: 'POST', Path: '/dags/mwaadr_restore/dagRuns', Body }]);
  });
});

test('a run that is there already and a DAG that is not are answers', async () => {
  server.script(refusal(409), refusal(404));
  expect(await airflow().trigger(ENV, 'mwaadr_restore', 'r', {})).toBe('existed');
  expect(await airflow().trigger(ENV, 'mwaadr_restore', 'r', {})).toBeUndefined();
});

test('the state of a run is what Airflow says', async () => {
  server.script(answer({ dag_run_id: 'r', state: 'running' }), refusal(404));
  expect(await airflow().runState(ENV, 'mwaadr_restore', 'r')).toBe('running');
  expect(await airflow().runState(ENV, 'mwaadr_restore', 'r')).toBeUndefined();
});

describe('what Airflow refuses', () => {
  test.each([
    [400, 'error', 'RestApiClientException'],
    [422, 'error', 'RestApiClientException'],
    [401, 'denied', 'RestApiClientException'],
    [403, 'denied', 'RestApiClientException'],
    [429, 'throttled', 'RestApiClientException'],
    [500, 'dark', 'RestApiServerException'],
    [503, 'dark', 'RestApiServerException'],
  ])('with %i is %s', async (status, quality, awsCode) => {
    server.script(refusal(status));
    await expect(airflow().trigger(ENV, 'mwaadr_restore', 'r', {})).rejects.toMatchObject({
      quality,
      awsCode,
      service: 'airflow-env',
      message: `Airflow of ${ENV} in ${REGION} answered POST /dags/mwaadr_restore/dagRuns with ${status}: said Airflow`,
    });
  });

  test.each([
    ['AccessDeniedException', 403, 'denied'],
    ['ResourceNotFoundException', 404, 'error'],
    ['InternalServerException', 500, 'dark'],
    ['ThrottlingException', 429, 'throttled'],
  ])('%s of the service itself is %s', async (code, status, quality) => {
    server.script(json({ message: 'x' }, status, { 'x-amzn-errortype': code }));
    await expect(airflow().health(ENV)).rejects.toMatchObject({ quality, awsCode: code, service: 'airflow-env' });
  });

  test('an answer of another shape is an error, not health', async () => {
    server.script(answer('<html>sign in</html>'));
    await expect(airflow().health(ENV)).rejects.toMatchObject({ quality: 'error' });
    server.script(...Array.from({ length: 4 }, () => answer({ task_instances: [] })));
    await expect(airflow().work(ENV, 0)).rejects.toMatchObject({ quality: 'error' });
  });

  test('a path that InvokeRestApi would refuse is not sent', async () => {
    server.script(answer({}));
    await expect(airflow().runState(ENV, 'd'.repeat(40), 'r'.repeat(20))).rejects.toThrow('at most 64 characters');
    expect(server.requests).toHaveLength(0);
  });
});

describe('DAGs', () => {
  const ids = Array.from({ length: 253 }, (_, index) => `dag_${String(index).padStart(3, '0')}`);

  // A team may set `maximum_page_limit` lower than what is asked for.
  test.each([100, 30])('are listed from every page, of %i rows', async (rows) => {
    server.script(({ body }) => {
      const offset = Number((JSON.parse(body) as AirflowCall).QueryParameters?.['offset']);
      const dags = ids.slice(offset, offset + rows).map((dag_id) => ({ dag_id, is_paused: false }));
      return answer({ dags, total_entries: ids.length });
    });
    expect((await airflow().dags(ENV)).map(({ dagId }) => dagId)).toEqual(ids);
    server.script(({ body }) => {
      const offset = Number((JSON.parse(body) as AirflowCall).QueryParameters?.['offset']);
      const import_errors = ids.slice(offset, offset + rows).map((filename) => ({ filename }));
      return answer({ import_errors, total_entries: ids.length });
    });
    expect(await airflow().importErrors(ENV)).toEqual(ids);
  });

  test('that are deleted while they are listed leave no page without an end', async () => {
    const dags = ids.slice(0, 100).map((dag_id) => ({ dag_id, is_paused: false }));
    server.script(answer({ dags, total_entries: 101 }), answer({ dags: [], total_entries: 101 }));
    expect(await airflow().dags(ENV)).toHaveLength(100);
  });
});

describe('pausing', () => {
  const soon = () => ({ notAfter: Date.now() + 5_000 });

  test('takes one DAG at a time, so that our own can never be among them', async () => {
    server.script(answer({ dag_id: 'orders', is_paused: true }));
    await airflow().pause(ENV, 'orders', soon());
    expect(calls()).toEqual([{ Method: 'PATCH', Path: '/dags/orders', Body: { is_paused: true } }]);
  });

  test('names a DAG by a pattern where InvokeRestApi takes no path so long', async () => {
    const dagId = `orders_${'x'.repeat(60)}`;
    server.script(answer({ dags: [], total_entries: 1 }));
    await airflow().pause(ENV, dagId, soon());
    const QueryParameters = { limit: 100, dag_id_pattern: dagId };
    expect(calls()).toEqual([{ Method: 'PATCH', Path: '/dags', QueryParameters, Body: { is_paused: true } }]);
  });

  test('that was decided too long ago sends nothing', async () => {
    server.script(answer({}));
    const late = airflow().pause(ENV, 'orders', { notAfter: Date.now() - 1 });
    await expect(late).rejects.toMatchObject({ quality: 'error', awsCode: 'TooLate' });
    expect(server.requests).toHaveLength(0);
  });

  test('of a DAG that is not there is an error', async () => {
    server.script(refusal(404));
    await expect(airflow().pause(ENV, 'orders', soon())).rejects.toMatchObject({ quality: 'error' });
  });
});
