import { isDeepStrictEqual } from 'node:util';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { memberOf, MEMBERS } from '../../action/src/domain/members.ts';
import type { Plan } from '../../action/src/domain/plan-model.ts';
import type { Region } from '../sandbox/types.ts';
import { EAST, WEST, type Repository } from './gitops-bed.ts';
import type { File } from './gitops-file.ts';

/** Changes of a deployment file, together one for every member that the service can change. */
interface Change {
  readonly name: string;
  readonly members: readonly string[];
  /** What else the world has to be like. */
  readonly prepare?: (shop: Repository) => Promise<void> | void;
  readonly change: (file: File) => void;
  /** GetEnvironment afterwards. */
  readonly shown: (region: Region) => object;
}

const bothSites = (file: File, change: (site: File['sites'][number], region: Region) => void): void => {
  for (const site of file.sites) change(site, site.region as Region);
};

/** An object at both sites, uploaded by somebody else. */
async function upload({ bed }: Repository, stem: string, Key: string): Promise<void> {
  for (const region of [EAST, WEST] as const)
    await bed.services.s3(region).send(new PutObjectCommand({ Bucket: `${stem}-${region}`, Key, Body: Key }));
}

const ARTIFACTS = ['Requirements', 'Plugins', 'StartupScript'];

export const CHANGES: readonly Change[] = [
  {
    name: 'size',
    members: [
      'EnvironmentClass',
      'MinWorkers',
      'MaxWorkers',
      'Schedulers',
      'MinWebservers',
      'MaxWebservers',
      'WebserverAccessMode',
      'WeeklyMaintenanceWindowStart',
      'AirflowConfigurationOptions',
      'LoggingConfiguration',
      'Tags',
    ],
    change: (file) => {
      file.mwaa = {
        environmentClass: 'mw1.large',
        minWorkers: 2,
        maxWorkers: 9,
        schedulers: 3,
        minWebservers: 3,
        maxWebservers: 4,
        webserverAccessMode: 'PRIVATE_ONLY',
        endpointManagement: 'SERVICE',
        weeklyMaintenanceWindowStart: 'TUE:01:00',
        workerReplacementStrategy: 'GRACEFUL',
        // One changed, one taken away, one new.
        airflowConfigurationOptions: { 'core.parallelism': '32', 'webserver.page_size': '50' },
        loggingConfiguration: {
          taskLogs: { enabled: true, logLevel: 'WARNING' },
          schedulerLogs: { enabled: true, logLevel: 'ERROR' },
        },
        tags: { team: 'orders', cost: '4711' },
      };
    },
    shown: () => ({
      ...{ EnvironmentClass: 'mw1.large', MinWorkers: 2, MaxWorkers: 9, Schedulers: 3, MinWebservers: 3 },
      ...{ MaxWebservers: 4, WebserverAccessMode: 'PRIVATE_ONLY', WeeklyMaintenanceWindowStart: 'TUE:01:00' },
      AirflowConfigurationOptions: { 'core.parallelism': '32', 'webserver.page_size': '50' },
      LoggingConfiguration: {
        TaskLogs: { Enabled: true, LogLevel: 'WARNING' },
        SchedulerLogs: { Enabled: true, LogLevel: 'ERROR' },
      },
      Tags: { team: 'orders', cost: '4711' },
      LastUpdate: { Status: 'SUCCESS', WorkerReplacementStrategy: 'GRACEFUL' },
    }),
  },
  {
    name: 'place',
    members: [
      'ExecutionRoleArn',
      'NetworkConfiguration.SecurityGroupIds',
      'SourceBucketArn',
      'DagS3Path',
      'RequirementsS3Path',
      'PluginsS3Path',
      'StartupScriptS3Path',
    ],
    prepare: async (shop) => {
      await shop.bed.makeBuckets('other-dags');
      for (const key of ['r.txt', 'p.zip', 's.sh']) await upload(shop, 'other-dags', key);
    },
    change: (file) => {
      Object.assign((file.mwaa ??= {}), {
        requirementsS3Path: 'r.txt',
        pluginsS3Path: 'p.zip',
        startupScriptS3Path: 's.sh',
      });
      bothSites(file, (site, region) => {
        site.dagsBucket = `other-dags-${region}`;
        site.dagsPath = 'flows';
        site.mwaa = {
          ...site.mwaa,
          executionRoleArn: `arn:aws:iam::111122223333:role/other-${region}`,
          networkConfiguration: {
            subnetIds: site.mwaa?.networkConfiguration?.subnetIds ?? ['subnet-1', 'subnet-2'],
            securityGroupIds: [`sg-other-${region}`],
          },
        };
      });
    },
    shown: (region) => ({
      ExecutionRoleArn: `arn:aws:iam::111122223333:role/other-${region}`,
      SourceBucketArn: `arn:aws:s3:::other-dags-${region}`,
      DagS3Path: 'flows',
      NetworkConfiguration: { SecurityGroupIds: [`sg-other-${region}`] },
      ...{ RequirementsS3Path: 'r.txt', PluginsS3Path: 'p.zip', StartupScriptS3Path: 's.sh' },
    }),
  },
  {
    name: 'version',
    members: ['AirflowVersion'],
    // The release restores none of the versions from which an environment gets to this one: made by hand.
    prepare: (shop) => {
      for (const region of [EAST, WEST] as const) shop.byHand(region, { AirflowVersion: '2.10.1' });
    },
    change: () => undefined,
    shown: () => ({ AirflowVersion: '2.10.3' }),
  },
  {
    name: 'artifacts',
    members: ARTIFACTS.flatMap((name) => [`${name}S3Path`, `${name}S3ObjectVersion`]),
    prepare: (shop) => {
      shop.put('plugins/shop.py', '# one');
      shop.put('requirements.txt', 'pandas==2.2.0');
      shop.put('startup.sh', 'echo one');
      shop.put('dags/orders.py', '# one');
      shop.put('dags/returns.py', '# one');
    },
    change: (file) => {
      for (const name of ARTIFACTS)
        Reflect.deleteProperty(file.mwaa ?? {}, `${name.charAt(0).toLowerCase()}${name.slice(1)}S3Path`);
      file.artifacts = {
        dags: 'dags',
        plugins: 'plugins',
        requirements: 'requirements.txt',
        startupScript: 'startup.sh',
      };
    },
    shown: () => ({
      RequirementsS3Path: 'mwaadr/shop/artifacts/requirements.txt',
      PluginsS3Path: 'mwaadr/shop/artifacts/plugins.zip',
      StartupScriptS3Path: 'mwaadr/shop/artifacts/startup.sh',
    }),
  },
];

