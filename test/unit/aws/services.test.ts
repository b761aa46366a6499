import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { MWAAClient } from '@aws-sdk/client-mwaa';
import { S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';
import { createMetrics } from '../../../action/src/aws/cloudwatch.ts';
import { parseEndpoints } from '../../../action/src/aws/endpoints.ts';
import { createKeys } from '../../../action/src/aws/kms.ts';
import { createEnvironments } from '../../../action/src/aws/mwaa.ts';
import { clientConfig } from '../../../action/src/aws/session.ts';
import { createIdentity } from '../../../action/src/aws/sts.ts';
import { json, sessionAt, startScriptedServer, type ScriptedServer } from './scripted-server.ts';

const REGION = 'us-east-1';
let server: ScriptedServer;
const session = () => sessionAt(REGION, server.url);
const sent = () => JSON.parse(server.requests[0]?.body ?? '') as unknown;
const scope = () => /Credential=AKIDEXAMPLE\/\d{8}\/([^,]+)/.exec(server.requests[0]?.headers.authorization ?? '')?.[1];

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

describe('CloudWatch', () => {
  const NOW = Date.parse('2026-11-24T10:17:42Z');
  const epoch = (time: string) => Date.parse(`2026-11-24T${time}Z`) / 1_000;
  const results = (Timestamps: number[], Values: number[], more = {}) =>
    json({ MetricDataResults: [{ Id: 'm0', StatusCode: 'Complete', Timestamps, Values }], ...more });

  test('is asked for the sums of whole periods', async () => {
    server.script(results([], []));
    await createMetrics(session(), REGION).schedulerHeartbeats('prod', 300, 3, NOW);
    expect(sent()).toMatchObject({ StartTime: epoch('10:00:00'), EndTime: epoch('10:15:00') });
    expect(sent()).toMatchObject({
      MetricDataQueries: [
        {
          MetricStat: {
            Metric: {
              Namespace: 'AmazonMWAA',
              MetricName: 'SchedulerHeartbeat',
              Dimensions: [
                { Name: 'Environment', Value: 'prod' },
                { Name: 'Function', Value: 'Scheduler' },
              ],
            },
            Period: 300,
            Stat: 'Sum',
          },
        },
      ],
    });
    expect(server.requests[0]?.headers['x-amz-target']).toBe('GraniteServiceVersion20100801.GetMetricData');
    expect(scope()).toBe('us-east-1/monitoring/aws4_request');
  });

  test('gives a reading for every period, also for those without data, over all pages', async () => {
    server.script(results([epoch('10:00:00')], [60], { NextToken: 'more' }), results([epoch('10:10:00')], [0]));
    expect(await createMetrics(session(), REGION).schedulerHeartbeats('prod', 300, 3, NOW)).toEqual([60, undefined, 0]);
    expect(server.requests).toHaveLength(2);
  });

  test('is asked for several metrics in one call, and answers in their order', async () => {
    const orders = {
      namespace: 'Team/Orders',
      metric: 'Processed',
      dimensions: { Environment: 'prod', Kind: 'all' },
      statistic: 'Average',
    };
    const errors = { ...orders, metric: 'Errors', dimensions: {} };
    server.script(
      json({
        MetricDataResults: [
          { Id: 'm1', StatusCode: 'Complete', Timestamps: [epoch('10:10:00')], Values: [9] },
          { Id: 'm0', StatusCode: 'Complete', Timestamps: [epoch('10:05:00')], Values: [0.5] },
        ],
      }),
    );
    expect(await createMetrics(session(), REGION).values([orders, errors], 300, 2, NOW)).toEqual([
      [0.5, undefined],
      [undefined, 9],
    ]);
    expect(server.requests).toHaveLength(1);
    const of = (MetricName: string, Dimensions: object[]) => ({
      MetricStat: { Metric: { Namespace: 'Team/Orders', MetricName, Dimensions }, Period: 300, Stat: 'Average' },
    });
    expect(sent()).toMatchObject({
      MetricDataQueries: [
        {
          Id: 'm0',
          ...of('Processed', [
            { Name: 'Environment', Value: 'prod' },
            { Name: 'Kind', Value: 'all' },
          ]),
        },
        { Id: 'm1', ...of('Errors', []) },
      ],
    });
  });

  test('whether the metric existed is a question about the last day', async () => {
    const metrics = createMetrics(session(), REGION);
    server.script(results([], []));
    expect(await metrics.schedulerHeartbeatExisted('prod', NOW)).toBe(false);
    server.script(results([epoch('03:00:00')], [1]));
    expect(await metrics.schedulerHeartbeatExisted('prod', NOW)).toBe(true);
    expect(sent()).toMatchObject({ StartTime: Date.parse('2026-11-23T10:00:00Z') / 1_000, EndTime: epoch('11:00:00') });
  });

  test.each([
    ['Forbidden', 'denied'],
    ['InternalError', 'dark'],
  ])('a query that ends %s inside a good reply is %s', async (StatusCode, quality) => {
    server.script(json({ MetricDataResults: [{ Id: 'heartbeats', StatusCode }] }));
    await expect(createMetrics(session(), REGION).schedulerHeartbeats('prod', 300, 2, NOW)).rejects.toMatchObject({
      quality,
      service: 'cloudwatch',
    });
  });
});

describe('KMS', () => {
  const keys = () => createKeys(session(), REGION);
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const context = { 'mwaadr:deployment': 'example' };

  test('makes, wraps and unwraps a data key in a context', async () => {
    server.script(json({ Plaintext: base64('key'), CiphertextBlob: base64('wrap') }));
    const { plaintext, ciphertext } = await keys().generateDataKey('arn:alias', context);
    expect([plaintext, ciphertext].map((bytes) => Buffer.from(bytes).toString())).toEqual(['key', 'wrap']);
    expect(sent()).toEqual({ KeyId: 'arn:alias', KeySpec: 'AES_256', EncryptionContext: context });
    expect(scope()).toBe('us-east-1/kms/aws4_request');

    server.script(json({ CiphertextBlob: base64('wrap') }));
    expect(Buffer.from(await keys().encrypt('arn:alias', plaintext, context)).toString()).toBe('wrap');
    expect(sent()).toEqual({ KeyId: 'arn:alias', Plaintext: base64('key'), EncryptionContext: context });

    server.script(json({ Plaintext: base64('key') }));
    expect(Buffer.from(await keys().decrypt('arn:alias', ciphertext, context)).toString()).toBe('key');
    expect(sent()).toEqual({ KeyId: 'arn:alias', CiphertextBlob: base64('wrap'), EncryptionContext: context });
  });

  test('a reply without the key is an error', async () => {
    server.script(json({}));
    await expect(keys().decrypt('arn', new Uint8Array([1]), {})).rejects.toMatchObject({
      quality: 'error',
      service: 'kms',
    });
  });
});

describe('MWAA', () => {
  const environments = () => createEnvironments(session(), REGION);

  test('describes an environment and keeps the fields that the client does not know', async () => {
    const Environment = {
      Name: 'prod',
      Status: 'UPDATING',
      AirflowVersion: '2.10.3',
      EnvironmentClass: 'mw1.small',
      DagS3Path: 'dags',
      MinWebservers: 2,
      LastUpdate: { Status: 'PENDING', CreatedAt: 1_795_515_300, WorkerReplacementStrategy: 'GRACEFUL' },
    };
    server.script(json({ Environment }));
    expect(await environments().describe('prod')).toEqual({
      name: 'prod',
      status: 'UPDATING',
      airflowVersion: '2.10.3',
      environmentClass: 'mw1.small',
      dagS3Path: 'dags',
      lastUpdate: { status: 'PENDING', createdAt: 1_795_515_300_000 },
      raw: Environment,
    });
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/environments/prod' });
    expect(scope()).toBe('us-east-1/airflow/aws4_request');
  });

  test('an environment that is not there is no fault', async () => {
    server.script(json({ message: '' }, 404, { 'x-amzn-errortype': 'ResourceNotFoundException' }));
    expect(await environments().describe('prod')).toBeUndefined();
  });
});

test('STS says who we are', async () => {
  const Arn = 'arn:aws:sts::111122223333:assumed-role/dr/run';
  server.script({
    body: `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${Arn}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`,
  });
  expect(await createIdentity(session(), REGION).caller()).toBe(Arn);
  expect(scope()).toBe('us-east-1/sts/aws4_request');
});

describe('MWAADR_ENDPOINTS', () => {
  test('names an address for each Region', () => {
    expect([...parseEndpoints('us-east-1=http://127.0.0.1:1, us-west-2=https://box:2/')]).toEqual([
      ['us-east-1', 'http://127.0.0.1:1'],
      ['us-west-2', 'https://box:2'],
    ]);
    expect(parseEndpoints(undefined).size).toBe(0);
    expect(parseEndpoints(' ').size).toBe(0);
  });

  test.each([
    'us-east-1',
    'us-east-1=127.0.0.1:1',
    'East=http://x',
    'us-east-1=ftp://x',
    'us-east-1=http://x,',
    'us-east-1=http://a,us-east-1=http://b',
    'us-east-1=http://x:99999',
  ])('%s is refused', (text) => {
    expect(() => parseEndpoints(text)).toThrow(expect.objectContaining({ code: 'MDR-INPUT-INVALID' }));
  });

  test('unset, every service is asked at the endpoint of its own Region', () => {
    const config = { ...clientConfig({ ...session(), endpoints: new Map() }, 'eu-west-1') };
    const clients = [new S3Client(config), new CloudWatchClient(config), new STSClient(config), new MWAAClient(config)];
    const hosts = clients.map(hostOf);
    expect(hosts).toEqual([
      's3.eu-west-1.amazonaws.com',
      'monitoring.eu-west-1.amazonaws.com',
      'sts.eu-west-1.amazonaws.com',
      'airflow.eu-west-1.amazonaws.com',
    ]);
  });
});

interface AnyClient {
  config: { endpointProvider(parameters: never, context: never): { url: URL } };
}

function hostOf(client: unknown): string {
  const parameters = { Region: 'eu-west-1', UseFIPS: false, UseDualStack: false, UseGlobalEndpoint: false };
  return (client as AnyClient).config.endpointProvider(parameters as never, {} as never).url.hostname;
}
