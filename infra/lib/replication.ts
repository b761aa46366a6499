/** Replication of snapshots and evidence from a site's DR bucket to its peers'. */
import { aws_iam as iam, type aws_kms as kms, type aws_s3 as s3 } from 'aws-cdk-lib';
import { type Deployment, type Site } from '../../action/src/domain/deployment.ts';
import {
  drBucket,
  EVIDENCE_PREFIX,
  KEY_ALIAS,
  keyAliasArn,
  s3Service,
  SNAPSHOTS_PREFIX,
} from '../../action/src/domain/names.ts';

/** The other side of a deployment, seen from one of its sites. */
export interface Peer {
  readonly deployment: Deployment;
  readonly site: Site;
}

/**
 * One rule for each deployment and prefix. The peer's bucket and key are addressed by name, so that neither stack
 * needs anything from the other: ReplicaKmsKeyID takes the alias ARN of a key (Amazon S3 API Reference, type
 * EncryptionConfiguration: "either the ARN for the KMS key or the alias ARN"). KMS resolves an alias in the
 * requester's account, and the requester is the replication role: both sites must be in one account.
 */
export function replicationRules(peers: readonly Peer[]): s3.CfnBucket.ReplicationRuleProperty[] {
  return peers
    .flatMap(({ deployment, site }) =>
      [SNAPSHOTS_PREFIX, EVIDENCE_PREFIX].map((prefix) => ({ deployment, site, prefix })),
    )
    .map(({ deployment, site, prefix }, index) => ({
      id: `${prefix.slice(0, -1)}-${deployment.deployment}`,
      status: 'Enabled',
      priority: index + 1,
      filter: { prefix: `${prefix}${deployment.deployment}/` },
      // A deletion at one site must never reach the copy at the other.
      deleteMarkerReplication: { status: 'Disabled' },
      sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
      destination: {
        bucket: `arn:${deployment.partition}:s3:::${drBucket(site)}`,
        encryptionConfiguration: { replicaKmsKeyId: keyAliasArn(deployment, site) },
      },
    }));
}

/**
 * What Amazon S3's user guide asks for under "Replicating encrypted objects", with the bucket key switched off (with
 * it on, the role would have to decrypt at the destination as well).
 */
export function grantReplication(role: iam.Role, bucketArn: string, key: kms.Key, peers: readonly Peer[]): void {
  const prefixes = peers.flatMap(({ deployment }) =>
    [SNAPSHOTS_PREFIX, EVIDENCE_PREFIX].map((prefix) => `${prefix}${deployment.deployment}/*`),
  );
  const allow = (actions: string[], resources: string[], conditions?: Record<string, unknown>): void => {
    role.addToPolicy(new iam.PolicyStatement({ actions, resources, ...(conditions && { conditions }) }));
  };
  allow(['s3:GetReplicationConfiguration', 's3:ListBucket'], [bucketArn]);
  allow(
    ['s3:GetObjectVersionForReplication', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
    prefixes.map((prefix) => `${bucketArn}/${prefix}`),
  );
  allow(['kms:Decrypt'], [key.keyArn], { StringEquals: { 'kms:ViaService': s3Service(key.env.region) } });
  for (const { deployment, site } of peers) {
    allow(
      ['s3:ReplicateObject', 's3:ReplicateTags'],
      [SNAPSHOTS_PREFIX, EVIDENCE_PREFIX].map(
        (prefix) => `arn:${deployment.partition}:s3:::${drBucket(site)}/${prefix}${deployment.deployment}/*`,
      ),
    );
    allow(['kms:Encrypt'], [`arn:${deployment.partition}:kms:${site.region}:${site.account}:key/*`], {
      StringEquals: { 'kms:ViaService': s3Service(site.region) },
      'ForAnyValue:StringEquals': { 'kms:ResourceAliases': KEY_ALIAS },
    });
  }
}
