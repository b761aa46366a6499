import { MdrError } from '../domain/errors.ts';
import type { StepData } from '../domain/journal.ts';
import { permissionOf } from '../domain/move-permission.ts';
import { DAG_IDS, moveRunId } from '../domain/names.ts';
import type { Observations } from '../domain/observation.ts';
import { contradicts } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import { loadedOf, readControls } from './control.ts';
import { runMoveDag } from './move-dag.ts';
import { requireEntry } from './move-journal.ts';
import { requirePermission, requireReady } from './move-plan.ts';
import type { MoveScene } from './move-steps.ts';
import { observe } from './observe.ts';
import { readSnapshot } from './snapshots.ts';

const RESTORE_LIMIT_SECONDS = 3_600;

/** Loads what is finished. Harmless to the held target, and repeatable. */
export async function prepare(scene: MoveScene): Promise<StepData<'prepared'>> {
  const result = await runMoveDag(scene, {
    dagId: DAG_IDS.restore,
    runId: moveRunId(scene.move.id, 'restore'),
    limitSeconds: RESTORE_LIMIT_SECONDS,
    failure: 'MDR-RESTORE-FAILED',
  });
  return { dagRunId: result.dagRunId, outcome: result.outcome, committedAt: result.committedAt ?? result.endedAt };
}

/** The last look: nobody was faster, nothing speaks against the verdict of the plan, and the target is still ready. */
export async function recheck(scene: MoveScene): Promise<StepData<'rechecked'>> {
  const { deployment, to, move } = scene;
  await requireNotSuperseded(scene);
  const verdict = await requireUncontradicted(scene);
  const { manifest } = await readSnapshot(to, deployment, move.snapshot);
  await requireReady(deployment, to, manifest);
  return { verdict: { ...verdict, evidence: [...verdict.evidence] } };
}

/**
 * No reading was taken during the restore, so that after a long one a single reading is too little for a verdict:
 * UNKNOWN lets a move go on whose plan was not, as long as the reading itself shows no life. Throws `MDR-MOVE-…`.
 */
async function requireUncontradicted(scene: MoveScene): Promise<Verdict> {
  const { world, deployment, inputs, to, move } = scene;
  const { data: planned } = await requireEntry(to, deployment, move.id, 'planned');
  const memory: { observations?: Observations } = {};
  const { verdict } = await observe(world, deployment, inputs.observer, memory);
  world.log.info(`${move.from}: ${verdict.key}: ${verdict.reason}`);
  const latest = memory.observations?.readings.at(-1);
  const isOpen = verdict.key === 'UNKNOWN' && latest !== undefined && !contradicts(latest, planned.verdict.key);
  const isAllowed = planned.overridden || isOpen || permissionOf(verdict.key, 'manual') !== 'force';
  return isAllowed ? verdict : requirePermission(world, deployment, inputs);
}

/** Throws `MDR-MOVE-SUPERSEDED` when a record that can be read has a higher epoch. */
export async function requireNotSuperseded({ world, deployment, move }: MoveScene): Promise<void> {
  const records = loadedOf(await readControls(world, deployment)).map((loaded) => loaded.record);
  const higher = records.find((record) => record.epoch > move.epoch);
  if (higher === undefined) return;
  throw new MdrError({
    code: 'MDR-MOVE-SUPERSEDED',
    message: `${move.id} wants epoch ${move.epoch}, but ${higher.site} has epoch ${higher.epoch} already`,
    fix: 'Look with `status` who is active now.',
    state: 'the move is void and was withdrawn',
  });
}
