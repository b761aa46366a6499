import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { EnvironmentMembers, World } from '../domain/ports.ts';
import { valueAt } from '../domain/raw.ts';
import { progressOf } from '../domain/reconcile-follow.ts';
import type { Followed, Progress } from '../domain/reconcile-follow.ts';
import { isHarmlessOption } from '../domain/plan-shown.ts';
import { harmless, leftOut, mayBeRepeated } from '../domain/service-words.ts';
import { inWords } from '../domain/stored-json.ts';
import type { HeldLease } from './held-lease.ts';
import { bothSides, probe } from './sides.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/** Running tasks may be waited for up to 12 hours (GRACEFUL); anything else ends within three. */
/** How long a change of an environment may take: several times what is usual. */
export const LIMIT_SECONDS = 3 * 3_600;
const GRACEFUL_LIMIT_SECONDS = 13 * 3_600;
const LOOK_AT_LEASE = 60_000;

/** Soon at first, and then every quarter of a minute: milliseconds. */
export const pollLater = (waited: number): number => Math.min(15_000, Math.max(1_000, waited / 10));

export interface Following {
  readonly deployment: Deployment;
  readonly side: Side;
  readonly followed: Followed;
  readonly graceful: boolean;
  /** `10 to 30 min`; '' when nobody knows. */
  readonly usual: string;
  /** What the service was sent; `undefined` = nobody knows any more whether it was a secret. */
  readonly sent: EnvironmentMembers | undefined;
}

type End = Extract<Progress, { kind: 'done' | 'failed' }>;

/**
 * Follows a change live to its end: a line when the status changes, else one a minute. Answers how it ended; throws
 * `MDR-TIMEOUT`, `MDR-STOPPED`, `MDR-LEASE-LOST`.
 */
export async function followChange(world: World, lease: HeldLease, following: Following): Promise<End> {
  const { side, followed, graceful, usual } = following;
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
  const end = await waitFor(world, what, graceful ? GRACEFUL_LIMIT_SECONDS : LIMIT_SECONDS, ask, pollLater);
  return end.kind === 'done' ? end : { ...end, message: await reasonOf(world, following, end), unsafe: '' };
}

type Failure = Extract<Progress, { kind: 'failed' }>;

/** Why the service gave up, in its words where no value that they might quote is a secret; else by its code alone. */
async function reasonOf(world: World, { deployment, side, sent }: Following, end: Failure): Promise<string> {
  const { message, unsafe } = end;
  if (unsafe === '') return message;
  const sides = bothSides(world, deployment);
  const looks = await Promise.all(
    sides.map(({ ports, site }) => probe(() => ports.environments.describe(site.environment))),
  );
  const atSites = looks.map((look) => ('answer' in look ? valueAt(look.answer?.raw, OPTIONS) : undefined));
  const inGit = [deployment, ...deployment.sites].map(({ mwaa }) => mwaa.airflowConfigurationOptions);
  const isHarmless = (option: string, value: string) => isHarmlessOption(option, value, deployment.plan.showOptions);
  const isKnown = sent !== undefined && looks.every((look) => 'answer' in look);
  if (isKnown && mayBeRepeated(isHarmless, sent[OPTIONS], ...inGit, ...atSites))
    return `${message}: ${harmless(unsafe)}`;
  const { environment } = side.site;
  return leftOut(
    message,
    `the console and \`aws mwaa get-environment --name ${environment} --region ${side.region}\` have them`,
  );
}

const OPTIONS = 'AirflowConfigurationOptions';

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
