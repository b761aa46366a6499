import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createEnvironments } from '../../../action/src/aws/mwaa.ts';
import { MEMBERS } from '../../../action/src/domain/members.ts';
import { json, PATIENT, sessionAt, SHORT, startScriptedServer, type ScriptedServer } from './scripted-server.ts';

const REGION = 'us-east-1';
const ARN = 'arn:aws:airflow:us-east-1:111122223333:environment/prod';
let server: ScriptedServer;
const environments = (limits = PATIENT) => createEnvironments(sessionAt(REGION, server.url, limits), REGION);
const sent = () => JSON.parse(server.requests[0]?.body ?? '') as unknown;
const exception = (name: string, message: string, status = 400) =>
  json({ message }, status, { 'x-amzn-errortype': name });
const inState = (Status: string) => json({ Environment: { Name: 'prod', Status } });

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server.close());

/** One value for each member of the table, by the API's shape. */
const EVERYTHING = {
  ...Object.fromEntries(
    MEMBERS.filter(({ api, shape }) => shape === 'value' && !api.includes('.')).map(({ api }) => [api, api]),
  ),
  AirflowConfigurationOptions: { 'core.parallelism': '32' },
  LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'INFO' } },
  NetworkConfiguration: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
  Tags: { team: 'orders' },
};

describe('every member that is given arrives', () => {
  test('at CreateEnvironment', async () => {
    server.script(json({ Arn: ARN }));
    expect(await environments().create('prod', EVERYTHING)).toEqual({ accepted: true });
    expect(server.requests[0]).toMatchObject({ method: 'PUT', path: '/environments/prod' });
    expect(sent()).toEqual(EVERYTHING);
  });

  test('at UpdateEnvironment, how workers are replaced as well', async () => {
    const members = { ...EVERYTHING, WorkerReplacementStrategy: 'GRACEFUL' };
    server.script(json({ Arn: ARN }));
    expect(await environments().update('prod', members)).toEqual({ accepted: true });
    expect(server.requests[0]).toMatchObject({ method: 'PATCH', path: '/environments/prod' });
    expect(sent()).toEqual(members);
    expect(server.requests[0]?.headers['content-length']).toBe(String(JSON.stringify(members).length));
  });
});

describe('a change that the service does not take', () => {
  const BAD = exception('ValidationException', 'MaxWorkers must be less than or equal to 25.');

  test('is refused with the service’s words', async () => {
    server.script(BAD, inState('AVAILABLE'));
    expect(await environments().update('prod', { MaxWorkers: 99 })).toEqual({
      accepted: false,
      why: 'refused',
      message: 'MaxWorkers must be less than or equal to 25.',
    });
  });

  test('is refused as well where the last update failed', async () => {
    server.script(BAD, inState('UPDATE_FAILED'));
    expect(await environments().update('prod', {})).toMatchObject({ why: 'refused' });
  });

  test('came at a bad time when the environment is in another state', async () => {
    server.script(BAD, inState('UPDATING'));
    expect(await environments().update('prod', {})).toMatchObject({ accepted: false, why: 'busy' });
  });

  test('is refused at a creation without a look', async () => {
    server.script(exception('ValidationException', "Environment with name 'prod' already exists."));
    expect(await environments().create('prod', {})).toMatchObject({ accepted: false, why: 'refused' });
    expect(server.requests).toHaveLength(1);
  });

  test('is about an environment that is not there', async () => {
    server.script(exception('ResourceNotFoundException', 'not found', 404));
    expect(await environments().update('prod', {})).toMatchObject({ accepted: false, why: 'missing' });
  });

  test('is told by its name alone where an option that was sent may be a secret', async () => {
    const secret = 'smtp-pass 4711';
    const words = `Value '{smtp.smtp_password=${secret}}' at 'airflowConfigurationOptions' failed`;
    server.script(exception('ValidationException', words), inState('AVAILABLE'));
    const answer = await environments().update('prod', {
      AirflowConfigurationOptions: { 'smtp.smtp_password': secret },
    });
    expect(answer).toMatchObject({
      message: expect.stringMatching(/^ValidationException \(its words may quote a secret/),
    });
    expect(JSON.stringify(answer)).not.toContain(secret);
  });
});

describe.each(['create', 'update'] as const)('a lost reply to %s', (change) => {
  test.each<['reset' | 'hang' | 'a 500', 'reset' | 'hang' | ReturnType<typeof exception>]>([
    ['reset', 'reset'],
    ['hang', 'hang'],
    ['a 500', exception('InternalServerException', 'oops', 500)],
  ])('(%s) is dark, and the request is not repeated', async (_, script) => {
    server.script(script, json({ Arn: ARN }));
    await expect(environments(script === 'hang' ? SHORT : PATIENT)[change]('prod', {})).rejects.toMatchObject({
      quality: 'dark',
      service: 'airflow-api',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('is not what a throttled request is: that was not taken, and is repeated', async () => {
    server.script(exception('ThrottlingException', 'Rate exceeded', 429), json({ Arn: ARN }));
    expect(await environments()[change]('prod', {})).toEqual({ accepted: true });
    expect(server.requests).toHaveLength(2);
  });

  test('is not what a denied one is', async () => {
    server.script(exception('AccessDeniedException', 'no', 403));
    await expect(environments()[change]('prod', {})).rejects.toMatchObject({ quality: 'denied' });
  });
});

test('all environments are listed, page by page', async () => {
  server.script(json({ Environments: ['a', 'b'], NextToken: 'b' }), json({ Environments: ['c'] }));
  expect(await environments().list()).toEqual(['a', 'b', 'c']);
  expect(server.requests.map(({ path }) => path)).toEqual([
    '/environments?MaxResults=25',
    '/environments?MaxResults=25&NextToken=b',
  ]);
});

test('tags are set and removed by ARN', async () => {
  server.script(json({}));
  await environments().tag(ARN, { team: 'orders' });
  expect(server.requests[0]).toMatchObject({ method: 'POST', path: `/tags/${encodeURIComponent(ARN)}` });
  expect(sent()).toEqual({ Tags: { team: 'orders' } });
  server.script(json({}));
  await environments().untag(ARN, ['team', 'a b']);
  expect(server.requests[0]).toMatchObject({
    method: 'DELETE',
    path: `/tags/${encodeURIComponent(ARN)}?tagKeys=team&tagKeys=a%20b`,
  });
});
