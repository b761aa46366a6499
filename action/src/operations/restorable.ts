import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { isUsable } from '../domain/gate.ts';
import type { World } from '../domain/ports.ts';
import { dagReasons, isOfAirflow } from '../domain/readiness.ts';
import { findNewest } from './newest-whole.ts';
import { probe } from './sides.ts';
import type { Side } from './sides.ts';

/**
 * Whether a move could end at each of these sites, as far as it answers: it has a snapshot of that lineage, runs its
 * Airflow, and lets us start what restores it; in the order in which they are given. `undefined` = nobody can say.
 */
export const restorableAt = (
  world: World,
  [first, second]: readonly [Side, Side],
  deployment: Deployment,
  lineage: ControlRecord['activated'],
): Promise<[boolean | undefined, boolean | undefined]> => {
  const ask = (side: Side) => isRestorable(world, side, deployment, lineage);
  return Promise.all([ask(first), ask(second)]);
};

async function isRestorable(
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: ControlRecord['activated'],
): Promise<boolean | undefined> {
  const { environments, airflow } = side.ports;
  const { environment } = side.site;
  const [newest, described, dags] = await Promise.all([
    probe(() => findNewest(world, side, deployment, lineage)),
    probe(() => environments.describe(environment)),
    probe(() => airflow.dags(environment)),
  ]);
  if ([dags, described].some((asked) => 'fault' in asked && asked.fault === 'denied')) return false;
  if (!('answer' in newest && 'answer' in described && 'answer' in dags)) return undefined;
  if (newest.answer === undefined) return false;
  const { manifest } = newest.answer;
  if (described.answer === undefined || !isUsable(described.answer.status)) return false;
  if (!isOfAirflow(described.answer, manifest)) return false;
  return dagReasons(manifest, dags.answer).length === 0;
}
