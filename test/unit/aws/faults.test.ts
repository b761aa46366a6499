import { createServer } from 'node:http';
import { once } from 'node:events';
import { inspect } from 'node:util';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createMetrics } from '../../../action/src/aws/cloudwatch.ts';
import { createKeys } from '../../../action/src/aws/kms.ts';
import { createEnvironments } from '../../../action/src/aws/mwaa.ts';
import { createObjectStore } from '../../../action/src/aws/s3.ts';
import { createNetwork } from '../../../action/src/aws/ec2.ts';
import { createRights } from '../../../action/src/aws/iam.ts';
import { createQuotas } from '../../../action/src/aws/quotas.ts';
import { createIdentity } from '../../../action/src/aws/sts.ts';
import type { Limits } from '../../../action/src/aws/call.ts';
import { AwsFault, type Service } from '../../../action/src/domain/faults.ts';
import {
  json,
  SECRETS,
  sessionAt,
  SHORT,
  startScriptedServer,
  xmlError,
  type Answer,
  type Script,
  type ScriptedServer,
} from './scripted-server.ts';

const REGION = 'us-east-1';
let server: ScriptedServer;
beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

async function faultOf(call: () => Promise<unknown>): Promise<AwsFault> {
  const error = await call().then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof AwsFault) return error;
  throw error as Error;
}

const queryError = (code: string, status: number): Answer => ({
  status,
  body: `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>said the service</Message></Error></ErrorResponse>`,
});

/** One call of every service, and how that service writes an error. */
const SERVICES: Record<
  Service,
  { call: (url?: string, limits?: Limits) => Promise<unknown>; error: (code: string, status: number) => Answer }
> = {
  s3: {
    call: (url = server.url, limits?: Limits) =>
      createObjectStore(sessionAt(REGION, url, limits), REGION).get('b', 'k'),
    error: xmlError,
  },
  kms: {
    call: (url = server.url, limits?: Limits) =>
      createKeys(sessionAt(REGION, url, limits), REGION).decrypt('arn', new Uint8Array([1]), {}),
    error: (code, status) => json({ __type: code, message: 'said the service' }, status),
  },
  cloudwatch: {
    call: (url = server.url, limits?: Limits) =>
      createMetrics(sessionAt(REGION, url, limits), REGION).schedulerHeartbeatExisted('prod', Date.now()),
    error: (code, status) => json({ __type: `com.amazonaws.cloudwatch#${code}`, message: 'said the service' }, status),
  },
  sts: {
    call: (url = server.url, limits?: Limits) => createIdentity(sessionAt(REGION, url, limits), REGION).caller(),
    error: queryError,
  },
  'airflow-api': {
    call: (url = server.url, limits?: Limits) =>
      createEnvironments(sessionAt(REGION, url, limits), REGION).describe('prod'),
    error: (code, status) => json({ message: 'said the service' }, status, { 'x-amzn-errortype': `${code}:http://x/` }),
  },
  'airflow-env': {
    // Its own tests are in invoke-rest-api.test.ts.
    call: (url = server.url, limits?: Limits) =>
      createEnvironments(sessionAt(REGION, url, limits), REGION).describe('prod'),
    error: (code, status) => json({ message: 'said the service' }, status, { 'x-amzn-errortype': code }),
  },
  iam: {
    call: (url = server.url, limits?: Limits) =>
      createRights(sessionAt(REGION, url, limits), REGION).simulate('arn', ['s3:GetObject'], ['*'], {}),
    error: queryError,
  },
  ec2: {
    call: (url = server.url, limits?: Limits) =>
      createNetwork(sessionAt(REGION, url, limits), REGION).subnets(['subnet-0a']),
    error: (code, status) => ({
      status,
      body: `<Response><Errors><Error><Code>${code}</Code><Message>said the service</Message></Error></Errors></Response>`,
    }),
  },
  servicequotas: {
    call: (url = server.url, limits?: Limits) => createQuotas(sessionAt(REGION, url, limits), REGION).environments(),
    error: (code, status) => json({ __type: code, message: 'said the service' }, status),
  },
};
const services = (Object.keys(SERVICES) as Service[]).filter((service) => service !== 'airflow-env');