/** Where a file says something of one member: a key of `mwaa`, or of each site or its `mwaa`. */
const PLACES: readonly ((file: File) => readonly object[])[] = [
  ({ mwaa }) => [mwaa ?? {}],
  ({ sites }) => sites,
  ({ sites }) => sites.map(({ mwaa }) => mwaa ?? {}),
];
/** Changed key by key, or told with an update and never kept. */
const NO_MEMBER = ['mwaa', 'workerReplacementStrategy'];

/** The file with one key changed at a time, for each key that a change of it changes. */
export function oneByOne(file: File, { change }: Change): readonly { readonly key: string; readonly file: File }[] {
  const after = structuredClone(file);
  change(after);
  return PLACES.flatMap((placesIn) => {
    const keys = new Set(placesIn(after).flatMap((place) => Object.keys(place)));
    return [...keys].flatMap((key) => {
      const one = structuredClone(file);
      const pairs = placesIn(one).map((place, index) => [place, placesIn(after)[index] ?? {}] as const);
      const isSame = pairs.every(([place, changed]) => isDeepStrictEqual(valueIn(place, key), valueIn(changed, key)));
      if (isSame || NO_MEMBER.includes(key)) return [];
      for (const [place, changed] of pairs) Object.assign(place, { [key]: valueIn(changed, key) });
      return [{ key, file: one }];
    });
  });
}

const valueIn = (place: object, key: string): unknown => (place as Readonly<Record<string, unknown>>)[key];

/** The members that a plan changes, each once, sorted. */
export const fieldsOf = ({ fields }: Plan): readonly string[] =>
  [
    ...new Set(fields.filter(({ changes }) => changes.length > 0).map(({ field }) => memberOf(field)?.api ?? field)),
  ].toSorted();

const IDENTITY = ['Name', 'Arn', 'CreatedAt', 'WebserverUrl', 'ServiceRoleArn', 'CeleryExecutorQueue', 'LastUpdate'];

/** Members in which the environments differ although they do not belong to a Region. */
export function differences(shop: Repository): readonly string[] {
  const local = [
    ...IDENTITY,
    'NetworkConfiguration',
    ...MEMBERS.filter(({ siteLocal }) => siteLocal).map(({ api }) => api),
  ];
  const [east, west] = [EAST, WEST]
    .map((region) => Object.entries(shop.environment(region)))
    .map((all) => all.filter(([member]) => !local.includes(member)));
  const told = (entries: readonly (readonly [string, unknown])[] = []) =>
    new Map(entries.map(([member, value]) => [member, JSON.stringify(value, withoutLogGroup)]));
  const [here, there] = [told(east), told(west)];
  return [...new Set([...here.keys(), ...there.keys()])].filter((member) => here.get(member) !== there.get(member));
}

/** The service's own name of a log group has that of the environment in it. */
const withoutLogGroup = (key: string, value: unknown): unknown => (key === 'CloudWatchLogGroupArn' ? undefined : value);
