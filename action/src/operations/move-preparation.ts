import { MdrError } from '../domain/errors.ts';
import type { StepData } from '../domain/journal.ts';
import { DAG_IDS, moveRunId } from '../domain/names.ts';
import type { Observations } from '../domain/observation.ts';
import type { Standing } from '../domain/standing.ts';
import { contradicts } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import { runMoveDag } from './move-dag.ts';
import { requireEntry } from './move-journal.ts';
import { requirePermitted, requireReady } from './move-plan.ts';
import type { MoveScene } from './move-steps.ts';
import { observe } from './observe.ts';
import { requirePeerKnown } from './peer.ts';
import { readSnapshot } from './snapshots.ts';
import { requireStanding } from './standing.ts';

const RESTORE_LIMIT_SECONDS = 3_600;

/** Loads what is finished. Harmless to the held target, and repeatable. */
export async function prepare(scene: MoveScene): Promise<StepData<'prepared'>> {
  const { data: planned } = await requireEntry(scene.to, scene.deployment, scene.move.id, 'planned');
  const result = await runMoveDag(scene, {
    dagId: DAG_IDS.restore,
    runId: moveRunId(scene.move.id, 'restore'),
    limitSeconds: RESTORE_LIMIT_SECONDS,
    failure: 'MDR-RESTORE-FAILED',
    order: () => ({ snapshot: { id: scene.move.snapshot, manifestSha256: planned.manifestSha256 } }),
  });
  return { dagRunId: result.dagRunId, outcome: result.outcome, committedAt: result.committedAt ?? result.endedAt };
}

/** The last look: nobody was faster, nothing speaks against the verdict of the plan, and the target is still ready. */
export async function recheck(scene: MoveScene): Promise<StepData<'rechecked'>> {
  const { world, deployment, inputs, from, to, move } = scene;
  await requirePeerKnown(world, deployment, from, inputs);
  await requireSameLineage(scene);
  const { verdict, readAt } = await requireUncontradicted(scene);
  const { manifest } = await readSnapshot(to, deployment, move.snapshot);
  await requireReady(deployment, to, manifest);
  return { verdict: { ...verdict, evidence: [...verdict.evidence] }, readAt };
}

/**
 * No reading was taken during the restore, so that after a long one a single reading is too little for a verdict:
 * UNKNOWN lets a move go on whose plan was not, as long as the reading itself shows no life. Throws `MDR-MOVE-…`.
 */
async function requireUncontradicted(scene: MoveScene): Promise<{ verdict: Verdict; readAt: string | undefined }> {
  const { world, deployment, inputs, lease, from, to, move } = scene;
  const { data: planned } = await requireEntry(to, deployment, move.id, 'planned');
  const memory: { observations?: Observations } = {};
  const { verdict } = await observe(world, deployment, inputs.observer, memory, lease.nonce);
  world.log.info(`${move.from}: ${verdict.key}: ${verdict.reason}`);
  const latest = memory.observations?.readings.at(-1);
  const isOpen = verdict.key === 'UNKNOWN' && latest !== undefined && !contradicts(latest, planned.verdict.key);
  if (!planned.overridden && !isOpen) requirePermitted(from, verdict, inputs);
  return { verdict, readAt: latest?.at };
}

/**
 * What is known, as long as the snapshot that was chosen is of what was active last and nobody has claimed since.
 * Throws `MDR-MOVE-SUPERSEDED`.
 */
export async function requireSameLineage(scene: MoveScene): Promise<Standing> {
  const { world, deployment, to, move } = scene;
  const standing = await requireStanding(world, deployment);
  requireNotSuperseded(scene, standing);
  const { epoch, activated } = standing.record;
  const { manifest } = await readSnapshot(to, deployment, move.snapshot);
  if (epoch < move.epoch && manifest.lineage.epoch === activated.epoch) return standing;
  throw superseded(`${activated.site} became active in epoch ${activated.epoch} since ${move.id} was planned`);
}

/** Throws `MDR-MOVE-SUPERSEDED` when a higher epoch rules. */
export function requireNotSuperseded({ move }: MoveScene, { record }: Standing): void {
  if (record.epoch <= move.epoch) return;
  throw superseded(`${move.id} wants epoch ${move.epoch}, but epoch ${record.epoch} rules already`);
}

const superseded = (message: string): MdrError =>
  new MdrError({
    code: 'MDR-MOVE-SUPERSEDED',
    message,
    fix: 'Look with `status` who is active now.',
    state: 'the move does nothing more; it is taken out of the record once a control record names a higher epoch',
  });
