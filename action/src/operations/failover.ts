import { MOVE_STEPS } from '../domain/control-record.ts';
import type { ControlRecord, Move } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { nextEpoch } from '../domain/epoch.ts';
import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import { moveId } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { FailoverResult } from '../domain/results.ts';
import { iso } from '../domain/stored-json.ts';
import { withLease } from './held-lease.ts';
import type { HeldLease } from './held-lease.ts';
import { finish } from './move-evidence.ts';
import { writeEntry } from './move-journal.ts';
import { planMove, requireTarget } from './move-plan.ts';
import type { Plan, Target } from './move-plan.ts';
import { runStep } from './move-steps.ts';
import type { MoveScene } from './move-steps.ts';
import { settle } from './settle.ts';

/**
 * Makes the target active without the help of the site that is lost. Killed anywhere, the next run with the same target
 * goes on with the same move. Refuses before anything is touched; up to the claim it can still be withdrawn.
 */
export async function failover(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
): Promise<FailoverResult> {
  const startedAt = world.clock.now();
  const target = await requireTarget(world, deployment, inputs);
  const plan = target.move === undefined ? await plannedMove(world, deployment, inputs, target) : undefined;
  return withLease(world, target.to, deployment, 'failover', async (lease) => {
    const record = await lease.ensure();
    const move = record.move ?? (await begin(world, deployment, inputs, lease, record, requirePlan(plan), startedAt));
    const scene: MoveScene = { world, deployment, inputs, lease, from: target.from, to: target.to, move };
    requireSameTarget(scene);
    requireSameSnapshot(scene);
    if (record.move !== null) world.log.info(`going on with ${move.id}, which had come to ${move.step}`);
    for (const step of MOVE_STEPS.slice(MOVE_STEPS.indexOf(move.step) + 1)) {
      await withdrawIfRefused(scene, () => runStep(scene, step));
    }
    return finish(scene, record.move !== null);
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
    await world.log.group('Wait for the verdict', () => settle(world, deployment, inputs));
  }
  return planMove(world, deployment, inputs, target);
}

/** Writes down the move and thereby begins it. */
async function begin(
  world: World,
  deployment: Deployment,
  inputs: Inputs<'failover'>,
  lease: HeldLease,
  record: ControlRecord,
  plan: Plan,
  startedAt: number,
): Promise<Move> {
  requireUnchanged(plan, record);
  const epoch = nextEpoch(plan.to.index, [record.epoch, plan.ruling.epoch]);
  const move: Move = {
    id: moveId(epoch, world.random.hex(4)),
    kind: 'failover',
    from: plan.from.region,
    to: plan.to.region,
    epoch,
    snapshot: plan.found.id,
    step: 'planned',
    startedAt: iso(startedAt),
    reason: inputs.reason,
    actor: world.actor,
    fence: null,
  };
  const entry = { startedAt, endedAt: world.clock.now(), data: plan.data };
  await writeEntry(plan.to, deployment, move.id, 'planned', entry);
  await lease.change((current) => ({ ...current, move }));
  return move;
}

function requirePlan(plan: Plan | undefined): Plan {
  if (plan !== undefined) return plan;
  throw changedMeanwhile('the move that was under way has ended meanwhile');
}

function requireUnchanged(plan: Plan, record: ControlRecord): void {
  if (record.epoch !== plan.target.epoch) throw changedMeanwhile('another move has ended meanwhile');
}

const changedMeanwhile = (why: string): MdrError =>
  new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `the plan is void: ${why}`,
    fix: 'Look with `status` who is active now, and run again if a move is still wanted.',
    state: 'nothing was touched',
  });

function requireSameTarget({ move, inputs }: MoveScene): void {
  if (move.to === inputs.target) return;
  throw new MdrError({
    code: 'MDR-MOVE-OTHER',
    message: `${move.id} to ${move.to} is under way and has come to ${move.step}`,
    fix: `Finish it first: failover with target ${move.to}.`,
    state: 'nothing was touched',
  });
}

function requireSameSnapshot({ move, inputs }: MoveScene): void {
  if (inputs.snapshot === undefined || inputs.snapshot === move.snapshot) return;
  throw new MdrError({
    code: 'MDR-MOVE-OTHER',
    message: `${move.id} is under way with the snapshot ${move.snapshot} and has come to ${move.step}, so that ${inputs.snapshot} is not restored`,
    fix: `Finish it first: run again without \`snapshot\`, or with ${move.snapshot}.`,
    state: 'nothing was touched',
  });
}

const UNDOABLE = ['prepared', 'rechecked'];
const RESUMABLE = ['MDR-STOPPED', 'MDR-TIMEOUT', 'MDR-LEASE-LOST', 'MDR-CONTROL-CONFLICT', 'MDR-DR-RUN-LOST'];

/** A refusal before the claim, or by a higher epoch, ends the move: the record forgets it, the journal keeps it. */
async function withdrawIfRefused(scene: MoveScene, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (error instanceof MdrError && !RESUMABLE.includes(error.code)) {
      await scene.lease.change((record) =>
        error.code === 'MDR-MOVE-SUPERSEDED' || UNDOABLE.includes(stepAfter(record))
          ? { ...record, move: null }
          : record,
      );
    }
    throw error;
  }
}

const stepAfter = ({ move }: ControlRecord): string =>
  move === null ? 'confirmed' : (MOVE_STEPS[MOVE_STEPS.indexOf(move.step) + 1] ?? 'confirmed');
