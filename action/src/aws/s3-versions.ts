import {
  GetBucketReplicationCommand,
  HeadObjectCommand,
  type ReplicationRule as S3Rule,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { ObjectHead, ReplicationRule } from '../domain/ports.ts';
import { isNoSuchKey, named } from './s3-errors.ts';

/**
 * HeadObject with S3's own SHA-256 (Amazon S3 API Reference, `x-amz-checksum-mode`). A checksum of parts says nothing
 * about the content as a whole and is left out; a version that is a delete marker answers 405.
 */
export async function head(
  client: S3Client,
  where: { Bucket: string; Key: string; VersionId: string | undefined },
  signal: AbortSignal,
): Promise<ObjectHead | undefined> {
  try {
    const command = new HeadObjectCommand({ ...where, ChecksumMode: 'ENABLED' });
    const output = await client.send(command, { abortSignal: signal });
    const whole = output.ChecksumType !== 'COMPOSITE' && !output.ChecksumSHA256?.includes('-');
    const sha256 = whole ? output.ChecksumSHA256 : undefined;
    return {
      etag: output.ETag ?? '',
      size: output.ContentLength ?? 0,
      version: output.VersionId,
      sha256: sha256 === undefined ? undefined : Buffer.from(sha256, 'base64').toString('hex'),
    };
  } catch (error) {
    if (isNoSuchKey(error) || isDeleteMarker(error)) return undefined;
    throw error;
  }
}

const isDeleteMarker = (error: unknown): boolean =>
  (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode === 405;

/** The enabled rules of the bucket that filter by nothing but a prefix; a bucket without replication has none. */
export async function replication(
  client: S3Client,
  Bucket: string,
  signal: AbortSignal,
): Promise<readonly ReplicationRule[]> {
  try {
    const output = await client.send(new GetBucketReplicationCommand({ Bucket }), { abortSignal: signal });
    return (output.ReplicationConfiguration?.Rules ?? []).flatMap(ruleOf);
  } catch (error) {
    if (named(error, 'ReplicationConfigurationNotFoundError')) return [];
    throw error;
  }
}

/** `Prefix` stands in the rule itself in configurations of the first version. */
function ruleOf(rule: S3Rule): readonly ReplicationRule[] {
  const to = rule.Destination?.Bucket?.split(':::')[1];
  const filter = rule.Filter;
  const byTag = filter?.Tag !== undefined || (filter?.And?.Tags ?? []).length > 0;
  if (rule.Status !== 'Enabled' || to === undefined || byTag) return [];
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- S3 still answers it for rules of the first version.
  return [{ prefix: filter?.And?.Prefix ?? filter?.Prefix ?? rule.Prefix ?? '', to }];
}
