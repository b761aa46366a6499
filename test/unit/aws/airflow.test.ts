import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import * as mwaa from '@aws-sdk/client-mwaa';
import { createAirflow } from '../../../action/src/airflow/airflow.ts';
import { createRestApi } from '../../../action/src/aws/mwaa.ts';
import {
  json,
  sessionAt,
  startScriptedServer,
  type Answer,
  type ScriptedServer,
  type SeenRequest,
} from './scripted-server.ts';

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
  });

  test('a path that InvokeRestApi would refuse is not sent', async () => {
    server.script(answer({}));
    await expect(airflow().runState(ENV, 'd'.repeat(40), 'r'.repeat(20))).rejects.toThrow('at most 64 characters');
    expect(server.requests).toHaveLength(0);
  });
});

/** As much of Airflow as lists and pauses DAGs by page. */
class PausableAirflow {
  readonly dags = new Map<string, boolean>();

  answer = ({ body }: SeenRequest): Answer => {
    const { Method, Path, QueryParameters = {}, Body } = JSON.parse(body) as AirflowCall;
    if (Path !== '/dags') return this.#one(Path.slice('/dags/'.length), Body?.['is_paused'] === true);
    const page = [...this.dags.keys()]
      .sort()
      .slice(Number(QueryParameters['offset']), Number(QueryParameters['offset']) + 100);
    if (Method === 'PATCH') for (const dagId of page) this.dags.set(dagId, true);
    const dags = page.map((dag_id) => ({ dag_id, is_paused: this.dags.get(dag_id) }));
    return answer({ dags, total_entries: this.dags.size });
  };

  #one(dagId: string, paused: boolean): Answer {
    if (!this.dags.has(dagId)) return refusal(404);
    this.dags.set(dagId, paused);
    return answer({ dag_id: dagId, is_paused: paused });
  }
}

describe('pausing', () => {
  let pausable: PausableAirflow;
  beforeEach(() => {
    pausable = new PausableAirflow();
    for (let number = 0; number < 250; number++) pausable.dags.set(`${number % 2 === 0 ? 'a' : 'z'}_${number}`, false);
    for (const dagId of ['mwaadr_canary', 'mwaadr_snapshot', 'mwaadr_restore']) pausable.dags.set(dagId, false);
    server.script(pausable.answer);
  });
  const ours = () => [...pausable.dags].filter(([dagId]) => dagId.startsWith('mwaadr_')).map(([, paused]) => paused);

  test('reaches every page and leaves our own DAGs running', async () => {
    expect(await airflow().pauseAllUserDags(ENV)).toBe(250);
    expect(ours()).toEqual([false, false, false]);
    expect(calls()[0]).toEqual({
      Method: 'PATCH',
      Path: '/dags',
      QueryParameters: { limit: 100, offset: 0, dag_id_pattern: '%' },
      Body: { is_paused: true },
    });
  });

  test('whose reply is lost leaves our own DAGs running too', async () => {
    // All on the page whose reply is lost.
    for (let number = 10; number < 250; number++)
      for (const letter of ['a', 'z']) pausable.dags.delete(`${letter}_${number}`);
    server.script((request) => {
      const reply = pausable.answer(request);
      return request.body.includes('dag_id_pattern') ? { status: 502 } : reply;
    });
    await expect(airflow().pauseAllUserDags(ENV)).rejects.toMatchObject({ quality: 'dark' });
    expect(ours()).toEqual([false, false, false]);
  });

  test('a list has every page', async () => {
    expect(await airflow().dags(ENV)).toHaveLength(253);
  });
});
