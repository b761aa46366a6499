import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { GetMetricDataCommand, PutMetricDataCommand, type GetMetricDataCommandInput } from '@aws-sdk/client-cloudwatch';
import { DecryptCommand, GenerateDataKeyCommand } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { callsOf, clients as clientsOf, errorOf, SERVICES } from './sdk-clients.ts';
import { startServices, type Services } from './services.ts';
import { ACCESS_KEYS, ACCOUNT, drBucket } from './topology.ts';
import type { Region } from './types.ts';

let services: Services;

beforeAll(async () => {
  services = await startServices();
}, 120_000);
afterAll(() => services.stop(), 30_000);

const bucket = drBucket('us-east-1');
const clients = (region: Region, accessKey?: string, signedFor?: Region) =>
  clientsOf(services, region, accessKey, signedFor);
const calls = (region: Region, accessKey?: string) => callsOf(services, region, accessKey);

describe('without a fault', () => {
  it.each(SERVICES)('%s answers, and the request is recorded with service, operation and key', async (service) => {
    const gateway = services.gateway('us-west-2');
    const before = gateway.requests.length;
    await calls('us-west-2')[service]();
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

  it('keeps a SHA-256 of what was stored with one, of parts only that of their checksums, and else none', async () => {
    const { s3 } = clients('us-east-1');
    const Body = Buffer.alloc(6 * 1024 * 1024, 'payload');
    const sha256 = createHash('sha256').update(Body).digest('base64');
    const stored = async (Key: string) => {
      const head = await s3.send(new HeadObjectCommand({ Bucket: bucket, Key, ChecksumMode: 'ENABLED' }));
      return { sha256: head.ChecksumSHA256, type: head.ChecksumType };
    };
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'with', Body, ChecksumSHA256: sha256 }));
    expect((await stored('with')).sha256).toBe(sha256);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'without', Body }));
    expect((await stored('without')).sha256).toBeUndefined();
    const parts = { Bucket: bucket, Key: 'parts' };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...parts, ChecksumAlgorithm: 'SHA256' }));
    const part = { ...parts, UploadId, PartNumber: 1, Body, ChecksumSHA256: sha256 };
    const { ETag } = await s3.send(new UploadPartCommand(part));
    const MultipartUpload = { Parts: [{ ETag, PartNumber: 1, ChecksumSHA256: sha256 }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...parts, UploadId, MultipartUpload }));
    expect(await stored('parts')).toEqual({ sha256: expect.stringMatching(/=-1$/), type: 'COMPOSITE' });
    await s3.send(new CopyObjectCommand({ Bucket: bucket, Key: 'copy', CopySource: `${bucket}/with` }));
    expect((await stored('copy')).sha256).toBe(sha256);
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
