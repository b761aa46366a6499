/**
 * The members of CreateEnvironment and UpdateEnvironment, one row each: what everything that compares, shows or sends
 * settings goes by. A test holds the table against the service's model.
 * https://docs.aws.amazon.com/mwaa/latest/API/API_UpdateEnvironment.html
 */
export interface Member {
  /** The API's name; a part of a member has a dot. Together with a map's key this is a field of `Settings`. */
  readonly api: string;
  /**
   * `value`: one field; `map`: a field for each key; `modules`: two fields for each module.
   */
  readonly shape: 'value' | 'map' | 'modules';
  /** The key in the file's `mwaa` blocks; `undefined` = derived from elsewhere in the file, or not offered. */
  readonly file: string | undefined;
  /** What changes it once the environment exists. */
  readonly changedBy: 'update' | 'tags' | 'nothing';
  /** Belongs to one Region: the standby never follows the active site in it. */
  readonly siteLocal: boolean;
  /**
   * What it means when the active site has none and the standby has one: an update takes it away, or leaves the
   * standby's, or would have to take it away and cannot, since the service has no way to say "none".
   */
  readonly absence: 'removed' | 'kept' | 'stuck';
  /** Usual minutes of the change. */
  readonly minutes: Minutes;
  /** What it means at a failover when the standby differs; '' of what differs by right. */
  readonly consequence: string;
}

export interface Minutes {
  readonly from: number;
  readonly to: number;
}

/** Usual minutes, by the service's user guide: creating, updating with forced replacement, upgrading. */
export const CREATING: Minutes = { from: 20, to: 30 };
export const UPDATING: Minutes = { from: 20, to: 30 };
export const UPGRADING: Minutes = { from: 30, to: 120 };
/** GRACEFUL waits for running tasks, twelve hours at the most. */
export const GRACEFUL: Minutes = { from: 20, to: 750 };
export const TAGGING: Minutes = { from: 0, to: 1 };

const row = (api: string, more: Partial<Member>): Member => ({
  api,
  shape: 'value',
  file: undefined,
  changedBy: 'update',
  siteLocal: false,
  absence: 'kept',
  minutes: UPDATING,
  consequence: '',
  ...more,
});

const path = (api: string, file: string, what: string): readonly Member[] => [
  row(`${api}S3Path`, {
    file: `${file}S3Path`,
    absence: 'stuck',
    consequence: `a failover would run with other ${what}`,
  }),
  // A version id belongs to one bucket: what is compared between sites is the content, by the artifacts' own rows.
  row(`${api}S3ObjectVersion`, { siteLocal: true }),
];

export const MEMBERS: readonly Member[] = [
  row('AirflowVersion', {
    minutes: UPGRADING,
    consequence: 'no snapshot of the active site can be restored at the standby',
  }),
  row('EnvironmentClass', {
    file: 'environmentClass',
    consequence: 'a failover would run on machines of another size',
  }),
  row('MinWorkers', { file: 'minWorkers', consequence: 'a failover would start with another number of workers' }),
  row('MaxWorkers', { file: 'maxWorkers', consequence: 'a failover would scale to another number of workers' }),
  row('Schedulers', { file: 'schedulers', consequence: 'a failover would run with another number of schedulers' }),
  row('MinWebservers', { file: 'minWebservers', consequence: 'a failover would start with other web servers' }),
  row('MaxWebservers', { file: 'maxWebservers', consequence: 'a failover would scale to other web servers' }),
  row('WebserverAccessMode', {
    file: 'webserverAccessMode',
    consequence: "users would reach Airflow's web server in another way",
  }),
  row('EndpointManagement', {
    file: 'endpointManagement',
    changedBy: 'nothing',
    consequence: 'the endpoints of the VPC are managed in another way',
  }),
  row('WeeklyMaintenanceWindowStart', {
    file: 'weeklyMaintenanceWindowStart',
    consequence: 'maintenance would come at another time',
  }),
  row('AirflowConfigurationOptions', {
    shape: 'map',
    file: 'airflowConfigurationOptions',
    absence: 'removed',
    consequence: 'a failover would run Airflow with another configuration',
  }),
  row('LoggingConfiguration', {
    shape: 'modules',
    file: 'loggingConfiguration',
    consequence: 'logs would be kept in another way after a failover',
  }),
  row('Tags', {
    shape: 'map',
    file: 'tags',
    changedBy: 'tags',
    absence: 'removed',
    minutes: TAGGING,
    consequence: 'costs and rights that go by tags would differ after a failover',
  }),
  ...path('Requirements', 'requirements', 'Python packages'),
  ...path('Plugins', 'plugins', 'plugins'),
  ...path('StartupScript', 'startupScript', 'a startup script'),
  row('DagS3Path', { siteLocal: true }),
  row('SourceBucketArn', { siteLocal: true }),
  row('ExecutionRoleArn', { file: 'executionRoleArn', siteLocal: true }),
  row('KmsKey', { file: 'kmsKey', changedBy: 'nothing', siteLocal: true }),
  row('NetworkConfiguration.SubnetIds', { changedBy: 'nothing', siteLocal: true }),
  row('NetworkConfiguration.SecurityGroupIds', { siteLocal: true }),
];

/** Members of the API that are no settings, or that a deployment file does not offer, and why. */
export const NOT_SETTINGS: Readonly<Record<string, string>> = {
  Name: 'the file gives it for each site; it is the identity of the environment',
  WorkerReplacementStrategy: 'says how an update is made; an environment does not keep it',
  IdentityCenterConfiguration: 'an instance of IAM Identity Center lives in one Region: it cannot survive its loss',
  Teams: 'the metadata of several teams in one environment is not carried over by this release',
};

/** The parts that a module of the logging configuration has, by API name and by key in the file. */
export const MODULE_PARTS = { Enabled: 'enabled', LogLevel: 'logLevel' } as const;

/** What CreateEnvironment cannot do without. */
export const REQUIRED_FIELDS = [
  'ExecutionRoleArn',
  'SourceBucketArn',
  'DagS3Path',
  'NetworkConfiguration.SubnetIds',
  'NetworkConfiguration.SecurityGroupIds',
] as const;

/** The member that a field belongs to; `undefined` of a field that we do not know. */
export const memberOf = (field: string): Member | undefined =>
  MEMBERS.find(({ api, shape }) => (shape === 'value' ? field === api : field.startsWith(`${api}.`)));

/** What stands behind the member's name: an option, a tag, a module and its part. */
export const keyOf = ({ api }: Member, field: string): string => field.slice(api.length + 1);
