import { describe, expect, test } from '@jest/globals';
import { declaredOf } from '../../../action/src/domain/desired.ts';
import { isFound, observationOf, observedSettings } from '../../../action/src/domain/observed.ts';
import { membersOf } from '../../../action/src/domain/plan-steps.ts';
import { deploymentWith } from './plan-cases.ts';

describe('what is observed', () => {
  const raw = {
    Name: 'prod',
    Status: 'AVAILABLE',
    Arn: 'arn:aws:airflow:us-east-1:111122223333:environment/prod',
    MaxWorkers: 5,
    AirflowConfigurationOptions: { 'core.parallelism': '32', 'smtp.smtp_password': 'pa55word' },
    LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'INFO', CloudWatchLogGroupArn: 'arn:aws:logs:x' } },
    NetworkConfiguration: { SubnetIds: ['subnet-b', 'subnet-a'], SecurityGroupIds: ['sg-1'] },
    Tags: { team: 'orders', 'aws:cloudformation:stack-name': 'x' },
    PluginsS3Path: '',
    DagS3Path: 'dags/',
    NewerMember: { any: 'thing' },
    LastUpdate: { Status: 'FAILED', Error: { ErrorCode: 'INTERNAL', ErrorMessage: 'bad value pa55word' } },
  };

  test('is flat, without what AWS makes itself, and with lists as sets', () => {
    expect(observedSettings(raw)).toEqual({
      MaxWorkers: 5,
      DagS3Path: 'dags',
      EndpointManagement: 'SERVICE',
      'AirflowConfigurationOptions.core.parallelism': '32',
      'AirflowConfigurationOptions.smtp.smtp_password': 'pa55word',
      'LoggingConfiguration.TaskLogs.Enabled': true,
      'LoggingConfiguration.TaskLogs.LogLevel': 'INFO',
      'NetworkConfiguration.SubnetIds': ['subnet-a', 'subnet-b'],
      'NetworkConfiguration.SecurityGroupIds': ['sg-1'],
      'Tags.team': 'orders',
    });
  });

  test('has the service’s reason for a failed update, without the values of options', () => {
    const site = observationOf({
      name: 'prod',
      status: 'UPDATE_FAILED',
      airflowVersion: '2.10.3',
      lastUpdate: { status: 'FAILED', createdAt: 7 },
      environmentClass: undefined,
      dagS3Path: undefined,
      raw,
    });
    expect(site).toMatchObject({
      status: 'UPDATE_FAILED',
      arn: raw.Arn,
      lastUpdate: { status: 'FAILED', createdAt: 7, error: 'INTERNAL' },
    });
    expect(isFound(site)).toBe(true);
  });

  test('is missing when there is no environment', () => {
    expect(observationOf(undefined)).toEqual({ status: 'missing' });
  });

  test('is nothing when the answer is nothing of ours', () => {
    expect(observedSettings(undefined)).toEqual({ EndpointManagement: 'SERVICE' });
  });
});

describe('what is declared', () => {
  const deployment = deploymentWith((file) => {
    file['mwaa'] = {
      maxWorkers: 5,
      airflowConfigurationOptions: { 'core.parallelism': '32', 'email.from_email': 'a@b.example' },
      loggingConfiguration: { taskLogs: { enabled: true, logLevel: 'INFO' } },
    };
    const [, west] = file['sites'] as { mwaa: object }[];
    Object.assign(west?.mwaa ?? {}, {
      maxWorkers: 9,
      airflowConfigurationOptions: { 'email.from_email': 'west@b.example' },
      loggingConfiguration: { workerLogs: { enabled: false, logLevel: 'ERROR' } },
    });
  });

  test('is the site’s own over that of both, maps key by key', () => {
    expect(declaredOf(deployment, 1, {}).settings).toEqual({
      AirflowVersion: '2.10.3',
      SourceBucketArn: 'arn:aws:s3:::example-dags-us-west-2',
      DagS3Path: 'dags',
      ExecutionRoleArn: 'arn:aws:iam::111122223333:role/airflow-1',
      'NetworkConfiguration.SubnetIds': ['subnet-1a', 'subnet-1b'],
      'NetworkConfiguration.SecurityGroupIds': ['sg-1'],
      MaxWorkers: 9,
      'AirflowConfigurationOptions.core.parallelism': '32',
      'AirflowConfigurationOptions.email.from_email': 'west@b.example',
      'LoggingConfiguration.TaskLogs.Enabled': true,
      'LoggingConfiguration.TaskLogs.LogLevel': 'INFO',
      'LoggingConfiguration.WorkerLogs.Enabled': false,
      'LoggingConfiguration.WorkerLogs.LogLevel': 'ERROR',
    });
    expect(declaredOf(deployment, 1, {}).whole).toEqual(new Set(['AirflowConfigurationOptions']));
  });

  test('comes back from the members that carry it', () => {
    const { settings } = declaredOf(deployment, 1, {});
    expect(observedSettings(membersOf(Object.keys(settings), settings))).toEqual({
      ...settings,
      EndpointManagement: 'SERVICE',
    });
  });
});
