import { describe, expect, test } from '@jest/globals';
import { deploymentWith, environment, planned, rowOf, EAST, WEST } from './plan-cases.ts';
import type { Case, File } from './plan-cases.ts';

const withMwaa = (mwaa: File) => deploymentWith((file) => Object.assign(file['mwaa'] as File, mwaa));
const steps = (of: Case) => planned(of).sites.map((site) => site.steps);

test('two sites as the file wants them need nothing', () => {
  const work = planned({});
  expect(work.plan.outcome).toBe('in sync');
  expect(work.plan.fields.filter(({ verdict }) => verdict !== 'in sync' && verdict !== 'site-local')).toEqual([]);
  expect(work.sites).toMatchObject([
    { index: 1, role: 'standby', steps: [] },
    { index: 0, role: 'active', steps: [] },
  ]);
});

describe('a field', () => {
  test('that Git names is drift wherever a site differs, and only there is it changed', () => {
    const work = planned({ west: { MaxWorkers: 3 } });
    expect(rowOf(work, 'MaxWorkers')).toEqual({
      field: 'MaxWorkers',
      git: { active: { text: '5' }, standby: { text: '5' } },
      active: { text: '5' },
      standby: { text: '3' },
      verdict: 'drift',
      changes: ['standby'],
      consequence: 'a failover would scale to another number of workers',
    });
    expect(work.sites.map(({ steps }) => steps)).toEqual([
      [{ kind: 'update', fields: ['MaxWorkers'], members: { MaxWorkers: 5 } }],
      [],
    ]);
    expect(work.plan.outcome).toBe('changes');
  });

  test('that changes in Git is changed at the standby first', () => {
    const work = planned({ east: { EnvironmentClass: 'mw1.medium' }, west: { EnvironmentClass: 'mw1.medium' } });
    expect(rowOf(work, 'EnvironmentClass')).toMatchObject({
      verdict: 'drift',
      changes: ['active', 'standby'],
      consequence: '',
    });
    expect(work.plan.sites.map(({ role, changes }) => [role, changes])).toEqual([
      ['standby', [{ kind: 'update', fields: ['EnvironmentClass'] }]],
      ['active', [{ kind: 'update', fields: ['EnvironmentClass'] }]],
    ]);
  });

  test('of which Git says nothing follows the active site', () => {
    const work = planned({ east: { Schedulers: 4 } });
    expect(rowOf(work, 'Schedulers')).toMatchObject({
      git: { active: null, standby: null },
      verdict: 'parity drift',
      changes: ['standby'],
    });
    expect(work.sites[0].steps).toEqual([{ kind: 'update', fields: ['Schedulers'], members: { Schedulers: 4 } }]);
  });

  test('follows the active site as it is to be, if that is ours to change', () => {
    const edit = (manage: string) =>
      deploymentWith((file) => {
        file['manage'] = manage;
        Object.assign((file['sites'] as { mwaa: File }[])[0]?.mwaa ?? {}, { schedulers: 5 });
      });
    const wanted = (manage: string) => planned({ deployment: edit(manage), east: { Schedulers: 4 } }).sites[0].steps;
    expect(wanted('full')).toMatchObject([{ members: { Schedulers: 5 } }]);
    expect(wanted('standby-only')).toMatchObject([{ members: { Schedulers: 4 } }]);
  });

  test('follows the other site once that one is active', () => {
    const work = planned({ east: { Schedulers: 4 }, epoch: 1 });
    expect(work.plan).toMatchObject({ active: WEST, standby: EAST, epoch: 1 });
    expect(work.sites).toMatchObject([
      { index: 0, role: 'standby', steps: [{ members: { Schedulers: 2 } }] },
      { index: 1, role: 'active', steps: [] },
    ]);
  });

  test('that belongs to a Region differs by right', () => {
    const work = planned({});
    expect(rowOf(work, 'ExecutionRoleArn')).toMatchObject({ verdict: 'site-local', changes: [], consequence: '' });
    expect(rowOf(work, 'NetworkConfiguration.SubnetIds')).toMatchObject({
      git: { active: { text: 'subnet-0a, subnet-0b' }, standby: { text: 'subnet-1a, subnet-1b' } },
      verdict: 'site-local',
    });
  });

  test('that a site overrides is wanted there only', () => {
    const deployment = deploymentWith((file) =>
      Object.assign((file['sites'] as { mwaa: File }[])[1]?.mwaa ?? {}, { maxWorkers: 9 }),
    );
    expect(rowOf(planned({ deployment }), 'MaxWorkers')).toMatchObject({
      git: { active: { text: '5' }, standby: { text: '9' } },
      verdict: 'site-local',
    });
    expect(planned({ deployment, west: { MaxWorkers: 5 } }).sites[0].steps).toMatchObject([
      { members: { MaxWorkers: 9 } },
    ]);
  });

  test('that is a declared exception keeps its value until the exception ends', () => {
    const deployment = deploymentWith(
      (file) => (file['ignore'] = [{ field: 'Max*', reason: 'a load test', until: '2026-11-25T00:00:00Z' }]),
    );
    const work = planned({ deployment, west: { MaxWorkers: 3 } });
    expect(work.plan.outcome).toBe('in sync');
    expect(rowOf(work, 'MaxWorkers')).toMatchObject({ verdict: 'ignored', changes: [] });
    const later = planned({ deployment, west: { MaxWorkers: 3 }, at: Date.parse('2026-11-25T00:00:00Z') });
    expect(rowOf(later, 'MaxWorkers')).toMatchObject({ verdict: 'drift', changes: ['standby'] });
    expect(later.plan.notices).toContain(
      'The exception for `Max*` (a load test) ended at 2026-11-25T00:00:00Z: the field is compared again.',
    );
  });
});

