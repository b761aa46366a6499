import type { Deployment } from './deployment.ts';

/** What `doctor` asks beyond the ports of the other operations. It only reads. Every method may throw `AwsFault`. */

/** The four switches of S3's public access block. */
export interface PublicAccessBlock {
  readonly blockPublicAcls: boolean;
  readonly ignorePublicAcls: boolean;
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

export interface BucketRule {
  readonly enabled: boolean;
  /** '' = the whole bucket. */
  readonly prefix: string;
  /** Whether it takes only objects with certain tags. */
  readonly onlyTagged: boolean;
  /** Name of the bucket that it copies to. */
  readonly destination: string;
  readonly copiesDeletions: boolean;
  readonly copiesKmsEncrypted: boolean;
}

/** How S3 encrypts what comes without a wish of its own; `keyId` as it was set: id, ARN or alias, undefined = S3's own. */
export interface BucketEncryption {
  readonly algorithm: string;
  readonly keyId: string | undefined;
}

/** How buckets are set up, asked at the S3 of one Region. */
export interface Buckets {
  /** Region of a bucket, wherever it is; `undefined` = there is no such bucket. */
  location(bucket: string): Promise<string | undefined>;
  versioning(bucket: string): Promise<'Enabled' | 'Suspended' | 'never enabled'>;
  /** `undefined` = nothing is set for this bucket; the account may have one. */
  publicAccessBlock(bucket: string): Promise<PublicAccessBlock | undefined>;
  replication(bucket: string): Promise<readonly BucketRule[]>;
  encryption(bucket: string): Promise<BucketEncryption | undefined>;
}

export interface KeyDescription {
  readonly arn: string;
  /** KMS's KeyState: Enabled, Disabled, PendingDeletion … */
  readonly state: string;
  readonly multiRegion: boolean;
  /** KMS's KeySpec; SYMMETRIC_DEFAULT is the one that wraps data keys. */
  readonly spec: string;
}

/** How keys are set up, asked at the KMS of one Region. */
export interface KeyFacts {
  /** By id, ARN or alias ARN; `undefined` = there is no such key or alias. */
  describe(key: string): Promise<KeyDescription | undefined>;
  /** The key's policy, as JSON text; `key` is an id or ARN, never an alias. */
  policy(key: string): Promise<string>;
}

/** IAM's answer for one action on one resource. */
export interface Decision {
  readonly action: string;
  readonly resource: string;
  readonly decision: 'allowed' | 'implicitDeny' | 'explicitDeny';
  /** Keys of conditions whose values only a real request has: the answer may be another then. */
  readonly missingContext: readonly string[];
}

export interface Rights {
  /**
   * What IAM would decide (SimulatePrincipalPolicy): the principal's own policies, its boundary and the organisation's.
   * Policies of buckets and keys are not looked at. `undefined` = there is no such principal.
   */
  simulate(
    principalArn: string,
    actions: readonly string[],
    resources: readonly string[],
    context: Readonly<Record<string, readonly string[]>>,
  ): Promise<readonly Decision[] | undefined>;
}

export interface Subnet {
  readonly id: string;
  readonly vpc: string;
  readonly zone: string;
}

export interface SecurityGroup {
  readonly id: string;
  readonly vpc: string;
}

/** The network of one Region. Ids that are not there are left out of the answers. */
export interface Network {
  subnets(ids: readonly string[]): Promise<readonly Subnet[]>;
  securityGroups(ids: readonly string[]): Promise<readonly SecurityGroup[]>;
}

export interface Quotas {
  /** MWAA environments that the account may have in this Region; `undefined` = Service Quotas does not list it. */
  environments(): Promise<number | undefined>;
}

/** Everything that `doctor` asks in one Region. */
export interface Inspector {
  readonly region: string;
  readonly buckets: Buckets;
  readonly keyFacts: KeyFacts;
  readonly rights: Rights;
  readonly network: Network;
  readonly quotas: Quotas;
}

/** Where the inspectors come from: each deployment may have credentials of its own. */
export interface Inspectors {
  inspector(deployment: Deployment, region: string): Inspector;
}
