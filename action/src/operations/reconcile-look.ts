import type { ControlRecord } from '../domain/control-record.ts';
import { otherSite } from '../domain/deployment.ts';
import type { Deployment, SiteIndex } from '../domain/deployment.ts';
import { healable, healingWork } from '../domain/heal.ts';
import { keys } from '../domain/names.ts';
import { movedSince } from '../domain/planner.ts';
import type { World } from '../domain/ports.ts';
import { decideReconcile } from '../domain/reconcile.ts';
import type { ReconcileDecision, ReconcileRequest } from '../domain/reconcile.ts';
import { observePlan } from './plan.ts';
import type { ObservedPlan, PlanSource } from './plan.ts';
import { readNote } from './reconcile-note.ts';
import type { Note } from './reconcile-note.ts';
import { readRecords, requireNoMove } from './reconcile-records.ts';
import { sideOf } from './sides.ts';
import type { Side } from './sides.ts';

/** All that reconcile knows at one moment. */
export interface ReconcileLook {
  readonly records: readonly ControlRecord[];
  readonly work: ObservedPlan;
  readonly standby: Side;
  readonly active: Side;
  /** What is stored of an earlier run, whatever became of it. */
  readonly note: Note | undefined;
  readonly decision: ReconcileDecision;
}

/**
 * Looks at both sites and decides. Changes nothing. `own`: digests of the plans that this run itself has begun to try.
 * Throws `MDR-MOVE-OTHER` while a move is under way.
 */
export async function lookAround(
  world: World,
  source: PlanSource,
  request: ReconcileRequest,
  own: ReadonlySet<string> = new Set(),
): Promise<ReconcileLook> {
  const { deployment } = source;
  const records = await readRecords(world, deployment);
  await requireNoMove(world, deployment);
  const work = await plannedWork(world, source, request);
  const index: SiteIndex = work.plan.standby === deployment.sites[0].region ? 0 : 1;
  const standby = sideOf(world, deployment, index);
  const note = await readNote(standby, deployment);
  const isOfThisEpoch = note?.record.epoch === (work.plan.epoch ?? 0);
  const decision = decideReconcile(
    {
      plan: work.plan,
      fingerprints: work.fingerprints,
      record: isOfThisEpoch ? note.record : undefined,
      tried:
        request.scope === 'self-heal' &&
        !own.has(work.plan.digest) &&
        (await wasTried(standby, deployment, work.plan.digest)),
      request,
    },
    movedSince,
  );
  return { records, work, standby, active: sideOf(world, deployment, otherSite(index)), note, decision };
}

/** Self-heal sets settings right; artifacts wait for a merge. */
async function plannedWork(world: World, source: PlanSource, { scope }: ReconcileRequest): Promise<ObservedPlan> {
  if (scope === 'all') return observePlan(world, source);
  const { path, deployment } = source;
  const { plan } = await observePlan(world, { path, deployment });
  return healingWork(await observePlan(world, { path, deployment: healable(deployment, plan) }), plan);
}

async function wasTried({ bucket, ports }: Side, { deployment }: Deployment, digest: string): Promise<boolean> {
  return (await ports.objects.get(bucket, keys.heal(deployment, digest))) !== undefined;
}
