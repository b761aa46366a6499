import type { EnvironmentDescription } from './ports.ts';
import { updateErrorOf } from './service-words.ts';

/** Which change of an environment is followed. */
export interface Followed {
  readonly kind: 'create' | 'update';
  /**
   * LastUpdate's CreatedAt (milliseconds) as it stood before the change was asked for; `null` = there was none. Another
   * one is the change's own, whatever any clock says.
   */
  readonly before: number | null;
}

export type Progress =
  /** Goes on by itself; `words` change when there is news. */
  | { readonly kind: 'running'; readonly words: string }
  /** Waits for somebody. */
  | { readonly kind: 'waiting'; readonly words: string; readonly fix: string }
  | { readonly kind: 'done' }
  /** The service gave up, and says why; it is never tried again by itself. */
  | {
      readonly kind: 'failed';
      readonly status: string;
      /** Safe to show. */
      readonly message: string;
      /** The service's own words, which may quote a secret; '' when it has none. */
      readonly unsafe: string;
    };

const ENDPOINTS =
  'This environment manages its endpoints itself (EndpointManagement CUSTOMER): create the VPC endpoints that GetEnvironment names (WebserverVpcEndpointService, DatabaseVpcEndpointService). The service waits 72 hours for them.';

/** States that pass by themselves: https://docs.aws.amazon.com/mwaa/latest/API/API_Environment.html (Status). */
const PASSING: Readonly<Record<string, string>> = {
  CREATING: 'CREATING',
  UPDATING: 'UPDATING',
  CREATING_SNAPSHOT: 'CREATING_SNAPSHOT: the database is copied before the upgrade',
  MAINTENANCE: 'MAINTENANCE: a window of the service itself, the change goes on after it',
  ROLLING_BACK: 'ROLLING_BACK: the change has failed, and the service brings the old settings back',
};

export const isPassing = (status: string): boolean => status in PASSING || status === 'PENDING';

/** How far a change has come. */
export function progressOf(environment: EnvironmentDescription | undefined, followed: Followed): Progress {
  if (environment === undefined) return absent(followed);
  const { status } = environment;
  if (status === 'PENDING') return { kind: 'waiting', words: 'PENDING: it waits for VPC endpoints', fix: ENDPOINTS };
  const passing = PASSING[status];
  if (passing !== undefined) return { kind: 'running', words: passing };
  const isOurs = followed.kind === 'create' || isNewer(environment, followed);
  if (status !== 'AVAILABLE' && status !== 'UPDATE_FAILED') return failed(environment);
  if (!isOurs) return { kind: 'running', words: `${status}: the update has not begun yet` };
  if (status === 'UPDATE_FAILED' || environment.lastUpdate?.status === 'FAILED') return failed(environment);
  const isDone = environment.lastUpdate === undefined || environment.lastUpdate.status === 'SUCCESS';
  return isDone ? { kind: 'done' } : { kind: 'running', words: `${status}: the update is not finished` };
}

/** Whether the environment knows of an update that it did not know of before. */
export const isNewer = ({ lastUpdate }: EnvironmentDescription, { before }: Followed): boolean =>
  lastUpdate !== undefined && (before === null || lastUpdate.createdAt > before);

/** A new environment may take a moment to be seen. */
const absent = ({ kind }: Followed): Progress =>
  kind === 'create'
    ? { kind: 'running', words: 'not seen yet' }
    : { kind: 'failed', status: 'missing', message: 'the environment is gone', unsafe: '' };

function failed({ status, raw }: EnvironmentDescription): Progress {
  const { code, message } = updateErrorOf(raw) ?? { code: '', message: '' };
  return { kind: 'failed', status, message: code === '' ? 'the service gives no reason' : code, unsafe: message };
}
