import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
  SimulatePrincipalPolicyCommand,
} from '@aws-sdk/client-iam';
import { DescribeKeyCommand, GetKeyPolicyCommand } from '@aws-sdk/client-kms';
import {
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { ListServiceQuotasCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { createNetwork } from '../../action/src/aws/ec2.ts';
import { parseEndpoints } from '../../action/src/aws/endpoints.ts';
import { provisionBuckets } from './moto.ts';
import { clients, errorOf } from './sdk-clients.ts';
import { startServices, type Services } from './services.ts';
import { ACCESS_KEYS, ACCOUNT, drBucket, SECRET_KEY } from './topology.ts';
import type { Region } from './types.ts';

const WEST = 'us-west-2';
let services: Services;

beforeAll(async () => {
  services = await startServices({ quota: 40 });
}, 120_000);
afterAll(() => services.stop(), 30_000);
afterEach(() => {
  services.gateway(WEST).clearFaults();
});

const credentials = { accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY };
const config = (region: Region, signedFor: string = region) => ({
  region: signedFor,
  endpoint: services.gateway(region).url,
  credentials,
  maxAttempts: 1,
});

describe('IAM', () => {
  const name = 'orders-execution';
  const PolicySourceArn = `arn:aws:iam::${ACCOUNT}:role/${name}`;
  const policyOf = (...statements: object[]): string =>
    JSON.stringify({ Version: '2012-10-17', Statement: statements });
  const trust = policyOf({
    Effect: 'Allow',
    Principal: { Service: 'airflow.amazonaws.com' },
    Action: 'sts:AssumeRole',
  });

  beforeAll(async () => {
    const iam = services.moto.iam();
    await iam.send(new CreateRoleCommand({ RoleName: name, AssumeRolePolicyDocument: trust }));
    const inline = policyOf(
      { Effect: 'Allow', Action: ['s3:Get*', 's3:PutObject'], Resource: 'arn:aws:s3:::orders-*/*' },
      { Effect: 'Deny', Action: 's3:*', Resource: 'arn:aws:s3:::orders-dags/secret/*' },
      {
        Effect: 'Allow',
        Action: 'kms:Decrypt',
        Resource: '*',
        Condition: { StringLike: { 'kms:ViaService': 's3.*.amazonaws.com' } },
      },
    );
    await iam.send(new PutRolePolicyCommand({ RoleName: name, PolicyName: 'inline', PolicyDocument: inline }));
    const attached = policyOf({ Effect: 'Allow', NotAction: ['iam:*', 's3:*', 'kms:*'], Resource: ['*'] });
    const made = await iam.send(new CreatePolicyCommand({ PolicyName: 'attached', PolicyDocument: attached }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn: made.Policy?.Arn }));
  });

  it.each([
    ['s3:GetObject', 'arn:aws:s3:::orders-dags/dags/a.py', 'allowed'],
    ['S3:getobject', 'arn:aws:s3:::orders-dags/dags/a.py', 'allowed'],
    ['s3:GetObject', 'arn:aws:s3:::Orders-dags/dags/a.py', 'implicitDeny'],
    ['s3:PutObject', 'arn:aws:s3:::orders-dags/secret/a', 'explicitDeny'],
    ['s3:DeleteObject', 'arn:aws:s3:::orders-dags/dags/a.py', 'implicitDeny'],
    ['sqs:SendMessage', '*', 'allowed'],
    ['iam:PassRole', '*', 'implicitDeny'],
    ['kms:Decrypt', '*', 'implicitDeny'],
  ])('%s on %s: %s', async (ActionName, resource, decision) => {
    const request = { PolicySourceArn, ActionNames: [ActionName], ResourceArns: [resource] };
    const answer = await new IAMClient(config(WEST)).send(new SimulatePrincipalPolicyCommand(request));
    expect(answer.EvaluationResults).toMatchObject([
      { EvalActionName: ActionName, EvalResourceName: resource, EvalDecision: decision },
    ]);
  });

  it('a condition is asked for, and met by the context', async () => {
    const iam = new IAMClient(config(WEST, 'us-east-1'));
    const request = { PolicySourceArn, ActionNames: ['kms:Decrypt'] };
    const without = await iam.send(new SimulatePrincipalPolicyCommand(request));
    expect(without.EvaluationResults?.[0]?.MissingContextValues).toEqual(['kms:ViaService']);
    const entry = { ContextKeyName: 'kms:ViaService', ContextKeyType: 'string' } as const;
    const decisionFor = async (value: string) => {
      const ContextEntries = [{ ...entry, ContextKeyValues: [value] }];
      const answer = await iam.send(new SimulatePrincipalPolicyCommand({ ...request, ContextEntries }));
      return answer.EvaluationResults?.[0]?.EvalDecision;
    };
    expect(await decisionFor('s3.us-west-2.amazonaws.com')).toBe('allowed');
    expect(await decisionFor('sqs.us-west-2.amazonaws.com')).toBe('implicitDeny');
  });

  it('a role is shown, and one that is not there is NoSuchEntity', async () => {
    const iam = new IAMClient(config(WEST));
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: name }));
    expect(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).toBe(trust);
    const nobody = { PolicySourceArn: `${PolicySourceArn}-2`, ActionNames: ['s3:GetObject'] };
    expect((await errorOf(iam.send(new SimulatePrincipalPolicyCommand(nobody)))).name).toContain('NoSuchEntity');
  });
});

