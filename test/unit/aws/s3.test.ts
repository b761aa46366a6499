import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createObjectStore } from '../../../action/src/aws/s3.ts';
import { PATIENT, sessionAt, SHORT, startScriptedServer, xmlError, type ScriptedServer } from './scripted-server.ts';

const REGION = 'us-west-2';
const DATE = 'Tue, 24 Nov 2026 10:15:00 GMT';
const AT = Date.parse(DATE);

let server: ScriptedServer;
const store = (limits = PATIENT) => createObjectStore(sessionAt(REGION, server.url, limits), REGION);
const fault = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no fault',
    (error: unknown) => error,
  );

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

const found = (body: string | Uint8Array) => ({
  headers: { date: DATE, etag: '"abc"', 'last-modified': 'Tue, 24 Nov 2026 10:00:00 GMT' },
  body,
});

describe('reading', () => {
  test('an object comes with its etag, its age and the time of S3 itself', async () => {
    server.script(found('{"a":1}'));
    const object = await store().get('bucket', 'control/example.json');
    expect(object).toEqual({
      body: new TextEncoder().encode('{"a":1}'),
      etag: '"abc"',
      lastModified: AT - 15 * 60_000,
      date: AT,
    });
    expect(server.requests[0]).toMatchObject({ method: 'GET', path: '/bucket/control/example.json?x-id=GetObject' });
    expect(server.requests[0]?.headers.authorization).toMatch(
      /Credential=AKIDEXAMPLE\/\d{8}\/us-west-2\/s3\/aws4_request/,
    );
  });

  test('an object that is not there is no fault, a bucket that is not there is one', async () => {
    server.script(xmlError('NoSuchKey', 404));
    expect(await store().get('bucket', 'key')).toBeUndefined();
    expect(await store().sha256('bucket', 'key')).toBeUndefined();
    server.script(xmlError('NoSuchBucket', 404));
    expect(await fault(store().get('bucket', 'key'))).toMatchObject({ quality: 'error', awsCode: 'NoSuchBucket' });
  });

  test('a large object is hashed as it flows', async () => {
    const body = randomBytes(3_000_000);
    server.script(found(body));
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(await store().sha256('bucket', 'key')).toEqual({ sha256, size: 3_000_000 });
  });

  test('a download goes on for as long as bytes flow, beyond the limit of one try', async () => {
    server.script((_request, response) => {
      response.writeHead(200, found('').headers);
      let sent = 0;
      const timer = setInterval(() => {
        response.write('x');
        if (++sent < 12) return;
        clearInterval(timer);
        response.end();
      }, 100);
      return undefined;
    });
    expect(await store(SHORT).sha256('bucket', 'key')).toMatchObject({ size: 12 });
  });

  test('a download that stalls is dark', async () => {
    server.script((_request, response) => {
      response.writeHead(200, { ...found('').headers, 'content-length': '10' });
      response.write('12345');
      return undefined;
    });
    expect(await fault(store(SHORT).get('bucket', 'key'))).toMatchObject({ quality: 'dark', operation: 'GetObject' });
  });

  test('a list has all pages, sorted', async () => {
    const page = (key: string, next: string) => ({
      body: `<ListBucketResult><Contents><Key>${key}</Key><Size>7</Size><ETag>&quot;abc&quot;</ETag><LastModified>2026-11-24T10:15:00.000Z</LastModified></Contents>${next}</ListBucketResult>`,
    });
    server.script(
      page('p/b', '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>'),
      page('p/a', ''),
    );
    expect(await store().list('bucket', 'p/')).toEqual([
      { key: 'p/a', size: 7, lastModified: AT, etag: '"abc"' },
      { key: 'p/b', size: 7, lastModified: AT, etag: '"abc"' },
    ]);
    expect(server.requests[1]?.path).toContain('continuation-token=t');
  });

  test('folders have all pages, too', async () => {
    const page = (name: string, next: string) => ({
      body: `<ListBucketResult><CommonPrefixes><Prefix>p/${name}/</Prefix></CommonPrefixes>${next}</ListBucketResult>`,
    });
    server.script(
      page('a', '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>'),
      page('b', ''),
    );
    expect(await store().folders('bucket', 'p/')).toEqual(['a', 'b']);
    expect(server.requests[1]?.path).toContain('continuation-token=t');
    expect(server.requests[0]?.path).toContain('delimiter=%2F');
  });
});

