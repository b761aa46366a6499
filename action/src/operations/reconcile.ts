import type { World } from '../domain/ports.ts';
import { shownText } from '../domain/drift-findings.ts';
import { PlanError } from '../domain/reconcile.ts';
import type { ReconcileRequest } from '../domain/reconcile.ts';
import type { Plan } from '../domain/plan-model.ts';
import type { ReconcileRecord } from '../domain/reconcile-record.ts';
import type { ReconcileOutcome, ReconcileResult } from '../domain/reconcile-result.ts';
import { inWords, iso } from '../domain/stored-json.ts';
import { withLease } from './held-lease.ts';
import type { PlanSource } from './plan.ts';
import { lookAround } from './reconcile-look.ts';
import type { ReconcileLook } from './reconcile-look.ts';
import { requireNoMove, writeFirstRecord } from './reconcile-records.ts';
import { deployDagFiles, finishRun, goOn, requireNothingLeft } from './reconcile-run.ts';
import type { ReconcileRun } from './reconcile-run.ts';
import { openLogbook } from './reconcile-steps.ts';
import { awaitQuiet, catchUp } from './reconcile-rest.ts';
import { bothSides } from './sides.ts';

/**
 * Makes both sites as Git says: the standby first, and the active site only once the standby has proven itself healthy.
 * Carries out the plan that was reviewed and no other. Killed anywhere, the next run for the same plan goes on. What
 * MWAA rolls back is reported and not tried again. Throws `MDR-PLAN-…`, `MDR-UPDATE-…`, `MDR-GATE`, `MDR-LEASE-…`,
 * `MDR-MOVE-OTHER`, `MDR-RECONCILE-LEFT`.
 */
export async function reconcile(world: World, source: PlanSource, request: ReconcileRequest): Promise<ReconcileResult> {
  const { deployment } = source;
  const startedAt = iso(world.clock.now());
  const first = await world.log.group('Look at both sites', () => lookAround(world, source, request));
  const rest = restOf(world, first);
  if (rest !== undefined && !isStale(first)) return resultOf(world, request, first, rest, startedAt);
  for (const side of bothSides(world, deployment)) await writeFirstRecord(world, side, deployment, first.records);
  return withLease(world, deployment, { main: first.standby }, 'reconcile', async (lease) => {
    await lease.ensure();
    await requireNoMove(world, deployment);
    const run: ReconcileRun = {
      ...{ world, source, request, lease, standby: first.standby },
      book: await openLogbook(first.standby, deployment),
      ...{ steps: [], gates: [], tried: new Set<string>() },
      tally: { begun: false, resumed: false, isPinned: false, objects: 0 },
    };
    await catchUp(run);
    return carryOut(run, startedAt);
  });
}

/** Round by round: look, and change the next site that is not as it should be. */
async function carryOut(run: ReconcileRun, startedAt: string): Promise<ReconcileResult> {
  const { world, source, request } = run;
  for (;;) {
    await awaitQuiet(run);
    const look = await lookAround(world, source, request, run.tried);
    const rest = restOf(world, look);
    if (isStale(look)) await finishRun(run);
    if (rest !== undefined) return resultOf(world, request, look, rest, startedAt, run);
    if (await goOn(run, look)) continue;
    const last = (await deployDagFiles(run, look)) ? await lookAround(world, source, request, run.tried) : look;
    requireNothingLeft(last);
    await finishRun(run);
    return resultOf(world, request, last, 'applied', startedAt, run);
  }
}

/** Why nothing is done; `undefined` when there is something to do. Throws when it must not be done. */
function restOf(world: World, { decision, work }: ReconcileLook): Exclude<ReconcileOutcome, 'applied'> | undefined {
  if (decision.kind === 'apply') return undefined;
  if (decision.kind === 'rest') {
    if (decision.behind !== undefined) world.log.warning(behindOf(decision.behind, world.clock.now()));
    return decision.outcome;
  }
  if (decision.error instanceof PlanError) showPlan(world, work.plan);
  throw decision.error;
}

const isStale = ({ decision }: ReconcileLook): boolean => decision.kind === 'rest' && decision.stale !== undefined;

const behindOf = ({ actor, startedAt }: ReconcileRecord, now: number): string =>
  `${actor} began a reviewed change ${inWords(now - Date.parse(startedAt))} ago, and it has come to no end: start that run again, or the workflow \`reconcile\` by hand`;

/** What would be done now: for whoever has to decide what comes next. */
function showPlan(world: World, plan: Plan): void {
  world.log.info(`The plan as it is now, digest ${plan.digest}:`);
  for (const { field, git, active, standby, changes } of plan.fields.filter((row) => row.changes.length > 0)) {
    const [there, here] = [`${plan.standby} ${shownText(standby)}`, `${plan.active} ${shownText(active)}`];
    const wanted = [...new Set([shownText(git.standby), shownText(git.active)])].join(' or ');
    world.log.info(`  ${field}: ${there}, ${here}; to become ${wanted} at the ${changes.join(' and the ')}`);
  }
}

function resultOf(
  world: World,
  request: ReconcileRequest,
  { work }: ReconcileLook,
  outcome: ReconcileOutcome,
  startedAt: string,
  run?: ReconcileRun,
): ReconcileResult {
  const { plan } = work;
  return {
    operation: 'reconcile',
    schemaVersion: 1,
    deployment: plan.deployment,
    scope: request.scope,
    startedAt,
    endedAt: iso(world.clock.now()),
    active: plan.active,
    standby: plan.standby,
    outcome,
    resumed: run?.tally.resumed ?? false,
    digest: request.expected?.digest ?? plan.digest,
    pullRequest: request.expected?.pullRequest ?? null,
    heldUntil: plan.heldUntil,
    steps: run?.steps ?? [],
    gates: run?.gates ?? [],
    objects: run?.tally.objects ?? 0,
    plan,
  };
}
