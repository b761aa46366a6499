import { validation } from './errors.ts';

export type EnvironmentStatus =
  | 'CREATING'
  | 'CREATE_FAILED'
  | 'AVAILABLE'
  | 'UPDATING'
  | 'DELETING'
  | 'DELETED'
  | 'UNAVAILABLE'
  | 'UPDATE_FAILED'
  | 'ROLLING_BACK'
  | 'CREATING_SNAPSHOT'
  | 'PENDING'
  | 'MAINTENANCE';

export interface ModuleLogging {
  Enabled?: boolean;
  LogLevel?: string;
  CloudWatchLogGroupArn?: string;
}

/** Members of CreateEnvironment, all of which GetEnvironment shows again. */
export interface EnvironmentInput {
  Name: string;
  ExecutionRoleArn: string;
  SourceBucketArn: string;
  DagS3Path: string;
  NetworkConfiguration: { SubnetIds?: string[]; SecurityGroupIds?: string[] };
  PluginsS3Path?: string;
  PluginsS3ObjectVersion?: string;
  RequirementsS3Path?: string;
  RequirementsS3ObjectVersion?: string;
  StartupScriptS3Path?: string;
  StartupScriptS3ObjectVersion?: string;
  AirflowConfigurationOptions?: Record<string, string>;
  EnvironmentClass?: string;
  MaxWorkers?: number;
  KmsKey?: string;
  AirflowVersion?: string;
  LoggingConfiguration?: Record<string, ModuleLogging>;
  WeeklyMaintenanceWindowStart?: string;
  Tags?: Record<string, string>;
  WebserverAccessMode?: string;
  MinWorkers?: number;
  Schedulers?: number;
  EndpointManagement?: string;
  MinWebservers?: number;
  MaxWebservers?: number;
}

export interface LastUpdate {
  Status: 'SUCCESS' | 'PENDING' | 'FAILED';
  CreatedAt: Date;
  Source?: string;
  Error?: { ErrorCode: string; ErrorMessage: string };
  WorkerReplacementStrategy?: 'FORCED' | 'GRACEFUL';
}

export interface Environment extends EnvironmentInput {
  Status: EnvironmentStatus;
  Arn: string;
  CreatedAt: Date;
  WebserverUrl: string;
  ServiceRoleArn: string;
  CeleryExecutorQueue: string;
  LastUpdate?: LastUpdate;
}

const REQUIRED = ['Name', 'ExecutionRoleArn', 'SourceBucketArn', 'DagS3Path', 'NetworkConfiguration'] as const;

/** The checks that the service makes before it answers; throws ValidationException. */
export function requireValidInput(input: Partial<EnvironmentInput>): asserts input is EnvironmentInput {
  for (const member of REQUIRED)
    if (input[member] === undefined)
      throw validation(`Value at '${member}' failed to satisfy constraint: Member must not be null`);
  const { Name = '', SourceBucketArn = '' } = input;
  requireValidName(Name);
  if (!/^arn:aws[\w-]*:s3:::[a-z0-9.-]{3,63}$/.test(SourceBucketArn))
    throw validation(`Value '${SourceBucketArn}' at 'sourceBucketArn' failed to satisfy constraint`);
}

export function requireValidName(name: string): void {
  if (!/^[a-zA-Z][0-9a-zA-Z\-_]{0,79}$/.test(name))
    throw validation(
      `Value '${name}' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern`,
    );
}

/** What the service fills in for members that were left out. */
export function withDefaults(input: EnvironmentInput, region: string, account: string): EnvironmentInput {
  const modules = ['DagProcessingLogs', 'SchedulerLogs', 'WebserverLogs', 'WorkerLogs', 'TaskLogs'];
  const logging = modules.map((module) => {
    const group = `airflow-${input.Name}-${module.replace('Logs', '')}`;
    const enabled = module === 'TaskLogs';
    return [
      module,
      {
        Enabled: enabled,
        LogLevel: 'INFO',
        CloudWatchLogGroupArn: `arn:aws:logs:${region}:${account}:log-group:${group}`,
        ...input.LoggingConfiguration?.[module],
      },
    ] as const;
  });
  return {
    AirflowConfigurationOptions: {},
    EnvironmentClass: 'mw1.small',
    MaxWorkers: 10,
    MinWorkers: 1,
    MinWebservers: 2,
    MaxWebservers: 2,
    Schedulers: 2,
    WebserverAccessMode: 'PRIVATE_ONLY',
    EndpointManagement: 'SERVICE',
    WeeklyMaintenanceWindowStart: 'SUN:03:30',
    Tags: {},
    ...input,
    LoggingConfiguration: Object.fromEntries(logging),
  };
}
