import { beforeEach, describe, expect, it } from '@jest/globals';
import { ControlPlane } from './control-plane/control-plane.ts';
import type { Environment } from './control-plane/environment.ts';
import type { MwaaError } from './control-plane/errors.ts';
import { FakeRuntime } from './control-plane/fake-runtime.ts';
import { HandClock } from './control-plane/hand-clock.ts';
import type { UpdateEnvironmentInput } from './control-plane/update.ts';

const INPUT = {
  Name: 'orders',
  AirflowVersion: '2.10.3',
  ExecutionRoleArn: 'arn:aws:iam::111122223333:role/orders',
  SourceBucketArn: 'arn:aws:s3:::orders-dags',
  DagS3Path: 'dags',
  NetworkConfiguration: { SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-1'] },
  AirflowConfigurationOptions: { 'core.parallelism': '8', 'core.default_timezone': 'utc' },
  RequirementsS3Path: 'requirements.txt',
  RequirementsS3ObjectVersion: 'v1',
};

let clock: HandClock;
let runtime: FakeRuntime;
let controlPlane: ControlPlane;

beforeEach(() => {
  clock = new HandClock();
  runtime = new FakeRuntime();
  controlPlane = new ControlPlane({ region: 'us-east-1', account: '111122223333', runtime, clock });
});

const shown = (): Environment => controlPlane.getEnvironment({ Name: 'orders' }).Environment;
const path = (): string => controlPlane.history('orders').join(' ');

async function create(members: object = {}): Promise<void> {
  controlPlane.createEnvironment({ ...INPUT, ...members });
  await controlPlane.settled();
}

async function update(members: Omit<UpdateEnvironmentInput, 'Name'>): Promise<void> {
  controlPlane.updateEnvironment({ Name: 'orders', ...members });
  await controlPlane.settled();
}

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    const { name, body } = error as MwaaError;
    return `${name}: ${String(body['message'])}`;
  }
  return 'no error';
}

describe('an update', () => {
  it('is UPDATING for its time, with its settings hidden until it has succeeded', async () => {
    controlPlane = new ControlPlane({ region: 'us-east-1', account: '111122223333', runtime, clock, updatingMs: 20 });
    await create();
    controlPlane.updateEnvironment({ Name: 'orders', MaxWorkers: 5, WorkerReplacementStrategy: 'GRACEFUL' });
    clock.advance(19);
    expect(shown()).toMatchObject({ Status: 'UPDATING', MaxWorkers: 10, LastUpdate: { Status: 'PENDING' } });
    clock.advance(1);
    await controlPlane.settled();
    const LastUpdate = { Status: 'SUCCESS', WorkerReplacementStrategy: 'GRACEFUL' };
    expect(shown()).toMatchObject({ Status: 'AVAILABLE', MaxWorkers: 5, LastUpdate });
  });

  it('is refused while another one runs, and in every state but AVAILABLE and UPDATE_FAILED', async () => {
    await create();
    controlPlane.updateEnvironment({ Name: 'orders' });
    expect(errorOf(() => controlPlane.updateEnvironment({ Name: 'orders' }))).toMatch(/^ValidationException.*UPDATING/);
    await controlPlane.settled();
    for (const status of ['MAINTENANCE', 'UNAVAILABLE', 'PENDING', 'CREATE_FAILED'] as const) {
      controlPlane.setStatus('orders', status);
      expect(errorOf(() => controlPlane.updateEnvironment({ Name: 'orders' }))).toContain(status);
    }
    controlPlane.setStatus('orders', 'UPDATE_FAILED');
    await update({ MaxWorkers: 3 });
    expect(shown()).toMatchObject({ Status: 'AVAILABLE', MaxWorkers: 3 });
  });

  it("ignores what is no member of UpdateEnvironment's, as the service does", async () => {
    await create();
    const foreign = { KmsKey: 'x', EndpointManagement: 'CUSTOMER', Tags: { a: 'b' }, Status: 'DELETED' };
    await update({ MaxWorkers: 4, ...foreign });
    expect(shown()).toMatchObject({ Status: 'AVAILABLE', MaxWorkers: 4, EndpointManagement: 'SERVICE', Tags: {} });
    expect(shown().KmsKey).toBeUndefined();
  });

  it('replaces the options whole, merges logging by module, keeps the subnets', async () => {
    await create({ LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'DEBUG' } } });
    await update({
      AirflowConfigurationOptions: { 'core.parallelism': '16' },
      LoggingConfiguration: { WorkerLogs: { Enabled: true, LogLevel: 'ERROR' } },
      NetworkConfiguration: { SecurityGroupIds: ['sg-2'] },
    });
    expect(shown().AirflowConfigurationOptions).toEqual({ 'core.parallelism': '16' });
    expect(shown().LoggingConfiguration).toMatchObject({
      TaskLogs: { Enabled: true, LogLevel: 'DEBUG' },
      WorkerLogs: { Enabled: true, LogLevel: 'ERROR', CloudWatchLogGroupArn: expect.stringContaining('orders-Worker') },
    });
    expect(shown().NetworkConfiguration).toEqual({ SubnetIds: ['subnet-1', 'subnet-2'], SecurityGroupIds: ['sg-2'] });
  });

  it('can change but not empty the path of requirements', async () => {
    await create();
    expect(errorOf(() => controlPlane.updateEnvironment({ Name: 'orders', RequirementsS3Path: '' }))).toContain(
      "RequirementsS3Path can't be removed",
    );
    await update({ RequirementsS3Path: 'empty.txt' });
    expect(shown().RequirementsS3Path).toBe('empty.txt');
    expect(shown().RequirementsS3ObjectVersion).toBeUndefined();
  });

  it('must leave settings that go together', async () => {
    await create();
    const toMicro = { Name: 'orders', EnvironmentClass: 'mw1.micro' };
    expect(errorOf(() => controlPlane.updateEnvironment(toMicro))).toContain('Schedulers must be 1');
    await update({ ...toMicro, Schedulers: 1, MinWebservers: 1, MaxWebservers: 1 });
    expect(shown().EnvironmentClass).toBe('mw1.micro');
  });

  it('hands the new files and options to Airflow', async () => {
    await create();
    await update({ RequirementsS3ObjectVersion: 'v2', StartupScriptS3Path: 'start.sh' });
    expect(runtime.environments.get('orders')).toMatchObject({
      requirements: { key: 'requirements.txt', versionId: 'v2' },
      startupScript: { key: 'start.sh' },
      configurationOptions: INPUT.AirflowConfigurationOptions,
    });
  });
});

