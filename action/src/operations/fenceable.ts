import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { staleAfter } from '../domain/reading.ts';
import { millis } from '../domain/stored-json.ts';
import { readHeartbeat } from './heartbeats.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';

/** Statuses of an environment in which no work runs. */
export const GONE = ['CREATE_FAILED', 'DELETED', 'DELETING', 'PENDING'];

/**
 * Promises that a move away from `from` leaves nothing active that could have been fenced: the Region is dark, its
 * environment is gone, or its canary or a REST call is able to fence it. Throws `MDR-MOVE-VERDICT`.
 */
export async function requireFenceable(deployment: Deployment, from: Side, to: Side): Promise<void> {
  const { environment: name } = from.site;
  const [environment, own, copy, rest] = await Promise.all([
    probe(() => from.ports.environments.describe(name)),
    probeStored(() => readHeartbeat(from, deployment, from.region)),
    probeStored(() => readHeartbeat(to, deployment, from.region)),
    probe(() => from.ports.airflow.dags(name)),
  ]);
  const isGone =
    'answer' in environment && (environment.answer === undefined || GONE.includes(environment.answer.status));
  const showsLife = 'answer' in environment || 'answer' in own;
  if (!showsLife || isGone || 'answer' in rest) return;
  const beats = [own, copy].flatMap((beat) => ('answer' in beat && beat.answer !== undefined ? [beat.answer] : []));
  // A copy may be of long ago.
  const newest = beats.toSorted((a, b) => millis(a.at) - millis(b.at)).at(-1);
  if (newest?.role === 'standby' || (newest?.ageMilliseconds ?? Infinity) <= staleAfter(deployment)) return;
  throw new MdrError({
    code: 'MDR-MOVE-VERDICT',
    message: `${from.region} answers, but cannot be fenced: its canary is silent, and ${rest.detail}. Both sites would work`,
    fix: `Let mwaadr_canary run at ${name}, give this role InvokeRestApi there, or run again with \`wait: 1500\` and without \`override\`: once the verdict is UNHEALTHY no fence is asked for.`,
    state: 'nothing was touched',
  });
}
