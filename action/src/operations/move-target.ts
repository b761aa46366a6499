import type { Move } from '../domain/control-record.ts';
import { otherSite } from '../domain/deployment.ts';
import type { Deployment, SiteIndex } from '../domain/deployment.ts';
import { isUselessBy } from '../domain/environment-change.ts';
import { MdrError } from '../domain/errors.ts';
import { firstRecord } from '../domain/first-record.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import { leaps } from '../domain/standing.ts';
import type { Standing } from '../domain/standing.ts';
import { didYouMean } from '../domain/suggest.ts';
import { runOf } from '../domain/trouble.ts';
import { loadedOf, noRecord, notInstalled, readControl, restoreControl, timeOf } from './control.ts';
import type { BothControls, LoadedControl } from './control.ts';
import { isHidden, requirePeerKnown } from './peer.ts';
import { asMdr } from './quiet-target.ts';
import { probe, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import { isUntold, readStanding } from './standing.ts';
import type { Known } from './standing.ts';

/** Where a move goes, as the inputs and what is known say before anything is done. */
export interface Target {
  readonly from: Side;
  readonly to: Side;
  readonly standing: Standing;
  /** A move to this target that was claimed and has to be finished. One that was only planned is planned anew. */
  readonly move: Move | undefined;
  /** The target's record is missing or damaged, and has to be made anew: there is nothing to claim in. */
  readonly isRecordLost: boolean;
}

/** Throws `MDR-INPUT-…`, `MDR-MOVE-SAME-SITE`, `MDR-MOVE-OTHER`, `MDR-NOT-INSTALLED`, `MDR-CONTROL-INVALID`, `MDR-AWS-…`. */
export async function requireTarget(world: World, deployment: Deployment, inputs: Inputs<'failover'>): Promise<Target> {
  const index = requireSite(deployment, inputs.target);
  requireConfirmed(deployment, inputs.confirm, 'moves');
  const to = sideOf(world, deployment, index);
  const from = sideOf(world, deployment, otherSite(index));
  const { controls, standing } = await readWithTarget(world, deployment, to);
  const isRecordLost = standing !== undefined && loadedOf(controls).length === 0;
  // What is wrong with the target's record is the answer, unless all else tells enough to make it anew.
  const own = isRecordLost ? undefined : await requireOwn(controls, to, from, deployment);
  if (standing === undefined) throw noRecord(deployment, controls);
  requireInstalled(standing);
  const move = standing.isClaimed ? standing.move : undefined;
  const isOurs = move !== undefined && move.to === to.region && own?.record.move?.id === move.id;
  // Once it is claimed, to go on is always right; before, what cannot be seen may be another one's claim.
  const peer = isOurs ? undefined : await requirePeerKnown(world, deployment, from, inputs);
  const isUseless = move !== undefined && !isOurs && (await isGone(from, standing, timeOf(world, controls).at));
  requireNoOtherMove(peer, standing, to, inputs, isUseless);
  if (move === undefined) requireNotActive(standing, to);
  return { from, to, standing, move: isOurs ? move : undefined, isRecordLost };
}

/** Makes the record of the target by what heartbeats and snapshots prove; one that has come back meanwhile is left alone. */
export async function remakeRecord(world: World, deployment: Deployment, { to, standing }: Target): Promise<void> {
  const now = world.clock.now();
  await restoreControl(world, to, deployment, (before) =>
    before === undefined || leaps(before, [standing.highest])
      ? firstRecord(deployment, to.region, [standing.record], now)
      : before,
  );
  const { epoch } = standing.record;
  world.log.warning(
    `the control record in ${to.bucket} was lost: made anew for epoch ${epoch}, as heartbeats and snapshots tell`,
  );
}

/** One failed read of the target's record says nothing about what is there: all is read again, so that it fits together. */
async function readWithTarget(world: World, deployment: Deployment, { index }: Side): Promise<Known> {
  const first = await readStanding(world, deployment);
  return 'fault' in first.controls[index] ? readStanding(world, deployment) : first;
}

/** The record without which there is nothing to claim. */
async function requireOwn(
  controls: BothControls,
  to: Side,
  from: Side,
  deployment: Deployment,
): Promise<LoadedControl> {
  const first = controls[to.index];
  // `install` needs both Regions.
  const install = isUntold(controls[from.index]) ? `run \`install\` once ${from.region} answers` : 'run `install`';
  if ('fault' in first && first.code === 'MDR-CONTROL-INVALID') throw damaged(to, first.detail, install);
  const own = 'answer' in first ? first.answer : await asMdr(() => readControl(to, deployment));
  if (own !== undefined) return own;
  throw notInstalled(
    `there is no control record in ${to.bucket}`,
    `Bring its last version back (${to.bucket} is versioned: remove the delete marker), or ${install}.`,
  );
}

const damaged = ({ bucket }: Side, detail: string, install: string): MdrError =>
  new MdrError({
    code: 'MDR-CONTROL-INVALID',
    message: detail,
    fix: `Bring the right version of the object back (${bucket} is versioned), or delete it and ${install}.`,
    state: 'nothing was touched',
  });

/** Without our part in a database there is nothing to move to. Until then a move takes an uninstall back. */
function requireInstalled({ record: { uninstall } }: Standing): void {
  if (uninstall?.emptied !== true) return;
  throw notInstalled(
    `the deployment is being uninstalled, since ${uninstall.since} by ${uninstall.actor}`,
    'Take that back with `install`, or finish it with `uninstall`.',
  );
}

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

/** Throws `MDR-INPUT-CONFIRM`. `does`: what the run does to the deployment. */
export function requireConfirmed(deployment: Deployment, confirm: string, does: 'moves' | 'uninstalls'): void {
  if (confirm === deployment.deployment) return;
  throw new MdrError({
    code: 'MDR-INPUT-CONFIRM',
    message: `the input \`confirm\` says "${confirm}", but this ${does} ${deployment.deployment}`,
    fix: `Type the deployment's name into \`confirm\`: ${deployment.deployment}.`,
    state: 'nothing was touched',
  });
}

/**
 * A claimed move to the other site has to be finished first, as long as that site can be read: its activation may be on
 * its way. One that is activated only lacks its confirmation, and the next claim closes it. A site in the dark cannot
 * finish anything, and must not keep the one that is left from taking over; nor may one that denies or throttles, which
 * a dying Region does, too: a forced move has asked it for a minute, and no other run keeps a lease; nor one whose
 * environment MWAA calls unusable: an activation that waits there reads the higher epoch first.
 */
function requireNoOtherMove(
  peer: Probe<unknown> | undefined,
  standing: Standing,
  to: Side,
  { override }: Inputs<'failover'>,
  isUseless: boolean,
): void {
  const { record, move, isClaimed } = standing;
  if (!isClaimed || move === undefined || move.to === to.region || peer === undefined) return;
  if ('fault' in peer && peer.fault === 'dark') return;
  const isNew = record.phase === 'activated';
  const isLeft = runOf(standing) === undefined && (isNew || (override === 'force' && (isHidden(peer) || isUseless)));
  if (!isLeft) throw otherMove(move);
}

/** By MWAA's own word; what cannot be asked is not gone. */
async function isGone({ index, site, ports }: Side, standing: Standing, now: number): Promise<boolean> {
  const described = await probe(() => ports.environments.describe(site.environment));
  return isUselessBy(described, standing, index, now);
}

export const otherMove = (move: Move): MdrError =>
  new MdrError({
    code: 'MDR-MOVE-OTHER',
    message: `${move.id} to ${move.to} is under way since ${move.startedAt} and has come to ${move.step}`,
    fix: `Finish it first: failover with target ${move.to}.`,
    state: 'nothing was touched',
  });

function requireNotActive({ record, roles, nobodyActive }: Standing, to: Side): void {
  if (record.phase !== 'activated' || roles.active !== to.index || nobodyActive) return;
  throw new MdrError({
    code: 'MDR-MOVE-SAME-SITE',
    message: `${to.region} is active already, since epoch ${record.epoch}, ${record.activated.at}`,
    fix: 'Nothing is to be done; `status` shows both sites.',
    state: 'nothing was touched',
  });
}
