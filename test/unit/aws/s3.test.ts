import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createObjectStore } from '../../../action/src/aws/s3.ts';
import { sessionAt, startScriptedServer, xmlError, type ScriptedServer } from './scripted-server.ts';

const REGION = 'us-west-2';
const DATE = 'Tue, 24 Nov 2026 10:15:00 GMT';
const AT = Date.parse(DATE);

let server: ScriptedServer;
const store = () => createObjectStore(sessionAt(REGION, server.url), REGION);
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
        if (++sent < 8) return;
        clearInterval(timer);
        response.end();
      }, 100);
      return undefined;
    });
    expect(await store().sha256('bucket', 'key')).toMatchObject({ size: 8 });
  });

  test('a download that stalls is dark', async () => {
    server.script((_request, response) => {
      response.writeHead(200, { ...found('').headers, 'content-length': '10' });
      response.write('12345');
      return undefined;
    });
    expect(await fault(store().get('bucket', 'key'))).toMatchObject({ quality: 'dark', operation: 'GetObject' });
  });

  test('a list has all pages, sorted', async () => {
    const page = (key: string, next: string) => ({
      body: `<ListBucketResult><Contents><Key>${key}</Key><Size>7</Size><LastModified>2026-11-24T10:15:00.000Z</LastModified></Contents>${next}</ListBucketResult>`,
    });
    server.script(
      page('p/b', '<IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>'),
      page('p/a', ''),
    );
    expect(await store().list('bucket', 'p/')).toEqual([
      { key: 'p/a', size: 7, lastModified: AT },
      { key: 'p/b', size: 7, lastModified: AT },
    ]);
    expect(server.requests[1]?.path).toContain('continuation-token=t');
  });
});

describe('writing', () => {
  const written = { headers: { date: DATE, etag: '"new"' } };

  test('each condition is the header that S3 knows', async () => {
    server.script(written);
    const s3 = store();
    expect(await s3.put('bucket', 'k.json', '{}', { ifAbsent: true })).toEqual({
      written: true,
      etag: '"new"',
      date: AT,
    });
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
