import type { ControlRecord, Move } from '../domain/control-record.ts';
import { otherSite, siteOfEpoch } from '../domain/deployment.ts';
import type { Deployment, SiteIndex } from '../domain/deployment.ts';
import { errorOf } from '../domain/aws-errors.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { StepData } from '../domain/journal.ts';
import { describeLoss, lossOf } from '../domain/loss.ts';
import type { Manifest } from '../domain/manifest.ts';
import { permissionOf } from '../domain/move-permission.ts';
import type { World } from '../domain/ports.ts';
import { missingDags, whyUnready } from '../domain/readiness.ts';
import { didYouMean } from '../domain/suggest.ts';
import type { Verdict } from '../domain/verdict.ts';
import { loadedOf, noRecord, notInstalled, readControl } from './control.ts';
import { requireFenceable } from './fenceable.ts';
import { readHeartbeat } from './heartbeats.ts';
import { observe } from './observe.ts';
import { sideOf } from './sides.ts';
import { readStanding } from './standing.ts';
import type { Side } from './sides.ts';
import { requireNewestWhole } from './snapshots.ts';
import type { FoundSnapshot } from './snapshots.ts';
import { requireVerified } from './verify.ts';

/** Where a move goes, as the inputs and the control records say before anything is done. */
export interface Target {
  readonly from: Side;
  readonly to: Side;
  /** With what the target's bucket proves beyond it. */
  readonly ruling: ControlRecord;
  /** Epoch of the target's own record. */
  readonly epoch: number;
  /** A move to this target that an earlier run had begun. */
  readonly move: Move | undefined;
}

/** What is going to be done, and what it will lose. */
export interface Plan {
  readonly target: Target;
  readonly from: Side;
  readonly to: Side;
  readonly ruling: ControlRecord;
  readonly found: FoundSnapshot;
  readonly data: StepData<'planned'>;
}

/** Throws `MDR-INPUT-…`, `MDR-MOVE-SAME-SITE`, `MDR-MOVE-OTHER`, `MDR-NOT-INSTALLED`, `MDR-AWS-…`. */
export async function requireTarget(world: World, deployment: Deployment, inputs: Inputs<'failover'>): Promise<Target> {
  const index = requireSite(deployment, inputs.target);
  requireConfirmed(deployment, inputs.confirm);
  const to = sideOf(world, deployment, index);
  const from = sideOf(world, deployment, otherSite(index));
  const { controls, standing } = await readStanding(world, deployment);
  const own = controls[index];
  // Without the target's record there is nothing to claim: what is wrong with it is the answer.
  const target = 'answer' in own ? own.answer?.record : (await readControl(to, deployment))?.record;
  if (standing === undefined) throw noRecord(deployment, controls);
  if (target === undefined) throw notInstalled(`there is no control record in ${to.bucket}`);
  const ruling = standing.record;
  const running = loadedOf(controls).flatMap(({ record }) => runningMove(record, ruling));
  const other = running.find((move) => move.to !== to.region);
  if (other !== undefined) throw otherMove(other);
  const move = running.find((candidate) => candidate.to === to.region);
  if (move === undefined && ruling.phase === 'activated' && siteOfEpoch(ruling.epoch) === index)
    throw sameSite(to, ruling);
  return { from, to, ruling, epoch: target.epoch, move };
}

/** A move below the ruling epoch was superseded, and is no longer under way whatever its record says. */
const runningMove = (record: ControlRecord, ruling: ControlRecord): readonly Move[] =>
  record.move !== null && record.move.epoch >= ruling.epoch ? [record.move] : [];

function requireSite(deployment: Deployment, region: string): SiteIndex {
  const regions = deployment.sites.map((site) => site.region);
  if (region === regions[0]) return 0;
  if (region === regions[1]) return 1;
  throw new MdrError({
    code: 'MDR-INPUT-INVALID',
    message: `the input \`target\`: ${deployment.deployment} has no site in ${region}${didYouMean(region, regions)}`,
    fix: `Give the Region of the site that takes over: ${regions.join(' or ')}.`,
    state: 'nothing was touched',
  });
}

function requireConfirmed(deployment: Deployment, confirm: string): void {
  if (confirm === deployment.deployment) return;
  throw new MdrError({
    code: 'MDR-INPUT-CONFIRM',
    message: `the input \`confirm\` says "${confirm}", but this moves ${deployment.deployment}`,
    fix: `Type the deployment's name into \`confirm\`: ${deployment.deployment}.`,
    state: 'nothing was touched',
  });
}

