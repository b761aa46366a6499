/**
 * Who may do what: the one table behind every policy that this project creates, and behind what `doctor` asks IAM about.
 * A line names actions and where they may be used; both sites are always named, since a move has to work from either
 * side.
 */
import type { Deployment } from './deployment.ts';
import { dagsKey, drBucket, EVIDENCE_PREFIX, KEY_ALIAS, SNAPSHOTS_PREFIX } from './names.ts';

/** Resources of a policy statement with the conditions under which they are meant. */
export interface Where {
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Grant {
  readonly actions: readonly string[];
  readonly where: (deployment: Deployment) => Where;
}

/** The workflows that this table has a line for. */
type Granted = 'health' | 'snapshot' | 'failover' | 'install';

const drObjects =
  (...keys: ((name: string) => string)[]) =>
  (deployment: Deployment): Where => ({
    resources: deployment.sites.flatMap((site) =>
      keys.map((key) => `arn:${deployment.partition}:s3:::${drBucket(site)}/${key(deployment.deployment)}`),
    ),
  });

const control = (name: string): string => `control/${name}.json`;
const controlFolder = (name: string): string => `control/${name}/*`;
const sites = (name: string): string => `sites/${name}/*`;
const snapshots = (name: string): string => `${SNAPSHOTS_PREFIX}${name}/*`;
const results = (name: string): string => `results/${name}/*`;
const evidence = (name: string): string => `${EVIDENCE_PREFIX}${name}/*`;

/**
 * Without a condition on the prefix: S3 answers a GetObject for a key that is not there with 404 only to a caller who
 * may list the bucket, else with 403, and "denied" must never be mistaken for "absent" nor the other way round.
 */
const drBuckets = (deployment: Deployment): Where => ({
  resources: deployment.sites.map((site) => `arn:${deployment.partition}:s3:::${drBucket(site)}`),
});

const dagsBuckets = (deployment: Deployment): Where => ({
  resources: deployment.sites.map((site) => `arn:${deployment.partition}:s3:::${site.dagsBucket}`),
});

const drDags = (deployment: Deployment): Where => ({
  resources: deployment.sites.map(
    (site) => `arn:${deployment.partition}:s3:::${site.dagsBucket}/${dagsKey(site, '*')}`,
  ),
});

/**
 * The ids of the keys are not known before they are made, and the peer's is never known here: a policy names them by
 * their alias (AWS KMS Developer Guide, "Use aliases to control access to KMS keys"). Nobody but the owner of the infrastructure may therefore move aliases (kms:UpdateAlias).
 */
const bothKeys = (deployment: Deployment): Where => ({
  resources: deployment.sites.map((site) => `arn:${deployment.partition}:kms:${site.region}:${site.account}:key/*`),
  conditions: { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': KEY_ALIAS } },
});

const environments = (deployment: Deployment): Where => ({
  resources: deployment.sites.map(
    (site) => `arn:${deployment.partition}:airflow:${site.region}:${site.account}:environment/${site.environment}`,
  ),
});

/** InvokeRestApi acts with the Airflow role that the resource names. */
const airflowAs =
  (role: 'Viewer' | 'Op') =>
  (deployment: Deployment): Where => ({
    resources: deployment.sites.map(
      (site) => `arn:${deployment.partition}:airflow:${site.region}:${site.account}:role/${site.environment}/${role}`,
    ),
  });

/** GetMetricData knows no resources: AWS lists none for it. */
const everything = (): Where => ({ resources: ['*'] });

const USE_KEYS: Grant = { actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'], where: bothKeys };
const LIST_DR_BUCKETS: Grant = { actions: ['s3:ListBucket'], where: drBuckets };

const READ_EVERYTHING: readonly Grant[] = [
  LIST_DR_BUCKETS,
  { actions: ['s3:GetObject'], where: drObjects(control, controlFolder, sites, snapshots, results, evidence) },
  { actions: ['airflow:GetEnvironment'], where: environments },
  { actions: ['cloudwatch:GetMetricData'], where: everything },
  USE_KEYS,
];

export const WORKFLOW_GRANTS: Readonly<Record<Granted, readonly Grant[]>> = {
  // Writes what it saw, and pays debts: the claim and the fence of a site that could not be reached.
  health: [
    ...READ_EVERYTHING,
    { actions: ['s3:PutObject'], where: drObjects(control, sites) },
    { actions: ['airflow:InvokeRestApi'], where: airflowAs('Op') },
  ],
  snapshot: [...READ_EVERYTHING, { actions: ['airflow:InvokeRestApi'], where: airflowAs('Op') }],
  failover: [
    ...READ_EVERYTHING,
    { actions: ['s3:PutObject'], where: drObjects(control, controlFolder, sites, snapshots, evidence) },
    { actions: ['airflow:InvokeRestApi'], where: airflowAs('Op') },
  ],
  install: [
    LIST_DR_BUCKETS,
    // The heartbeats, to see that the hold is in place.
    { actions: ['s3:GetObject'], where: drObjects(control, sites) },
    { actions: ['s3:PutObject'], where: drObjects(control) },
    { actions: ['s3:ListBucket'], where: dagsBuckets },
    { actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], where: drDags },
    { actions: ['airflow:GetEnvironment'], where: environments },
    { actions: ['airflow:InvokeRestApi'], where: airflowAs('Op') },
    USE_KEYS,
  ],
};

/** What the DR DAGs do with the execution role of their environment, beyond what MWAA itself needs. */
export const EXECUTION_GRANTS: readonly Grant[] = [
  LIST_DR_BUCKETS,
  { actions: ['s3:GetObject'], where: drObjects(control, sites, snapshots, results) },
  { actions: ['s3:PutObject'], where: drObjects(sites, snapshots, results) },
  USE_KEYS,
];
