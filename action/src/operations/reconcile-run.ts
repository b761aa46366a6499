import type { Pins } from '../domain/artifact-plan.ts';
import { MdrError } from '../domain/errors.ts';
import { keys } from '../domain/names.ts';
import type { Plan } from '../domain/plan-model.ts';
import { isExpected, withVersions } from '../domain/planner.ts';
import type { SiteWork } from '../domain/planner.ts';
import type { World } from '../domain/ports.ts';
import type { ReconcileRequest } from '../domain/reconcile.ts';
import { shownAtSites, withoutGone, withProof } from '../domain/reconcile-record.ts';
import type { ReconcileRecord } from '../domain/reconcile-record.ts';
import type { AppliedStep, PassedGate } from '../domain/reconcile-result.ts';
import { isManaged } from '../domain/roles.ts';
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
  /** Digests of the plans that self-heal tries in this run. */
  readonly tried: Set<string>;
  readonly tally: { begun: boolean; resumed: boolean; isPinned: boolean; objects: number };
}

/**
 * The next thing to do: pinned artifacts, the first site that has work, or the proof that one is healthy. Each takes so
 * long that the world is looked at again behind it. `false` = there is nothing left of these.
 */
export async function goOn(run: ReconcileRun, look: ReconcileLook): Promise<boolean> {
  await begin(run, look);
  const objects = run.tally.objects;
  const pins = await deployPhase(run, look, 'before');
  if (run.tally.objects > objects) return true;
  for (const planned of look.work.sites) {
    const work = withVersions(planned, pins?.[planned.index] ?? {});
    const side = work.role === 'standby' ? look.standby : look.active;
    if (work.steps.length === 0 && !owesProof(run, look, work)) continue;
    if (work.steps.length > 0) await noteTry(run, look);
    if (needsStandby(run, look, work)) await gate(run, look, 'standby');
    else if (work.steps.length > 0) await changeSite(run, look, side, work);
    else await gate(run, look, work.role);
    return true;
  }
  return false;
}

/** Told a change, by whichever run, and not seen to be healthy since. */
const isUnproven = ({ book }: ReconcileRun, { region }: Side): boolean => region in (book.record()?.unproven ?? {});

/** A site that is not ours to change, or that need not be there, holds nothing up. */
function owesProof(run: ReconcileRun, { active, standby }: ReconcileLook, { role, index }: SiteWork): boolean {
  const { deployment } = run.source;
  const isOurs = isManaged(deployment.manage, { active: active.index, standby: standby.index }, index);
  return isOurs && isExpected(deployment, role) && isUnproven(run, role === 'active' ? active : standby);
}

/**
 * Nothing but tags is changed at the active site before the standby has proven itself in this run: what broke it may
 * have been an earlier plan, or no plan at all.
 */
const needsStandby = (
  { source, gates }: ReconcileRun,
  { standby }: ReconcileLook,
  { role, steps }: SiteWork,
): boolean =>
  role === 'active' &&
  source.deployment.strategy === 'warm-standby' &&
  steps.some(({ kind }) => kind === 'create' || kind === 'update') &&
  !gates.some(({ region }) => region === standby.region);

/** Self-heal tries each plan once, however the try ends. */
async function noteTry(
  { world, source, request, tried }: ReconcileRun,
  { work, standby }: ReconcileLook,
): Promise<void> {
  const { digest } = work.plan;
  if (request.scope !== 'self-heal' || tried.has(digest)) return;
  tried.add(digest);
  const { deployment } = source.deployment;
  const note = { schemaVersion: 1, deployment, digest, at: iso(world.clock.now()), actor: world.actor };
  await standby.ports.objects.put(standby.bucket, keys.heal(deployment, digest), toStored(note), { ifAbsent: true });
}

/** Notes that this plan is being carried out, before anything is. */
async function begin(run: ReconcileRun, look: ReconcileLook): Promise<void> {
  const { decision, work } = look;
  const { world, source, request, book, tally } = run;
  if (tally.begun) return;
  tally.begun = true;
  const before = book.record();
  if (decision.kind === 'apply' && decision.resumed && before !== undefined) {
    tally.resumed = true;
    const kept = withoutGone(before, work.plan);
    if (Object.keys(kept.unproven).length < Object.keys(before.unproven).length) await book.write(kept);
    world.log.info(`going on with what ${before.actor} began at ${before.startedAt}`);
    return;
  }
  const epoch = work.plan.epoch ?? 0;
  const record: ReconcileRecord = {
    schemaVersion: 1,
    deployment: source.deployment.deployment,
    scope: request.scope,
    digest: request.expected?.digest ?? work.plan.digest,
    fingerprints: work.fingerprints,
    shown: shownAtSites(work.plan),
    epoch,
    bundle: work.plan.artifacts.bundle,
    actor: world.actor,
    startedAt: iso(world.clock.now()),
    step: null,
    touched: [],
    // A new plan does not heal what an earlier one has broken.
    unproven: before?.epoch === epoch ? before.unproven : {},
    outcome: 'under way',
    message: '',
  };
  await book.write(withoutGone(record, work.plan));
}

