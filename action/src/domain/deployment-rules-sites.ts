import { otherSite } from './deployment.ts';
import type { Deployment, SiteIndex } from './deployment.ts';
import type { Rule, RuleProblem } from './deployment-rules.ts';
import type { SiteSettings } from './mwaa-settings.ts';

/** Rules about the two sites and what their environments are told. */

const INDICES: readonly SiteIndex[] = [0, 1];

/** From the smallest to the largest: Amazon MWAA User Guide, "Environment classes". */
export const CLASSES = ['mw1.micro', 'mw1.small', 'mw1.medium', 'mw1.large', 'mw1.xlarge', 'mw1.2xlarge'] as const;

const PARTITION_PREFIX = { aws: '', 'aws-us-gov': 'us-gov-', 'aws-cn': 'cn-' } as const;

const partitionOfRegion = (region: string): Deployment['partition'] => {
  if (region.startsWith(PARTITION_PREFIX['aws-us-gov'])) return 'aws-us-gov';
  return region.startsWith(PARTITION_PREFIX['aws-cn']) ? 'aws-cn' : 'aws';
};

/** The place of a setting of a site: its own block, or the shared one when it comes from there. */
const settingPath = ({ sites }: Deployment, index: SiteIndex, key: keyof SiteSettings): RuleProblem['path'] =>
  sites[index].mwaa[key] === undefined ? ['mwaa', key] : ['sites', index, 'mwaa', key];

const settingsOf = ({ mwaa, sites }: Deployment, index: SiteIndex): SiteSettings => ({ ...mwaa, ...sites[index].mwaa });

const eachSite =
  (rule: (deployment: Deployment, index: SiteIndex) => RuleProblem | undefined): Rule =>
  (deployment) =>
    INDICES.map((index) => rule(deployment, index)).filter((problem) => problem !== undefined);

const differentRegions: Rule = ({ sites: [a, b] }) =>
  a.region === b.region
    ? [
        {
          path: ['sites', 1, 'region'],
          message: `both sites are in ${a.region}: a deployment survives the loss of a Region only with its sites in two`,
          fix: 'Put the second site into another Region.',
        },
      ]
    : [];

const differentBuckets: Rule = ({ sites: [a, b] }) =>
  a.dagsBucket === b.dagsBucket
    ? [
        {
          path: ['sites', 1, 'dagsBucket'],
          message: `both sites use the bucket ${a.dagsBucket}: a bucket lives in one Region and is lost with it`,
          fix: 'Name the DAGs bucket of each Region.',
        },
      ]
    : [];

const regionOfPartition = eachSite(({ partition, sites }, index) => {
  const { region } = sites[index];
  if (partitionOfRegion(region) === partition) return undefined;
  return {
    path: ['sites', index, 'region'],
    message: `${region} is not a Region of the partition ${partition}`,
    fix: `Set "partition" to "${partitionOfRegion(region)}", or name Regions of ${partition}.`,
  };
});

/**
 * Whoever is the standby today is the active site after a failover, so that neither may be the smaller one: a file that
 * is right before a move has to be right after it, when only `active` has changed.
 */
const sameClass: Rule = (deployment) => {
  const classes = INDICES.map((index) => settingsOf(deployment, index).environmentClass);
  const [one, other] = classes.map((name) => (name === undefined ? undefined : CLASSES.indexOf(name)));
  if (one === undefined || other === undefined || one === other) return [];
  const smaller: SiteIndex = one < other ? 0 : 1;
  const larger = otherSite(smaller);
  const [small, large] = [deployment.sites[smaller].region, deployment.sites[larger].region];
  return [
    {
      path: settingPath(deployment, smaller, 'environmentClass'),
      message: `the site in ${small} is ${classes[smaller] ?? ''}, the one in ${large} ${classes[larger] ?? ''}: after a failover the smaller could not carry the load of the larger`,
      fix: `Give both sites ${classes[larger] ?? ''}, best by one "environmentClass" in the shared "mwaa".`,
    },
  ];
};

const ranges = (['Workers', 'Webservers'] as const).map((what) =>
  eachSite((deployment, index) => {
    const settings = settingsOf(deployment, index);
    const [min, max] = [settings[`min${what}`], settings[`max${what}`]];
    if (min === undefined || max === undefined || min <= max) return undefined;
    return {
      path: settingPath(deployment, index, `min${what}`),
      message: `min${what} is ${min} and max${what} ${max} in ${deployment.sites[index].region}`,
      fix: `Let min${what} be at most max${what}.`,
    };
  }),
);

