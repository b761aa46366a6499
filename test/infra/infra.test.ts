import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Deployment, deploymentSchema } from '../../action/src/domain/deployment.ts';
import { WORKFLOWS } from '../../action/src/domain/names.ts';
import { siteStacks } from '../../infra/lib/site-stacks.ts';
import { ROOT } from '../tools/paths.ts';

const REPOSITORY = { owner: 'o', ownerId: '1', repo: 'r', repoId: '2' };
const EXAMPLE = deploymentSchema.parse(JSON.parse(readFileSync(join(ROOT, 'environments/example.json'), 'utf8')));

const folder = mkdtempSync(join(tmpdir(), 'mwaadr-infra-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function synthesize(context: Record<string, string> = {}, deployments: readonly Deployment[] = [EXAMPLE]): Template[] {
  const app = new App({ context: { ...REPOSITORY, ...context }, outdir: mkdtempSync(join(folder, 'out-')) });
  return siteStacks(app, deployments).map((stack) => Template.fromStack(stack));
}

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Effect: string;
  readonly Condition?: unknown;
}
interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown> & { readonly PolicyDocument?: { readonly Statement: Statement[] } };
}

const resources = (template: Template): [string, Resource][] =>
  Object.entries((template.toJSON() as { Resources: Record<string, Resource> }).Resources);

const list = <T>(value: T | readonly T[]): readonly T[] =>
  Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** Every statement that allows something by identity: key and bucket policies speak of their own resource alone. */
const allowed = (template: Template): Statement[] =>
  resources(template)
    .filter(([, { Type }]) => Type === 'AWS::IAM::Policy' || Type === 'AWS::IAM::ManagedPolicy')
    .flatMap(([, { Properties }]) => Properties.PolicyDocument?.Statement ?? []);

const [east, west] = synthesize() as [Template, Template];
const both: [string, Template][] = [
  ['us-east-1', east],
  ['us-west-2', west],
];

