import { leastOf } from './limits.ts';
import { LATEST } from './versions.ts';

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
  IdentityCenterConfiguration?: Record<string, string>;
  Teams?: Record<string, { SourceBucketArn: string; DagS3Path: string }>;
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
  /** What the customer makes endpoints for, with EndpointManagement CUSTOMER. */
  WebserverVpcEndpointService?: string;
  DatabaseVpcEndpointService?: string;
  LastUpdate?: LastUpdate;
}

export const MODULES = ['DagProcessingLogs', 'SchedulerLogs', 'WebserverLogs', 'WorkerLogs', 'TaskLogs'] as const;

/** What the service fills in for members that were left out. */
export function withDefaults(input: EnvironmentInput, region: string, account: string): EnvironmentInput {
  const logging = MODULES.map((module) => {
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
  const environmentClass = input.EnvironmentClass ?? 'mw1.small';
  const { schedulers, webservers } = leastOf(environmentClass);
  return {
    AirflowVersion: LATEST,
    AirflowConfigurationOptions: {},
    EnvironmentClass: environmentClass,
    MaxWorkers: environmentClass === 'mw1.micro' ? 1 : 10,
    MinWorkers: 1,
    MinWebservers: webservers,
    MaxWebservers: Math.max(webservers, input.MinWebservers ?? 0),
    Schedulers: schedulers,
    WebserverAccessMode: 'PRIVATE_ONLY',
    EndpointManagement: 'SERVICE',
    WeeklyMaintenanceWindowStart: 'SUN:03:30',
    Tags: {},
    ...input,
    LoggingConfiguration: Object.fromEntries(logging),
  };
}
