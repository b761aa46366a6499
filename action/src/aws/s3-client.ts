import { S3Client } from '@aws-sdk/client-s3';
import { HttpRequest } from '@smithy/protocol-http';
import { clientConfig, type S3Session } from './session.ts';

/**
 * The client for the S3 of one Region, and the only one: it lets no request go out that does not say which account the
 * bucket has to belong to. Names of buckets are global and ours can be guessed, so one that was deleted, or is not made
 * yet, may be somebody else's: S3 refuses it with AccessDenied then (Amazon S3 User Guide, "Verifying bucket ownership
 * with bucket owner condition"). The header, not the parameter: that one could be forgotten by a command to come.
 */
export function createS3Client(session: S3Session, region: string): S3Client {
  const client = new S3Client({
    ...clientConfig(session, region),
    forcePathStyle: session.endpoints.has(region),
    followRegionRedirects: false,
  });
  const owner = session.accounts.get(region);
  client.middlewareStack.add(
    (next) => (args) => {
      if (owner === undefined) throw new Error(`the account that owns the buckets in ${region} is not known`);
      // Before the signature, which then covers it.
      if (HttpRequest.isInstance(args.request)) args.request.headers['x-amz-expected-bucket-owner'] = owner;
      return next(args);
    },
    { step: 'build', name: 'mwaadrBucketOwner' },
  );
  return client;
}
