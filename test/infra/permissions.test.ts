/** The roles allow what the code calls and what AWS does in its name, no more and no less. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { deploymentSchema } from '../../action/src/domain/deployment.ts';
import { statementsOf, WORKFLOW_GRANTS } from '../../action/src/domain/grants.ts';
import { type Workflow, WORKFLOWS } from '../../action/src/domain/names.ts';
import { ROOT } from '../tools/paths.ts';

/** IAM actions of each API call; none where STS asks for none of its caller. */
const ACTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  AssumeRoleWithWebIdentity: [],
  CreateEnvironment: ['airflow:CreateEnvironment'],
  Decrypt: ['kms:Decrypt'],
  DeleteObject: ['s3:DeleteObject'],
  DescribeKey: ['kms:DescribeKey'],
  DescribeSecurityGroups: ['ec2:DescribeSecurityGroups'],
  DescribeSubnets: ['ec2:DescribeSubnets'],
  Encrypt: ['kms:Encrypt'],
  GenerateDataKey: ['kms:GenerateDataKey'],
  GetBucketEncryption: ['s3:GetEncryptionConfiguration'],
  GetBucketLocation: ['s3:GetBucketLocation'],
  GetBucketReplication: ['s3:GetReplicationConfiguration'],
  GetBucketVersioning: ['s3:GetBucketVersioning'],
  GetCallerIdentity: [],
  GetEnvironment: ['airflow:GetEnvironment'],
  GetKeyPolicy: ['kms:GetKeyPolicy'],
  GetMetricData: ['cloudwatch:GetMetricData'],
  GetObject: ['s3:GetObject', 's3:GetObjectVersion'],
  GetPublicAccessBlock: ['s3:GetBucketPublicAccessBlock'],
  HeadObject: ['s3:GetObject', 's3:GetObjectVersion'],
  InvokeRestApi: ['airflow:InvokeRestApi'],
  ListEnvironments: ['airflow:ListEnvironments'],
  ListObjectsV2: ['s3:ListBucket'],
  ListServiceQuotas: ['servicequotas:ListServiceQuotas'],
  PutObject: ['s3:PutObject'],
  SimulatePrincipalPolicy: ['iam:SimulatePrincipalPolicy'],
  TagResource: ['airflow:TagResource'],
  UntagResource: ['airflow:UntagResource'],
  UpdateEnvironment: ['airflow:UpdateEnvironment'],
};

/** What is asked of our role without a call of ours, and why. */
const IMPLIED: Readonly<Record<string, string>> = {
  'iam:PassRole': 'CreateEnvironment and UpdateEnvironment hand an execution role to MWAA',
  'iam:CreateServiceLinkedRole': 'the first environment of an account',
  'ec2:CreateNetworkInterface': 'MWAA, when it makes an environment, in the name of its caller',
  'ec2:CreateVpcEndpoint': 'the same, for its database and web server',
  'ec2:DescribeRouteTables': 'MWAA looks at the network before it takes it',
  'ec2:DescribeVpcs': 'the same',
  'kms:CreateGrant': "MWAA's grants on the environment's own key",
  'kms:ListGrants': 'the same',
  'kms:RevokeGrant': 'the same',
  'kms:GenerateDataKeyWithoutPlaintext': 'what those grants allow, which their maker has to have: kms:GenerateDataKey*',
  'kms:ReEncryptFrom': 'the same: kms:ReEncrypt*',
  'kms:ReEncryptTo': 'the same',
};

/** Those for which the Service Authorization Reference lists no resources. */
const WITHOUT_RESOURCES = [
  'airflow:ListEnvironments',
  'cloudwatch:GetMetricData',
  'ec2:DescribeRouteTables',
  'ec2:DescribeSecurityGroups',
  'ec2:DescribeSubnets',
  'ec2:DescribeVpcs',
  'servicequotas:ListServiceQuotas',
];

