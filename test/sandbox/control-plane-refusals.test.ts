import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BucketFact, BucketFacts } from './control-plane/bucket-facts.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import type { EnvironmentInput } from './control-plane/environment.ts';
import type { MwaaError } from './control-plane/errors.ts';
import { FakeRuntime } from './control-plane/fake-runtime.ts';
import { answer } from './control-plane/wire.ts';

const INPUT = {
  Name: 'orders',
  ExecutionRoleArn: 'arn:aws:iam::111122223333:role/orders',
  SourceBucketArn: 'arn:aws:s3:::orders-dags',
  DagS3Path: 'dags',
  NetworkConfiguration: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
};
const KEY = '1234abcd-12ab-34cd-56ef-1234567890ab';

const make = (options: { buckets?: BucketFacts; quota?: number } = {}): ControlPlane =>
  new ControlPlane({ region: 'us-east-1', account: '111122223333', runtime: new FakeRuntime(), ...options });

let controlPlane: ControlPlane;
beforeEach(() => {
  controlPlane = make();
});

function refusalOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const { name, status, body } = error as MwaaError;
    expect([name, status]).toEqual(['ValidationException', 400]);
    return String(body['message']);
  }
  return 'taken';
}

const creation = (members: object): string => refusalOf(() => controlPlane.createEnvironment({ ...INPUT, ...members }));

describe('CreateEnvironment refuses what the model does not allow', () => {
  const tooLong = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`key-${index}`, 'x']));
  it.each<[string, object, string]>([
    [
      'a missing role',
      { ExecutionRoleArn: undefined },
      `Value null at 'executionRoleArn' failed to satisfy constraint: Member must not be null`,
    ],
    [
      'a role that is none',
      { ExecutionRoleArn: 'orders' },
      `Value 'orders' at 'executionRoleArn' failed to satisfy constraint: Member must satisfy regular expression pattern`,
    ],
    [
      'one subnet',
      { NetworkConfiguration: { ...INPUT.NetworkConfiguration, SubnetIds: ['subnet-1'] } },
      `Value '["subnet-1"]' at 'networkConfiguration.subnetIds' failed to satisfy constraint: Member must have length greater than or equal to 2`,
    ],
    [
      'six security groups',
      { NetworkConfiguration: { ...INPUT.NetworkConfiguration, SecurityGroupIds: Array(6).fill('sg-1') } },
      `at 'networkConfiguration.securityGroupIds' failed to satisfy constraint: Member must have length less than or equal to 5`,
    ],
    ['no network at all', { NetworkConfiguration: {} }, 'two subnets'],
    [
      'an unknown access mode',
      { WebserverAccessMode: 'OPEN' },
      `Member must satisfy enum value set: [PRIVATE_ONLY, PUBLIC_ONLY, PUBLIC_AND_PRIVATE]`,
    ],
    [
      'a maintenance window at a quarter past',
      { WeeklyMaintenanceWindowStart: 'MON:03:15' },
      `at 'weeklyMaintenanceWindowStart'`,
    ],
    [
      'six schedulers',
      { Schedulers: 6 },
      `Value '6' at 'schedulers' failed to satisfy constraint: Member must have value less than or equal to 5`,
    ],
    [
      'a module without its level',
      { LoggingConfiguration: { TaskLogs: { Enabled: true } } },
      `Value null at 'loggingConfiguration.taskLogs.logLevel' failed to satisfy constraint: Member must not be null`,
    ],
    [
      'fifty-one tags',
      { Tags: tooLong },
      `at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50`,
    ],
    [
      'a tag key with a star',
      { Tags: { 'a*': 'x' } },
      `at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern`,
    ],
    ["a tag of AWS's own", { Tags: { 'aws:x': 'y' } }, 'aws:x'],
    ['a name of eighty-one letters', { Name: 'x'.repeat(81) }, 'Member must have length less than or equal to 80'],
  ])('%s', (_what, members, text) => {
    expect(creation(members)).toContain(text);
  });

  it('and counts all that is wrong', () => {
    const text = creation({ Schedulers: 6, EndpointManagement: 'NOBODY', DagS3Path: undefined });
    expect(text).toMatch(/^3 validation errors detected: /);
  });

  it("without telling an option's value", () => {
    const text = creation({ AirflowConfigurationOptions: { 'smtp.password': 'pässword' } });
    expect(text).toContain("'***sensitive***'");
    expect(text).not.toContain('pässword');
  });

  it('and takes all that it allows', () => {
    const members = {
      AirflowConfigurationOptions: { 'core.default_timezone': 'utc' },
      WeeklyMaintenanceWindowStart: 'MON:03:30',
      Tags: { 'cost centre/été': 'a b' },
      KmsKey: `arn:aws:kms:us-east-1:111122223333:key/${KEY}`,
      LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'DEBUG' } },
    };
    expect(creation(members)).toBe('taken');
  });
});

