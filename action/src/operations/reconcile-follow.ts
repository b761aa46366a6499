import { MdrError } from '../domain/errors.ts';
import type { World } from '../domain/ports.ts';
import { progressOf } from '../domain/reconcile-follow.ts';
import type { Followed, Progress } from '../domain/reconcile-follow.ts';
import { inWords } from '../domain/stored-json.ts';
import type { HeldLease } from './held-lease.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/** Running tasks may be waited for up to 12 hours (GRACEFUL); anything else ends within three. */
const LIMIT_SECONDS = 3 * 3_600;
const GRACEFUL_LIMIT_SECONDS = 13 * 3_600;
const LOOK_AT_LEASE = 60_000;

/** Soon at first, and then every quarter of a minute: milliseconds. */
export const pollLater = (waited: number): number => Math.min(15_000, Math.max(1_000, waited / 10));

export interface Following {
  readonly side: Side;
  readonly followed: Followed;
  readonly graceful: boolean;
  /** `10 to 30 min`; '' when nobody knows. */
  readonly usual: string;
}

/**
 * Follows a change live to its end: a line when the status changes, else one a minute. Answers how it ended; throws
 * `MDR-TIMEOUT`, `MDR-STOPPED`, `MDR-LEASE-LOST`.
 */
export async function followChange(
  world: World,
  lease: HeldLease,
  { side, followed, graceful, usual }: Following,
): Promise<Extract<Progress, { kind: 'done' | 'failed' }>> {
  const began = world.clock.now();
  let said = '';
  let leaseSeen = began;
  const ask = async () => {
    const now = world.clock.now();
    if (now - leaseSeen >= LOOK_AT_LEASE) {
      await lease.ensure();
      leaseSeen = now;
    }
    const progress = progressOf(await side.ports.environments.describe(side.site.environment), followed);
    if ('words' in progress && progress.words !== said) {
      said = progress.words;
      world.log.info(`${side.region}: ${said}, after ${inWords(now - began)}`);
      if (progress.kind === 'waiting') world.log.warning(progress.fix);
    }
    return progress.kind === 'done' || progress.kind === 'failed' ? progress : undefined;
  };
  const what = `${side.site.environment} in ${side.region}${usual === '' ? '' : `, which usually takes ${usual}`}`;
  return waitFor(world, what, graceful ? GRACEFUL_LIMIT_SECONDS : LIMIT_SECONDS, ask, pollLater);
}

type Failure = Extract<Progress, { kind: 'failed' }>;

/** MWAA's own rollback, reported and never fought. */
export function changeFailed(
  side: Side,
  role: 'active' | 'standby',
  kind: Followed['kind'],
  failure: Failure,
): MdrError {
  const usable = ['AVAILABLE', 'UPDATE_FAILED'].includes(failure.status);
  const here = `${side.region}, the ${role === 'active' ? 'active site' : 'standby'},`;
  const there = role === 'standby' ? 'the active site was not touched' : 'the standby keeps the new settings';
  return new MdrError({
    code: 'MDR-UPDATE-FAILED',
    message: `MWAA gave the ${kind} of ${side.site.environment} in ${side.region} up: ${failure.message}`,
    fix:
      kind === 'create'
        ? 'Remove the cause, then delete the failed environment yourself (this action never deletes one), and start this run again.'
        : 'Correct the deployment file, or the artifact that the message names, in a new pull request. This plan is not tried again by itself.',
    state: usable ? `${here} is back on its old settings; ${there}` : `${here} is ${failure.status}; ${there}`,
  });
}