describe.each(both)('the site in %s', (region, template) => {
  it('has one DR bucket that is versioned, encrypted, private and kept', () => {
    template.resourceCountIs('AWS::S3::Bucket', 1);
    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        BucketName: `mwaadr-111122223333-${region}`,
        VersioningConfiguration: { Status: 'Enabled' },
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            { ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' }, BucketKeyEnabled: false },
          ],
        },
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        LifecycleConfiguration: {
          Rules: [Match.objectLike({ NoncurrentVersionExpiration: { NoncurrentDays: 7 }, Status: 'Enabled' })],
        },
      },
    });
  });

  it('expires no snapshot that is not replaced', () => {
    expect(JSON.stringify(template.findResources('AWS::S3::Bucket'))).not.toContain('"ExpirationInDays"');
  });

  it('refuses requests without TLS', () => {
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Effect: 'Deny', Action: 's3:*', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }),
        ]),
      },
    });
  });

  it('has a key that rotates, is kept, and is found by its alias', () => {
    template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Retain', Properties: { EnableKeyRotation: true } });
    template.hasResourceProperties('AWS::KMS::Alias', { AliasName: 'alias/mwaadr' });
  });

  it('replicates snapshots and evidence to the other site, and nothing else', () => {
    const other = region === 'us-east-1' ? 'us-west-2' : 'us-east-1';
    const rule = (prefix: string): unknown =>
      Match.objectLike({
        Status: 'Enabled',
        Filter: { Prefix: `${prefix}/example/` },
        DeleteMarkerReplication: { Status: 'Disabled' },
        SourceSelectionCriteria: { SseKmsEncryptedObjects: { Status: 'Enabled' } },
        Destination: {
          Bucket: `arn:aws:s3:::mwaadr-111122223333-${other}`,
          EncryptionConfiguration: { ReplicaKmsKeyID: `arn:aws:kms:${other}:111122223333:alias/mwaadr` },
        },
      });
    template.hasResourceProperties('AWS::S3::Bucket', {
      ReplicationConfiguration: { Rules: [rule('snapshots'), rule('evidence')] },
    });
  });

  it('lets the replication role read with its own key and write with the key of the other site, through S3', () => {
    const other = region === 'us-east-1' ? 'us-west-2' : 'us-east-1';
    const via = (action: string): unknown =>
      resources(template)
        .filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith('Replication'))
        .flatMap(([, { Properties }]) => Properties.PolicyDocument?.Statement ?? [])
        .filter(({ Action }) => Action === action)
        .map(({ Condition }) => (Condition as { StringEquals: Record<string, string> }).StringEquals['kms:ViaService']);
    expect(via('kms:Decrypt')).toEqual([`s3.${region}.amazonaws.com`]);
    expect(via('kms:Encrypt')).toEqual([`s3.${other}.amazonaws.com`]);
  });

  it('lets only S3 use the replication role', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      RoleName: `mwaadr-replication-${region}`,
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 's3.amazonaws.com' } }],
      },
    });
  });

  it('allows no action by wildcard', () => {
    const actions = allowed(template).flatMap(({ Action }) => list(Action));
    expect(actions.length).toBeGreaterThan(5);
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  it('allows nothing on every resource but reads that know none', () => {
    const wide = allowed(template).filter(({ Resource }) => list(Resource).includes('*'));
    expect([...new Set(wide.flatMap(({ Action }) => list(Action)))].sort()).toEqual(
      region === 'us-east-1'
        ? [
            'airflow:ListEnvironments',
            'cloudwatch:GetMetricData',
            'ec2:DescribeRouteTables',
            'ec2:DescribeSecurityGroups',
            'ec2:DescribeSubnets',
            'ec2:DescribeVpcs',
            'servicequotas:ListServiceQuotas',
          ]
        : [],
    );
  });

  it('allows keys by wildcard only under the condition of our alias', () => {
    const byWildcard = allowed(template).filter(({ Resource }) => JSON.stringify(Resource).includes(':key/*'));
    expect(byWildcard.length).toBeGreaterThan(0);
    for (const { Condition } of byWildcard) {
      expect(Condition).toMatchObject({ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/mwaadr' } });
    }
  });

  it('gives the DR DAGs both buckets and both keys, and no control record to write', () => {
    const [, { Properties }] = resources(template).find(([, { Type }]) => Type === 'AWS::IAM::ManagedPolicy') as [
      string,
      Resource,
    ];
    const statements = Properties.PolicyDocument?.Statement ?? [];
    const on = (action: string): string =>
      JSON.stringify(statements.filter(({ Action }) => list(Action).includes(action)).map(({ Resource }) => Resource));
    for (const site of ['us-east-1', 'us-west-2']) {
      expect(on('s3:PutObject')).toContain(`mwaadr-111122223333-${site}/snapshots/example/*`);
      expect(on('kms:GenerateDataKey')).toContain(`arn:aws:kms:${site}:111122223333:key/*`);
    }
    expect(on('s3:PutObject')).not.toContain('control');
  });
});

describe('the roles of the workflows', () => {
  it.each(WORKFLOWS.map((name) => [name, name === 'plan' || name === 'drift' ? `mwaadr-${name}` : `example-${name}`]))(
    '%s trusts the GitHub environment %s of this repository alone',
    (name, environment) => {
      east.hasResourceProperties('AWS::IAM::Role', {
        RoleName: `mwaadr-example-${name}`,
        AssumeRolePolicyDocument: {
          Statement: [
            {
              Action: 'sts:AssumeRoleWithWebIdentity',
              Effect: 'Allow',
              Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com' },
              Condition: {
                StringEquals: {
                  'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
                  'token.actions.githubusercontent.com:sub': [
                    `repo:o@1/r@2:environment:${environment}`,
                    `repo:o/r:environment:${environment}`,
                  ],
                  'token.actions.githubusercontent.com:repository_id': '2',
                },
              },
            },
          ],
          Version: '2012-10-17',
        },
      });
    },
  );

  const mayPut = (role: string): string[] =>
    resources(east)
      .filter(([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith(`example${role}`))
      .flatMap(([, { Properties }]) => Properties.PolicyDocument?.Statement ?? [])
      .filter(({ Action }) => list(Action).includes('s3:PutObject'))
      .flatMap(({ Resource }) => list(Resource as string));

  it('snapshot writes no object', () => {
    expect(mayPut('snapshot')).toEqual([]);
  });

  it('health writes what it saw, the control record and what it pauses, but no step of a journal and no snapshot', () => {
    const beyond = mayPut('health').filter((arn) => /journal|control\/example\/|snapshots|evidence/.test(arn));
    expect(beyond.length).toBe(2);
    expect(beyond.every((arn) => arn.endsWith('/control/example/journal/*/pauses-*.json'))).toBe(true);
    expect(mayPut('health')).toContain('arn:aws:s3:::mwaadr-111122223333-us-west-2/control/example.json');
  });

  it('install writes DAGs only below mwaadr/', () => {
    expect(mayPut('install').filter((arn) => arn.includes('-dags-'))).toEqual([
      'arn:aws:s3:::example-dags-us-east-1/dags/mwaadr/*',
      'arn:aws:s3:::example-dags-us-west-2/dags/mwaadr/*',
    ]);
  });

  it('can be assumed for an hour: the action renews its credentials by itself', () => {
    const durations = resources(east).flatMap(([, { Type, Properties }]) =>
      Type === 'AWS::IAM::Role' ? [Properties['MaxSessionDuration']] : [],
    );
    expect(new Set(durations)).toEqual(new Set([undefined, 3600]));
  });

  it('have outputs of their own, whatever the deployments are called', () => {
    const named = (deployment: string) => deploymentSchema.parse({ ...EXAMPLE, deployment });
    const [template] = synthesize({}, [named('a-b'), named('ab')]) as [Template, Template];
    const { Outputs = {} } = template.toJSON() as { Outputs?: Record<string, unknown> };
    expect(Object.keys(Outputs).filter((id) => id.startsWith('Role'))).toHaveLength(2 * WORKFLOWS.length);
    expect(Object.keys(Outputs).filter((id) => id.startsWith('Execution'))).toHaveLength(2);
  });

  it('name no other deployment', () => {
    const other = deploymentSchema.parse({ ...EXAMPLE, deployment: 'other' });
    const [template] = synthesize({}, [EXAMPLE, other]) as [Template, Template];
    const policies = resources(template).filter(
      ([id, { Type }]) => Type === 'AWS::IAM::Policy' && id.startsWith('other'),
    );
    expect(policies.length).toBe(WORKFLOWS.length);
    expect(JSON.stringify(policies)).not.toMatch(/(control|sites|snapshots|results|evidence)\/example/);
    expect(JSON.stringify(policies)).not.toContain('role/mwaadr-example');
  });
});

describe('the two sites', () => {
  /** JSON text in which the order of a list does not matter: both sites name site 0 before site 1. */
  const canonical = (value: unknown): string => {
    if (Array.isArray(value)) return `[${value.map(canonical).sort().join()}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    return `{${Object.entries(value)
      .map(([key, inner]) => `${key}:${canonical(inner)}`)
      .sort()
      .join()}}`;
  };

  /** The resources with the names of both Regions made equal: what is left over is a real difference. */
  const shape = (template: Template, own: string, other: string): Map<string, string> =>
    new Map(
      resources(template).map(([id, resource]) => {
        const text = JSON.stringify(resource).replaceAll(own, 'OWN').replaceAll(other, 'OTHER');
        return [`${resource.Type} ${id}`, canonical(JSON.parse(text))];
      }),
    );

  it('differ only in what is global to the account', () => {
    const left = shape(east, 'us-east-1', 'us-west-2');
    const right = shape(west, 'us-west-2', 'us-east-1');
    const different = [...new Set([...left.keys(), ...right.keys()])].filter((key) => left.get(key) !== right.get(key));
    expect(different.map((key) => key.replace(/[0-9A-F]{8}$/, '')).sort()).toEqual([
      'AWS::IAM::OIDCProvider GitHub',
      ...WORKFLOWS.toSorted().map((workflow) => `AWS::IAM::Policy example${workflow}DefaultPolicy`),
      ...WORKFLOWS.toSorted().map((workflow) => `AWS::IAM::Role example${workflow}`),
    ]);
  });

  it('need nothing from each other', () => {
    for (const [, template] of both) expect(JSON.stringify(template.toJSON())).not.toMatch(/Fn::ImportValue|Custom::/);
  });

  it('are first made without replication, since S3 wants the destination to be there', () => {
    for (const template of synthesize({ phase: 'buckets' })) {
      template.hasResourceProperties('AWS::S3::Bucket', { ReplicationConfiguration: Match.absent() });
    }
  });

  it('have the OIDC provider once in an account, however many deployments there are', () => {
    const [first, second] = EXAMPLE.sites;
    const swapped = deploymentSchema.parse({ ...EXAMPLE, deployment: 'swapped', sites: [second, first] });
    const templates = synthesize({}, [EXAMPLE, swapped]);
    const providers = templates.flatMap((template) => Object.keys(template.findResources('AWS::IAM::OIDCProvider')));
    expect(providers).toHaveLength(1);
  });
});

describe('what cannot be synthesized', () => {
  it.each(['owner', 'ownerId', 'repo', 'repoId'])('is a repository without %s: the error says how to set it', (key) => {
    expect(() => synthesize({ [key]: '' })).toThrow(new RegExp(`no usable \`${key}\`.*-c ${key}=`, 's'));
  });

  it('is a deployment across two accounts', () => {
    const [first, second] = EXAMPLE.sites;
    const across = { ...EXAMPLE, sites: [first, { ...second, account: '444455556666' }] as const };
    expect(() => synthesize({}, [across as unknown as Deployment])).toThrow(
      /two accounts \(111122223333, 444455556666\)/,
    );
  });
});