describe('a map that Git names is the whole set', () => {
  const deployment = withMwaa({ airflowConfigurationOptions: { 'core.parallelism': '16' }, tags: { team: 'orders' } });

  test('what is not in it goes', () => {
    const west = {
      'AirflowConfigurationOptions.core.lazy_load_plugins': 'False',
      'Tags.owner': 'me',
      'Tags.team': 'x',
    };
    expect(steps({ deployment, west })[0]).toEqual([
      { kind: 'tag', fields: ['Tags.team'], tags: { team: 'orders' } },
      { kind: 'untag', fields: ['Tags.owner'], keys: ['owner'] },
      {
        kind: 'update',
        fields: ['AirflowConfigurationOptions.core.lazy_load_plugins'],
        members: { AirflowConfigurationOptions: { 'core.parallelism': '16' } },
      },
    ]);
  });

  test('what is not in it goes at both sites, though they agree', () => {
    const both = { 'AirflowConfigurationOptions.core.lazy_load_plugins': 'False' };
    const work = planned({ deployment, east: both, west: both });
    expect(rowOf(work, 'AirflowConfigurationOptions.core.lazy_load_plugins')).toMatchObject({
      git: { active: null, standby: null },
      verdict: 'drift',
      changes: ['active', 'standby'],
    });
  });

  test('what is site-local in it keeps its live value', () => {
    const local = deploymentWith((file) => {
      file['mwaa'] = { airflowConfigurationOptions: { 'core.parallelism': '16' }, maxWorkers: 5 };
      file['siteLocal'] = { airflowConfigurationOptions: ['smtp.*'] };
    });
    const east = { 'AirflowConfigurationOptions.smtp.smtp_host': 'mail.east' };
    const west = { 'AirflowConfigurationOptions.smtp.smtp_host': 'mail.west', MaxWorkers: 4 };
    const work = planned({ deployment: local, east, west });
    expect(rowOf(work, 'AirflowConfigurationOptions.smtp.smtp_host').verdict).toBe('site-local');
    expect(work.sites[0].steps).toMatchObject([{ members: { MaxWorkers: 5 } }]);
  });

  test('where Git names none, the standby follows the active site key by key', () => {
    const east = { 'AirflowConfigurationOptions.core.parallelism': '8' };
    const west = { 'AirflowConfigurationOptions.core.load_examples': 'True' };
    expect(steps({ east, west })[0]).toMatchObject([
      { members: { AirflowConfigurationOptions: { 'core.parallelism': '8' } } },
    ]);
  });
});

test('logging is sent by whole modules', () => {
  const deployment = withMwaa({ loggingConfiguration: { taskLogs: { enabled: true, logLevel: 'DEBUG' } } });
  const west = { 'LoggingConfiguration.TaskLogs.LogLevel': 'INFO' };
  expect(steps({ deployment, west })[0]).toMatchObject([
    { members: { LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'DEBUG' } } } },
  ]);
});