describe.each(services)('%s', (service) => {
  const { call, error } = SERVICES[service];

  test.each([
    ['AccessDenied', 403, 'denied'],
    ['AccessDeniedException', 400, 'denied'],
    ['ExpiredTokenException', 403, 'denied'],
    ['ExpiredToken', 400, 'denied'],
    ['InvalidClientTokenId', 403, 'denied'],
    ['SignatureDoesNotMatch', 403, 'denied'],
    ['UnrecognizedClientException', 400, 'denied'],
    ['ThrottlingException', 400, 'throttled'],
    ['Throttling', 400, 'throttled'],
    ['SlowDown', 503, 'throttled'],
    ['TooManyRequestsException', 429, 'throttled'],
    ['InternalFailure', 500, 'dark'],
    ['ServiceUnavailable', 503, 'dark'],
    ['ValidationException', 400, 'error'],
  ])('%s with HTTP %i is %s', async (code, status, quality) => {
    server.script(error(code, status));
    expect(await faultOf(call)).toMatchObject({ quality, service, region: REGION, awsCode: code });
    expect(server.requests).toHaveLength(quality === 'throttled' || quality === 'dark' ? 2 : 1);
  });

  test.each([
    [403, 'denied'],
    [401, 'denied'],
    [429, 'throttled'],
    [502, 'dark'],
    [418, 'error'],
  ])('a reply of HTTP %i that is not of the service is %s', async (status, quality) => {
    server.script({ status, headers: { 'content-type': 'text/html' }, body: '<html>proxy</html>' });
    expect(await faultOf(call)).toMatchObject({ quality });
  });

  test('a refusal in the protocol of another service is still a refusal', async () => {
    server.script(xmlError('AccessDenied', 403));
    expect(await faultOf(call)).toMatchObject({ quality: 'denied' });
  });

  test.each<[string, Script]>([
    ['never answers', 'hang'],
    ['breaks the connection', 'reset'],
  ])('an endpoint that %s is dark after two tries, within the time for all', async (_what, script) => {
    server.script(script);
    const started = performance.now();
    expect(await faultOf(() => call(server.url, SHORT))).toMatchObject({ quality: 'dark', service });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(server.requests).toHaveLength(2);
  });

  test('nobody listening, no such name and no TLS are dark', async () => {
    for (const url of [
      `http://127.0.0.1:${await closedPort()}`,
      'http://nowhere.invalid',
      server.url.replace('http', 'https'),
    ])
      expect(await faultOf(() => call(url, SHORT))).toMatchObject({ quality: 'dark', service });
  });
});

async function closedPort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  listener.close();
  await once(listener, 'close');
  return port;
}

describe('a fault', () => {
  test('does not repeat what AWS quoted of a bad signature', async () => {
    const message = `The canonical string was x-amz-security-token:${SECRETS.sessionToken}`;
    server.script(json({ __type: 'InvalidSignatureException', message }, 400));
    const fault = await faultOf(SERVICES.kms.call);
    expect(fault.message).toBe('Decrypt in us-east-1 failed with InvalidSignatureException');
    expect(inspect(fault, { depth: 9 })).not.toContain(SECRETS.sessionToken);
  });

  test('blanks keys, tokens and long texts in what it does repeat', async () => {
    const token = 'A1b2'.repeat(20);
    server.script(
      json({ __type: 'AccessDeniedException', message: `ASIAIOSFODNN7EXAMPLE may not\nuse ${token}` }, 400),
    );
    expect((await faultOf(SERVICES.kms.call)).message).toBe('*** may not use ***');
  });

  test('of credentials passes through as it is', async () => {
    const fault = new AwsFault({
      quality: 'dark',
      service: 'sts',
      region: REGION,
      operation: 'x',
      awsCode: 'y',
      message: 'z',
    });
    const session = { ...sessionAt(REGION, server.url), credentials: () => Promise.reject(fault) };
    expect(await faultOf(() => createObjectStore(session, REGION).get('b', 'k'))).toBe(fault);
  });
});

test('a call that succeeds the second time is a success', async () => {
  server.script(json({}, 500), json({ Plaintext: 'AAAA' }));
  await SERVICES.kms.call();
  expect(server.requests).toHaveLength(2);
});

test('a clock that is wrong is corrected by the second try', async () => {
  const skewed = json({ __type: 'RequestExpired', message: '' }, 400, { date: 'Tue, 24 Nov 2020 10:15:00 GMT' });
  server.script(skewed, json({ Plaintext: 'AAAA' }));
  await SERVICES.kms.call();
  expect(server.requests).toHaveLength(2);
});
