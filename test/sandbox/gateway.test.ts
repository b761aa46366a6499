import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DeleteEnvironmentCommand, GetEnvironmentCommand } from '@aws-sdk/client-mwaa';
import {
  CopyObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { callsOf, clients as clientsOf, errorOf, SERVICES, type SdkError } from './sdk-clients.ts';
import { startServices, type Services } from './services.ts';
import { ACCESS_KEYS, ACCOUNT, drBucket, SECRET_KEY } from './topology.ts';
import type { Region } from './types.ts';

let services: Services;

beforeAll(async () => {
  services = await startServices();
}, 120_000);
afterAll(() => services.stop(), 30_000);
afterEach(() => {
  services.gateway('us-east-1').clearFaults();
  services.gateway('us-east-1').acceptConnections();
});

const bucket = drBucket('us-east-1');
const clients = (region: Region, accessKey?: string, signedFor?: Region) =>
  clientsOf(services, region, accessKey, signedFor);
const calls = (region: Region, accessKey?: string) => callsOf(services, region, accessKey);

describe("a fault reads as the service's own error", () => {
  const expected = {
    s3: { throttled: 'SlowDown 503', denied: 'AccessDenied 403', '5xx': 'InternalError 500' },
    monitoring: { throttled: 'Throttl', denied: 'AccessDenied', '5xx': 'Internal' },
    kms: {
      throttled: 'ThrottlingException 400',
      denied: 'AccessDeniedException 400',
      '5xx': 'KMSInternalException 500',
    },
    sts: { throttled: 'Throttling 400', denied: 'AccessDenied 403', '5xx': 'InternalFailure 500' },
    airflow: {
      throttled: 'ThrottlingException 429',
      denied: 'AccessDeniedException 403',
      '5xx': 'InternalServerException 500',
    },
  } as const;
  const cases = SERVICES.flatMap((service) =>
    (['throttled', 'denied', '5xx'] as const).map((effect) => [service, effect] as const),
  );

  it.each(cases)('%s %s', async (service, effect) => {
    services.gateway('us-east-1').fault(effect, { service });
    const { name, status } = await errorOf(calls('us-east-1')[service]());
    expect(`${name} ${status}`).toMatch(new RegExp(`^${expected[service][effect]}`));
    const others = SERVICES.filter((other) => other !== service);
    for (const other of others) expect(await errorOf(calls('us-east-1')[other]())).toMatchObject({ name: 'no error' });
  });

  it('MWAA is unavailable to whoever would change an environment', async () => {
    services.gateway('us-east-1').fault('5xx', { service: 'airflow' });
    const deletion = clients('us-east-1').mwaa.send(new DeleteEnvironmentCommand({ Name: 'orders' }));
    expect(await errorOf(deletion)).toEqual({ name: 'ServiceUnavailableException', status: 503 });
  });

  it('also where a reply has no body', async () => {
    services.gateway('us-east-1').fault('denied', { service: 's3', operation: 'HeadObject' });
    const head = clients('us-east-1').s3.send(new HeadObjectCommand({ Bucket: bucket, Key: 'x' }));
    expect(await errorOf(head)).toMatchObject({ status: 403 });
  });
});

describe('a fault hits only what it is meant for', () => {
  it('one observer', async () => {
    services.gateway('us-east-1').fault('denied', { accessKey: ACCESS_KEYS.execution['us-west-2'] });
    expect((await errorOf(calls('us-east-1', ACCESS_KEYS.execution['us-west-2']).s3())).name).toBe('AccessDenied');
    expect((await errorOf(calls('us-east-1').s3())).name).toBe('no error');
  });

  it('one path', async () => {
    services.gateway('us-east-1').fault('5xx', { path: /snapshots\// });
    const put = (Key: string): Promise<SdkError> =>
      errorOf(clients('us-east-1').s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' })));
    expect((await put('snapshots/1')).name).toBe('InternalError');
    expect((await put('control/1')).name).toBe('no error');
  });

  it('the api endpoint of MWAA, not its env endpoint', async () => {
    const gateway = services.gateway('us-east-1');
    gateway.fault('throttled', { service: 'airflow', endpoint: 'env' });
    const invoke = await fetch(`${gateway.url}/restapi/orders`, {
      method: 'POST',
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${ACCESS_KEYS.runner}/20260101/us-east-1/airflow/aws4_request`,
      },
      body: JSON.stringify({ Path: '/dags', Method: 'GET' }),
    });
    expect(invoke.status).toBe(429);
    expect(gateway.requests.at(-1)).toMatchObject({ operation: 'InvokeRestApi', airflowCall: 'GET /dags' });
    const get = clients('us-east-1').mwaa.send(new GetEnvironmentCommand({ Name: 'orders' }));
    expect(await errorOf(get)).toEqual({ name: 'ResourceNotFoundException', status: 404 });
  });

  it('no longer than it is in place', async () => {
    const remove = services.gateway('us-east-1').fault('denied');
    remove();
    expect((await errorOf(calls('us-east-1').kms())).name).toBe('no error');
  });
});

describe('darkness', () => {
  it.each(SERVICES)('refused: %s sees its connection reset', async (service) => {
    services.gateway('us-east-1').fault('refused');
    expect((await errorOf(calls('us-east-1')[service]())).name).toBe('ECONNRESET');
  });

  it('hang: the caller waits as long as it is willing to', async () => {
    services.gateway('us-east-1').fault('hang');
    const { s3 } = clients('us-east-1');
    const call = s3.send(new ListObjectsV2Command({ Bucket: bucket }), { abortSignal: AbortSignal.timeout(300) });
    expect((await errorOf(call)).name).toBe('AbortError');
    expect(services.gateway('us-east-1').requests.at(-1)?.status).toBe(0);
  });

  it('refuses open connections too, and answers again afterwards', async () => {
    const gateway = services.gateway('us-east-1');
    const { s3 } = clients('us-east-1');
    const list = (): Promise<SdkError> => errorOf(s3.send(new ListObjectsV2Command({ Bucket: bucket })));
    expect((await list()).name).toBe('no error');
    gateway.refuseConnections();
    expect((await list()).name).toBe('ECONNRESET');
    gateway.acceptConnections();
    expect((await list()).name).toBe('no error');
  });

  it('slow: answers, but late', async () => {
    services.gateway('us-east-1').fault({ slowMs: 300 });
    const start = performance.now();
    await calls('us-east-1').sts();
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
  });
});

describe('hold', () => {
  const put = (Key: string): Promise<unknown> =>
    clients('us-east-1').s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: 'x' }));
  const exists = async (Key: string): Promise<boolean> =>
    (await errorOf(services.s3('us-east-1').send(new HeadObjectCommand({ Bucket: bucket, Key })))).name === 'no error';

  it('keeps a request from taking effect until it is released', async () => {
    const hold = services.gateway('us-east-1').hold({ operation: 'PutObject', path: /held/ });
    const answered = put('held');
    expect(await hold.arrived).toMatchObject({ operation: 'PutObject' });
    expect(await exists('held')).toBe(false);
    hold.release();
    await answered;
    expect(await exists('held')).toBe(true);
  });

  it('dropped before: the caller gets no answer and nothing has happened', async () => {
    const hold = services.gateway('us-east-1').hold({ path: /dropped/ });
    const outcome = errorOf(put('dropped'));
    await hold.arrived;
    hold.drop();
    expect((await outcome).name).toBe('ECONNRESET');
    expect(await exists('dropped')).toBe(false);
  });

  it('dropped after: the caller gets no answer, yet it has happened', async () => {
    const hold = services.gateway('us-east-1').hold({ path: /lost-reply/ }, { after: true });
    const outcome = errorOf(put('lost-reply'));
    await hold.arrived;
    expect(await exists('lost-reply')).toBe(true);
    hold.drop();
    expect((await outcome).name).toBe('ECONNRESET');
  });

  it('takes one request only', async () => {
    const hold = services.gateway('us-east-1').hold({ path: /once/ });
    const first = put('once-1');
    await hold.arrived;
    await put('once-2');
    hold.release();
    await first;
  });
});

describe('the owner that a bucket is expected to have', () => {
  const OURS = 'mwaa-dr-action';
  const list = async (userAgent: string, owner?: string): Promise<string> => {
    const s3 = new S3Client({
      region: 'us-east-1',
      endpoint: services.gateway('us-east-1').url,
      credentials: { accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY },
      forcePathStyle: true,
      maxAttempts: 1,
      customUserAgent: userAgent,
    });
    return (await errorOf(s3.send(new ListObjectsV2Command({ Bucket: bucket, ExpectedBucketOwner: owner })))).name;
  };

  it.each([
    ['the action or a DR DAG that names none', OURS, undefined, 'AccessDenied'],
    ['the action or a DR DAG that names another account', OURS, '999999999999', 'AccessDenied'],
    ['the action or a DR DAG that names the account', OURS, ACCOUNT, 'no error'],
    ['somebody else who names none', 'aws-cli', undefined, 'no error'],
    ['somebody else who names another account', 'aws-cli', '999999999999', 'AccessDenied'],
  ])('%s', async (_, userAgent, owner, answer) => {
    expect(await list(userAgent, owner)).toBe(answer);
  });

  it('is asked of the source of a copy, too', async () => {
    await services.s3('us-east-1').send(new PutObjectCommand({ Bucket: bucket, Key: 'source', Body: 'x' }));
    const copy = { Bucket: bucket, Key: 'copy', CopySource: `${bucket}/source` };
    const { s3 } = clients('us-east-1');
    const foreign = s3.send(new CopyObjectCommand({ ...copy, ExpectedSourceBucketOwner: '999999999999' }));
    expect((await errorOf(foreign)).name).toBe('AccessDenied');
    expect((await errorOf(s3.send(new CopyObjectCommand(copy)))).name).toBe('no error');
  });
});