test('security groups are changed without the subnets, which the service does not take', () => {
  expect(steps({ west: { 'NetworkConfiguration.SecurityGroupIds': ['sg-x'] } })[0]).toMatchObject([
    { members: { NetworkConfiguration: { SecurityGroupIds: ['sg-1'] } } },
  ]);
});

test('how workers are replaced goes along with an update and is no field', () => {
  const deployment = withMwaa({ workerReplacementStrategy: 'GRACEFUL' });
  const work = planned({ deployment, east: { MaxWorkers: 4 } });
  expect(work.sites[1].steps).toMatchObject([{ members: { MaxWorkers: 5, WorkerReplacementStrategy: 'GRACEFUL' } }]);
  expect(work.plan.sites[1].usualMinutes).toEqual({ from: 20, to: 750 });
});

describe('manage', () => {
  const managed = (manage: string) => deploymentWith((file) => (file['manage'] = manage));
  const differences = { east: { MaxWorkers: 3 }, west: { MaxWorkers: 4 } };

  test.each([
    ['observe', 'differs', [0, 0]],
    ['standby-only', 'changes', [1, 0]],
    ['full', 'changes', [1, 1]],
  ])('%s says who may change: %s', (manage, outcome, counts) => {
    const work = planned({ deployment: managed(manage), ...differences });
    expect(work.plan.outcome).toBe(outcome);
    expect(work.sites.map(({ steps }) => steps.length)).toEqual(counts);
  });
});

describe('an environment that is missing', () => {
  const backup = deploymentWith((file) => (file['strategy'] = 'backup-restore'));

  test('is created at the standby with all that Git and the active site say', () => {
    const work = planned({ west: { status: 'missing' }, east: { Schedulers: 3 } });
    expect(work.plan.sites[0]).toMatchObject({ status: 'missing', usualMinutes: { from: 20, to: 30 } });
    expect(work.sites[0].steps).toMatchObject([
      {
        kind: 'create',
        members: {
          AirflowVersion: '2.10.3',
          EnvironmentClass: 'mw1.small',
          Schedulers: 3,
          ExecutionRoleArn: 'arn:aws:iam::111122223333:role/airflow-1',
          SourceBucketArn: 'arn:aws:s3:::example-dags-us-west-2',
          NetworkConfiguration: { SubnetIds: ['subnet-1a', 'subnet-1b'], SecurityGroupIds: ['sg-1'] },
          LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'INFO' } },
        },
      },
    ]);
  });

  test('is created at both sites before the installation, the standby first', () => {
    const missing = { status: 'missing' } as const;
    const work = planned({ epoch: undefined, east: missing, west: missing });
    expect(work.plan).toMatchObject({ outcome: 'changes', epoch: null });
    expect(work.sites.map(({ role, steps }) => [role, steps.map(({ kind }) => kind)])).toEqual([
      ['standby', ['create']],
      ['active', ['create']],
    ]);
  });

  test('is no difference at the standby of a backup-restore', () => {
    const work = planned({ deployment: backup, west: { status: 'missing' } });
    expect(work.plan.outcome).toBe('in sync');
    expect(work.sites[0].steps).toEqual([]);
  });

  test('is compared at the standby of a backup-restore once it is there', () => {
    expect(planned({ deployment: backup, west: { MaxWorkers: 3 } }).plan.outcome).toBe('changes');
  });
});

test('a member that the active site lacks stays at the standby, unless it could not be taken away', () => {
  expect(planned({ east: { MinWebservers: undefined } }).plan.outcome).toBe('in sync');
  const stuck = planned({ west: { RequirementsS3Path: 'requirements.txt' } });
  expect(rowOf(stuck, 'RequirementsS3Path')).toMatchObject({ verdict: 'immutable', changes: [] });
  expect(stuck.plan.outcome).toBe('refused');
});

test('an update in between does not change the ARN that tags need', () => {
  const deployment = withMwaa({ tags: { team: 'a' } });
  const [standby] = planned({ deployment, west: { 'Tags.team': 'b' } }).sites;
  expect(standby.arn).toBe(environment(deployment, 1).arn);
});
