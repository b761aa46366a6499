import type { StepData } from '../domain/journal.ts';
import { DAG_IDS, moveRunId } from '../domain/names.ts';
import { millis } from '../domain/stored-json.ts';
import { mirror } from './debts.ts';
import { runMoveDag } from './move-dag.ts';
import { debtOf } from './move-departure.ts';
import { requireEntry } from './move-journal.ts';
import type { MoveScene } from './move-steps.ts';
import { readHeartbeat } from './observe.ts';
import { probe } from './sides.ts';
import { waitFor } from './wait.ts';

const ACTIVATE_LIMIT_SECONDS = 1_800;

/** Loads live work and sets the epoch in one transaction of the target; an epoch that is there already is left alone. */
export async function activate(scene: MoveScene): Promise<StepData<'activated'>> {
  const result = await runMoveDag(scene, {
    dagId: DAG_IDS.activate,
    runId: moveRunId(scene.move.id, 'activate'),
    limitSeconds: ACTIVATE_LIMIT_SECONDS,
    failure: 'MDR-ACTIVATE-FAILED',
  });
  return {
    dagRunId: result.dagRunId,
    outcome: result.outcome,
    committedAt: result.committedAt ?? result.endedAt,
    ...(result.report ? { report: result.report } : {}),
  };
}

/** Tells the old side, and waits for a beat in which the target calls itself active. */
export async function confirm(scene: MoveScene): Promise<StepData<'confirmed'>> {
  const { world, deployment, lease, from, to, move } = scene;
  const record = await lease.ensure();
  const told = await probe(() => mirror(world, deployment, record, from));
  const { data } = await requireEntry(to, deployment, move.id, 'activated');
  const limit = 5 * deployment.canary.everySeconds + 60;
  const firstBeat = await waitFor(world, `a beat of ${to.region} as the active site`, limit, async () => {
    const beat = await readHeartbeat(to, deployment, to.region);
    if (beat === undefined || beat.role !== 'active' || beat.epoch !== move.epoch) return undefined;
    return millis(beat.at) >= millis(data.committedAt) ? beat : undefined;
  });
  const { liveUserRuns, unpausedUserDags } = firstBeat.hold;
  return {
    debts: 'fault' in told ? [debtOf(scene, 'claim')] : [],
    firstBeat: { at: firstBeat.at, liveUserRuns, unpausedUserDags },
  };
}
