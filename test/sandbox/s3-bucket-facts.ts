import {
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { BucketFact, BucketFacts } from './control-plane/bucket-facts.ts';
import type { Moto } from './moto.ts';
import { REGIONS } from './topology.ts';

/** What MWAA's control plane sees of the buckets, whatever their Region. */
export class S3BucketFacts implements BucketFacts {
  readonly #moto: Moto;

  constructor(moto: Moto) {
    this.#moto = moto;
  }

  async bucket(name: string): Promise<BucketFact | undefined> {
    for (const region of REGIONS) {
      const s3 = this.#moto.s3(region);
      const versioning = await foundOr(s3.send(new GetBucketVersioningCommand({ Bucket: name })));
      if (!versioning) continue;
      const isPublicAccessBlocked = await blocksPublicAccess(s3, name);
      return { region, isVersioned: versioning.Status === 'Enabled', isPublicAccessBlocked };
    }
    return undefined;
  }

  async version(bucket: string, key: string, versionId?: string): Promise<string | undefined> {
    for (const region of REGIONS) {
      const asked = new HeadObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId });
      const head = await foundOr(this.#moto.s3(region).send(asked));
      if (head) return head.VersionId;
    }
    return undefined;
  }
}

async function blocksPublicAccess(s3: S3Client, Bucket: string): Promise<boolean> {
  const answer = await foundOr(s3.send(new GetPublicAccessBlockCommand({ Bucket })));
  const block = answer?.PublicAccessBlockConfiguration;
  return block?.BlockPublicAcls === true && block.BlockPublicPolicy === true && block.RestrictPublicBuckets === true;
}

/** undefined where S3 says that there is none: here, or in another Region. */
async function foundOr<Answer>(call: Promise<Answer>): Promise<Answer | undefined> {
  try {
    return await call;
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
    if (status === 301 || status === 404 || status === 400) return undefined;
    throw error;
  }
}
