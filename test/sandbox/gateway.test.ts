import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CloudWatchClient,
  GetMetricDataCommand,
  PutMetricDataCommand,
  type GetMetricDataCommandInput,
} from '@aws-sdk/client-cloudwatch';
import { DecryptCommand, GenerateDataKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetEnvironmentCommand, ListEnvironmentsCommand, MWAAClient } from '@aws-sdk/client-mwaa';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
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

/** Clients as the action makes them; `signedFor` lets one ask the wrong Region. */
function clients(region: Region, accessKeyId: string = ACCESS_KEYS.runner, signedFor = region) {
  const credentials = { accessKeyId, secretAccessKey: SECRET_KEY };
  const config = {
    region: signedFor,
    endpoint: services.gateway(region).url,
    credentials,
    maxAttempts: 1,
    disableHostPrefix: true,
  };
  return {
    s3: new S3Client({ ...config, forcePathStyle: true }),
    cloudWatch: new CloudWatchClient(config),
    kms: new KMSClient(config),
    sts: new STSClient(config),
    mwaa: new MWAAClient(config),
  };
}

interface SdkError {
  name: string;
  status: number | undefined;
}

async function errorOf(call: Promise<unknown>): Promise<SdkError> {
  return call.then(
    () => ({ name: 'no error', status: undefined }),
    (error: unknown) => {
      const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      // In jest's own realm the SDK does not recognise Node's errors and wraps them: the code survives in the text only.
      return { name: /ECONNRESET/.exec(message)?.[0] ?? name, status: $metadata?.httpStatusCode };
    },
  );
}

/** One call of each service, by its name in the signature. */
function calls(region: Region, accessKey?: string): Record<string, () => Promise<unknown>> {
  const { s3, cloudWatch, kms, sts, mwaa } = clients(region, accessKey);
  const now = new Date();
  const window = { StartTime: new Date(now.getTime() - 60_000), EndTime: now };
  return {
    s3: () => s3.send(new ListObjectsV2Command({ Bucket: drBucket(region) })),
    monitoring: () => cloudWatch.send(new GetMetricDataCommand({ ...window, MetricDataQueries: [] })),
    kms: () => kms.send(new GenerateDataKeyCommand({ KeyId: 'alias/mwaadr', KeySpec: 'AES_256' })),
    sts: () => sts.send(new GetCallerIdentityCommand({})),
    airflow: () => mwaa.send(new ListEnvironmentsCommand({})),
  };
}

const SERVICES = ['s3', 'monitoring', 'kms', 'sts', 'airflow'] as const;

