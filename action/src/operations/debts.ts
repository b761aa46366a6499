import type { ControlRecord, Debt, FenceGrade } from '../domain/control-record.ts';
import { siteOfEpoch } from '../domain/deployment.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { World } from '../domain/ports.ts';
import type { PaidDebt } from '../domain/results.ts';
import { changeControl } from './control.ts';
import { readHeartbeat } from './observe.ts';
import { bothSides, probe, sideOf } from './sides.ts';
import type { Side } from './sides.ts';

export interface Settlement {
  readonly paid: readonly PaidDebt[];
  readonly owed: readonly Debt[];
}

/** Does what a move could not do because a site did not answer, as far as that site answers now. */
export async function payDebts(world: World, deployment: Deployment, record: ControlRecord): Promise<Settlement> {
  const paid: PaidDebt[] = [];
  for (const debt of record.debts) {
    const payment = await probe(() => pay(world, deployment, record, debt));
    if ('answer' in payment && payment.answer !== undefined) paid.push({ ...debt, grade: payment.answer });
  }
  if (paid.length === 0) return { paid, owed: record.debts };
  const creditor = sideOf(world, deployment, siteOfEpoch(record.epoch));
  const after = await changeControl(world, creditor, deployment, (current) => ({
    ...current,
    debts: current.debts.filter((debt) => !paid.some((done) => isSame(done, debt))),
  }));
  return { paid, owed: after.debts };
}

const isSame = (a: Debt, b: Debt): boolean => a.kind === b.kind && a.site === b.site && a.move === b.move;

/** The grade of a fence, `null` for a claim; `undefined` when there is nobody to pay to. */
async function pay(
  world: World,
  deployment: Deployment,
  record: ControlRecord,
  debt: Debt,
): Promise<FenceGrade | null | undefined> {
  const side = bothSides(world, deployment).find(({ region }) => region === debt.site);
  if (side === undefined) return undefined;
  if (debt.kind === 'fence') return payFence(deployment, debt, side);
  await mirror(world, deployment, record, side);
  return null;
}

/** Makes the record of the losing side say what the ruling one says; one that outranks it or is further is left alone. */
export async function mirror(
  world: World,
  deployment: Deployment,
  { epoch, phase, activated }: ControlRecord,
  side: Side,
): Promise<ControlRecord> {
  return changeControl(world, side, deployment, (theirs) => {
    const same = theirs.phase === phase && theirs.activated.epoch === activated.epoch;
    // A late writer of this very epoch must not unsay its activation.
    const keeps = theirs.epoch === epoch && (same || theirs.phase === 'activated');
    return keeps || theirs.epoch > epoch ? theirs : { ...theirs, epoch, phase, activated };
  });
}

async function payFence(deployment: Deployment, debt: Debt, side: Side): Promise<FenceGrade> {
  await side.ports.airflow.pauseAllUserDags(side.site.environment);
  const beat = await readHeartbeat(side, deployment, side.region);
  return beat?.fence?.epoch === debt.epoch ? beat.fence.grade : 'paused';
}
