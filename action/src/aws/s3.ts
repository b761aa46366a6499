import { createHash } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ListedObject, ObjectStore, StoredObject, WriteCondition, WriteResult } from '../domain/ports.ts';
import { call, type Attempt } from './call.ts';
import { watchReply, type Reply } from './reply.ts';
import { createS3Client } from './s3-client.ts';
import { isNoSuchKey, named } from './s3-errors.ts';
import { head, replication } from './s3-versions.ts';
import type { S3Session } from './session.ts';

/** S3's clock: the `Date` header, which the SDK's outputs leave out. */
function dateOf(reply: Reply | undefined): number {
  const date = Date.parse(reply?.headers?.['date'] ?? '');
  if (Number.isNaN(date)) throw new Error('S3 answered without a Date header');
  return date;
}

const conditions = (when: WriteCondition) =>
  when === 'any' ? {} : 'ifAbsent' in when ? { IfNoneMatch: '*' } : { IfMatch: when.ifEtag };

/** Sends GetObject and hands its chunks to `chunk`. `undefined` when there is no such object. */
async function read(
  client: S3Client,
  where: { Bucket: string; Key: string; VersionId?: string | undefined },
  chunk: (bytes: Uint8Array) => void,
  signal: AbortSignal,
  alive: () => void,
): Promise<{ etag: string; lastModified: number; date: number } | undefined> {
  const command = new GetObjectCommand(where);
  let date = 0;
  watchReply(command, (response) => {
    if ((response.statusCode ?? 0) < 300) date = dateOf(response);
  });
  try {
    const output = await client.send(command, { abortSignal: signal });
    for await (const bytes of output.Body as AsyncIterable<Uint8Array>) {
      alive();
      chunk(bytes);
    }
    return { etag: output.ETag ?? '', lastModified: output.LastModified?.getTime() ?? 0, date };
  } catch (error) {
    if (isNoSuchKey(error)) return undefined;
    throw error;
  }
}

const contentType = (key: string): string =>
  key.endsWith('.json')
    ? 'application/json'
    : key.endsWith('.md')
      ? 'text/markdown; charset=utf-8'
      : 'application/octet-stream';

async function write(
  client: S3Client,
  object: { Bucket: string; Key: string; Body: string | Uint8Array },
  when: WriteCondition,
  signal: AbortSignal,
): Promise<WriteResult> {
  const command = new PutObjectCommand({
    ...object,
    ContentType: contentType(object.Key),
    // S3 compares it and keeps it: from then on HeadObject says what the content is.
    ChecksumSHA256: createHash('sha256').update(object.Body).digest('base64'),
    ...conditions(when),
  });
  let reply: Reply | undefined;
  watchReply(command, (response) => {
    reply = response;
  });
  try {
    const output = await client.send(command, { abortSignal: signal });
    return { written: true, etag: output.ETag ?? '', date: dateOf(reply), version: output.VersionId };
  } catch (error) {
    const conditionFailed = named(error, 'PreconditionFailed', 'ConditionalRequestConflict');
    // If-Match on an object that is gone answers 404.
    const gone = when !== 'any' && 'ifEtag' in when && isNoSuchKey(error);
    if (conditionFailed || gone) return { written: false, date: dateOf(reply) };
    throw error;
  }
}

/** The S3 of one Region. */
export function createObjectStore(session: S3Session, region: string): ObjectStore {
  const client = createS3Client(session, region);
  const s3 = <T>(operation: string, attempt: Attempt<T>, patient = false) =>
    call(session, { service: 's3', region, operation }, attempt, patient);

  async function* pages(where: ListObjectsV2CommandInput): AsyncGenerator<ListObjectsV2CommandOutput> {
    let token: string | undefined;
    do {
      const page = await s3('ListObjectsV2', (signal) =>
        client.send(new ListObjectsV2Command({ ...where, ContinuationToken: token }), { abortSignal: signal }),
      );
      yield page;
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  return {
    region,
    get: (bucket, key) =>
      s3('GetObject', async (signal, alive): Promise<StoredObject | undefined> => {
        const chunks: Uint8Array[] = [];
        const found = await read(client, { Bucket: bucket, Key: key }, (bytes) => chunks.push(bytes), signal, alive);
        return found && { ...found, body: new Uint8Array(Buffer.concat(chunks)) };
      }),
    put: (bucket, key, body, when) =>
      s3('PutObject', (signal) => write(client, { Bucket: bucket, Key: key, Body: body }, when, signal), true),
    async list(bucket, prefix, startAfter) {
      const found: ListedObject[] = [];
      for await (const { Contents = [] } of pages({ Bucket: bucket, Prefix: prefix, StartAfter: startAfter }))
        for (const { Key, Size, LastModified, ETag } of Contents)
          found.push({ key: Key ?? '', size: Size ?? 0, lastModified: LastModified?.getTime() ?? 0, etag: ETag ?? '' });
      return found.sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async folders(bucket, prefix) {
      const found: string[] = [];
      for await (const { CommonPrefixes = [] } of pages({ Bucket: bucket, Prefix: prefix, Delimiter: '/' }))
        found.push(...CommonPrefixes.map(({ Prefix = '' }) => Prefix.slice(prefix.length, -1)));
      return found.sort();
    },
    async delete(bucket, key) {
      await s3('DeleteObject', (signal) =>
        client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal }),
      );
    },
    head: (bucket, key, version) =>
      s3('HeadObject', (signal) => head(client, { Bucket: bucket, Key: key, VersionId: version }, signal)),
    sha256: (bucket, key, version) =>
      s3('GetObject', async (signal, alive) => {
        const hash = createHash('sha256');
        let size = 0;
        const add = (bytes: Uint8Array) => {
          hash.update(bytes);
          size += bytes.length;
        };
        const found = await read(client, { Bucket: bucket, Key: key, VersionId: version }, add, signal, alive);
        return found && { sha256: hash.digest('hex'), size };
      }),
    replication: (bucket) => s3('GetBucketReplication', (signal) => replication(client, bucket, signal)),
  };
}