describe('without a fault', () => {
  it.each(SERVICES)('%s answers, and the request is recorded with service, operation and key', async (service) => {
    const gateway = services.gateway('us-west-2');
    const before = gateway.requests.length;
    await calls('us-west-2')[service]?.();
    const operations = {
      s3: 'ListObjectsV2',
      monitoring: 'GetMetricData',
      kms: 'GenerateDataKey',
      sts: 'GetCallerIdentity',
      airflow: 'ListEnvironments',
    };
    expect(gateway.requests.slice(before)).toMatchObject([
      { service, operation: operations[service], accessKey: ACCESS_KEYS.runner, status: 200 },
    ]);
  });

  it('carries an object there and back, with its checksum, and refuses a spoiled one', async () => {
    const { s3 } = clients('us-east-1');
    const Body = Buffer.alloc(3_000_000, 'payload');
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'big', Body, ChecksumAlgorithm: 'SHA256' }));
    const got = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'big', ChecksumMode: 'ENABLED' }));
    expect(got.ChecksumSHA256).toBeDefined();
    expect(Body.equals((await got.Body?.transformToByteArray()) ?? Buffer.alloc(0))).toBe(true);
    const spoiled = { Bucket: bucket, Key: 'spoiled', Body: 'x', ChecksumSHA256: got.ChecksumSHA256 };
    expect(await errorOf(s3.send(new PutObjectCommand(spoiled)))).toEqual({ name: 'BadDigest', status: 400 });
  });

  it('lets exactly one of many conditional writers win', async () => {
    const { s3 } = clients('us-east-1');
    const claim = (): Promise<unknown> =>
      s3.send(new PutObjectCommand({ Bucket: bucket, Key: `claim`, Body: 'me', IfNoneMatch: '*' }));
    const outcomes = await Promise.all(Array.from({ length: 24 }, () => errorOf(claim())));
    expect(outcomes.filter(({ name }) => name === 'no error')).toHaveLength(1);
    expect(outcomes.filter(({ status }) => status === 412)).toHaveLength(23);
  });

  it('decrypts by alias with the right context only, and only in its own Region', async () => {
    const { kms } = clients('us-east-1');
    const KeyId = `arn:aws:kms:us-east-1:${ACCOUNT}:alias/mwaadr`;
    const EncryptionContext = { deployment: 'orders' };
    const key = await kms.send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext }));
    const wrapped = { CiphertextBlob: key.CiphertextBlob, KeyId };
    const opened = await kms.send(new DecryptCommand({ ...wrapped, EncryptionContext }));
    expect(opened.Plaintext).toEqual(key.Plaintext);
    const wrongContext = kms.send(new DecryptCommand({ ...wrapped, EncryptionContext: { deployment: 'other' } }));
    expect((await errorOf(wrongContext)).name).toBe('InvalidCiphertextException');
    const elsewhere = clients('us-west-2').kms.send(
      new DecryptCommand({ CiphertextBlob: key.CiphertextBlob, EncryptionContext }),
    );
    expect((await errorOf(elsewhere)).name).not.toBe('no error');
  });

  it('finds a metric whatever the order of its dimensions', async () => {
    const { cloudWatch } = clients('us-east-1');
    const Environment = { Name: 'Environment', Value: 'orders' };
    const Scheduler = { Name: 'Function', Value: 'Scheduler' };
    const MetricName = 'SchedulerHeartbeat';
    const datum = { MetricName, Dimensions: [Scheduler, Environment], Timestamp: new Date(), Value: 1 };
    await cloudWatch.send(new PutMetricDataCommand({ Namespace: 'Test', MetricData: [datum] }));
    const query = (Dimensions: typeof datum.Dimensions): GetMetricDataCommandInput => ({
      StartTime: new Date(Date.now() - 60_000),
      EndTime: new Date(Date.now() + 60_000),
      MetricDataQueries: [
        { Id: 'a', MetricStat: { Metric: { Namespace: 'Test', MetricName, Dimensions }, Period: 10, Stat: 'Sum' } },
      ],
    });
    for (const dimensions of [
      [Scheduler, Environment],
      [Environment, Scheduler],
    ]) {
      const { MetricDataResults } = await cloudWatch.send(new GetMetricDataCommand(query(dimensions)));
      expect(MetricDataResults?.[0]?.Values).toEqual([1]);
    }
  });

  it('takes the unsigned AssumeRoleWithWebIdentity for STS', async () => {
    const { sts } = clients('us-west-2');
    const request = {
      RoleArn: `arn:aws:iam::${ACCOUNT}:role/dr`,
      RoleSessionName: 'run-1',
      WebIdentityToken: 'a.b.c',
    };
    const { Credentials } = await sts.send(new AssumeRoleWithWebIdentityCommand(request));
    expect(Credentials?.SessionToken).toBeDefined();
    expect(services.gateway('us-west-2').requests.at(-1)).toMatchObject({
      service: 'sts',
      operation: 'AssumeRoleWithWebIdentity',
      accessKey: '',
    });
  });
});

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
    const { name, status } = await errorOf(calls('us-east-1')[service]?.() ?? Promise.resolve());
    expect(`${name} ${status}`).toMatch(new RegExp(`^${expected[service][effect]}`));
    const others = SERVICES.filter((other) => other !== service);
    for (const other of others)
      expect(await errorOf(calls('us-east-1')[other]?.() ?? Promise.resolve())).toMatchObject({ name: 'no error' });
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
    expect(
      (await errorOf(calls('us-east-1', ACCESS_KEYS.execution['us-west-2'])['s3']?.() ?? Promise.resolve())).name,
    ).toBe('AccessDenied');
    expect((await errorOf(calls('us-east-1')['s3']?.() ?? Promise.resolve())).name).toBe('no error');
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
    expect((await errorOf(calls('us-east-1')['kms']?.() ?? Promise.resolve())).name).toBe('no error');
  });
});

describe('darkness', () => {
  it.each(SERVICES)('refused: %s sees its connection reset', async (service) => {
    services.gateway('us-east-1').fault('refused');
    expect((await errorOf(calls('us-east-1')[service]?.() ?? Promise.resolve())).name).toBe('ECONNRESET');
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
    await calls('us-east-1')['sts']?.();
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

describe('Regions are apart', () => {
  it.each(['s3', 'kms', 'sts'] as const)('a signature for the other Region is refused by %s', async (service) => {
    const { s3, kms, sts } = clients('us-east-1', ACCESS_KEYS.runner, 'us-west-2');
    const call = {
      s3: () => s3.send(new ListObjectsV2Command({ Bucket: bucket })),
      kms: () => kms.send(new GenerateDataKeyCommand({ KeyId: 'alias/mwaadr', KeySpec: 'AES_256' })),
      sts: () => sts.send(new GetCallerIdentityCommand({})),
    }[service];
    expect((await errorOf(call())).name).toMatch(/AuthorizationHeaderMalformed|InvalidSignature/);
  });

  it("a bucket of the other Region is not to be had at this Region's door", async () => {
    const call = clients('us-east-1').s3.send(new ListObjectsV2Command({ Bucket: drBucket('us-west-2') }));
    expect(await errorOf(call)).toEqual({ name: 'PermanentRedirect', status: 301 });
  });
});
