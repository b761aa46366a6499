import type { ControlRecord, Debt, Lineage } from '../domain/control-record.ts';
import { MdrError } from '../domain/errors.ts';
import type { StepData } from '../domain/journal.ts';
import { moveRunId } from '../domain/names.ts';
import { iso, millis } from '../domain/stored-json.ts';
import { readControl } from './control.ts';
import { mirror } from './debts.ts';
import { stopLoser } from './fence.ts';
import { fencedSince, lastBeatOf, lastLifeOf } from './heartbeats.ts';
import { requireEntry } from './move-journal.ts';
import { requireNotSuperseded, requireSameLineage } from './move-preparation.ts';
import type { MoveScene } from './move-steps.ts';
import { probe } from './sides.ts';
import { requireStanding } from './standing.ts';

/** The point of no return: both records name the new epoch, the target's first; the other one is owed if it is dark. */
export async function claim(scene: MoveScene): Promise<StepData<'claimed'>> {
  const { world, deployment, lease, from, to, move } = scene;
  const before = await lease.ensure();
  const claimed = before.epoch === move.epoch ? before : await claimAtTarget(scene);
  const { beat: lastSignOfLife, reading: lastAnswer } = await lastLifeOf(claimed.activated, to, deployment);
  const theirs = await probe(() => mirror(world, deployment, claimed, from));
  if ('fault' in theirs) {
    world.log.warning(`the control record of ${from.region} is owed: ${theirs.detail}`);
    return { debts: [debtOf(scene, 'claim')], lastSignOfLife, lastAnswer };
  }
  if (theirs.answer.epoch > move.epoch) requireNotSuperseded(scene, await requireStanding(world, deployment, move));
  return { debts: [], lastSignOfLife, lastAnswer };
}

/** Milliseconds for which the last look allows the claim, by S3's clock: a runner's may be set while it stands still. */
const LOOK_LASTS = 180_000;

/** Both records and the lineage are compared once more, right before the one write that cannot be taken back. */
async function claimAtTarget(scene: MoveScene): Promise<ControlRecord> {
  const { deployment, lease, to, move } = scene;
  const { activated } = (await requireSameLineage(scene)).record;
  const { startedAt, data } = await requireEntry(to, deployment, move.id, 'rechecked');
  const lookedAt = data.readAt ?? startedAt;
  return lease.change((record, date) => {
    const planned = record.lease?.move;
    if (record.lease === null || planned?.id !== move.id || record.epoch >= move.epoch) throw withdrawn(scene);
    if (date - millis(lookedAt) > LOOK_LASTS) throw stoodStill(scene, lookedAt);
    const lease = { ...record.lease, move: undefined };
    return { ...record, epoch: move.epoch, phase: 'claimed', activated, move: planned, lease, debts: [] };
  });
}

const withdrawn = ({ move }: MoveScene): MdrError =>
  new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `${move.id} was taken out of the record while this run stood still`,
    fix: 'Look with `status` who is active now, and run again if a move is still wanted.',
    state: 'nothing was touched',
  });

const stoodStill = ({ move }: MoveScene, lookedAt: string): MdrError =>
  new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `this run stood still after its last look, at ${lookedAt}: what spoke for ${move.id} may be over`,
    fix: 'Look with `check` how the active site is, and run again if a move is still wanted.',
    state: 'nothing was touched',
  });

export const debtOf = ({ world, from, move }: MoveScene, kind: Debt['kind']): Debt => ({
  kind,
  site: from.region,
  epoch: move.epoch,
  move: move.id,
  since: iso(world.clock.now()),
});

/** Stops the site that is left, or owes it; what its canary does not hold is owed still. */
export async function fence(scene: MoveScene): Promise<StepData<'fenced'>> {
  const { world, deployment, lease, from, to, move } = scene;
  const { activated: lineage } = await lease.ensure();
  const loser = { world, deployment, side: from, winner: to, move: move.id, epoch: move.epoch, lineage };
  const { grade, isHeld } = await stopLoser(loser, moveRunId(move.id, 'fence'));
  const debts = isHeld ? [] : [debtOf(scene, 'fence')];
  if (grade !== 'unproven') return { grade, debts, stoppedAt: await stoppedAt(scene, lineage) };
  world.log.warning(`${from.region} could not be fenced: what it starts until it sees the new epoch runs twice`);
  return { grade, debts };
}

/**
 * When the site whose work is restored laid the fence that ended it, by its own clock, as its snapshots are; where its
 * canary does not say so, now, by S3's clock, or ours. `undefined`: it was a standby all the time.
 */
async function stoppedAt({ world, deployment, from, to }: MoveScene, lineage: Lineage): Promise<string | undefined> {
  const read = await probe(() => lastBeatOf(lineage.site, to, deployment));
  const beat = 'answer' in read ? read.answer : undefined;
  if (beat?.role === 'standby') return fencedSince(beat, lineage) ?? undefined;
  if (lineage.site !== from.region) return undefined;
  const now = await probe(() => readControl(to, deployment));
  return iso(('answer' in now ? now.answer?.date : undefined) ?? world.clock.now());
}
