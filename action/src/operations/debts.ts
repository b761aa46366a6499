import type { ControlRecord, Debt, FenceGrade } from '../domain/control-record.ts';
import { otherSite, siteOfEpoch } from '../domain/deployment.ts';
import type { Deployment } from '../domain/deployment.ts';
import { effective } from '../domain/epoch.ts';
import { MdrError } from '../domain/errors.ts';
import { firstRecord } from '../domain/first-record.ts';
import { moveRunId } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { GradedDebt } from '../domain/results.ts';
import type { Standing } from '../domain/standing.ts';
import { changeControl, restoreControl } from './control.ts';
import type { LoadedControl } from './control.ts';
import { stopLoser } from './fence.ts';
import { probe, sideOf } from './sides.ts';
import type { Side } from './sides.ts';
import type { Known } from './standing.ts';

export interface Settlement {
  readonly paid: readonly GradedDebt[];
  readonly owed: readonly GradedDebt[];
}

/**
 * Does what a move could not do because a site did not answer, as far as that site answers now. A debt belongs to one
 * epoch: once another one rules it is void, whichever record holds it, and is struck off.
 */
export async function payDebts(world: World, deployment: Deployment, known: Known): Promise<Settlement> {
  const { standing } = known;
  if (standing === undefined) return { paid: [], owed: [] };
  await strikeOffVoid(world, deployment, known, standing);
  const winner = sideOf(world, deployment, siteOfEpoch(standing.record.epoch));
  const own = answerOf(known, winner);
  const debts = own?.record.debts.filter((debt) => isValid(deployment, standing, debt)) ?? [];
  const paid: GradedDebt[] = [];
  const owed: GradedDebt[] = [];
  for (const debt of debts) {
    const payment = await probe(() => unlessOver(() => pay(world, deployment, standing, debt)));
    const { isPaid, grade } = ('answer' in payment ? payment.answer : undefined) ?? { isPaid: false, grade: null };
    (isPaid ? paid : owed).push({ ...debt, grade });
  }
  if (paid.length === 0) return { paid, owed };
  // What cannot be struck off now is paid once more: that must not take the verdict away.
  const after = await probe(() =>
    changeControl(world, winner, deployment, (current) => ({
      ...current,
      debts: current.debts.filter((debt) => !paid.some((done) => isSame(done, debt))),
    })),
  );
  return 'answer' in after ? { paid, owed } : { paid: [], owed: [...paid, ...owed] };
}

/** `undefined` when another move claims meanwhile: what was owed is void, and that is no reason to say nothing. */
async function unlessOver<T>(body: () => Promise<T>): Promise<T | undefined> {
  try {
    return await body();
  } catch (error) {
    if (error instanceof MdrError && error.code === 'MDR-MOVE-SUPERSEDED') return undefined;
    throw error;
  }
}

const isSame = (a: Debt, b: Debt): boolean => a.kind === b.kind && a.site === b.site && a.move === b.move;

const answerOf = ({ controls }: Known, { index }: Side): LoadedControl | undefined => {
  const control = controls[index];
  return 'answer' in control ? control.answer : undefined;
};

/** Only of the epoch that rules, only in the record of the site that it belongs to, and only of the other site. */
export function isValid(deployment: Deployment, { record }: Standing, debt: Debt): boolean {
  const loser = deployment.sites[otherSite(siteOfEpoch(record.epoch))].region;
  return debt.epoch === record.epoch && debt.site === loser;
}

async function strikeOffVoid(world: World, deployment: Deployment, known: Known, standing: Standing): Promise<void> {
  for (const index of [0, 1] as const) {
    const side = sideOf(world, deployment, index);
    const isWinner = index === siteOfEpoch(standing.record.epoch);
    const isKept = (debt: Debt) => isWinner && isValid(deployment, standing, debt);
    if (answerOf(known, side)?.record.debts.every(isKept) !== false) continue;
    // By compare-and-set, and only while the record has not moved on: a younger debt is another run's. A claim that
    // names no move is no move on.
    await probe(() =>
      changeControl(world, side, deployment, (current) =>
        effective(current).epoch > standing.record.epoch
          ? current
          : { ...current, debts: current.debts.filter(isKept) },
      ),
    );
  }
}

interface Payment {
  readonly isPaid: boolean;
  readonly grade: FenceGrade | null;
}

async function pay(world: World, deployment: Deployment, standing: Standing, debt: Debt): Promise<Payment> {
  const index = siteOfEpoch(debt.epoch);
  const side = sideOf(world, deployment, otherSite(index));
  if (debt.kind === 'fence') {
    const { activated: lineage, epoch } = standing.record;
    const loser = {
      world,
      deployment,
      side,
      winner: sideOf(world, deployment, index),
      move: debt.move,
      epoch,
      lineage,
    };
    // Of one name at every try: runs that get no worker must not pile up.
    const { grade, isHeld } = await stopLoser(loser, moveRunId(debt.move, 'fence-owed'));
    return { isPaid: isHeld, grade };
  }
  await mirror(world, deployment, standing.record, side);
  return { isPaid: true, grade: null };
}

/**
 * Makes the record of the losing side say what the ruling one says, with the move that claims: a claim is one only
 * together with it. A record that outranks it, or is further, is left alone; one that is missing or damaged is made anew.
 */
export function mirror(
  world: World,
  deployment: Deployment,
  ruling: ControlRecord,
  side: Side,
): Promise<ControlRecord> {
  return restoreControl(world, side, deployment, (before) => {
    const theirs = before ?? firstRecord(deployment, side.region, [ruling], world.clock.now());
    const next = mirrored(theirs, ruling);
    return before !== undefined && isAlike(before, next) ? before : next;
  });
}

/** The record `theirs` as the ruling one wants it; the same object where it is as far or further. */
export function mirrored(theirs: ControlRecord, { epoch, phase, activated, move }: ControlRecord): ControlRecord {
  // A late writer of this very epoch must not unsay its activation.
  if (theirs.epoch > epoch || (theirs.epoch === epoch && theirs.phase === 'activated' && phase === 'claimed')) {
    return theirs;
  }
  // What a heartbeat or a snapshot taught does not know the snapshot; a record that does must not forget it.
  const isKnown = theirs.activated.epoch === activated.epoch && activated.snapshot === null;
  const last = isKnown ? theirs.activated : activated;
  return { ...theirs, epoch, phase, activated: last, move: phase === 'claimed' ? move : null, debts: [] };
}

type Activation = ControlRecord['activated'];

const isSameActivation = (a: Activation, b: Activation): boolean =>
  a.site === b.site && a.epoch === b.epoch && a.at === b.at && a.snapshot === b.snapshot;

const isAlike = (a: ControlRecord, b: ControlRecord): boolean =>
  a.epoch === b.epoch &&
  a.phase === b.phase &&
  isSameActivation(a.activated, b.activated) &&
  a.move?.id === b.move?.id &&
  a.move?.step === b.move?.step &&
  a.debts.length === b.debts.length;
