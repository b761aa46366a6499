import { MdrError } from '../domain/errors.ts';
import type { StepData } from '../domain/journal.ts';
import { lossOf } from '../domain/loss.ts';
import { DAG_IDS, moveRunId } from '../domain/names.ts';
import { millis } from '../domain/stored-json.ts';
import { mirror } from './debts.ts';
import { readHeartbeat } from './heartbeats.ts';
import { runMoveDag } from './move-dag.ts';
import { debtOf } from './move-departure.ts';
import { requireEntry } from './move-journal.ts';
import { requireNotSuperseded } from './move-preparation.ts';
import type { MoveScene } from './move-steps.ts';
import { probe, probeStored } from './sides.ts';
import { newestComplete, readSnapshot } from './snapshots.ts';
import { requireStanding } from './standing.ts';
import { requireVerified } from './verify.ts';
import { waitFor } from './wait.ts';

const ACTIVATE_LIMIT_SECONDS = 1_800;
const LIST_LIMIT_SECONDS = 120;

/** Loads live work and sets the epoch in one transaction of the target; an epoch that is there already is left alone. */
export async function activate(scene: MoveScene): Promise<StepData<'activated'>> {
  const { world, deployment, move } = scene;
  requireNotSuperseded(scene, await requireStanding(world, deployment));
  const result = await runMoveDag(scene, {
    dagId: DAG_IDS.activate,
    runId: moveRunId(move.id, 'activate'),
    limitSeconds: ACTIVATE_LIMIT_SECONDS,
    failure: 'MDR-ACTIVATE-FAILED',
    snapshot: await chooseSnapshot(scene),
  });
  // An order of an earlier run may have been carried out instead of ours.
  const snapshot = result.snapshot ?? move.snapshot;
  return {
    dagRunId: result.dagRunId,
    outcome: result.outcome,
    committedAt: result.committedAt ?? result.endedAt,
    snapshot,
    ...(await lossWith(scene, snapshot)),
    ...(result.report ? { report: result.report } : {}),
  };
}

/** What was lost with the snapshot that was activated. Nothing that goes wrong here undoes the activation. */
async function lossWith({ deployment, from, to, move }: MoveScene, snapshot: string) {
  const read = await probeStored(async () => {
    const { manifest } = await readSnapshot(to, deployment, snapshot);
    const lastBeat = await readHeartbeat(to, deployment, from.region);
    return lossOf(manifest, lastBeat, deployment.canary.everySeconds, millis(move.startedAt));
  });
  return 'answer' in read ? { loss: { ...read.answer, inFlight: [...read.answer.inFlight] } } : {};
}

interface Chosen {
  readonly id: string;
  readonly manifestSha256: string;
}

/**
 * The newest snapshot of the lineage that is whole by now, unless the inputs name one: more work may have arrived since
 * the plan. One that turns out to be damaged is left for the one that the plan had verified. Throws `MDR-SNAPSHOT-…`.
 */
async function chooseSnapshot(scene: MoveScene): Promise<Chosen> {
  const { world, deployment, inputs, lease, to, move } = scene;
  const { activated: lineage } = await lease.ensure();
  const { data: planned } = await requireEntry(to, deployment, move.id, 'planned');
  const verified = { id: planned.loss.snapshot.id, manifestSha256: planned.manifestSha256 };
  const newest = () => newestComplete(world, to, deployment, lineage);
  const wanted = inputs.snapshot ?? (await patiently(scene, newest)) ?? verified.id;
  if (wanted === verified.id) return verified;
  try {
    const { found } = await requireVerified(world, to, deployment, wanted, lineage);
    world.log.info(`${found.id} has arrived since the plan was made with ${verified.id}: it is taken instead`);
    return { id: found.id, manifestSha256: found.manifestSha256 };
  } catch (error) {
    const isDamaged = error instanceof MdrError && error.code.startsWith('MDR-SNAPSHOT-');
    if (!isDamaged || inputs.snapshot !== undefined) throw error;
    world.log.warning(`${error.message}; ${verified.id}, which the plan had verified, is taken`);
    return verified;
  }
}

/** Nobody is active now: what S3 does not answer at once is asked again, and never taken for what is not there. */
async function patiently<T>({ world, to }: MoveScene, ask: () => Promise<T>): Promise<T> {
  const { found } = await waitFor(world, `the snapshots in ${to.region}`, LIST_LIMIT_SECONDS, async () => ({
    found: await ask(),
  }));
  return found;
}

/** Tells the old side, and waits for a beat in which the target calls itself active. */
export async function confirm(scene: MoveScene): Promise<StepData<'confirmed'>> {
  const { world, deployment, lease, from, to, move } = scene;
  const record = await lease.ensure();
  requireNotSuperseded(scene, await requireStanding(world, deployment));
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
