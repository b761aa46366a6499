import type { Lineage } from '../domain/control-record.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { DrResult } from '../domain/dr-result.ts';
import type { Pauses, StepData } from '../domain/journal.ts';
import type { Manifest } from '../domain/manifest.ts';
import { lossOf } from '../domain/loss.ts';
import { DAG_IDS, moveRunId } from '../domain/names.ts';
import { millis } from '../domain/stored-json.ts';
import { mirror } from './debts.ts';
import { lastLifeOf, readHeartbeat } from './heartbeats.ts';
import { runMoveDag } from './move-dag.ts';
import { debtOf } from './move-departure.ts';
import { requireEntry } from './move-journal.ts';
import { requireNotSuperseded } from './move-preparation.ts';
import type { MoveScene } from './move-steps.ts';
import { notesAt, pausedByMoves } from './pauses.ts';
import { awaitQuiet } from './quiet-target.ts';
import { probe, probeStored } from './sides.ts';
import { idsToMove } from './newest-whole.ts';
import { isComplete, readSnapshot } from './snapshots.ts';
import { requireStanding } from './standing.ts';
import { requireVerified } from './verify.ts';
import { waitFor } from './wait.ts';

const ACTIVATE_LIMIT_SECONDS = 1_800;
const LIST_LIMIT_SECONDS = 120;

/** Loads live work and sets the epoch in one transaction of the target; an epoch that is there already is left alone. */
export async function activate(scene: MoveScene): Promise<StepData<'activated'>> {
  const { world, deployment, inputs, to, move } = scene;
  await probe(() => awaitQuiet(world, deployment, to));
  requireNotSuperseded(scene, await requireStanding(world, deployment, move));
  let wanted = inputs.snapshot;
  const result = await runMoveDag(scene, {
    dagId: DAG_IDS.activate,
    runId: moveRunId(move.id, 'activate'),
    limitSeconds: ACTIVATE_LIMIT_SECONDS,
    failure: 'MDR-ACTIVATE-FAILED',
    order: async () => {
      const snapshot = await chooseSnapshot(scene);
      wanted = snapshot.id;
      return { snapshot, unpause: await toUnpause(scene, snapshot) };
    },
    isUndone: (earlier) => hasLostItsRow(scene, earlier),
  });
  // An order of an earlier run may have been carried out instead of ours.
  const snapshot = result.snapshot ?? move.snapshot;
  if (wanted !== undefined && snapshot !== wanted)
    world.log.warning(`${snapshot} was activated, as an earlier run had ordered, and not ${wanted}`);
  return {
    dagRunId: result.dagRunId,
    outcome: result.outcome,
    committedAt: result.committedAt ?? result.endedAt,
    snapshot,
    ...(await lossWith(scene, snapshot)),
    ...(result.report ? { report: result.report } : {}),
  };
}

/** DAGs that the snapshot has as paused only because a move had done that. */
async function toUnpause(scene: MoveScene, { id }: Chosen): Promise<readonly string[]> {
  const { manifest } = await patiently(scene, () => readSnapshot(scene.to, scene.deployment, id));
  const unpause = pausedByMoves(manifest, await pauseNotes(scene, manifest));
  if (unpause.length > 0)
    scene.world.log.info(`a move had paused ${unpause.length} DAG(s) by REST before ${id}: they come up unpaused`);
  return unpause;
}

/**
 * Of what may have paused the site of the snapshot: this very move, which has told the target, or a dead one between that
 * lineage and ours, which has told its own target; that is the site that is left, and tells what it can at once.
 */
async function pauseNotes(scene: MoveScene, { lineage }: Manifest): Promise<readonly Pauses[]> {
  const { world, from, to, move } = scene;
  const own = await patiently(scene, () => notesAt(scene, to));
  if (move.epoch === lineage.epoch + 1) return own;
  const theirs = await probe(() => notesAt(scene, from));
  if ('answer' in theirs) return [...own, ...theirs.answer];
  world.log.warning(`what moves have paused by REST is not known in ${from.region}: ${theirs.detail}`);
  return own;
}

/** Whether the target, which an earlier run made active, says since that it is a standby of an earlier epoch. */
async function hasLostItsRow({ world, deployment, to, move }: MoveScene, earlier: DrResult): Promise<boolean> {
  const read = await probeStored(() => readHeartbeat(to, deployment, to.region));
  const beat = 'answer' in read ? read.answer : undefined;
  const isSince = beat !== undefined && millis(beat.at) > millis(earlier.endedAt);
  if (!isSince || beat.role !== 'standby' || (beat.epoch ?? -1) >= move.epoch) return false;
  world.log.warning(
    `${to.region} was active in epoch ${move.epoch}, and lost its state row since: it is activated again`,
  );
  return true;
}

