import type { Limits } from './call.ts';
import type { Endpoints } from './endpoints.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** What all calls of one run share. */
export interface AwsSession {
  /** Cached; throws only AwsFault, of service `sts`. */
  readonly credentials: () => Promise<Credentials>;
  readonly endpoints: Endpoints;
  readonly limits: Limits;
}

/** What calls to S3 take beside it. */
export interface S3Session extends AwsSession {
  /** The account of the site in each Region: every bucket that is asked for there has to belong to it. */
  readonly accounts: ReadonlyMap<string, string>;
}

/** Configuration of an SDK client that leaves retries and deadlines to {@link ./call.ts}. */
export function clientConfig(session: AwsSession, region: string) {
  const endpoint = session.endpoints.get(region);
  return {
    region,
    credentials: session.credentials,
    maxAttempts: 1,
    // CloudTrail's `userAgent`: what the action did, and what a person did with the same role.
    customUserAgent: 'mwaa-dr-action',
    requestHandler: { connectionTimeout: session.limits.connect },
    ...(endpoint === undefined ? {} : { endpoint, disableHostPrefix: true }),
  };
}
