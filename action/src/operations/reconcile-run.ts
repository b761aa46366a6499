import type { Pins } from '../domain/artifact-plan.ts';
import { MdrError } from '../domain/errors.ts';
import { keys } from '../domain/names.ts';
import type { Plan } from '../domain/plan-model.ts';
import { withVersions } from '../domain/planner.ts';
import type { SiteWork } from '../domain/planner.ts';
import type { World } from '../domain/ports.ts';
import type { ReconcileRequest } from '../domain/reconcile.ts';
import { shownAtSites } from '../domain/reconcile-record.ts';
import type { ReconcileRecord } from '../domain/reconcile-record.ts';
import type { AppliedStep, PassedGate } from '../domain/reconcile-result.ts';
import { iso, toStored } from '../domain/stored-json.ts';
import type { HeldLease } from './held-lease.ts';
import { deployArtifacts } from './artifacts.ts';
import type { PlanSource } from './plan.ts';
import { countImportErrors, passGate } from './reconcile-gate.ts';
import type { ReconcileLook } from './reconcile-look.ts';
import { applyStep } from './reconcile-steps.ts';
import type { Logbook } from './reconcile-steps.ts';
import type { Side } from './sides.ts';

/** One run of reconcile under its lease, and what it has done so far. */
export interface ReconcileRun {
  readonly world: World;
  readonly source: PlanSource;
  readonly request: ReconcileRequest;
  readonly lease: HeldLease;
  readonly standby: Side;
  readonly book: Logbook;
  readonly steps: AppliedStep[];
  readonly gates: PassedGate[];
  readonly tally: { begun: boolean; resumed: boolean; objects: number };
}

/** Changes the first site that has work, and lets it pass its gate. `false` = there is no work left. */
export async function changeNextSite(run: ReconcileRun, look: ReconcileLook): Promise<boolean> {
  await begin(run, look);
  const pins = await deployPhase(run, look, 'before');
  for (const planned of look.work.sites) {
    const work = withVersions(planned, pins?.[planned.index] ?? {});
    const side = work.role === 'standby' ? look.standby : look.active;
    if (work.steps.length > 0) {
      await changeSite(run, look.work.plan, side, work);
      return true;
    }
    // Its changes were made by a run that did not live to see the gate.
    if (wasChanged(run.book.record(), side) && !run.gates.some(({ region }) => region === side.region))
      await gate(run, side, work.role, undefined);
  }
  return false;
}

/** Notes that this plan is being carried out, before anything is. */
async function begin(run: ReconcileRun, { decision, work, standby }: ReconcileLook): Promise<void> {
  const { world, source, request, book, tally } = run;
  if (tally.begun) return;
  tally.begun = true;
  const before = book.record();
  if (decision.kind === 'apply' && decision.resumed && before !== undefined) {
    tally.resumed = true;
    world.log.info(`going on with what ${before.actor} began at ${before.startedAt}`);
    return;
  }
  const { deployment } = source.deployment;
  const startedAt = iso(world.clock.now());
  const { digest } = work.plan;
  if (request.scope === 'self-heal') {
    const tried = { schemaVersion: 1, deployment, digest, at: startedAt, actor: world.actor };
    await standby.ports.objects.put(standby.bucket, keys.heal(deployment, digest), toStored(tried), { ifAbsent: true });
  }
  await book.write({
    schemaVersion: 1,
    deployment,
    scope: request.scope,
    digest: request.expected?.digest ?? digest,
    fingerprints: work.fingerprints,
    shown: shownAtSites(work.plan),
    epoch: work.plan.epoch ?? 0,
    bundle: work.plan.artifacts.bundle,
    actor: world.actor,
    startedAt,
    step: null,
    touched: [],
    outcome: 'under way',
    message: '',
  });
}

async function changeSite(run: ReconcileRun, plan: Plan, side: Side, work: SiteWork): Promise<void> {
  const { world } = run;
  if (run.steps.some(({ region, followed }) => region === side.region && !followed)) throw left(side, work);
  const role = work.role === 'active' ? 'active site' : 'standby';
  const importErrorsBefore = await world.log.group(`Change ${side.region}, the ${role}`, async () => {
    const before = await countImportErrors(side);
    for (const step of work.steps)
      run.steps.push(await applyStep(run, side, work, step, usualMinutes(plan, work.role)));
    return before;
  });
  if (wasChanged(run.book.record(), side)) await gate(run, side, work.role, importErrorsBefore);
}

const usualMinutes = ({ sites }: Plan, role: SiteWork['role']): string => {
  const usual = sites.find((site) => site.role === role)?.usualMinutes ?? null;
  return usual === null ? '' : `${usual.from} to ${usual.to} min`;
};

/** Tags alone restart nothing. */
const wasChanged = (record: ReconcileRecord | undefined, { region }: Side): boolean =>
  record?.touched.some(({ site, fields }) => site === region && fields.some((field) => !field.startsWith('Tags.'))) ??
  false;

async function gate(
  run: ReconcileRun,
  side: Side,
  role: SiteWork['role'],
  importErrorsBefore: number | undefined,
): Promise<void> {
  const { world, source, lease, gates } = run;
  const passed = await world.log.group(`See that ${side.region} is healthy`, () =>
    passGate(world, source.deployment, lease, { side, role, importErrorsBefore }),
  );
  gates.push(passed);
}

/** Uploads and deletions of artifacts, as far as the plan has any; the pins are what the environments are to read. */
async function deployPhase(
  { world, source, tally }: ReconcileRun,
  { work: { artifacts, scene } }: ReconcileLook,
  phase: 'before' | 'after',
): Promise<readonly [Pins, Pins] | undefined> {
  const objects = artifacts?.[phase].flat().length ?? 0;
  if (artifacts === undefined || scene === undefined || objects === 0) return artifacts?.pins;
  tally.objects += objects;
  return deployArtifacts(world, source.deployment, scene, artifacts, phase);
}

/** What is left once no environment has to be changed: DAG files. `false` = nothing was. */
export async function deployDagFiles(run: ReconcileRun, look: ReconcileLook): Promise<boolean> {
  const before = run.tally.objects;
  await deployPhase(run, look, 'after');
  return run.tally.objects > before;
}

/** Notes the end. */
export async function finishRun({ book }: ReconcileRun): Promise<void> {
  const record = book.record();
  if (record !== undefined) await book.write({ ...record, outcome: 'done', step: null });
}

/** Throws `MDR-RECONCILE-LEFT` when artifacts are still to be deployed after they were. */
export function requireNothingLeft({ work: { plan } }: ReconcileLook): void {
  const paths = plan.sites.flatMap(({ changes }) => changes.flatMap(({ fields }) => fields));
  if (paths.length === 0) return;
  throw new MdrError({
    code: 'MDR-RECONCILE-LEFT',
    message: `everything was deployed, and still these are not as Git says: ${[...new Set(paths)].join(', ')}`,
    fix: 'Look whether something else writes to the DAGs buckets, then start this run again.',
    state: 'the environments are as Git says; what was uploaded stays',
  });
}

const left = (side: Side, { steps }: SiteWork): MdrError =>
  new MdrError({
    code: 'MDR-RECONCILE-LEFT',
    message: `${side.region} took every change, and still these are not as Git says: ${steps.flatMap(({ fields }) => fields).join(', ')}`,
    fix: 'Look whether somebody or something else changes them: Terraform, a console, a second deployment file. The plan shows what is there now.',
    state: `the changes of ${side.region} were applied; nothing else was touched after them`,
  });