/** What was lost with the snapshot that was activated. Nothing that goes wrong here undoes the activation. */
async function lossWith({ deployment, to, move }: MoveScene, snapshot: string) {
  const read = await probeStored(async () => {
    const { manifest } = await readSnapshot(to, deployment, snapshot);
    const life = await lastLifeOf(manifest.lineage, to, deployment);
    return lossOf(manifest, life, deployment.canary.everySeconds, millis(move.startedAt));
  });
  return 'answer' in read ? { loss: { ...read.answer, inFlight: [...read.answer.inFlight] } } : {};
}

interface Chosen {
  readonly id: string;
  readonly manifestSha256: string;
}

/**
 * The newest snapshot of the lineage that is whole by now and verifies, unless a person chose one, in this run or in an
 * earlier one of the move: more work may have arrived since the plan. Nobody is active any more, so that one which does
 * not verify is left for the next older one. Throws `MDR-SNAPSHOT-…` when a person's choice does not verify.
 */
async function chooseSnapshot(scene: MoveScene): Promise<Chosen> {
  const { world, deployment, inputs, lease, to, move } = scene;
  const { activated: lineage } = await lease.ensure();
  const { data: planned } = await requireEntry(to, deployment, move.id, 'planned');
  const verified = { id: planned.loss.snapshot.id, manifestSha256: planned.manifestSha256 };
  const choice = inputs.snapshot ?? (move.chosen === true ? move.snapshot : undefined);
  if (choice !== undefined) {
    const isPlanned = choice === verified.id;
    const found = isPlanned ? verified : (await requireVerified(world, to, deployment, choice, lineage)).found;
    await keepChoice(scene, choice);
    return found;
  }
  for (const id of await patiently(scene, () => idsToMove(world, to, deployment, lineage))) {
    if (!(await patiently(scene, () => isComplete(to, deployment, id)))) continue;
    const found = id === verified.id ? verified : await verifiedOrSkipped(scene, id, lineage);
    if (found !== undefined) return found;
  }
  return verified;
}

/** What a person chose holds for the runs that go on with the move, too. */
async function keepChoice({ lease, move }: MoveScene, snapshot: string): Promise<void> {
  if (move.chosen === true && move.snapshot === snapshot) return;
  await lease.change((record) =>
    record.move === null ? record : { ...record, move: { ...record.move, snapshot, chosen: true } },
  );
}

function verifiedOrSkipped(scene: MoveScene, id: string, lineage: Lineage): Promise<Chosen | undefined> {
  const { world, deployment, to } = scene;
  return patiently(scene, async () => {
    try {
      const { found } = await requireVerified(world, to, deployment, id, lineage);
      world.log.info(`${id} is the newest that is whole by now: it is taken`);
      return found;
    } catch (error) {
      if (!(error instanceof MdrError) || !error.code.startsWith('MDR-SNAPSHOT-')) throw error;
      // A key that could not be asked says nothing about the snapshot.
      if (error.cause instanceof AwsFault) throw error.cause;
      world.log.warning(`skipped: ${error.message}`);
      return undefined;
    }
  });
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
  requireNotSuperseded(scene, await requireStanding(world, deployment, move));
  const told = await probe(() => mirror(world, deployment, record, from));
  const { data } = await requireEntry(to, deployment, move.id, 'activated');
  const limit = 5 * deployment.canary.everySeconds + 60;
  const firstBeat = await silenceExplained(scene, () =>
    waitFor(world, `a beat of ${to.region} as the active site`, limit, async () => {
      const beat = await readHeartbeat(to, deployment, to.region);
      if (beat === undefined || beat.role !== 'active' || beat.epoch !== move.epoch) return undefined;
      return millis(beat.at) >= millis(data.committedAt) ? beat : undefined;
    }),
  );
  const { liveUserRuns, unpausedUserDags } = firstBeat.hold;
  return {
    debts: 'fault' in told ? [debtOf(scene, 'claim')] : [],
    firstBeat: { at: firstBeat.at, liveUserRuns, unpausedUserDags },
  };
}

/** The workflows are there; only their canary does not say so. */
async function silenceExplained<T>({ to, from, move }: MoveScene, wait: () => Promise<T>): Promise<T> {
  try {
    return await wait();
  } catch (error) {
    if (!(error instanceof MdrError) || error.code !== 'MDR-TIMEOUT') throw error;
    throw new MdrError({
      code: 'MDR-TIMEOUT',
      message: error.message,
      fix: `Look in Airflow of ${to.site.environment} whether ${DAG_IDS.canary} is paused, or waits for a worker; then run the same again. If nothing runs there, \`check\` tells how to leave it for ${from.region}.`,
      state: `${to.region} is active in epoch ${move.epoch}; only its first beat is missing`,
    });
  }
}
