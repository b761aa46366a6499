import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createBuckets } from '../../../action/src/aws/s3-bucket.ts';
import { createObjectStore } from '../../../action/src/aws/s3.ts';
import { sessionAt, startScriptedServer, xmlError, type ScriptedServer } from './scripted-server.ts';

const REGION = 'us-west-2';
const ACCOUNT = '444455556666';

let server: ScriptedServer;
const session = (accounts = new Map([[REGION, ACCOUNT]])) => ({ ...sessionAt(REGION, server.url), accounts });
const objects = () => createObjectStore(session(), REGION);
const buckets = () => createBuckets(session(), REGION);

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

/** A name such as `mwaadr-<account>-<region>` can be guessed: a bucket that is deleted may be made anew by anybody. */
describe('every request to S3 says which account the bucket has to belong to', () => {
  const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['get', () => objects().get('b', 'k')],
    ['put', () => objects().put('b', 'k', '{}', 'any')],
    ['list', () => objects().list('b', 'p/')],
    ['folders', () => objects().folders('b', 'p/')],
    ['delete', () => objects().delete('b', 'k')],
    ['head', () => objects().head('b', 'k')],
    ['sha256', () => objects().sha256('b', 'k')],
    ['replication', () => objects().replication('b')],
    ...Object.entries({ ...createBuckets({ ...sessionAt(REGION, ''), accounts: new Map() }, REGION) }).map(
      ([name]) => [`the set-up: ${name}`, () => buckets()[name as keyof ReturnType<typeof buckets>]('b')] as const,
    ),
  ];

  test.each(calls)('%s', async (_, call) => {
    server.script({ headers: { date: 'Tue, 24 Nov 2026 10:15:00 GMT', etag: '"abc"' }, body: '' });
    await call();
    expect(server.requests[0]?.headers).toMatchObject({
      'x-amz-expected-bucket-owner': ACCOUNT,
      authorization: expect.stringContaining('x-amz-expected-bucket-owner'),
      'user-agent': expect.stringContaining('mwaa-dr-action'),
    });
  });

  test('nothing is sent to a Region whose account is not known', async () => {
    server.script({});
    const store = createObjectStore(session(new Map()), REGION);
    await expect(store.get('b', 'k')).rejects.toThrow('account');
    expect(server.requests).toHaveLength(0);
  });

  test('a bucket of somebody else is denied, which is no evidence about the Region', async () => {
    server.script(xmlError('AccessDenied', 403));
    await expect(objects().get('b', 'k')).rejects.toMatchObject({ quality: 'denied' });
  });
});
