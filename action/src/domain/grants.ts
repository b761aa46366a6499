/**
 * Who may do what: the one table behind every policy that this project creates, and behind what `doctor` asks IAM about.
 * A line names actions and where they may be used.
 */
import type { Deployment } from './deployment.ts';
import * as where from './grant-resources.ts';
import {
  control,
  controlFolder,
  drObjects,
  evidence,
  managed,
  pauses,
  results,
  sites,
  snapshots,
} from './grant-resources.ts';
import { keys } from './names.ts';
import type { Workflow } from './names.ts';

/** Resources of a policy statement with the conditions under which they are meant. */
export interface Where {
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Grant {
  readonly actions: readonly string[];
  /** Without resources the grant says nothing of this deployment. */
  readonly where: (deployment: Deployment) => Where;
}

/** A grant for one deployment. */
export interface Statement extends Where {
  readonly actions: readonly string[];
}

/** What grants say of a deployment; IAM takes no statement without resources. */
export const statementsOf = (deployment: Deployment, grants: readonly Grant[]): readonly Statement[] =>
  grants
    .map(({ actions, where: of }) => ({ actions, ...of(deployment) }))
    .filter(({ resources }) => resources.length > 0);

const USE_KEYS: Grant = { actions: ['kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey'], where: where.bothKeys };
const LIST_DR_BUCKETS: Grant = { actions: ['s3:ListBucket'], where: where.drBuckets };
const LOOK_AT_ENVIRONMENTS: Grant = { actions: ['airflow:GetEnvironment'], where: where.environments };
const LOOK_AT_METRICS: Grant = { actions: ['cloudwatch:GetMetricData'], where: where.everything };
const AIRFLOW_AS_OPERATOR: Grant = { actions: ['airflow:InvokeRestApi'], where: where.airflowAs('Op') };
/** Health and import errors, which change nothing. */
const AIRFLOW_AS_VIEWER: Grant = { actions: ['airflow:InvokeRestApi'], where: where.airflowAs('Viewer') };

const READ_EVERYTHING: readonly Grant[] = [
  LIST_DR_BUCKETS,
  { actions: ['s3:GetObject'], where: drObjects(control, controlFolder, sites, snapshots, results, evidence) },
  LOOK_AT_ENVIRONMENTS,
  LOOK_AT_METRICS,
  USE_KEYS,
];

/** Who is active, what the environments are told, and what lies in their DAGs buckets. */
const COMPARE: readonly Grant[] = [
  LIST_DR_BUCKETS,
  { actions: ['s3:GetObject'], where: drObjects(control, controlFolder, sites) },
  { actions: ['kms:Decrypt'], where: where.bothKeys },
  LOOK_AT_ENVIRONMENTS,
  { actions: ['s3:ListBucket'], where: where.dagsBuckets },
  { actions: ['s3:GetObject', 's3:GetObjectVersion'], where: where.dagsBucketObjects },
  { actions: ['kms:Decrypt'], where: where.environmentKeysByS3 },
];

/**
 * What MWAA does in its caller's name when an environment is made or changed: Amazon MWAA User Guide, "Accessing an
 * Amazon MWAA environment", policy AmazonMWAAFullApiAccess, narrowed to what the file names
 * (https://docs.aws.amazon.com/mwaa/latest/userguide/access-policies.html).
 */
const CHANGE_ENVIRONMENTS: readonly Grant[] = [
  {
    actions: ['airflow:CreateEnvironment', 'airflow:UpdateEnvironment', 'airflow:TagResource', 'airflow:UntagResource'],
    where: managed(where.environments),
  },
  { actions: ['iam:PassRole'], where: managed(where.executionRolesForMwaa) },
  { actions: ['iam:CreateServiceLinkedRole'], where: managed(where.serviceLinkedRole) },
  { actions: ['s3:GetEncryptionConfiguration'], where: managed(where.dagsBuckets) },
  {
    actions: ['ec2:DescribeRouteTables', 'ec2:DescribeSecurityGroups', 'ec2:DescribeSubnets', 'ec2:DescribeVpcs'],
    where: managed(where.everything),
  },
  { actions: ['ec2:CreateVpcEndpoint'], where: managed(where.endpointsInNetwork) },
  { actions: ['ec2:CreateNetworkInterface'], where: managed(where.interfacesInNetwork) },
  {
    actions: [
      'kms:CreateGrant',
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:Encrypt',
      'kms:GenerateDataKey',
      'kms:GenerateDataKeyWithoutPlaintext',
      'kms:ListGrants',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
      'kms:RevokeGrant',
    ],
    where: managed(where.environmentKeys),
  },
];

/** Uploads and deletions of DAGs, and what goes with them; an upload under a customer's key needs the key's grant above. */
const DEPLOY_ARTIFACTS: readonly Grant[] = [
  { actions: ['s3:GetReplicationConfiguration'], where: managed(where.dagsBuckets) },
  { actions: ['s3:PutObject', 's3:DeleteObject'], where: managed(where.userDags) },
  { actions: ['s3:PutObject'], where: managed(where.bundles) },
];

/** How everything is set up, for `doctor`. */
const EXAMINE: readonly Grant[] = [
  {
    actions: [
      's3:GetBucketLocation',
      's3:GetBucketPublicAccessBlock',
      's3:GetBucketVersioning',
      's3:GetEncryptionConfiguration',
      's3:GetReplicationConfiguration',
    ],
    where: where.allBuckets,
  },
  { actions: ['kms:DescribeKey', 'kms:GetKeyPolicy'], where: where.bothKeys },
  { actions: ['kms:DescribeKey', 'kms:GetKeyPolicy'], where: where.environmentKeys },
  { actions: ['iam:SimulatePrincipalPolicy'], where: where.examinedRoles },
  {
    actions: [
      'airflow:ListEnvironments',
      'ec2:DescribeSecurityGroups',
      'ec2:DescribeSubnets',
      'servicequotas:ListServiceQuotas',
    ],
    where: where.everything,
  },
];

export const WORKFLOW_GRANTS: Readonly<Record<Workflow, readonly Grant[]>> = {
  // Writes what it saw, and pays debts: the claim and the fence of a site that could not be reached.
  health: [
    ...READ_EVERYTHING,
    { actions: ['s3:PutObject'], where: drObjects(control, pauses, sites) },
    AIRFLOW_AS_OPERATOR,
  ],
  snapshot: [...READ_EVERYTHING, AIRFLOW_AS_OPERATOR],
  failover: [
    ...READ_EVERYTHING,
    { actions: ['s3:PutObject'], where: drObjects(control, controlFolder, sites, snapshots, evidence) },
    AIRFLOW_AS_OPERATOR,
  ],
  install: [
    LIST_DR_BUCKETS,
    // The heartbeats, to see that the hold is in place; snapshots, which prove who was active where records are gone;
    // what the DR DAG of an uninstall says of itself.
    { actions: ['s3:GetObject'], where: drObjects(control, sites, snapshots, results) },
    { actions: ['s3:PutObject'], where: drObjects(control) },
    // For uninstall: a delete marker, under which the versions stay.
    {
      actions: ['s3:DeleteObject'],
      where: drObjects(control, controlFolder, sites, snapshots, results, evidence),
    },
    { actions: ['s3:ListBucket'], where: where.dagsBuckets },
    { actions: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], where: where.drDags },
    { actions: ['kms:Decrypt', 'kms:GenerateDataKey'], where: where.environmentKeysByS3 },
    LOOK_AT_ENVIRONMENTS,
    AIRFLOW_AS_OPERATOR,
    USE_KEYS,
  ],
  // Runs for pull requests: whoever may open one in this repository runs code with it.
  plan: COMPARE,
  // Its record and its lease, and everything that a plan can ask for.
  reconcile: [
    ...COMPARE,
    { actions: ['s3:PutObject'], where: drObjects(control, controlFolder) },
    { actions: ['kms:GenerateDataKey'], where: where.bothKeys },
    AIRFLOW_AS_VIEWER,
    ...CHANGE_ENVIRONMENTS,
    ...DEPLOY_ARTIFACTS,
  ],
  // Compares, tells how the fleet is, and notes what it found.
  drift: [
    ...COMPARE,
    { actions: ['s3:GetObject'], where: drObjects(snapshots, evidence) },
    { actions: ['s3:PutObject'], where: drObjects(keys.drift) },
    { actions: ['kms:GenerateDataKey'], where: where.bothKeys },
    LOOK_AT_METRICS,
    AIRFLOW_AS_VIEWER,
    ...EXAMINE,
  ],
};

/** What the DR DAGs do with the execution role of their environment, beyond what MWAA itself needs. */
export const EXECUTION_GRANTS: readonly Grant[] = [
  LIST_DR_BUCKETS,
  { actions: ['s3:GetObject'], where: drObjects(control, sites, snapshots, results) },
  { actions: ['s3:PutObject'], where: drObjects(sites, snapshots, results) },
  // What a snapshot that failed had written.
  { actions: ['s3:DeleteObject'], where: drObjects(snapshots) },
  USE_KEYS,
];
