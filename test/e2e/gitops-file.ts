import type { z } from 'zod';
import type { deploymentSchema } from '../../action/src/domain/deployment.ts';
import type { EnvironmentInput } from '../sandbox/control-plane/environment.ts';
import { ACCOUNT, DEFAULT_PERIODS, deploymentOf, environmentName, REGIONS } from '../sandbox/topology.ts';
import type { Region } from '../sandbox/types.ts';

const [EAST, WEST] = REGIONS;

/** A deployment file as a person writes it. */
export type File = z.input<typeof deploymentSchema>;
type SiteFile = File['sites'][number];

const role = (name: string, region: Region): string => `arn:aws:iam::${ACCOUNT}:role/${name}-${region}`;
const KEYS = { [EAST]: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa', [WEST]: 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb' };

function siteOf(name: string, region: Region): SiteFile {
  const index = REGIONS.indexOf(region);
  return {
    region,
    account: ACCOUNT,
    environment: environmentName(name, region),
    dagsBucket: `${name}-dags-${region}`,
    dagsPath: 'dags',
    mwaa: {
      executionRoleArn: role(name, region),
      kmsKey: `arn:aws:kms:${region}:${ACCOUNT}:key/${KEYS[region]}`,
      networkConfiguration: {
        subnetIds: [`subnet-${index}a`, `subnet-${index}b`],
        securityGroupIds: [`sg-${index}`],
      },
    },
  };
}

/** What CreateEnvironment is told for the environments of {@link fileOf}. */
export const handMade = (name: string, region: Region): Partial<EnvironmentInput> => {
  const { mwaa, environment, dagsBucket } = siteOf(name, region);
  return {
    Name: environment,
    AirflowVersion: '2.10.3',
    ExecutionRoleArn: mwaa?.executionRoleArn ?? '',
    KmsKey: mwaa?.kmsKey ?? '',
    SourceBucketArn: `arn:aws:s3:::${dagsBucket}`,
    DagS3Path: 'dags',
    NetworkConfiguration: {
      SubnetIds: [...(mwaa?.networkConfiguration?.subnetIds ?? [])],
      SecurityGroupIds: [...(mwaa?.networkConfiguration?.securityGroupIds ?? [])],
    },
    ...{ EnvironmentClass: 'mw1.medium', MinWorkers: 1, MaxWorkers: 4, Schedulers: 2, MinWebservers: 2 },
    ...{ MaxWebservers: 3, WebserverAccessMode: 'PUBLIC_ONLY', EndpointManagement: 'SERVICE' },
    WeeklyMaintenanceWindowStart: 'SUN:03:30',
    AirflowConfigurationOptions: { 'core.parallelism': '16', 'core.default_task_retries': '2' },
    LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'INFO' } },
    Tags: { team: 'shop', service: name },
  };
};

/** A warm standby of `manage: full` that says of both environments what it can. */
export const fileOf = (name: string): File => ({
  ...(deploymentOf(name, '2.10.3', { ...DEFAULT_PERIODS, lease: 4 }) as File),
  manage: 'full',
  sites: [siteOf(name, EAST), siteOf(name, WEST)],
  active: { site: EAST, since: 0 },
  mwaa: {
    environmentClass: 'mw1.medium',
    minWorkers: 1,
    maxWorkers: 4,
    schedulers: 2,
    minWebservers: 2,
    maxWebservers: 3,
    webserverAccessMode: 'PUBLIC_ONLY',
    endpointManagement: 'SERVICE',
    weeklyMaintenanceWindowStart: 'SUN:03:30',
    airflowConfigurationOptions: { 'core.parallelism': '16', 'core.default_task_retries': '2' },
    loggingConfiguration: { taskLogs: { enabled: true, logLevel: 'INFO' } },
    tags: { team: 'shop', service: name },
  },
});
