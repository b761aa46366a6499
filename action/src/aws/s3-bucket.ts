import {
  GetBucketEncryptionCommand,
  GetBucketLocationCommand,
  GetBucketReplicationCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  type ReplicationRule,
} from '@aws-sdk/client-s3';
import type { BucketRule, Buckets } from '../domain/doctor-ports.ts';
import { call, type Attempt } from './call.ts';
import { createS3Client } from './s3-client.ts';
import type { S3Session } from './session.ts';

interface S3Error {
  readonly name: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** `undefined` when S3 answers with one of these codes: its way to say that nothing is set. */
async function unless<T>(codes: readonly string[], ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (codes.includes((error as S3Error).name)) return undefined;
    throw error;
  }
}

/** Where S3 says that a bucket is when another Region's endpoint was asked. */
function redirectedTo(error: unknown): string | undefined {
  const { name, Region, $metadata, $response } = error as S3Error;
  const elsewhere = ['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException'];
  if (!elsewhere.includes(name) && $metadata?.httpStatusCode !== 301) return undefined;
  return Region ?? $response?.headers?.['x-amz-bucket-region'];
}

/** In the older form of a rule its prefix stands beside the filter. */
function ruleOf({
  Status,
  Filter,
  Destination,
  DeleteMarkerReplication,
  SourceSelectionCriteria,
  ...old
}: ReplicationRule): BucketRule {
  const { Prefix: prefix } = old as { Prefix?: string };
  return {
    enabled: Status === 'Enabled',
    prefix: Filter?.Prefix ?? Filter?.And?.Prefix ?? prefix ?? '',
    onlyTagged: Filter?.Tag !== undefined || (Filter?.And?.Tags ?? []).length > 0,
    destination: (Destination?.Bucket ?? '').replace(/^arn:[^:]+:s3:::/, ''),
    copiesDeletions: DeleteMarkerReplication?.Status === 'Enabled',
    copiesKmsEncrypted: SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === 'Enabled',
  };
}

/** How buckets are set up, asked at the S3 of one Region. */
export function createBuckets(session: S3Session, region: string): Buckets {
  const client = createS3Client(session, region);
  const s3 = <T>(operation: string, attempt: Attempt<T>) =>
    call(session, { service: 's3', region, operation }, attempt);

  return {
    location: (Bucket) =>
      s3('GetBucketLocation', async (abortSignal) => {
        try {
          const command = new GetBucketLocationCommand({ Bucket });
          const found = await unless(['NoSuchBucket'], () => client.send(command, { abortSignal }));
          if (found === undefined) return undefined;
          const at: string = found.LocationConstraint ?? '';
          // The names of the first two Regions are older than Regions.
          return at === '' ? 'us-east-1' : at === 'EU' ? 'eu-west-1' : at;
        } catch (error) {
          const elsewhere = redirectedTo(error);
          if (elsewhere === undefined) throw error;
          return elsewhere;
        }
      }),
    versioning: (Bucket) =>
      s3('GetBucketVersioning', async (abortSignal) => {
        const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket }), { abortSignal });
        return Status ?? 'never enabled';
      }),
    publicAccessBlock: (Bucket) =>
      s3('GetPublicAccessBlock', async (abortSignal) => {
        const command = new GetPublicAccessBlockCommand({ Bucket });
        const found = await unless(['NoSuchPublicAccessBlockConfiguration'], () =>
          client.send(command, { abortSignal }),
        );
        if (found === undefined) return undefined;
        const set = found.PublicAccessBlockConfiguration;
        return {
          blockPublicAcls: set?.BlockPublicAcls === true,
          ignorePublicAcls: set?.IgnorePublicAcls === true,
          blockPublicPolicy: set?.BlockPublicPolicy === true,
          restrictPublicBuckets: set?.RestrictPublicBuckets === true,
        };
      }),
    replication: (Bucket) =>
      s3('GetBucketReplication', async (abortSignal) => {
        const command = new GetBucketReplicationCommand({ Bucket });
        const found = await unless(['ReplicationConfigurationNotFoundError'], () =>
          client.send(command, { abortSignal }),
        );
        return (found?.ReplicationConfiguration?.Rules ?? []).map(ruleOf);
      }),
    encryption: (Bucket) =>
      s3('GetBucketEncryption', async (abortSignal) => {
        const command = new GetBucketEncryptionCommand({ Bucket });
        const found = await unless(['ServerSideEncryptionConfigurationNotFoundError'], () =>
          client.send(command, { abortSignal }),
        );
        const set = found?.ServerSideEncryptionConfiguration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
        if (set === undefined) return undefined;
        return { algorithm: set.SSEAlgorithm ?? '', keyId: set.KMSMasterKeyID };
      }),
  };
}