const FOLDER = join(ROOT, 'action/src');
const called = new Set(
  readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [
      // EC2 has no client: its two calls are made by hand.
      ...readFileSync(join(FOLDER, name), 'utf8').matchAll(
        /\bnew (\w+)Command\(|\bpaginate([A-Z]\w+)\(|\bec2\('(\w+)'/g,
      ),
    ])
    .map(([, command, paginator, query]) => command ?? paginator ?? query ?? ''),
);

const EXAMPLE: unknown = JSON.parse(readFileSync(join(ROOT, 'environments/example.json'), 'utf8'));
const example = (change: object = {}) => deploymentSchema.parse({ ...(EXAMPLE as object), ...change });
const grantsOf = (workflow: Workflow, change: object = {}) =>
  statementsOf(example(change), WORKFLOW_GRANTS[workflow]).flatMap(({ actions, resources, conditions }) =>
    actions.flatMap((action) => resources.map((resource) => ({ action, resource, conditions }))),
  );
const READS = /:(Get|List|Describe|Simulate)|^kms:(Decrypt|DescribeKey)$/;
const writes = (workflow: Workflow, change: object = {}): string[] =>
  grantsOf(workflow, change)
    .filter(({ action }) => !READS.test(action) && action !== 'airflow:InvokeRestApi')
    .map(({ action, resource }) => `${action} ${resource}`);

describe('the permissions of the workflows', () => {
  it('know every API call that the action makes', () => {
    expect([...called].filter((name) => !(name in ACTIONS_OF))).toEqual([]);
  });

  it('together are exactly what those calls need, and what AWS does in their name', () => {
    const needed = [...called].flatMap((name) => ACTIONS_OF[name] ?? []);
    const granted = Object.values(WORKFLOW_GRANTS).flatMap((grants) => grants.flatMap(({ actions }) => actions));
    expect([...new Set(granted)].sort()).toEqual([...new Set([...needed, ...Object.keys(IMPLIED)])].sort());
  });

  it.each(WORKFLOWS)('of %s name the resources wherever AWS knows any', (workflow) => {
    const wide = grantsOf(workflow).filter(({ resource }) => resource === '*');
    expect(wide.map(({ action }) => action).filter((action) => !WITHOUT_RESOURCES.includes(action))).toEqual([]);
  });

  it('let plan change nothing at all', () => {
    expect(writes('plan')).toEqual([]);
    expect(grantsOf('plan').filter(({ action }) => action === 'airflow:InvokeRestApi')).toEqual([]);
  });

  it('let drift write its own record and nothing else', () => {
    expect(writes('drift').filter((line) => !line.startsWith('kms:GenerateDataKey '))).toEqual([
      's3:PutObject arn:aws:s3:::mwaadr-111122223333-us-east-1/control/example/drift.json',
      's3:PutObject arn:aws:s3:::mwaadr-111122223333-us-west-2/control/example/drift.json',
    ]);
  });

  it('let what only looks be no more than a viewer of Airflow', () => {
    for (const workflow of ['reconcile', 'drift'] as const)
      for (const { action, resource } of grantsOf(workflow))
        if (action === 'airflow:InvokeRestApi') expect(resource).toMatch(/\/Viewer$/);
  });

  it('let reconcile hand the execution roles of the file to MWAA, no other role and nobody else', () => {
    const passed = grantsOf('reconcile').filter(({ action }) => action === 'iam:PassRole');
    const to = { StringEquals: { 'iam:PassedToService': ['airflow.amazonaws.com', 'airflow-env.amazonaws.com'] } };
    expect(passed).toEqual(
      ['us-east-1', 'us-west-2'].map((region) => ({
        action: 'iam:PassRole',
        resource: `arn:aws:iam::111122223333:role/example-airflow-${region}`,
        conditions: to,
      })),
    );
  });

  it('let reconcile delete DAGs and nothing else', () => {
    expect(writes('reconcile').filter((line) => line.includes('Delete'))).toEqual([
      's3:DeleteObject arn:aws:s3:::example-dags-us-east-1/dags/*',
      's3:DeleteObject arn:aws:s3:::example-dags-us-west-2/dags/*',
    ]);
    expect([
      ...new Set(
        Object.values(WORKFLOW_GRANTS)
          .flat()
          .flatMap(({ actions }) => actions),
      ),
    ]).not.toContain('airflow:DeleteEnvironment');
  });

  it('let reconcile change no environment, bucket or network that is only observed', () => {
    expect(
      writes('reconcile', { manage: 'observe' }).filter((line) => !/mwaadr-\d+|:kms:.*:key\/\*$/.test(line)),
    ).toEqual([]);
  });

  it('say nothing of a network, a role or a key that the file does not name', () => {
    const bare = (EXAMPLE as { sites: object[] }).sites.map((site) => ({ ...site, mwaa: {} }));
    const actions = grantsOf('reconcile', { sites: bare }).map(({ action }) => action);
    expect(actions).toContain('airflow:UpdateEnvironment');
    for (const action of ['iam:PassRole', 'ec2:CreateVpcEndpoint', 'ec2:CreateNetworkInterface', 'kms:CreateGrant'])
      expect(actions).not.toContain(action);
  });

  it('fit into what IAM takes, 10,240 characters for all of a role, with the longest names that there can be', () => {
    const long = (text: string, length: number): string => `${text}${'x'.repeat(length)}`.slice(0, length);
    const sites = example().sites.map((site) => ({
      ...site,
      environment: long(site.environment, 80),
      dagsBucket: long(site.dagsBucket, 63),
      dagsPath: long('dags', 60),
      mwaa: {
        ...site.mwaa,
        executionRoleArn: long(site.mwaa.executionRoleArn ?? '', 95),
        networkConfiguration: {
          subnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
          securityGroupIds: [0, 1, 2, 3, 4].map((n) => `sg-0123456789abcdef${n}`),
        },
      },
    }));
    const longest = example({ deployment: long('d', 32), sites });
    const lengths = WORKFLOWS.map((workflow) => {
      const Statement = statementsOf(longest, WORKFLOW_GRANTS[workflow]).map(({ actions, resources, conditions }) => ({
        Action: actions,
        Condition: conditions,
        Effect: 'Allow',
        Resource: resources,
      }));
      return { workflow, length: JSON.stringify({ Statement, Version: '2012-10-17' }).length };
    });
    expect(lengths.filter(({ length }) => length > 10_240)).toEqual([]);
  });
});
