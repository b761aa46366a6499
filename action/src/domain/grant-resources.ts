/** The resources that grants speak of. Both sites are always named, since a move has to work from either side. */
import type { Deployment, Site } from './deployment.ts';
import type { Where } from './grants.ts';
import {
  bundleKeys,
  dagsKey,
  drBucket,
  EVIDENCE_PREFIX,
  KEY_ALIAS,
  keys,
  roleArn,
  s3Service,
  SNAPSHOTS_PREFIX,
  WORKFLOWS,
} from './names.ts';

type Resources = (deployment: Deployment) => Where;

/** What `of` names at each site. */
const atSites =
  (of: (site: Site, deployment: Deployment) => readonly string[]): Resources =>
  (deployment) => ({ resources: deployment.sites.flatMap((site) => of(site, deployment)) });

export const drObjects = (...keys: ((name: string) => string)[]): Resources =>
  atSites((site, { partition, deployment }) =>
    keys.map((key) => `arn:${partition}:s3:::${drBucket(site)}/${key(deployment)}`),
  );

export const { control } = keys;
export const controlFolder = (name: string): string => `control/${name}/*`;
/** Of a move's journal only the notes of what is paused by REST. */
export const pauses = (name: string): string => keys.pauses(name, '*', '*');
export const sites = (name: string): string => `sites/${name}/*`;
export const snapshots = (name: string): string => `${SNAPSHOTS_PREFIX}${name}/*`;
export const results = (name: string): string => `results/${name}/*`;
export const evidence = (name: string): string => `${EVIDENCE_PREFIX}${name}/*`;

/**
 * Without a condition on the prefix: S3 answers a GetObject for a key that is not there with 404 only to a caller who
 * may list the bucket, else with 403, and "denied" must never be mistaken for "absent" nor the other way round.
 */
export const drBuckets = atSites((site, { partition }) => [`arn:${partition}:s3:::${drBucket(site)}`]);

export const dagsBuckets = atSites((site, { partition }) => [`arn:${partition}:s3:::${site.dagsBucket}`]);

export const allBuckets: Resources = (deployment) => ({
  resources: [...drBuckets(deployment).resources, ...dagsBuckets(deployment).resources],
});

/** Every object of the DAGs buckets: an environment may read its requirements, plugins and script from any key. */
export const dagsBucketObjects = atSites((site, { partition }) => [`arn:${partition}:s3:::${site.dagsBucket}/*`]);

/** The DR DAGs. */
export const drDags = atSites((site, { partition }) => [
  `arn:${partition}:s3:::${site.dagsBucket}/${dagsKey(site, '*')}`,
]);

/** The user's DAGs. */
export const userDags = atSites((site, { partition }) => [
  `arn:${partition}:s3:::${site.dagsBucket}/${site.dagsPath}/*`,
]);

/** What we keep in the DAGs buckets beside the DAGs. */
export const bundles = atSites((site, { partition, deployment }) => [
  `arn:${partition}:s3:::${site.dagsBucket}/${bundleKeys.prefix(deployment)}*`,
]);

/**
 * The ids of the keys are not known before they are made, and the peer's is never known here: a policy names them by
 * their alias (AWS KMS Developer Guide, "Use aliases to control access to KMS keys"). Nobody but the owner of the
 * infrastructure may therefore move aliases (kms:UpdateAlias).
 */
export const bothKeys: Resources = (deployment) => ({
  ...atSites((site, { partition }) => [`arn:${partition}:kms:${site.region}:${site.account}:key/*`])(deployment),
  conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': KEY_ALIAS } },
});

/** The keys that the file gives the environments: none where MWAA's own is used, or where the file does not say. */
export const environmentKeys = atSites(({ mwaa: { kmsKey } }) => (kmsKey === undefined ? [] : [kmsKey]));

/** The same keys, for S3 alone: MWAA wants its bucket encrypted with the environment's key or with S3's own. */
export const environmentKeysByS3: Resources = (deployment) => ({
  ...environmentKeys(deployment),
  conditions: { StringEquals: { 'kms:ViaService': deployment.sites.map(({ region }) => s3Service(region)) } },
});

export const environments = atSites((site, { partition }) => [
  `arn:${partition}:airflow:${site.region}:${site.account}:environment/${site.environment}`,
]);

/** InvokeRestApi acts with the Airflow role that the resource names. */
export const airflowAs = (role: 'Viewer' | 'Op'): Resources =>
  atSites((site, { partition }) => [
    `arn:${partition}:airflow:${site.region}:${site.account}:role/${site.environment}/${role}`,
  ]);

/** For actions that know no resources; the Service Authorization Reference lists none for them. */
export const everything: Resources = () => ({ resources: ['*'] });

/** The execution roles that the file names, none of another name. */
const executionRoles = atSites(({ mwaa: { executionRoleArn } }) =>
  executionRoleArn === undefined ? [] : [executionRoleArn],
);

/** An execution role is handed to MWAA and to nobody else: both are the service, as the trust of such a role has to say. */
export const executionRolesForMwaa: Resources = (deployment) => ({
  ...executionRoles(deployment),
  conditions: { StringEquals: { 'iam:PassedToService': ['airflow.amazonaws.com', 'airflow-env.amazonaws.com'] } },
});

/** All roles whose rights are looked at: those of the workflows, and the execution roles. */
export const examinedRoles: Resources = (deployment) => ({
  resources: [...WORKFLOWS.map((workflow) => roleArn(deployment, workflow)), ...executionRoles(deployment).resources],
});

/** MWAA's own role, which the first environment of an account makes. */
export const serviceLinkedRole: Resources = (deployment) => ({
  resources: [
    ...new Set(
      deployment.sites.map(
        ({ account }) =>
          `arn:${deployment.partition}:iam::${account}:role/aws-service-role/airflow.amazonaws.com/AWSServiceRoleForAmazonMWAA`,
      ),
    ),
  ],
});

/** Parts of the network that the file gives an environment; where it gives none, none can be made. */
const ofNetwork = (
  parts: (network: NonNullable<Site['mwaa']['networkConfiguration']>) => readonly string[],
): Resources =>
  atSites(({ region, account, mwaa: { networkConfiguration: network } }, { partition }) =>
    network === undefined ? [] : parts(network).map((part) => `arn:${partition}:ec2:${region}:${account}:${part}`),
  );

const subnets = (ids: readonly string[]): readonly string[] => ids.map((id) => `subnet/${id}`);

/** The VPC follows from the subnets and is not named by the file; endpoint and interface are made by the call. */
export const endpointsInNetwork = ofNetwork(({ subnetIds, securityGroupIds }) => [
  'vpc-endpoint/*',
  'vpc/*',
  ...subnets(subnetIds),
  ...securityGroupIds.map((id) => `security-group/${id}`),
]);
export const interfacesInNetwork = ofNetwork(({ subnetIds }) => ['network-interface/*', ...subnets(subnetIds)]);

/** Nothing where the environments are somebody else's: then we never change them. */
export const managed =
  (where: Resources): Resources =>
  (deployment) =>
    deployment.manage === 'observe' ? { resources: [] } : where(deployment);