const otherMove = (move: Move): MdrError =>
  new MdrError({
    code: 'MDR-MOVE-OTHER',
    message: `${move.id} to ${move.to} is under way since ${move.startedAt} and has come to ${move.step}`,
    fix: `Finish it first: failover with target ${move.to}.`,
    state: 'nothing was touched',
  });

const sameSite = (to: Side, ruling: ControlRecord): MdrError =>
  new MdrError({
    code: 'MDR-MOVE-SAME-SITE',
    message: `${to.region} is active already, since epoch ${ruling.epoch}, ${ruling.activated.at}`,
    fix: 'Nothing is to be done; `status` shows both sites.',
    state: 'nothing was touched',
  });

/** Refuses, or answers what will be done. Changes nothing. */
export async function planMove(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
  target: Target,
): Promise<Plan> {
  const { from, to, ruling } = target;
  const verdict = await world.log.group('Look at the site that is left', () =>
    requirePermission(world, deployment, inputs),
  );
  const overridden = permissionOf(verdict.key, 'manual') === 'force';
  if (overridden) await requireFenceable(deployment, from, to);
  const lineage = ruling.activated;
  const found = await world.log.group('Verify the snapshot at the target', async () => {
    const id = inputs.snapshot ?? (await requireNewestWhole(world, to, deployment, lineage));
    return (await requireVerified(world, to, deployment, id, lineage)).found;
  });
  await world.log.group('Look whether the target is able to take over', async () => {
    const missing = await requireReady(deployment, to, found.manifest);
    if (missing.length > 0) world.log.warning(`${to.region} has not parsed, and will not run: ${missing.join(', ')}`);
  });
  const lastBeat = await readHeartbeat(to, deployment, from.region);
  const loss = lossOf(found.manifest, lastBeat, deployment.canary.everySeconds, world.clock.now());
  await world.log.group('What this will lose', () => {
    for (const line of describeLoss(loss)) world.log.info(line);
    return Promise.resolve();
  });
  const data: StepData<'planned'> = {
    verdict: { ...verdict, evidence: [...verdict.evidence] },
    overridden,
    loss: { ...loss, inFlight: [...loss.inFlight] },
    manifestSha256: found.manifestSha256,
  };
  return { target, from, to, ruling, found, data };
}

/** The verdict, if it lets us leave the active site. Throws `MDR-MOVE-HEALTHY` or `MDR-MOVE-VERDICT`. */
export async function requirePermission(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
): Promise<Verdict> {
  const { verdict, active } = await observe(world, deployment, inputs.observer, {});
  world.log.info(`${active.region}: ${verdict.key}: ${verdict.reason}`);
  for (const line of verdict.evidence) world.log.info(`  ${line}`);
  const permission = permissionOf(verdict.key, 'manual');
  if (permission !== 'force' || inputs.override === 'force') return verdict;
  throw new MdrError({
    code: verdict.key === 'HEALTHY' ? 'MDR-MOVE-HEALTHY' : 'MDR-MOVE-VERDICT',
    message: `${active.region} is ${verdict.key}: ${verdict.reason}`,
    fix:
      verdict.key === 'UNKNOWN'
        ? 'Run again with `wait` (seconds) until the verdict is clear, or leave it all the same with `override: force`.'
        : 'To leave it all the same, run again with `override: force`.',
    state: 'nothing was touched',
  });
}

/** The user DAGs that the target lacks. Throws `MDR-AIRFLOW-VERSION` or `MDR-TARGET-UNREADY` with every reason. */
export async function requireReady(deployment: Deployment, to: Side, manifest: Manifest): Promise<readonly string[]> {
  const environment = await asMdr(() => to.ports.environments.describe(to.site.environment));
  const heartbeat = await asMdr(() => readHeartbeat(to, deployment, to.region));
  const dags = await asMdr(() => to.ports.airflow.dags(to.site.environment));
  const reasons = whyUnready(deployment, to.site, manifest, { environment, heartbeat, dags });
  if (reasons.length === 0) return missingDags(manifest, dags);
  const version = environment !== undefined && environment.airflowVersion !== manifest.airflow.version;
  throw new MdrError({
    code: version ? 'MDR-AIRFLOW-VERSION' : 'MDR-TARGET-UNREADY',
    message: `${to.region} cannot take over: ${reasons.join('; ')}`,
    fix: `Put that right at ${to.site.environment}, then run again.`,
    state: 'nothing was touched',
  });
}

/** A target that does not answer is as good as unready, and the error says so with what AWS said. */
async function asMdr<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw error instanceof AwsFault ? errorOf(error) : error;
  }
}
