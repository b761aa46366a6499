import type { Debt, FenceGrade } from '../domain/control-record.ts';
import { MdrError } from '../domain/errors.ts';
import type { StepData } from '../domain/journal.ts';
import { staleAfter } from '../domain/reading.ts';
import { iso } from '../domain/stored-json.ts';
import { mirror } from './debts.ts';
import { requireNotSuperseded } from './move-preparation.ts';
import type { MoveScene } from './move-steps.ts';
import { readHeartbeat } from './heartbeats.ts';
import { probe } from './sides.ts';
import { readStanding } from './standing.ts';
import { waitFor } from './wait.ts';

/** The point of no return: both records name the new epoch, the target's first; the other one is owed if it is dark. */
export async function claim(scene: MoveScene): Promise<StepData<'claimed'>> {
  const { world, deployment, lease, from, to, move } = scene;
  await requireNotSuperseded(scene);
  const activated = (await readStanding(world, deployment)).standing?.record.activated;
  const claimed = await lease.change((record) =>
    record.epoch >= move.epoch
      ? record
      : { ...record, epoch: move.epoch, phase: 'claimed', activated: activated ?? record.activated },
  );
  const lastBeat = await readHeartbeat(to, deployment, from.region);
  const lastSignOfLife = lastBeat?.at ?? null;
  const theirs = await probe(() => mirror(world, deployment, claimed, from));
  if ('fault' in theirs) {
    world.log.warning(`the control record of ${from.region} is owed: ${theirs.detail}`);
    return { debts: [debtOf(scene, 'claim')], lastSignOfLife };
  }
  if (theirs.answer.epoch > move.epoch) await requireNotSuperseded(scene);
  return { debts: [], lastSignOfLife };
}

export const debtOf = ({ world, from, move }: MoveScene, kind: Debt['kind']): Debt => ({
  kind,
  site: from.region,
  epoch: move.epoch,
  move: move.id,
  since: iso(world.clock.now()),
});

/** Pauses from outside, and waits for the canary's own fence if there is a canary that beats. */
export async function fence(scene: MoveScene): Promise<StepData<'fenced'>> {
  const { world, from } = scene;
  const paused = await probe(() => from.ports.airflow.pauseAllUserDags(from.site.environment));
  const grade = (await fenceOfCanary(scene)) ?? ('answer' in paused ? 'paused' : 'unproven');
  if (grade !== 'unproven') return { grade, debts: [] };
  world.log.warning(`${from.region} could not be fenced: what it starts until it sees the new epoch runs twice`);
  return { grade, debts: [debtOf(scene, 'fence')] };
}

async function fenceOfCanary(scene: MoveScene): Promise<FenceGrade | undefined> {
  const { world, deployment, from, move } = scene;
  const beat = await probe(() => readHeartbeat(from, deployment, from.region));
  if (!('answer' in beat) || beat.answer === undefined) return undefined;
  if (beat.answer.ageMilliseconds > staleAfter(deployment)) return undefined;
  const limit = 2 * deployment.canary.everySeconds + 30;
  try {
    return await waitFor(world, `the fence of ${from.region}'s canary`, limit, async () => {
      const { fence: laid } = (await readHeartbeat(from, deployment, from.region)) ?? { fence: null };
      return laid?.epoch === move.epoch ? laid.grade : undefined;
    });
  } catch (error) {
    if (error instanceof MdrError && error.code === 'MDR-TIMEOUT') return undefined;
    throw error;
  }
}