describe('an update of the version', () => {
  it('takes a snapshot on its way', async () => {
    await create();
    await update({ AirflowVersion: '2.11.2' });
    expect(path()).toBe('CREATING AVAILABLE UPDATING CREATING_SNAPSHOT UPDATING AVAILABLE');
    expect(shown().AirflowVersion).toBe('2.11.2');
  });

  it.each([
    ['2.10.3', '2.11.0', true],
    ['2.10.3', '3.0.6', false],
    ['2.11.2', '3.3.1', true],
    ['3.0.6', '3.3.1', true],
    ['3.3.1', '2.11.2', true],
    ['3.3.1', '2.10.3', false],
    ['2.10.3', '2.9.2', false],
    ['3.3.1', '3.2.1', false],
    ['2.10.3', '2.10.4', false],
    ['3.0.6', '3.1.0', false],
  ])('from %s to %s: %s', async (from, to, isPossible) => {
    await create({ AirflowVersion: from });
    const error = errorOf(() => controlPlane.updateEnvironment({ Name: 'orders', AirflowVersion: to }));
    expect(error === 'no error').toBe(isPossible);
  });
});

describe('an update that fails', () => {
  const failure = { code: 'INCORRECT_CONFIGURATION', message: 'pip could not resolve' };

  it('is rolled back to UPDATE_FAILED, with its reason and the old settings', async () => {
    await create();
    controlPlane.failNextUpdate('orders', failure);
    await update({ MaxWorkers: 5, AirflowVersion: '2.11.2' });
    expect(path()).toBe('CREATING AVAILABLE UPDATING CREATING_SNAPSHOT UPDATING ROLLING_BACK UPDATE_FAILED');
    const LastUpdate = { Status: 'FAILED', Error: { ErrorCode: failure.code, ErrorMessage: failure.message } };
    expect(shown()).toMatchObject({ MaxWorkers: 10, AirflowVersion: '2.10.3', LastUpdate });
    await update({ MaxWorkers: 5 });
    expect(shown()).toMatchObject({ Status: 'AVAILABLE', MaxWorkers: 5, LastUpdate: { Status: 'SUCCESS' } });
  });

  it('because of its requirements leaves the environment AVAILABLE: only LastUpdate tells', async () => {
    await create();
    controlPlane.failNextUpdate('orders', failure);
    await update({ RequirementsS3ObjectVersion: 'v2' });
    expect(shown()).toMatchObject({
      Status: 'AVAILABLE',
      RequirementsS3ObjectVersion: 'v1',
      LastUpdate: { Status: 'FAILED' },
    });
  });

  it('in Airflow itself is rolled back as well', async () => {
    await create();
    const refuse = () => Promise.reject(new Error('no such option'));
    runtime.updating = () => (runtime.updated.length === 1 ? refuse() : Promise.resolve());
    await update({ MaxWorkers: 5 });
    expect(shown()).toMatchObject({ Status: 'UPDATE_FAILED', MaxWorkers: 10 });
    expect(shown().LastUpdate?.Error?.ErrorMessage).toContain('no such option');
  });

  it('and can not be rolled back leaves it UNAVAILABLE', async () => {
    await create();
    runtime.updating = () => Promise.reject(new Error('dead'));
    await update({ MaxWorkers: 5 });
    expect(shown()).toMatchObject({ Status: 'UNAVAILABLE', MaxWorkers: 10 });
  });
});