/** One for mw1.micro, two to five for every other class: API_CreateEnvironment, members Schedulers, MinWebservers. */
const ofClass = (['schedulers', 'minWebservers', 'maxWebservers'] as const).map((key) =>
  eachSite((deployment, index) => {
    const { environmentClass, [key]: count } = settingsOf(deployment, index);
    if (environmentClass === undefined || count === undefined) return undefined;
    const isMicro = environmentClass === 'mw1.micro';
    if (isMicro ? count === 1 : count >= 2) return undefined;
    return {
      path: settingPath(deployment, index, key),
      message: `${key} is ${count}, but ${environmentClass} takes ${isMicro ? 'exactly 1' : 'from 2 to 5'}`,
      fix: `Leave ${key} away, or set it to what ${environmentClass} takes.`,
    };
  }),
);

/** Partition, Region and account of an ARN; the Region of a global service is ''. */
function arnParts(arn: string): { partition: string; region: string; account: string } {
  const [, partition = '', , region = '', account = ''] = arn.split(':');
  return { partition, region, account };
}

const belongsToSite = (['executionRoleArn', 'kmsKey'] as const).map((key) =>
  eachSite((deployment, index) => {
    const site = deployment.sites[index];
    const arn = site.mwaa[key];
    if (arn === undefined) return undefined;
    const found = arnParts(arn);
    const wrong = [
      ...(found.partition === deployment.partition ? [] : [`the partition ${found.partition}`]),
      ...(found.region === '' || found.region === site.region ? [] : [`the Region ${found.region}`]),
      ...(found.account === site.account ? [] : [`the account ${found.account}`]),
    ];
    if (wrong.length === 0) return undefined;
    return {
      path: ['sites', index, 'mwaa', key],
      message: `${key} of the site in ${site.region} belongs to ${wrong.join(' and ')}`,
      fix: `Name one of ${site.region} in the account ${site.account}: what lies elsewhere may be lost with another Region.`,
    };
  }),
);

const keysForBothOrNone: Rule = ({ sites }) => {
  const index = sites[0].mwaa.kmsKey === undefined ? 0 : 1;
  if ((sites[0].mwaa.kmsKey === undefined) === (sites[1].mwaa.kmsKey === undefined)) return [];
  return [
    {
      path: ['sites', index, 'mwaa'],
      message: `${sites[index].region} has no kmsKey, but ${sites[otherSite(index)].region} has one: one side's data would be kept less safely`,
      fix: 'Name a key of its own Region for each site, or for none; an environment keeps its key for life.',
    },
  ];
};

const twoSubnets = eachSite(({ sites }, index) => {
  const subnets = sites[index].mwaa.networkConfiguration?.subnetIds;
  if (subnets === undefined || subnets[0] !== subnets[1]) return undefined;
  return {
    path: ['sites', index, 'mwaa', 'networkConfiguration', 'subnetIds', 1],
    message: `both subnets are ${subnets[0]}: MWAA wants two, in two Availability Zones`,
    fix: 'Name two private subnets in different zones.',
  };
});

const noSharedSubnet: Rule = ({ sites: [a, b] }) => {
  const here: readonly string[] = a.mwaa.networkConfiguration?.subnetIds ?? [];
  const there = b.mwaa.networkConfiguration?.subnetIds ?? [];
  const shared = there.findIndex((subnet) => here.includes(subnet));
  if (shared < 0) return [];
  return [
    {
      path: ['sites', 1, 'mwaa', 'networkConfiguration', 'subnetIds', shared],
      message: `${there[shared] ?? ''} is a subnet of both sites: a subnet lives in one Region`,
      fix: `Name subnets of ${b.region}.`,
    },
  ];
};

/** Who makes environments has to know what no environment can be made without. */
const enoughToCreate = (['executionRoleArn', 'networkConfiguration'] as const).map((key) =>
  eachSite(({ manage, sites }, index) => {
    if (manage === 'observe' || sites[index].mwaa[key] !== undefined) return undefined;
    return {
      path: ['sites', index, 'mwaa'],
      message: `the site in ${sites[index].region} has no ${key}: with "manage": "${manage}" its environment may have to be made from this file`,
      fix: `Add ${key} to the site's "mwaa", or set "manage" to "observe".`,
    };
  }),
);

export const SITE_RULES: readonly Rule[] = [
  differentRegions,
  differentBuckets,
  regionOfPartition,
  sameClass,
  ...ranges,
  ...ofClass,
  ...belongsToSite,
  keysForBothOrNone,
  twoSubnets,
  noSharedSubnet,
  ...enoughToCreate,
];
