import { beforeEach, describe, expect, it } from '@jest/globals';
import { ControlPlane } from './control-plane/control-plane.ts';
import { FakeRuntime } from './control-plane/fake-runtime.ts';
import { HandClock } from './control-plane/hand-clock.ts';
import type { MwaaError } from './control-plane/errors.ts';

const INPUT = {
  Name: 'orders',
  ExecutionRoleArn: 'arn:aws:iam::111122223333:role/orders',
  SourceBucketArn: 'arn:aws:s3:::orders-dags',
  DagS3Path: 'dags',
  NetworkConfiguration: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
};

let clock: HandClock;
let runtime: FakeRuntime;
let controlPlane: ControlPlane;

beforeEach(() => {
  clock = new HandClock();
  runtime = new FakeRuntime();
  controlPlane = new ControlPlane({ region: 'us-east-1', account: '111122223333', runtime, clock, creatingMs: 20 });
});

const status = (): string => controlPlane.getEnvironment({ Name: 'orders' }).Environment.Status;

async function available(): Promise<void> {
  controlPlane.createEnvironment(INPUT);
  clock.advance(20);
  await controlPlane.settled();
}

function errorOf(action: () => unknown): MwaaError {
  try {
    action();
  } catch (error) {
    return error as MwaaError;
  }
  throw new Error('no error');
}

const rejection = async (action: Promise<unknown>): Promise<MwaaError> =>
  action.then(
    () => Promise.reject(new Error('no error')),
    (error: unknown) => error as MwaaError,
  );

describe('creation', () => {
  it('is CREATING for its time and then AVAILABLE', async () => {
    controlPlane.createEnvironment(INPUT);
    expect(status()).toBe('CREATING');
    clock.advance(19);
    expect(status()).toBe('CREATING');
    clock.advance(1);
    await controlPlane.settled();
    expect(status()).toBe('AVAILABLE');
    expect(runtime.created).toMatchObject([{ name: 'orders', dagsBucket: 'orders-dags', dagsPath: 'dags' }]);
  });

  it('is not AVAILABLE before Airflow is up, however late', async () => {
    let up: () => void = () => undefined;
    runtime.starting = new Promise((resolve) => (up = resolve));
    controlPlane.createEnvironment(INPUT);
    clock.advance(3_600_000);
    expect(status()).toBe('CREATING');
    up();
    await controlPlane.settled();
    expect(status()).toBe('AVAILABLE');
  });

  it('ends in CREATE_FAILED with the reason when Airflow does not start', async () => {
    runtime.starting = Promise.reject(new Error('subnets without a route'));
    controlPlane.createEnvironment(INPUT);
    clock.advance(20);
    await controlPlane.settled();
    const { Status, LastUpdate } = controlPlane.getEnvironment({ Name: 'orders' }).Environment;
    expect(Status).toBe('CREATE_FAILED');
    expect(LastUpdate?.Error?.ErrorMessage).toContain('subnets without a route');
  });

  it.each([
    { what: 'a second environment of the same name', existing: [INPUT], input: INPUT },
    { what: 'a missing required member', existing: [], input: { ...INPUT, DagS3Path: undefined } },
    { what: 'a name that MWAA would not take', existing: [], input: { ...INPUT, Name: '1st' } },
    { what: 'a bucket that is none', existing: [], input: { ...INPUT, SourceBucketArn: 'orders-dags' } },
  ])('refuses $what', ({ existing, input }) => {
    for (const other of existing) controlPlane.createEnvironment(other);
    expect(errorOf(() => controlPlane.createEnvironment(input))).toMatchObject({
      name: 'ValidationException',
      status: 400,
    });
  });
});

