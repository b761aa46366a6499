import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  UploadPartCommand,
  type HeadObjectCommandOutput,
} from '@aws-sdk/client-s3';
import { startServices, type Services } from './services.ts';
import { dagsBucket, drBucket } from './topology.ts';
import type { Region } from './types.ts';

let services: Services;

beforeAll(async () => {
  services = await startServices();
}, 120_000);
afterAll(() => services.stop(), 30_000);

const EAST = 'us-east-1';
const WEST = 'us-west-2';

const put = (region: Region, Key: string, Body: string, Bucket = drBucket(region)) =>
  services
    .s3(region)
    .send(new PutObjectCommand({ Bucket, Key, Body, Metadata: { nonce: Body }, ContentType: 'text/x' }));

const head = (region: Region, Key: string): Promise<HeadObjectCommandOutput | undefined> =>
  services
    .s3(region)
    .send(new HeadObjectCommand({ Bucket: drBucket(region), Key }))
    .catch(() => undefined);

async function text(region: Region, Key: string): Promise<string | undefined> {
  const { Body } = await services.s3(region).send(new GetObjectCommand({ Bucket: drBucket(region), Key }));
  return Body?.transformToString();
}

describe.each([
  [EAST, WEST],
  [WEST, EAST],
] as const)('from %s to %s', (from, to) => {
  it('copies version id, ETag, time, type and metadata, and says so on both sides', async () => {
    const key = `snapshots/whole-${from}`;
    await put(from, key, 'content');
    await services.moto.replicated();
    const [source, replica] = [await head(from, key), await head(to, key)];
    const { VersionId, ETag, LastModified, ContentType, Metadata } = source ?? {};
    expect(replica).toMatchObject({ VersionId, ETag, LastModified, ContentType, Metadata });
    expect(Metadata).toEqual({ nonce: 'content' });
    expect(VersionId).toMatch(/^[\w-]{30,}$/);
    expect([source?.ReplicationStatus, replica?.ReplicationStatus]).toEqual(['COMPLETED', 'REPLICA']);
    expect(await text(to, key)).toBe('content');
  });

  it('copies a multipart upload', async () => {
    const where = { Bucket: drBucket(from), Key: `snapshots/parts-${from}` };
    const s3 = services.s3(from);
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...where, Metadata: { kind: 'parts' } }));
    const Body = Buffer.alloc(5 * 1024 * 1024, 'a');
    const { ETag } = await s3.send(new UploadPartCommand({ ...where, UploadId, PartNumber: 1, Body }));
    const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
    await s3.send(new CompleteMultipartUploadCommand({ ...where, UploadId, MultipartUpload }));
    await services.moto.replicated();
    expect(await head(to, where.Key)).toMatchObject({
      ContentLength: Body.length,
      Metadata: { kind: 'parts' },
      ETag: expect.stringMatching(/-1"$/),
    });
  });
});

it('copies only the prefixes of the rule', async () => {
  await put(EAST, 'control/orders.json', 'mine');
  await put(EAST, 'evidence/move-1.json', 'everybody');
  await services.moto.replicated();
  expect(await head(WEST, 'control/orders.json')).toBeUndefined();
  expect(await head(WEST, 'evidence/move-1.json')).toBeDefined();
});

it('replicates everything of the DAGs bucket', async () => {
  await put(WEST, 'dags/a.py', 'x', dagsBucket('sandbox', WEST));
  await services.moto.replicated();
  const where = { Bucket: dagsBucket('sandbox', EAST), Key: 'dags/a.py' };
  await expect(services.s3(EAST).send(new HeadObjectCommand(where))).resolves.toBeDefined();
});

it('never sends a replica back', async () => {
  await put(EAST, 'snapshots/once', 'x');
  await services.moto.replicated();
  const list = { Bucket: drBucket(EAST), Prefix: 'snapshots/once' };
  const { Versions } = await services.s3(EAST).send(new ListObjectVersionsCommand(list));
  expect(Versions).toHaveLength(1);
});

it('leaves a deleted object at the other side', async () => {
  await put(EAST, 'snapshots/deleted', 'x');
  await services.moto.replicated();
  await services.s3(EAST).send(new DeleteObjectCommand({ Bucket: drBucket(EAST), Key: 'snapshots/deleted' }));
  await services.moto.replicated();
  expect(await head(EAST, 'snapshots/deleted')).toBeUndefined();
  expect(await head(WEST, 'snapshots/deleted')).toBeDefined();
});

it('waits while a Region is lost, and catches up when it is back', async () => {
  await services.moto.pauseReplication([EAST]);
  await put(WEST, 'snapshots/late', 'x');
  await services.moto.replicated();
  expect(await head(EAST, 'snapshots/late')).toBeUndefined();
  expect((await head(WEST, 'snapshots/late'))?.ReplicationStatus).toBe('PENDING');
  await services.moto.pauseReplication([]);
  await services.moto.replicated();
  expect(await head(EAST, 'snapshots/late')).toBeDefined();
});

it('ends with the later version on both sides when both wrote a key', async () => {
  await services.moto.pauseReplication([EAST]);
  await put(EAST, 'snapshots/both', 'earlier');
  await put(WEST, 'snapshots/both', 'later');
  await services.moto.pauseReplication([]);
  await services.moto.replicated();
  expect([await text(EAST, 'snapshots/both'), await text(WEST, 'snapshots/both')]).toEqual(['later', 'later']);
});