describe('deletion', () => {
  it('goes by DELETING to not being there, with Airflow', async () => {
    controlPlane = new ControlPlane({ region: 'us-east-1', account: '111122223333', runtime, clock, deletingMs: 20 });
    await create();
    controlPlane.deleteEnvironment({ Name: 'orders' });
    expect(shown().Status).toBe('DELETING');
    clock.advance(20);
    await controlPlane.settled();
    expect(errorOf(shown)).toMatch(/^ResourceNotFoundException/);
    expect([runtime.running.size, runtime.environments.size]).toEqual([0, 0]);
    await create();
    expect(shown().Status).toBe('AVAILABLE');
  });

  it('is refused while something else goes on, and is the way out of CREATE_FAILED', async () => {
    controlPlane.createEnvironment(INPUT);
    expect(errorOf(() => controlPlane.deleteEnvironment({ Name: 'orders' }))).toMatch(/^ValidationException.*CREATING/);
    await controlPlane.settled();
    controlPlane.setStatus('orders', 'CREATE_FAILED');
    controlPlane.deleteEnvironment({ Name: 'orders' });
    await controlPlane.settled();
    expect(controlPlane.listEnvironments().Environments).toEqual([]);
  });
});

describe('tags', () => {
  const ResourceArn = 'arn:aws:airflow:us-east-1:111122223333:environment/orders';

  it('are added, changed, taken away and shown', async () => {
    await create({ Tags: { team: 'data', stage: 'test' } });
    controlPlane.tagResource({ ResourceArn, Tags: { stage: 'production', owner: 'ana' } });
    controlPlane.untagResource({ ResourceArn, tagKeys: ['team', 'nothing'] });
    const Tags = { stage: 'production', owner: 'ana' };
    expect(controlPlane.listTagsForResource({ ResourceArn })).toEqual({ Tags });
    expect(shown().Tags).toEqual(Tags);
  });

  it('outlive an update that began before them', async () => {
    await create();
    controlPlane.updateEnvironment({ Name: 'orders', MaxWorkers: 5 });
    controlPlane.tagResource({ ResourceArn, Tags: { owner: 'ana' } });
    await controlPlane.settled();
    expect(shown()).toMatchObject({ MaxWorkers: 5, Tags: { owner: 'ana' } });
  });

  it('are fifty at most, also in two steps, and belong to what exists', async () => {
    await create({ Tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key-${index}`, 'x'])) });
    const more = { ResourceArn, Tags: { more: 'x' } };
    expect(errorOf(() => controlPlane.tagResource(more))).toMatch(/^ValidationException/);
    const other = { ResourceArn: `${ResourceArn}-2` };
    expect(errorOf(() => controlPlane.listTagsForResource(other))).toMatch(/^ResourceNotFoundException/);
  });
});

describe("with the customer's own endpoints", () => {
  it('creation waits in PENDING until they are there', async () => {
    await create({ EndpointManagement: 'CUSTOMER' });
    expect(shown()).toMatchObject({ Status: 'PENDING', WebserverVpcEndpointService: expect.stringContaining('vpce') });
    expect(runtime.running.has('orders')).toBe(false);
    controlPlane.endpointsReady('orders');
    await controlPlane.settled();
    expect(path()).toBe('CREATING PENDING CREATING AVAILABLE');
    expect(runtime.running.has('orders')).toBe(true);
  });

  it('but no longer than 72 hours', async () => {
    await create({ EndpointManagement: 'CUSTOMER' });
    clock.advance(72 * 3_600_000 - 1);
    expect(shown().Status).toBe('PENDING');
    clock.advance(1);
    await Promise.resolve();
    expect(shown().Status).toBe('CREATE_FAILED');
  });
});

it('somebody changes an environment by hand', async () => {
  await create();
  controlPlane.edit('orders', { MaxWorkers: 7, AirflowConfigurationOptions: { 'core.parallelism': '99' } });
  expect(shown()).toMatchObject({
    Status: 'AVAILABLE',
    MaxWorkers: 7,
    AirflowConfigurationOptions: { 'core.parallelism': '99' },
  });
});
