import { MOVE_STEPS } from '../domain/control-record.ts';
import type { JournalEntry } from '../domain/journal.ts';
import { mostLost } from '../domain/loss.ts';
import { keys } from '../domain/names.ts';
import type { FailoverResult, StepTime } from '../domain/results.ts';
import { millis, toStored } from '../domain/stored-json.ts';
import { requireEntry } from './move-journal.ts';
import { requireNotSuperseded } from './move-preparation.ts';
import type { MoveScene } from './move-steps.ts';
import { requireStanding } from './standing.ts';

/** Writes the evidence, and only then closes the move. Everything in it comes from the journal, whoever wrote that. */
export async function finish(scene: MoveScene, resumed: boolean): Promise<FailoverResult> {
  const { world, lease, to, deployment, move } = scene;
  requireNotSuperseded(scene, await requireStanding(world, deployment, move));
  const result = await evidenceOf(scene, resumed);
  const key = keys.evidence(deployment.deployment, move.id, 'json');
  await to.ports.objects.put(to.bucket, key, toStored(result), 'any');
  await lease.change((record) => ({ ...record, move: null, lease: null }));
  return result;
}

async function evidenceOf(scene: MoveScene, resumed: boolean): Promise<FailoverResult> {
  const { lease, to, deployment, move } = scene;
  const read = <S extends (typeof MOVE_STEPS)[number]>(step: S) => requireEntry(to, deployment, move.id, step);
  const planned = (await read('planned')).data;
  const activated = (await read('activated')).data;
  const confirmed = await read('confirmed');
  const { lastSignOfLife: beat, lastAnswer: reading } = (await read('claimed')).data;
  const fenced = (await read('fenced')).data;
  const last = activated.loss ?? planned.loss;
  const { takenAt } = last.snapshot;
  // A side that lived worked on until its fence, whatever its beats told before.
  const lostSeconds = mostLost(
    takenAt,
    { beat, reading, fencedAt: fenced.stoppedAt ?? null },
    deployment.canary.everySeconds,
  );
  const { debts } = await lease.ensure();
  return {
    operation: 'failover',
    schemaVersion: 1,
    deployment: deployment.deployment,
    move: move.id,
    epoch: move.epoch,
    from: move.from,
    to: move.to,
    reason: move.reason,
    actor: move.actor,
    resumed,
    startedAt: move.startedAt,
    confirmedAt: confirmed.endedAt,
    verdict: planned.verdict,
    overridden: planned.overridden,
    loss: { ...last, lostSeconds },
    fence: fenced.grade,
    debts,
    steps: await stepTimes(read),
    activation: activated.report,
    firstBeat: confirmed.data.firstBeat,
    rpo: { objectiveSeconds: deployment.objectives.rpoSeconds, measuredSeconds: lostSeconds },
    rto: {
      objectiveSeconds: deployment.objectives.rtoSeconds,
      measuredSeconds: Math.round((millis(confirmed.endedAt) - millis(move.startedAt)) / 1000),
    },
  };
}

type Read = <S extends (typeof MOVE_STEPS)[number]>(step: S) => Promise<JournalEntry<S>>;

async function stepTimes(read: Read): Promise<readonly StepTime[]> {
  const times: StepTime[] = [];
  for (const step of MOVE_STEPS) {
    const { startedAt, endedAt } = await read(step);
    times.push({ step, startedAt, endedAt, milliseconds: millis(endedAt) - millis(startedAt) });
  }
  return times;
}