async function changeSite(run: ReconcileRun, look: ReconcileLook, side: Side, work: SiteWork): Promise<void> {
  const { world } = run;
  if (run.steps.some(({ region, followed }) => region === side.region && !followed)) throw left(side, work);
  const role = work.role === 'active' ? 'active site' : 'standby';
  await world.log.group(`Change ${side.region}, the ${role}`, async () => {
    const before = { usual: usualMinutes(look.work.plan, work.role), importErrors: await countImportErrors(side) };
    for (const step of work.steps) run.steps.push(await applyStep(run, side, work, step, before));
  });
  if (isUnproven(run, side)) await gate(run, look, work.role);
}

const usualMinutes = ({ sites }: Plan, role: SiteWork['role']): string => {
  const usual = sites.find((site) => site.role === role)?.usualMinutes ?? null;
  return usual === null ? '' : `${usual.from} to ${usual.to} min`;
};

/** Whether the plan of this record has changed the site. Tags alone restart nothing. */
const wasChanged = (record: ReconcileRecord | undefined, { region }: Side): boolean =>
  record?.touched.some(({ site, fields }) => site === region && fields.some((field) => !field.startsWith('Tags.'))) ??
  false;

/**
 * What the standby is compared with: the active site, as long as no change of ours can have broken it. A file that
 * cannot be imported there either is nothing that the change of the standby has done.
 */
const yardstick = (run: ReconcileRun, { active }: ReconcileLook): Side | undefined =>
  wasChanged(run.book.record(), active) || isUnproven(run, active) ? undefined : active;

async function gate(run: ReconcileRun, look: ReconcileLook, role: SiteWork['role']): Promise<void> {
  const { world, source, request, lease, gates, book } = run;
  const side = look[role];
  const gated = {
    ...{ side, role, wasChanged: wasChanged(book.record(), side), isUnproven: isUnproven(run, side) },
    importErrorsBefore: book.record()?.unproven[side.region] ?? undefined,
    yardstick: role === 'standby' ? yardstick(run, look) : undefined,
  };
  try {
    const passed = await world.log.group(`See that ${side.region} is healthy`, () =>
      passGate(world, source.deployment, lease, gated),
    );
    gates.push(passed);
  } catch (error) {
    const record = book.record();
    // A reviewed plan goes on behind the gate once the site is well; self-heal has had its try.
    if (error instanceof MdrError && error.code === 'MDR-GATE' && request.scope === 'self-heal' && record !== undefined)
      await book.write({ ...record, outcome: 'failed', message: error.message });
    throw error;
  }
  const record = book.record();
  if (record !== undefined && isUnproven(run, side)) await book.write(withProof(record, side.region));
}

/** Uploads and deletions of artifacts, as far as the plan has any; the pins are what the environments are to read. */
async function deployPhase(
  { world, source, lease, tally }: ReconcileRun,
  { work: { artifacts, scene } }: ReconcileLook,
  phase: 'before' | 'after',
): Promise<readonly [Pins, Pins] | undefined> {
  const objects = artifacts?.[phase].flat().length ?? 0;
  if (artifacts === undefined || scene === undefined || objects === 0) return artifacts?.pins;
  if (phase === 'before' && tally.isPinned) throw neverThere(artifacts.before.flat());
  tally.isPinned ||= phase === 'before';
  tally.objects += objects;
  return deployArtifacts(world, source.deployment, scene, artifacts, phase, lease);
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

const neverThere = (changes: readonly { readonly key: string }[]): MdrError =>
  new MdrError({
    code: 'MDR-RECONCILE-LEFT',
    message: `these were written to the DAGs buckets, and are not there as they were written: ${[...new Set(changes.map(({ key }) => key))].join(', ')}`,
    fix: 'Look whether something else writes to the DAGs buckets, then start this run again.',
    state: 'no environment was changed after that',
  });

const left = (side: Side, { steps }: SiteWork): MdrError =>
  new MdrError({
    code: 'MDR-RECONCILE-LEFT',
    message: `${side.region} took every change, and still these are not as Git says: ${steps.flatMap(({ fields }) => fields).join(', ')}`,
    fix: 'Look whether somebody or something else changes them: Terraform, a console, a second deployment file. The plan shows what is there now.',
    state: `the changes of ${side.region} were applied; nothing else was touched after them`,
  });
