import { AssumeRoleWithWebIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { AwsFault } from '../domain/faults.ts';
import { harmless } from '../domain/service-words.ts';
import { call, LIMITS, type Limits } from './call.ts';
import type { Endpoints } from './endpoints.ts';
import { toFault } from './fault-mapping.ts';
import { clientConfig, type Credentials } from './session.ts';

const REFRESH_BEFORE = 5 * 60_000;
/** How long a failure is believed, so that a dozen calls do not each wait for the same dead endpoint. */
const FAILURE_LASTS = 10_000;

type Source = () => Promise<Credentials>;

const expiresWithin = (credentials: Credentials, milliseconds: number): boolean =>
  credentials.expiration !== undefined && credentials.expiration.getTime() - Date.now() < milliseconds;

/**
 * One pair of credentials for everybody, asked for once, and again five minutes before they expire. While a renewal
 * fails, the old ones serve to their end.
 */
export function cached(source: Source): Source {
  let current: Credentials | undefined;
  let pending: Promise<Credentials> | undefined;
  let failure: { error: unknown; until: number } | undefined;

  async function renew(): Promise<Credentials> {
    try {
      current = await source();
      failure = undefined;
      return current;
    } catch (error) {
      failure = { error, until: performance.now() + FAILURE_LASTS };
      if (current !== undefined && !expiresWithin(current, 30_000)) return current;
      throw error;
    } finally {
      pending = undefined;
    }
  }

  return async () => {
    if (current !== undefined && !expiresWithin(current, REFRESH_BEFORE)) return current;
    if (failure !== undefined && performance.now() < failure.until) {
      if (current !== undefined && !expiresWithin(current, 30_000)) return current;
      throw failure.error;
    }
    return (pending ??= renew());
  };
}

export interface RoleToAssume {
  readonly roleArn: string;
  readonly sessionName: string;
  /** Whose STS to ask, in this order: the one that is surely alive first. */
  readonly regions: readonly [string, ...string[]];
  /** A new id token of the workflow run. */
  readonly idToken: () => Promise<string>;
  readonly endpoints: Endpoints;
  /** Told every secret as soon as it is known, so that no log shows it. */
  readonly keepSecret: (secret: string) => void;
  readonly limits?: Limits;
}

async function newIdToken(role: RoleToAssume): Promise<string> {
  try {
    const token = await role.idToken();
    role.keepSecret(token);
    return token;
  } catch (error) {
    const words = harmless(error instanceof Error ? error.message : String(error));
    throw new AwsFault({
      quality: 'denied',
      service: 'sts',
      region: role.regions[0],
      operation: 'GetIdToken',
      awsCode: 'IdTokenUnavailable',
      message: `GitHub gave no id token for ${role.roleArn}, which needs "permissions: id-token: write" in the job: ${words}`,
    });
  }
}

/** Credentials of a role, for the id token of the workflow run. The SDK's client signs nothing here. */
function assume(role: RoleToAssume, region: string, token: string): Promise<Credentials> {
  const anonymous = {
    credentials: () => Promise.resolve({ accessKeyId: '', secretAccessKey: '' }),
    endpoints: role.endpoints,
    limits: role.limits ?? LIMITS,
  };
  const client = new STSClient(clientConfig(anonymous, region));
  const name = { service: 'sts', region, operation: 'AssumeRoleWithWebIdentity' } as const;
  return call(anonymous, name, async (abortSignal) => {
    const { Credentials: given } = await client.send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: role.roleArn,
        RoleSessionName: role.sessionName,
        WebIdentityToken: token,
      }),
      { abortSignal },
    );
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = given ?? {};
    if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
      throw new Error('the reply has no credentials');
    role.keepSecret(SecretAccessKey);
    role.keepSecret(SessionToken);
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  });
}

/** Credentials of `role-to-assume`, from the first STS that gives them. */
export function roleCredentials(role: RoleToAssume): Source {
  return cached(async () => {
    const token = await newIdToken(role);
    let worst: unknown;
    for (const region of role.regions) {
      try {
        return await assume(role, region, token);
      } catch (error) {
        // A refusal says more than a silence.
        if (worst === undefined || (error instanceof AwsFault && error.quality !== 'dark')) worst = error;
      }
    }
    throw worst;
  });
}

/** The SDK's default chain (environment, profile, web identity file, instance role …), with STS in the given Region. */
export function defaultCredentials(region: string, keepSecret: (secret: string) => void, limits = LIMITS): Source {
  const chain = new STSClient({ region, maxAttempts: 1, requestHandler: { connectionTimeout: limits.connect } }).config;
  const name = { service: 'sts', region, operation: 'Credentials' } as const;
  return cached(async () => {
    try {
      const found: Credentials = await Promise.race([chain.credentials(), late(limits.total)]);
      keepSecret(found.secretAccessKey);
      if (found.sessionToken !== undefined) keepSecret(found.sessionToken);
      return found;
    } catch (error) {
      throw toFault(name, error);
    }
  });
}

const late = (milliseconds: number) =>
  new Promise<never>((_resolve, reject) => {
    const give = () => {
      reject(Object.assign(new Error('the credential chain did not end'), { name: 'TimeoutError' }));
    };
    setTimeout(give, milliseconds).unref();
  });