describe('looking without reading', () => {
  const SHA256 = createHash('sha256').update('content').digest();
  const sha256Header = { 'x-amz-checksum-sha256': SHA256.toString('base64') };

  test("a version comes with S3's own checksum of its content", async () => {
    const headers = { etag: '"abc"', 'content-length': '7', 'x-amz-version-id': 'v1', ...sha256Header };
    server.script({ headers });
    const version = { etag: '"abc"', size: 7, version: 'v1', sha256: SHA256.toString('hex') };
    expect(await store().head('bucket', 'key', 'v1')).toEqual(version);
    expect(server.requests[0]).toMatchObject({ method: 'HEAD', path: '/bucket/key?versionId=v1' });
    expect(server.requests[0]?.headers['x-amz-checksum-mode']).toBe('ENABLED');
  });

  test('a checksum of parts is not taken for one of the content', async () => {
    const parts = { 'x-amz-checksum-sha256': `${SHA256.toString('base64')}-2`, 'x-amz-checksum-type': 'COMPOSITE' };
    server.script({ headers: { etag: '"abc-2"', 'content-length': '7', ...parts } });
    expect(await store().head('bucket', 'key')).toMatchObject({ sha256: undefined });
  });

  test.each([404, 405])('an object that is not there, or deleted in that version (%s), is no fault', async (status) => {
    server.script({ status });
    expect(await store().head('bucket', 'key', 'v1')).toBeUndefined();
  });

  test('rules of replication are those that are on and filter by a prefix only', async () => {
    const rule = (status: string, filter: string, bucket: string) =>
      `<Rule><Status>${status}</Status>${filter}<Destination><Bucket>arn:aws:s3:::${bucket}</Bucket></Destination></Rule>`;
    const tag = '<Tag><Key>k</Key><Value>v</Value></Tag>';
    server.script({
      body: `<ReplicationConfiguration><Role>r</Role>${[
        rule('Enabled', '<Filter><Prefix>dags/</Prefix></Filter>', 'peer'),
        rule('Disabled', '<Filter><Prefix>off/</Prefix></Filter>', 'peer'),
        rule('Enabled', `<Filter>${tag}</Filter>`, 'peer'),
        rule('Enabled', `<Filter><And><Prefix>tagged/</Prefix>${tag}</And></Filter>`, 'peer'),
        rule('Enabled', '<Prefix>old/</Prefix>', 'peer'),
        rule('Enabled', '<Filter></Filter>', 'other'),
      ].join('')}</ReplicationConfiguration>`,
    });
    expect(await store().replication('bucket')).toEqual([
      { prefix: 'dags/', to: 'peer' },
      { prefix: 'old/', to: 'peer' },
      { prefix: '', to: 'other' },
    ]);
    server.script(xmlError('ReplicationConfigurationNotFoundError', 404));
    expect(await store().replication('bucket')).toEqual([]);
  });
});

describe('writing', () => {
  const written = { headers: { date: DATE, etag: '"new"', 'x-amz-version-id': 'v7' } };

  test('each condition is the header that S3 knows', async () => {
    server.script(written);
    const s3 = store();
    expect(await s3.put('bucket', 'k.json', '{}', { ifAbsent: true })).toEqual({
      written: true,
      etag: '"new"',
      date: AT,
      version: 'v7',
    });
    const checksum = createHash('sha256').update('{}').digest('base64');
    expect(server.requests[0]?.headers['x-amz-checksum-sha256']).toBe(checksum);
    await s3.put('bucket', 'k.json', '{}', { ifEtag: '"old"' });
    await s3.put('bucket', 'k.json', new Uint8Array([1, 2]), 'any');
    expect(server.requests.map(({ headers }) => [headers['if-none-match'], headers['if-match']])).toEqual([
      ['*', undefined],
      [undefined, '"old"'],
      [undefined, undefined],
    ]);
    expect(server.requests[0]).toMatchObject({ method: 'PUT', body: '{}' });
    expect(server.requests[0]?.headers['content-type']).toBe('application/json');
  });

  test.each([
    ['PreconditionFailed', 412],
    ['ConditionalRequestConflict', 409],
    ['NoSuchKey', 404],
  ])('%s says that the condition did not hold, at the time of S3', async (code, status) => {
    server.script({ ...xmlError(code, status), headers: { date: DATE } });
    expect(await store().put('bucket', 'key', '{}', { ifEtag: '"old"' })).toEqual({ written: false, date: AT });
    expect(server.requests).toHaveLength(1);
  });

  test('a write whose reply was lost is repeated, and meets itself', async () => {
    server.script('reset', { ...xmlError('PreconditionFailed', 412), headers: { date: DATE } });
    expect(await store().put('bucket', 'key', '{}', { ifAbsent: true })).toEqual({ written: false, date: AT });
    expect(server.requests).toHaveLength(2);
  });

  test('a delete says which object', async () => {
    server.script({ status: 204 });
    await store().delete('bucket', 'key');
    expect(server.requests[0]).toMatchObject({ method: 'DELETE', path: '/bucket/key?x-id=DeleteObject' });
  });
});