describe('looking', () => {
  it('does not know an environment that was never made', () => {
    expect(errorOf(() => controlPlane.getEnvironment({ Name: 'nobody' }))).toMatchObject({
      name: 'ResourceNotFoundException',
      status: 404,
    });
  });

  it('lists all environments over pages, each once', () => {
    const names = ['a1', 'b2', 'c3', 'd4', 'e5'];
    for (const Name of names) controlPlane.createEnvironment({ ...INPUT, Name });
    const seen: string[] = [];
    let NextToken: string | undefined;
    do {
      const page = controlPlane.listEnvironments({ MaxResults: 2, ...(NextToken !== undefined && { NextToken }) });
      seen.push(...page.Environments);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(seen).toEqual(names);
  });

  it('hands out copies: changing one changes nothing', async () => {
    await available();
    controlPlane.getEnvironment({ Name: 'orders' }).Environment.Status = 'DELETED';
    expect(status()).toBe('AVAILABLE');
  });
});

describe('InvokeRestApi', () => {
  const call = { Name: 'orders', Path: '/dags', Method: 'GET' } as const;

  it("returns Airflow's status and body", async () => {
    await available();
    runtime.answer = ({ path, query }) => ({ status: 200, body: { path, query } });
    const answer = await controlPlane.invokeRestApi({ ...call, QueryParameters: { limit: 3 } });
    expect(answer).toEqual({ RestApiStatusCode: 200, RestApiResponse: { path: '/dags', query: { limit: 3 } } });
  });

  it.each([
    [404, 'RestApiClientException'],
    [409, 'RestApiClientException'],
    [500, 'RestApiServerException'],
  ])("wraps Airflow's %i in a %s of HTTP 400", async (airflowStatus, name) => {
    await available();
    runtime.answer = () => ({ status: airflowStatus, body: { title: 'no' } });
    const error = await rejection(controlPlane.invokeRestApi(call));
    expect(error).toMatchObject({
      name,
      status: 400,
      body: { RestApiStatusCode: airflowStatus, RestApiResponse: { title: 'no' } },
    });
  });

  it('takes a path of 64 characters and refuses one of 65', async () => {
    await available();
    const path = (length: number): string => '/'.padEnd(length, 'x');
    await expect(controlPlane.invokeRestApi({ ...call, Path: path(64) })).resolves.toMatchObject({
      RestApiStatusCode: 200,
    });
    expect(await rejection(controlPlane.invokeRestApi({ ...call, Path: path(65) }))).toMatchObject({
      name: 'ValidationException',
    });
  });

  it('gives up after ten seconds, not before', async () => {
    await available();
    let answerLate: () => void = () => undefined;
    runtime.answer = () =>
      new Promise(
        (resolve) =>
          (answerLate = () => {
            resolve({ status: 200, body: 'late' });
          }),
      );
    const inTime = controlPlane.invokeRestApi(call);
    clock.advance(9_999);
    answerLate();
    await expect(inTime).resolves.toMatchObject({ RestApiResponse: 'late' });
    const tooLate = rejection(controlPlane.invokeRestApi(call));
    clock.advance(10_000);
    expect(await tooLate).toMatchObject({ name: 'RestApiServerException', body: { RestApiStatusCode: 504 } });
  });

  it('refuses an answer of more than 6 MB', async () => {
    await available();
    runtime.answer = () => ({ status: 200, body: 'x'.repeat(6 * 1024 * 1024) });
    expect(await rejection(controlPlane.invokeRestApi(call))).toMatchObject({
      name: 'InternalServerException',
      status: 500,
    });
  });

  it('lets ten calls a second through and throttles the eleventh', async () => {
    await available();
    await Promise.all(Array.from({ length: 10 }, () => controlPlane.invokeRestApi(call)));
    expect(await rejection(controlPlane.invokeRestApi(call))).toMatchObject({
      name: 'ThrottlingException',
      status: 429,
    });
    clock.advance(100);
    await expect(controlPlane.invokeRestApi(call)).resolves.toMatchObject({ RestApiStatusCode: 200 });
  });

  it('does not reach an environment that is not up', async () => {
    controlPlane.createEnvironment(INPUT);
    expect(await rejection(controlPlane.invokeRestApi(call))).toMatchObject({ name: 'ResourceNotFoundException' });
  });

  it('says 503 when the web server is dead though the environment is AVAILABLE', async () => {
    await available();
    await runtime.stop('orders');
    expect(await rejection(controlPlane.invokeRestApi(call))).toMatchObject({
      name: 'RestApiServerException',
      body: { RestApiStatusCode: 503 },
    });
  });
});
