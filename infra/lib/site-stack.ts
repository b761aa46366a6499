/** Everything that one account needs in one Region; both sites of a deployment are made by this one class. */
import { CfnOutput, Duration, RemovalPolicy, Stack, aws_iam as iam, aws_kms as kms, aws_s3 as s3 } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { type Deployment, type SiteIndex, otherSite } from '../../action/src/domain/deployment.ts';
import { EXECUTION_GRANTS, type Grant, statementsOf, WORKFLOW_GRANTS } from '../../action/src/domain/grants.ts';
import {
  drBucket,
  githubEnvironment,
  KEY_ALIAS,
  roleName,
  type Workflow,
  WORKFLOWS,
} from '../../action/src/domain/names.ts';
import { grantReplication, type Peer, replicationRules } from './replication.ts';
import type { Repository } from './repository.ts';

const ISSUER = 'token.actions.githubusercontent.com';

/** A deployment that has one of its sites in this account and Region. */
export interface Tenant {
  readonly deployment: Deployment;
  readonly index: SiteIndex;
}

export interface SiteStackProps {
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly tenants: readonly Tenant[];
  readonly repository: Repository;
  /** True in one stack of an account: a provider exists once for each account and URL. */
  readonly ownsOidcProvider: boolean;
  /** False at the very first deployment: S3 takes a replication rule only when the destination is there already. */
  readonly replicate: boolean;
}

export class SiteStack extends Stack {
  readonly #props: SiteStackProps;
  // Outputs in a scope of their own get a hash in their names: `a-b` and `ab` are two deployments.
  readonly #roles = new Construct(this, 'Role');
  readonly #executionPolicies = new Construct(this, 'Execution');

  constructor(scope: Construct, id: string, props: SiteStackProps) {
    super(scope, id, {
      env: { account: props.account, region: props.region },
      description: 'mwaa-dr-action: disaster recovery of Amazon MWAA, one site',
      terminationProtection: true,
    });
    this.#props = props;
    const key = this.#key();
    const bucket = this.#bucket(key);
    if (props.replicate) this.#replicate(bucket, key);
    const provider = props.ownsOidcProvider ? this.#provider() : undefined;
    for (const { deployment, index } of props.tenants) {
      this.#executionPolicy(deployment);
      // IAM is global: the roles of a deployment stand in the stack of its site 0 and outlive that Region's loss.
      if (index === 0) for (const workflow of WORKFLOWS) this.#workflowRole(deployment, workflow, provider);
    }
  }

  #key(): kms.Key {
    return new kms.Key(this, 'Key', {
      description: 'Encrypts the DR bucket and wraps the data keys of snapshots',
      alias: KEY_ALIAS,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #bucket(key: kms.Key): s3.Bucket {
    return new s3.Bucket(this, 'Bucket', {
      bucketName: drBucket(this.#props),
      versioned: true,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: false,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [
        {
          id: 'forget-what-was-replaced',
          noncurrentVersionExpiration: Duration.days(7),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #replicate(bucket: s3.Bucket, key: kms.Key): void {
    const peers: Peer[] = this.#props.tenants.map(({ deployment, index }) => ({
      deployment,
      site: deployment.sites[otherSite(index)],
    }));
    // By name, not by reference: the bucket's rules name the role, and the role must not wait for the bucket.
    const bucketArn = `arn:${this.#props.partition}:s3:::${drBucket(this.#props)}`;
    const role = new iam.Role(this, 'Replication', {
      roleName: `mwaadr-replication-${this.region}`,
      // No condition on the source: S3's documentation does not say that it names one when it assumes this role, and
      // a role that cannot be assumed would stop replication without a word.
      assumedBy: new iam.ServicePrincipal('s3.amazonaws.com'),
    });
    grantReplication(role, bucketArn, key, peers);
    // The L2 rules would add a role and key grants of their own, by key ARN.
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.replicationConfiguration = { role: role.roleArn, rules: replicationRules(peers) };
  }

  #provider(): iam.OidcProviderNative {
    return new iam.OidcProviderNative(this, 'GitHub', {
      url: `https://${ISSUER}`,
      clientIds: ['sts.amazonaws.com'],
      removalPolicy: RemovalPolicy.RETAIN,
    });
  }

  #workflowRole(deployment: Deployment, workflow: Workflow, provider: iam.OidcProviderNative | undefined): void {
    const { owner, ownerId, repo, repoId } = this.#props.repository;
    const environment = githubEnvironment(deployment, workflow);
    const role = new iam.Role(this, `${deployment.deployment}-${workflow}`, {
      roleName: roleName(deployment, workflow),
      description: `Assumed by GitHub Actions in the environment ${environment}`,
      // However long a job is: the action asks for new credentials, by a new id token, before the old ones end.
      maxSessionDuration: Duration.hours(1),
      assumedBy: new iam.WebIdentityPrincipal(
        `arn:${deployment.partition}:iam::${this.account}:oidc-provider/${ISSUER}`,
        {
          StringEquals: {
            [`${ISSUER}:aud`]: 'sts.amazonaws.com',
            // New repositories name themselves with their numeric ids, older ones without, until they opt in
            // (GitHub changelog, 2026-04-23); repository_id below keeps out whoever takes over the name.
            [`${ISSUER}:sub`]: [
              `repo:${owner}@${ownerId}/${repo}@${repoId}:environment:${environment}`,
              `repo:${owner}/${repo}:environment:${environment}`,
            ],
            [`${ISSUER}:repository_id`]: repoId,
          },
        },
      ),
    });
    if (provider !== undefined) role.node.addDependency(provider);
    for (const statement of statements(deployment, WORKFLOW_GRANTS[workflow])) role.addToPolicy(statement);
    new CfnOutput(this.#roles, `${deployment.deployment}-${workflow}`, {
      value: role.roleArn,
      description: `Assumed in the GitHub environment ${environment}; \`role-to-assume: derived\` finds it by its name`,
    });
  }

  #executionPolicy(deployment: Deployment): void {
    const policy = new iam.ManagedPolicy(this, `${deployment.deployment}-execution`, {
      managedPolicyName: `mwaadr-${deployment.deployment}-execution-${this.region}`,
      description: 'Attach to the execution role of the MWAA environment: what the DR DAGs need',
      statements: statements(deployment, EXECUTION_GRANTS),
    });
    new CfnOutput(this.#executionPolicies, deployment.deployment, {
      value: policy.managedPolicyArn,
      description: `Policy to attach to the execution role of ${deployment.deployment} in this Region`,
    });
  }
}

function statements(deployment: Deployment, grants: readonly Grant[]): iam.PolicyStatement[] {
  return statementsOf(deployment, grants).map(
    ({ actions, resources, conditions }) =>
      new iam.PolicyStatement({
        actions: [...actions],
        resources: [...resources],
        ...(conditions && { conditions }),
      }),
  );
}
