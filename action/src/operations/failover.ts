import { LARGEST_EPOCH, LARGEST_LEAP, MOVE_STEPS, withoutUninstall } from '../domain/control-record.ts';
import type { ControlRecord, Move } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { nextEpoch } from '../domain/epoch.ts';
import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import { moveId } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { FailoverResult } from '../domain/results.ts';
import { isDead } from '../domain/standing.ts';
import type { Standing } from '../domain/standing.ts';
import { iso } from '../domain/stored-json.ts';
import { withLease } from './held-lease.ts';
import type { HeldLease } from './held-lease.ts';
import { finish } from './move-evidence.ts';
import { writeEntry } from './move-journal.ts';
import { planMove, sayLoss } from './move-plan.ts';
import type { Plan } from './move-plan.ts';
import { runStep } from './move-steps.ts';
import type { MoveScene } from './move-steps.ts';
import { remakeRecord, requireTarget } from './move-target.ts';
import type { Target } from './move-target.ts';
import { settle } from './settle.ts';
import { probeStored } from './sides.ts';
import type { Side } from './sides.ts';
import { newestComplete } from './newest-whole.ts';
import { readSnapshot } from './snapshots.ts';
import { readStanding, requireStanding } from './standing.ts';

/**
 * Makes the target active without the help of the site that is lost. Refuses before anything is touched. A run that is
 * killed before the claim leaves nothing that counts, and the next one plans anew; from the claim on the next run with
 * the same target goes on with the same move.
 */
export async function failover(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
): Promise<FailoverResult> {
  const startedAt = world.clock.now();
  const target = await requireTarget(world, deployment, inputs);
  const plan = target.move === undefined ? await plannedMove(world, deployment, inputs, target) : undefined;
  if (target.isRecordLost) await remakeRecord(world, deployment, target);
  return withLease(world, deployment, { main: target.to, other: target.from }, 'failover', async (lease) => {
    const { from, to } = target;
    const move =
      plan === undefined
        ? await goOn(world, deployment, target, lease)
        : await begin(world, deployment, inputs, lease, plan, startedAt);
    const scene: MoveScene = { world, deployment, inputs, lease, from, to, move };
    for (const step of MOVE_STEPS.slice(MOVE_STEPS.indexOf(move.step) + 1)) {
      await withdrawIfRefused(scene, () => runStep(scene, step));
    }
    return withdrawIfRefused(scene, () => finish(scene, plan === undefined));
  });
}

/** The plan, made once the verdict is clear: the reading of the plan then ends a whole row of them. */
async function plannedMove(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
  target: Target,
): Promise<Plan> {
  if (inputs.wait > 0 && inputs.override !== 'force') {
    await settle(world, deployment, inputs);
  }
  return planMove(world, deployment, inputs, target);
}

/** The claimed move of an earlier run, if nothing has come between. Throws `MDR-CONTROL-CONFLICT`. */
async function goOn(world: World, deployment: Deployment, { move, to }: Target, lease: HeldLease): Promise<Move> {
  const record = await lease.ensure();
  const { isClaimed, move: now } = await requireStanding(world, deployment);
  if (record.move === null || record.move.id !== move?.id || !isClaimed || now?.id !== move.id) {
    throw changedMeanwhile('the move that was under way has ended meanwhile');
  }
  world.log.info(`going on with ${record.move.id}, which had come to ${record.move.step}`);
  await sayLossOf(world, deployment, to, record);
  return record.move;
}

/** The side that is left may have worked on since the plan was made. What cannot be read stops nothing any more. */
async function sayLossOf(world: World, deployment: Deployment, to: Side, record: ControlRecord): Promise<void> {
  if (record.phase === 'activated') return;
  const said = await probeStored(async () => {
    const newest = await newestComplete(world, to, deployment, record.activated);
    const id = newest ?? record.move?.snapshot;
    if (id !== undefined) await sayLoss(world, deployment, to, (await readSnapshot(to, deployment, id)).manifest);
  });
  if ('fault' in said) world.log.warning(`what this will lose could not be read: ${said.detail}`);
}

/** Writes down the move and thereby begins it. */
async function begin(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
  lease: HeldLease,
  { target, found, data }: Plan,
  startedAt: number,
): Promise<Move> {
  const { from, to } = target;
  await lease.ensure();
  const standing = await requireStanding(world, deployment);
  requireUnchanged(target.standing, standing);
  const epoch = nextEpoch(to.index, [standing.highest]);
  requireInBounds(epoch, standing);
  const move: Move = {
    id: moveId(epoch, world.random.hex(4)),
    kind: 'failover',
    from: from.region,
    to: to.region,
    epoch,
    snapshot: found.id,
    ...(inputs.snapshot === undefined ? {} : { chosen: true }),
    step: 'planned',
    startedAt: iso(startedAt),
    reason: inputs.reason,
    actor: world.actor,
    fence: null,
  };
  const entry = { startedAt, endedAt: world.clock.now(), data };
  await writeEntry(to, deployment, move.id, 'planned', entry);
  await lease.change((current) => preparing(current, move));
  return move;
}

/**
 * Until the claim the move belongs to the lease, and ends with it: the record itself says nothing new. An uninstall that
 * was left half done ends here: a canary that lost its part in the database must install it again, and obey.
 */
function preparing(before: ControlRecord, move: Move): ControlRecord {
  const record = withoutUninstall(before);
  return record.lease === null ? record : { ...record, lease: { ...record.lease, move } };
}

/** What was claimed or activated since the plan was made makes its snapshot and its verdict those of another day. */
function requireUnchanged({ record: before }: Standing, { record: now }: Standing): void {
  if (now.epoch === before.epoch && now.activated.epoch === before.activated.epoch) return;
  throw changedMeanwhile('another move was begun or has ended meanwhile');
}

function requireInBounds(epoch: number, { record }: Standing): void {
  if (epoch <= LARGEST_EPOCH && epoch <= record.activated.epoch + LARGEST_LEAP) return;
  throw new MdrError({
    code: 'MDR-CONTROL-INVALID',
    message: `the next epoch would be ${epoch}, far above ${record.activated.epoch}, which was activated last`,
    fix: 'Look with `status` which record, heartbeat or snapshot has so high an epoch, and bring its right version back.',
    state: 'nothing was touched',
  });
}

const changedMeanwhile = (why: string): MdrError =>
  new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `the plan is void: ${why}`,
    fix: 'Look with `status` who is active now, and run again if a move is still wanted.',
    state: 'nothing was touched',
  });

/**
 * A move that ends before its claim ends with its lease, so that nothing stands in the way of another one; the journal
 * keeps it. A claimed one stays, as it has to be finished, unless the control records themselves name a higher epoch.
 */
async function withdrawIfRefused<T>(scene: MoveScene, body: () => Promise<T>): Promise<T> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof MdrError && error.code === 'MDR-MOVE-SUPERSEDED') await forget(scene);
    throw error;
  }
}

async function forget({ world, deployment, lease, move }: MoveScene): Promise<void> {
  try {
    const { standing } = await readStanding(world, deployment, move);
    if (standing === undefined || !isDead(move, standing)) return;
    await lease.change((record) => (record.move?.id === move.id ? { ...record, move: null } : record));
  } catch (error) {
    // How the move ended matters more; the next check takes out what is left.
    world.log.warning(`${move.id} was not taken out of the record: ${error instanceof Error ? error.message : '?'}`);
  }
}
