import { withoutUninstall } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { errorOf } from '../domain/aws-errors.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { StepData } from '../domain/journal.ts';
import { leaseRuns } from '../domain/lease.ts';
import { describeLoss, lossOf } from '../domain/loss.ts';
import type { Manifest } from '../domain/manifest.ts';
import { permissionOf } from '../domain/move-permission.ts';
import type { World } from '../domain/ports.ts';
import { isOfAirflow, missingDags, whyUnready } from '../domain/readiness.ts';
import { staleAfter } from '../domain/reading.ts';
import { firstOf } from '../domain/standing-findings.ts';
import type { LossPreview } from '../domain/results.ts';
import type { Verdict } from '../domain/verdict.ts';
import { changeControl } from './control.ts';
import { requireFenceable } from './fenceable.ts';
import { lastLifeOf, readHeartbeat } from './heartbeats.ts';
import { observe } from './observe.ts';
import type { Target } from './move-target.ts';
import { asMdr, awaitQuiet } from './quiet-target.ts';
import type { Side } from './sides.ts';
import { requireNewestWhole } from './newest-whole.ts';
import type { FoundSnapshot } from './snapshots.ts';
import { requireVerified } from './verify.ts';

/** What is going to be done, and what it will lose. */
export interface Plan {
  readonly target: Target;
  readonly found: FoundSnapshot;
  readonly data: StepData<'planned'>;
}

/** Refuses, or answers what will be done. Changes nothing. */
export async function planMove(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
  target: Target,
): Promise<Plan> {
  const { from, to, standing } = target;
  const verdict = await world.log.group('Look at the site that is left', () =>
    requirePermission(world, deployment, inputs),
  );
  const overridden = permissionOf(verdict.key, 'manual') === 'force';
  if (overridden) await requireFenceable(deployment, from, to);
  const lineage = standing.record.activated;
  await world.log.group('Wait until the target may take over', () => asMdr(() => awaitQuiet(world, deployment, to)));
  const found = await world.log.group('Verify the snapshot at the target', async () => {
    const id = inputs.snapshot ?? (await requireNewestWhole(world, to, deployment, lineage));
    return (await requireVerified(world, to, deployment, id, lineage)).found;
  });
  if (standing.record.uninstall !== undefined) await takeUninstallBack(world, deployment, to);
  await world.log.group('Look whether the target is able to take over', async () => {
    const missing = await requireReady(deployment, to, found.manifest);
    if (missing.length > 0)
      world.log.warning(`${to.region} has not parsed, and will not run before it has: ${firstOf(missing)}`);
  });
  const loss = await sayLoss(world, deployment, to, found.manifest);
  const data: StepData<'planned'> = {
    verdict: { ...verdict, evidence: [...verdict.evidence] },
    overridden,
    loss: { ...loss, inFlight: [...loss.inFlight] },
    manifestSha256: found.manifestSha256,
  };
  return { target, found, data };
}

/** What a move on this snapshot loses, as far as is known now. Throws {@link AwsFault}. */
export function sayLoss(world: World, deployment: Deployment, to: Side, manifest: Manifest): Promise<LossPreview> {
  return world.log.group('What this will lose', async () => {
    const life = await lastLifeOf(manifest.lineage, to, deployment);
    const loss = lossOf(manifest, life, deployment.canary.everySeconds, world.clock.now());
    const livesOn = life.stored?.role === 'active' && life.stored.ageMilliseconds <= staleAfter(deployment);
    for (const line of describeLoss(loss, livesOn)) world.log.info(line);
    return loss;
  });
}

/** Its mark keeps the target's canary from installing, and so from beating, without which nothing is moved there. */
async function takeUninstallBack(world: World, deployment: Deployment, to: Side): Promise<void> {
  const taken: string[] = [];
  await changeControl(world, to, deployment, (record, date) => {
    if (record.uninstall === undefined || leaseRuns(record.lease, date)) return record;
    taken.push(record.uninstall.id);
    return withoutUninstall(record);
  });
  if (taken.length > 0)
    world.log.warning(
      `an uninstall that was left half done is taken back: should ${to.region} be refused now, run again once its canary has beaten`,
    );
}

/** The verdict, if it lets us leave the active site. Throws `MDR-MOVE-HEALTHY` or `MDR-MOVE-VERDICT`. */
async function requirePermission(world: World, deployment: Deployment, inputs: Inputs<'failover'>): Promise<Verdict> {
  const { verdict, active } = await observe(world, deployment, inputs.observer, {});
  world.log.info(`${active.region}: ${verdict.key}: ${verdict.reason}`);
  for (const line of verdict.evidence) world.log.info(`  ${line}`);
  requirePermitted(active, verdict, inputs);
  return verdict;
}

/** Throws `MDR-MOVE-HEALTHY` or `MDR-MOVE-VERDICT` unless this verdict, or force, lets us leave the active site. */
export function requirePermitted({ region }: Side, verdict: Verdict, { override }: Inputs<'failover'>): void {
  if (permissionOf(verdict.key, 'manual') !== 'force' || override === 'force') return;
  throw new MdrError({
    code: verdict.key === 'HEALTHY' ? 'MDR-MOVE-HEALTHY' : 'MDR-MOVE-VERDICT',
    message: `${region} is ${verdict.key}: ${verdict.reason}`,
    fix:
      verdict.key === 'HEALTHY'
        ? 'To leave it all the same, run again with `override: force`.'
        : 'Run again with `wait: 1500` (seconds), until the verdict is clear, or leave it all the same with `override: force`.',
    state: 'nothing was touched',
  });
}

/** Throws the fault's code: what has to be done is the same whatever kept it from answering. */
async function listedDags({ region, site: { environment }, ports }: Side) {
  try {
    return await ports.airflow.dags(environment);
  } catch (error) {
    if (!(error instanceof AwsFault)) throw error;
    const { code, message } = errorOf(error);
    throw new MdrError({
      code,
      message: `${region} cannot take over: its Airflow does not list its DAGs (${message})`,
      fix: `Nothing can be restored there without its REST API: look at the web server of ${environment} and its access mode, and whether this role has airflow:InvokeRestApi for it; then run again.`,
      state: 'nothing was touched',
      cause: error,
    });
  }
}

/** The user DAGs that the target lacks. Throws `MDR-AIRFLOW-VERSION` or `MDR-TARGET-UNREADY` with every reason. */
export async function requireReady(deployment: Deployment, to: Side, manifest: Manifest): Promise<readonly string[]> {
  const environment = await asMdr(() => to.ports.environments.describe(to.site.environment));
  const heartbeat = await asMdr(() => readHeartbeat(to, deployment, to.region));
  const dags = await listedDags(to);
  const reasons = whyUnready(deployment, to.site, manifest, { environment, heartbeat, dags });
  if (reasons.length === 0) return missingDags(manifest, dags);
  const version = environment !== undefined && !isOfAirflow(environment, manifest);
  throw new MdrError({
    code: version ? 'MDR-AIRFLOW-VERSION' : 'MDR-TARGET-UNREADY',
    message: `${to.region} cannot take over: ${reasons.join('; ')}`,
    fix: `Put that right at ${to.site.environment}, then run again.`,
    state: 'nothing was touched',
  });
}
