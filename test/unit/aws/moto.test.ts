import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { CloudWatchClient, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { parseEndpoints } from '../../../action/src/aws/endpoints.ts';
import { createRegions } from '../../../action/src/aws/region.ts';
import type { RegionPorts } from '../../../action/src/domain/ports.ts';
import { startServices, type Services } from '../../sandbox/services.ts';
import { ACCESS_KEYS, ACCOUNT, ACCOUNTS, drBucket, SECRET_KEY } from '../../sandbox/topology.ts';
import type { Effect } from '../../sandbox/types.ts';
import { PATIENT } from './scripted-server.ts';

/** The adapters against a moto and a control plane that have been held to the services' own models. */
let services: Services;
let region: (name: string) => RegionPorts;
const credentials = { accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY };

beforeAll(async () => {
  services = await startServices();
  const session = {
    credentials: () => Promise.resolve(credentials),
    endpoints: parseEndpoints(services.endpoints),
    limits: PATIENT,
    accounts: ACCOUNTS,
  };
  region = createRegions(session, '2.10.3');
}, 120_000);
afterAll(() => services.stop(), 30_000);
afterEach(() => {
  services.gateway('us-east-1').clearFaults();
});

const east = () => region('us-east-1');
const BUCKET = drBucket('us-east-1');

describe('S3', () => {
  test('a record is changed by compare-and-set only', async () => {
    const { objects } = east();
    const first = await objects.put(BUCKET, 'control/x.json', '{"a":1}', { ifAbsent: true });
    expect(first.written).toBe(true);
    expect(await objects.put(BUCKET, 'control/x.json', '{}', { ifAbsent: true })).toMatchObject({ written: false });
    const read = await objects.get(BUCKET, 'control/x.json');
    expect(Buffer.from(read?.body ?? []).toString()).toBe('{"a":1}');
    expect(Math.abs((read?.date ?? 0) - Date.now())).toBeLessThan(5_000);
    expect(Math.abs((read?.lastModified ?? 0) - Date.now())).toBeLessThan(5_000);
    expect(await objects.put(BUCKET, 'control/x.json', '{"a":2}', { ifEtag: read?.etag ?? '' })).toMatchObject({
      written: true,
    });
    expect(await objects.put(BUCKET, 'control/x.json', '{"a":3}', { ifEtag: read?.etag ?? '' })).toMatchObject({
      written: false,
    });
    await objects.delete(BUCKET, 'control/x.json');
    expect(await objects.get(BUCKET, 'control/x.json')).toBeUndefined();
    expect(await objects.put(BUCKET, 'control/x.json', '{}', { ifEtag: read?.etag ?? '' })).toMatchObject({
      written: false,
    });
  });

  test('objects are hashed and listed', async () => {
    const { objects } = east();
    const body = Buffer.alloc(2_000_000, 'part');
    for (const name of ['b', 'a', 'c']) await objects.put(BUCKET, `list/${name}`, body, 'any');
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(await objects.sha256(BUCKET, 'list/a')).toEqual({ sha256, size: body.length });
    expect(await objects.sha256(BUCKET, 'list/z')).toBeUndefined();
    const names = async (after?: string) => (await objects.list(BUCKET, 'list/', after)).map(({ key }) => key);
    expect(await names()).toEqual(['list/a', 'list/b', 'list/c']);
    expect(await names('list/a')).toEqual(['list/b', 'list/c']);
  });

  test('folders are named once, without what is in them', async () => {
    const { objects } = east();
    for (const name of ['b/2', 'b/1', 'a/deep/1', 'c']) await objects.put(BUCKET, `folders/${name}`, '', 'any');
    expect(await objects.folders(BUCKET, 'folders/')).toEqual(['a', 'b']);
  });
});

test('CloudWatch finds heartbeats whatever the order of their dimensions was', async () => {
  const cloudWatch = new CloudWatchClient({
    region: 'us-east-1',
    endpoint: services.gateway('us-east-1').url,
    credentials,
  });
  const dimensions = (environment: string) => [
    { Name: 'Function', Value: 'Scheduler' },
    { Name: 'Environment', Value: environment },
  ];
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  for (const [environment, Dimensions] of [
    ['one', dimensions('one')],
    ['two', dimensions('two').reverse()],
  ] as const) {
    const MetricData = [-90_000, -80_000, -150_000].map((ago) => ({
      MetricName: 'SchedulerHeartbeat',
      Dimensions,
      Timestamp: new Date(now + ago),
      Value: 1,
    }));
    await cloudWatch.send(new PutMetricDataCommand({ Namespace: 'AmazonMWAA', MetricData }));
    expect(await east().metrics.schedulerHeartbeats(environment, 60, 3, now)).toEqual([1, 2, undefined]);
    expect(await east().metrics.schedulerHeartbeatExisted(environment, now)).toBe(true);
  }
  expect(await east().metrics.schedulerHeartbeatExisted('three', now)).toBe(false);
});

test('CloudWatch answers several metrics by their statistics, in the order of the questions', async () => {
  const cloudWatch = new CloudWatchClient({
    region: 'us-east-1',
    endpoint: services.gateway('us-east-1').url,
    credentials,
  });
  const now = Math.floor(Date.now() / 60_000) * 60_000;
  const Dimensions = [{ Name: 'Environment', Value: 'queue' }];
  const MetricData = [
    ['QueuedTasks', -90_000, 4],
    ['QueuedTasks', -80_000, 7],
    ['RunningTasks', -30_000, 0],
  ].map(([MetricName, ago, Value]) => ({
    MetricName: String(MetricName),
    Dimensions,
    Timestamp: new Date(now + Number(ago)),
    Value: Number(Value),
  }));
  await cloudWatch.send(new PutMetricDataCommand({ Namespace: 'AWS/MWAA', MetricData }));
  const of = (metric: string, statistic: string) => ({
    namespace: 'AWS/MWAA',
    metric,
    dimensions: { Environment: 'queue' },
    statistic,
  });
  const queries = [of('RunningTasks', 'Maximum'), of('QueuedTasks', 'Minimum'), of('Nothing', 'Sum')];
  expect(await east().metrics.values(queries, 60, 2, now)).toEqual([
    [undefined, 0],
    [4, undefined],
    [undefined, undefined],
  ]);
});
test('KMS unwraps by alias, in the right context and Region only', async () => {
  const arn = (name: string) => `arn:aws:kms:${name}:${ACCOUNT}:alias/mwaadr`;
  const context = { 'mwaadr:deployment': 'x' };
  const { plaintext, ciphertext } = await east().keys.generateDataKey(arn('us-east-1'), context);
  expect(plaintext).toHaveLength(32);
  expect(await east().keys.decrypt(arn('us-east-1'), ciphertext, context)).toEqual(plaintext);
  const wrapped = await region('us-west-2').keys.encrypt(arn('us-west-2'), plaintext, context);
  expect(await region('us-west-2').keys.decrypt(arn('us-west-2'), wrapped, context)).toEqual(plaintext);
  await expect(east().keys.decrypt(arn('us-east-1'), ciphertext, {})).rejects.toMatchObject({ service: 'kms' });
});

test('STS knows the caller', async () => {
  expect(await east().identity.caller()).toMatch(/^arn:aws:/);
});

test('MWAA has no such environment', async () => {
  expect(await east().environments.describe('nothing')).toBeUndefined();
});

describe.each<[Effect, string]>([
  ['denied', 'denied'],
  ['throttled', 'throttled'],
  ['5xx', 'dark'],
  ['refused', 'dark'],
])('a gateway that answers %s', (effect, quality) => {
  test.each<[string, () => Promise<unknown>]>([
    ['s3', () => east().objects.get(BUCKET, 'k')],
    ['cloudwatch', () => east().metrics.schedulerHeartbeatExisted('x', Date.now())],
    ['kms', () => east().keys.decrypt('arn', new Uint8Array([1]), {})],
    ['sts', () => east().identity.caller()],
    ['airflow-api', () => east().environments.describe('x')],
    ['airflow-env', () => east().airflow.health('x')],
  ])(`makes %s ${quality}`, async (service, call) => {
    services.gateway('us-east-1').fault(effect);
    await expect(call()).rejects.toMatchObject({ name: 'AwsFault', service, quality });
  });
});
