import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { defaultCredentials, cached, roleCredentials } from '../../../action/src/aws/credentials.ts';
import { AwsFault } from '../../../action/src/domain/faults.ts';
import { PATIENT, startScriptedServer, type Answer, type ScriptedServer } from './scripted-server.ts';

const ROLE = 'arn:aws:iam::111122223333:role/dr';
let west: ScriptedServer;
let east: ScriptedServer;
beforeAll(async () => {
  [west, east] = await Promise.all([startScriptedServer(), startScriptedServer()]);
});
afterAll(() => Promise.all([west.close(), east.close()]));

const given = (expiration = new Date(Date.now() + 3_600_000)): Answer => ({
  body: `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>session</SessionToken><Expiration>${expiration.toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
});
const refused = (code: string, status = 403): Answer => ({
  status,
  body: `<ErrorResponse><Error><Code>${code}</Code><Message>Not authorized</Message></Error></ErrorResponse>`,
});

function role(idToken = () => Promise.resolve('eyJ.id.token')) {
  const secrets: string[] = [];
  const source = roleCredentials({
    roleArn: ROLE,
    sessionName: 'mwaadr-1',
    regions: ['us-west-2', 'us-east-1'],
    idToken,
    endpoints: new Map([
      ['us-west-2', west.url],
      ['us-east-1', east.url],
    ]),
    keepSecret: (secret) => secrets.push(secret),
    limits: PATIENT,
  });
  return { source, secrets };
}

describe('role-to-assume', () => {
  test('is assumed with the id token, unsigned, at the first STS of the list', async () => {
    west.script(given());
    const { source, secrets } = role();
    expect(await source()).toMatchObject({ accessKeyId: 'ASIA1', secretAccessKey: 'secret', sessionToken: 'session' });
    const form = new URLSearchParams(west.requests[0]?.body);
    expect(Object.fromEntries(form)).toMatchObject({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: ROLE,
      RoleSessionName: 'mwaadr-1',
      WebIdentityToken: 'eyJ.id.token',
    });
    expect(west.requests[0]?.headers.authorization).toBeUndefined();
    expect(secrets).toEqual(['eyJ.id.token', 'secret', 'session']);
  });

  test('is assumed at the other STS when the first is dark', async () => {
    west.script('reset');
    east.script(given());
    expect(await role().source()).toMatchObject({ accessKeyId: 'ASIA1' });
  });

  test('refused in one Region and dark in the other is refused', async () => {
    west.script('reset');
    east.script(refused('AccessDenied'));
    await expect(role().source()).rejects.toMatchObject({ quality: 'denied', service: 'sts', awsCode: 'AccessDenied' });
  });

  test('without STS anywhere is dark', async () => {
    west.script('reset');
    east.script('reset');
    await expect(role().source()).rejects.toMatchObject({ quality: 'dark', service: 'sts', region: 'us-west-2' });
  });

  test('without an id token is denied, and says which permission the job lacks', async () => {
    const { source } = role(() => Promise.reject(new Error('Unable to get ACTIONS_ID_TOKEN_REQUEST_URL env variable')));
    await expect(source()).rejects.toMatchObject({
      quality: 'denied',
      service: 'sts',
      message: expect.stringContaining('id-token: write'),
    });
  });
});

describe('kept credentials', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });
  const minutes = (count: number) => count * 60_000;
  const lasting = (count: number) => ({
    accessKeyId: 'a',
    secretAccessKey: 's',
    expiration: new Date(Date.now() + minutes(count)),
  });

  test('are asked for once, however many need them', async () => {
    const source = jest.fn(() => Promise.resolve(lasting(60)));
    const credentials = cached(source);
    await Promise.all([credentials(), credentials()]);
    await credentials();
    expect(source).toHaveBeenCalledTimes(1);
  });

  test('are renewed five minutes before they expire', async () => {
    const source = jest.fn(() => Promise.resolve(lasting(60)));
    const credentials = cached(source);
    await credentials();
    jest.advanceTimersByTime(minutes(54));
    await credentials();
    expect(source).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(minutes(2));
    await credentials();
    expect(source).toHaveBeenCalledTimes(2);
  });

  test('serve on while a renewal fails, to their end', async () => {
    const fault = new AwsFault({
      quality: 'dark',
      service: 'sts',
      region: 'r',
      operation: 'o',
      awsCode: 'c',
      message: 'm',
    });
    const source = jest
      .fn(() => Promise.resolve(lasting(60)))
      .mockImplementationOnce(() => Promise.resolve(lasting(6)));
    const credentials = cached(source);
    const first = await credentials();
    source.mockImplementation(() => Promise.reject(fault));
    jest.advanceTimersByTime(minutes(3));
    expect(await credentials()).toBe(first);
    expect(await credentials()).toBe(first);
    expect(source).toHaveBeenCalledTimes(2);
    jest.advanceTimersByTime(minutes(3));
    await expect(credentials()).rejects.toBe(fault);
  });

  test('that could not be had are not asked for again at once', async () => {
    const source = jest.fn(() => Promise.reject(new Error('no')));
    const credentials = cached(source);
    await expect(credentials()).rejects.toThrow('no');
    await expect(credentials()).rejects.toThrow('no');
    expect(source).toHaveBeenCalledTimes(1);
    jest.advanceTimersByTime(11_000);
    await expect(credentials()).rejects.toThrow('no');
    expect(source).toHaveBeenCalledTimes(2);
  });
});

describe("the SDK's default chain", () => {
  const before = { ...process.env };
  afterEach(() => {
    process.env = { ...before };
  });

  test('finds credentials in the environment and keeps them secret', async () => {
    process.env['AWS_ACCESS_KEY_ID'] = 'AKID';
    process.env['AWS_SECRET_ACCESS_KEY'] = 'hidden';
    process.env['AWS_SESSION_TOKEN'] = 'token';
    const secrets: string[] = [];
    const source = defaultCredentials('us-west-2', (secret) => secrets.push(secret));
    expect(await source()).toMatchObject({ accessKeyId: 'AKID', secretAccessKey: 'hidden' });
    expect(secrets).toEqual(['hidden', 'token']);
  });

  test('that finds nothing is denied', async () => {
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) Reflect.deleteProperty(process.env, name);
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = process.env['AWS_CONFIG_FILE'] = '/nonexistent';
    await expect(defaultCredentials('us-west-2', () => undefined)()).rejects.toMatchObject({
      quality: 'denied',
      service: 'sts',
      awsCode: 'CredentialsProviderError',
    });
  });
});