describe('CreateEnvironment refuses what does not go together', () => {
  it.each<[string, Partial<EnvironmentInput>, string]>([
    ['one scheduler for mw1.small', { Schedulers: 1 }, 'Schedulers must be from 2 to 5 for mw1.small.'],
    [
      'two schedulers for mw1.micro',
      { EnvironmentClass: 'mw1.micro', Schedulers: 2 },
      'Schedulers must be 1 for mw1.micro.',
    ],
    [
      'two web servers for mw1.micro',
      { EnvironmentClass: 'mw1.micro', MaxWebservers: 2 },
      'MaxWebservers must be 1 for mw1.micro.',
    ],
    ['a class that is none', { EnvironmentClass: 'mw1.huge' }, `'mw1.huge'`],
    ['twenty-six workers', { MaxWorkers: 26 }, 'MaxWorkers must be less than or equal to 25.'],
    ['more workers at least than at most', { MinWorkers: 5, MaxWorkers: 4 }, 'MinWorkers must be less than'],
    [
      'more web servers at least than at most',
      { MinWebservers: 4, MaxWebservers: 3 },
      'MinWebservers must be less than',
    ],
    ['a version whose support has ended', { AirflowVersion: '2.6.3' }, 'Airflow version 2.6.3 is not supported.'],
    ['a version that MWAA never had', { AirflowVersion: '3.1.0' }, 'Airflow version 3.1.0 is not supported.'],
    ['an alias for its key', { KmsKey: 'arn:aws:kms:us-east-1:111122223333:alias/mwaadr' }, 'is an alias'],
    ['a key of another Region', { KmsKey: `arn:aws:kms:us-west-2:111122223333:key/${KEY}` }, 'is not in us-east-1'],
  ])('%s', (_what, members, text) => {
    expect(creation(members)).toContain(text);
  });

  it('an environment over the quota, and one more than it when one is gone', async () => {
    controlPlane = make({ quota: 2 });
    expect([creation({ Name: 'a' }), creation({ Name: 'b' })]).toEqual(['taken', 'taken']);
    expect(creation({ Name: 'c' })).toContain('limit of 2 environments');
    await controlPlane.settled();
    controlPlane.deleteEnvironment({ Name: 'a' });
    await controlPlane.settled();
    expect(creation({ Name: 'c' })).toBe('taken');
  });

  it('the eleventh, when nobody has asked for more', () => {
    for (let index = 0; index < 10; index++) expect(creation({ Name: `e${index}` })).toBe('taken');
    expect(creation({ Name: 'e10' })).toContain('limit of 10');
  });
});

describe('what is in the bucket is looked up', () => {
  const good: BucketFact = { region: 'us-east-1', isVersioned: true, isPublicAccessBlocked: true };
  const versions: Record<string, string[]> = { 'requirements.txt': ['v1', 'v2'], 'plugins.zip': ['p1'] };
  let fact: BucketFact | undefined;
  const buckets: BucketFacts = {
    bucket: () => Promise.resolve(fact),
    version: (_bucket, key, id) => Promise.resolve(versions[key]?.findLast((one) => id === undefined || one === id)),
  };
  beforeEach(() => {
    fact = good;
    controlPlane = make({ buckets });
  });

  const send = async (method: string, members: object): Promise<string> => {
    const { Name: _, ...body } = { ...INPUT, ...members };
    const sent = method === 'PATCH' ? members : body;
    const { status, body: text } = await answer(controlPlane, {
      method,
      path: '/environments/orders',
      body: JSON.stringify(sent),
    });
    await controlPlane.settled();
    return status === 200 ? 'taken' : (JSON.parse(text) as { message: string }).message;
  };
  const shown = () => controlPlane.getEnvironment({ Name: 'orders' }).Environment;

  it.each<[string, BucketFact | undefined, string]>([
    ['that does not exist', undefined, 'does not exist'],
    ['of another Region', { ...good, region: 'us-west-2' }, 'is in us-west-2, not in us-east-1'],
    ['without versioning', { ...good, isVersioned: false }, 'versioning'],
    ['open to the public', { ...good, isPublicAccessBlocked: false }, 'block all public access'],
  ])('a bucket %s is refused', async (_what, found, text) => {
    fact = found;
    expect(await send('PUT', {})).toContain(text);
    expect(controlPlane.listEnvironments().Environments).toEqual([]);
  });

  it('a path without its object is refused, and a version that is not there', async () => {
    expect(await send('PUT', { RequirementsS3Path: 'other.txt' })).toContain(`'other.txt' does not exist`);
    const wrong = { RequirementsS3Path: 'requirements.txt', RequirementsS3ObjectVersion: 'v9' };
    expect(await send('PUT', wrong)).toContain(`'requirements.txt' with version 'v9' does not exist`);
  });

  it('the version that is named stays, one that is not is the current one', async () => {
    const members = {
      RequirementsS3Path: 'requirements.txt',
      RequirementsS3ObjectVersion: 'v1',
      PluginsS3Path: 'plugins.zip',
    };
    expect(await send('PUT', members)).toBe('taken');
    expect(shown()).toMatchObject({ RequirementsS3ObjectVersion: 'v1', PluginsS3ObjectVersion: 'p1' });
  });

  it('also at an update that names an object, and only then', async () => {
    await send('PUT', {});
    expect(await send('PATCH', { RequirementsS3Path: 'other.txt' })).toContain('does not exist');
    expect(await send('PATCH', { RequirementsS3Path: 'requirements.txt' })).toBe('taken');
    expect(shown()).toMatchObject({ RequirementsS3ObjectVersion: 'v2', Status: 'AVAILABLE' });
    fact = undefined;
    expect(await send('PATCH', { MaxWorkers: 5 })).toBe('taken');
  });
});

it('a member of the wrong type is no ValidationException', async () => {
  const body = JSON.stringify({ ...INPUT, MaxWorkers: '5' });
  const { status, headers } = await answer(controlPlane, { method: 'PUT', path: '/environments/orders', body });
  expect([status, headers['x-amzn-errortype']]).toEqual([400, 'SerializationException']);
});