it("EC2 shows subnets and groups of this Region, by the action's own client", async () => {
  const session = {
    credentials: () => Promise.resolve(credentials),
    endpoints: parseEndpoints(services.endpoints),
    limits: { connect: 2_000, attempt: 10_000, total: 20_000, pause: 20 },
  };
  const { subnetIds, securityGroupIds } = await services.moto.network(WEST);
  const network = createNetwork(session, WEST);
  const subnets = await network.subnets([...subnetIds, 'subnet-0nothing']);
  expect(new Set(subnets.map(({ zone }) => zone)).size).toBe(2);
  expect(await network.securityGroups(securityGroupIds)).toEqual([{ id: securityGroupIds[0], vpc: subnets[0]?.vpc }]);
  expect(services.gateway(WEST).requests.at(-1)).toMatchObject({ service: 'ec2', operation: 'DescribeSecurityGroups' });
  services.gateway(WEST).fault('denied', { service: 'ec2' });
  await expect(network.subnets(subnetIds)).rejects.toMatchObject({ message: expect.stringMatching(/ec2|EC2|denied/i) });
});

it("Service Quotas tells the quota of MWAA's environments that the services were started with", async () => {
  const quotas = new ServiceQuotasClient(config(WEST));
  const { Quotas } = await quotas.send(new ListServiceQuotasCommand({ ServiceCode: 'airflow' }));
  expect(Quotas).toMatchObject([{ QuotaName: 'Environments per account per Region', Value: 40 }]);
  services.gateway(WEST).fault('throttled', { service: 'servicequotas' });
  const throttled = quotas.send(new ListServiceQuotasCommand({ ServiceCode: 'airflow' }));
  expect(await errorOf(throttled)).toEqual({ name: 'TooManyRequestsException', status: 400 });
});

it('KMS shows a key by its alias, and its policy', async () => {
  const { kms } = clients(services, WEST);
  const KeyId = `arn:aws:kms:${WEST}:${ACCOUNT}:alias/mwaadr`;
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
  expect(KeyMetadata).toMatchObject({ KeyState: 'Enabled', KeySpec: 'SYMMETRIC_DEFAULT' });
  const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId: KeyMetadata?.KeyId, PolicyName: 'default' }));
  expect(JSON.parse(Policy ?? '')).toMatchObject({ Statement: expect.anything() });
});

it('S3 shows how a bucket is set up, also what is wrong with it', async () => {
  const { s3 } = clients(services, WEST);
  const bad = { name: 'bad-dags', region: WEST, isVersioned: false, isPublicAccessBlocked: false } as const;
  await provisionBuckets(services.moto, [bad]);
  const Bucket = drBucket(WEST);
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket: bad.name }))).Status).toBeUndefined();
  const { PublicAccessBlockConfiguration } = await s3.send(new GetPublicAccessBlockCommand({ Bucket }));
  expect(PublicAccessBlockConfiguration).toMatchObject({ BlockPublicPolicy: true });
  expect(services.gateway(WEST).requests.at(-1)?.operation).toBe('GetPublicAccessBlock');
  const none = await errorOf(s3.send(new GetPublicAccessBlockCommand({ Bucket: bad.name })));
  expect(none).toEqual({ name: 'NoSuchPublicAccessBlockConfiguration', status: 404 });
  const { ReplicationConfiguration } = await s3.send(new GetBucketReplicationCommand({ Bucket }));
  expect(ReplicationConfiguration?.Rules?.map(({ Filter }) => Filter?.Prefix)).toEqual(['snapshots/', 'evidence/']);
  const { VersionId } = await s3.send(new PutObjectCommand({ Bucket, Key: 'requirements.txt', Body: 'x' }));
  const head = (id?: string) => s3.send(new HeadObjectCommand({ Bucket, Key: 'requirements.txt', VersionId: id }));
  expect((await head(VersionId)).VersionId).toBe(VersionId);
  expect((await errorOf(head('gone'))).status).toBe(404);
});
