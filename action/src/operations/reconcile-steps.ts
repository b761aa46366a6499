import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { isUsable } from '../domain/gate.ts';
import type { SiteWork, WorkStep } from '../domain/planner.ts';
import type { ChangeAnswer, World } from '../domain/ports.ts';
import type { ReconcileRecord, ReconcileStep } from '../domain/reconcile-record.ts';
import { withFailure, withStep } from '../domain/reconcile-record.ts';
import { isNewer, isPassing } from '../domain/reconcile-follow.ts';
import type { Followed } from '../domain/reconcile-follow.ts';
import type { AppliedStep } from '../domain/reconcile-result.ts';
import { iso } from '../domain/stored-json.ts';
import type { HeldLease } from './held-lease.ts';
import type { PlanSource } from './plan.ts';
import { changeFailed, followChange } from './reconcile-follow.ts';
import type { Following } from './reconcile-follow.ts';
import { readNote, writeNote } from './reconcile-note.ts';
import type { Side } from './sides.ts';

/** The stored record, as far as this run knows it. */
export interface Logbook {
  /** `undefined` until something was begun. */
  record(): ReconcileRecord | undefined;
  write(record: ReconcileRecord): Promise<void>;
}

export async function openLogbook(side: Side, deployment: Deployment): Promise<Logbook> {
  let note = await readNote(side, deployment);
  return {
    record: () => note?.record,
    write: async (record) => {
      note = await writeNote(side, deployment, note, record);
    },
  };
}

export interface StepScene {
  readonly world: World;
  readonly source: Pick<PlanSource, 'deployment'>;
  readonly lease: HeldLease;
  readonly book: Logbook;
}

/** What is known of a site before its change. */
export interface BeforeStep {
  /** `10 to 30 min`; '' when nobody knows. */
  readonly usual: string;
  /** DAG files that Airflow could not import; `undefined` = nobody could say. */
  readonly importErrors: number | undefined;
}

/** One change of one site, from the note in the record to the end that the service gave it. */
export async function applyStep(
  scene: StepScene,
  side: Side,
  work: Pick<SiteWork, 'role' | 'arn'>,
  step: WorkStep,
  { usual, importErrors }: BeforeStep,
): Promise<AppliedStep> {
  const { world, lease, book } = scene;
  const startedAt = iso(world.clock.now());
  const environment = await side.ports.environments.describe(side.site.environment);
  const before = environment?.lastUpdate?.createdAt ?? null;
  const noted: Omit<ReconcileStep, 'wasProven'> = {
    site: side.region,
    kind: step.kind,
    fields: [...step.fields],
    before,
    at: startedAt,
  };
  const record = book.record();
  if (record !== undefined) await book.write(withStep(record, noted, importErrors ?? null));
  await lease.ensure();
  const what = step.kind === 'create' ? side.site.environment : step.fields.join(', ');
  world.log.info(`${side.region}: ${step.kind} ${what}`);
  try {
    await ask(side, work, step, before);
  } catch (error) {
    // What was not taken must not be known as ours: somebody else's update may be under way instead.
    if (error instanceof NotTaken && record !== undefined) await book.write(record);
    throw error;
  }
  if (step.kind === 'create' || step.kind === 'update')
    await followStep(scene, side, work.role, noted, { graceful: isGraceful(step), usual, sent: step.members });
  return {
    region: side.region,
    role: work.role,
    kind: step.kind,
    fields: step.fields,
    followed: false,
    startedAt,
    endedAt: iso(world.clock.now()),
  };
}

const isGraceful = (step: WorkStep): boolean =>
  'members' in step && step.members['WorkerReplacementStrategy'] === 'GRACEFUL';

/** Sees a change that was asked for to its end. Throws `MDR-UPDATE-FAILED` and notes it when the service gives it up. */
async function followStep(
  { world, source, lease, book }: StepScene,
  side: Side,
  role: 'active' | 'standby',
  { kind, before }: Pick<ReconcileStep, 'kind' | 'before'>,
  how: Pick<Following, 'graceful' | 'usual' | 'sent'>,
): Promise<void> {
  if (kind !== 'create' && kind !== 'update') return;
  const followed: Followed = { kind, before };
  const { deployment } = source;
  const end = await followChange(world, lease, { deployment, side, followed, ...how });
  if (end.kind === 'done') return;
  const record = book.record();
  if (record !== undefined)
    await book.write(withFailure(record, `${side.region}: ${end.message}`, isUsable(end.status)));
  throw changeFailed(side, role, kind, end);
}

/** Asks the service for a change; what it had taken already by an earlier try is as good. */
async function ask(side: Side, { arn }: Pick<SiteWork, 'arn'>, step: WorkStep, before: number | null): Promise<void> {
  const { environments } = side.ports;
  const name = side.site.environment;
  switch (step.kind) {
    case 'tag':
      return environments.tag(arn, step.tags);
    case 'untag':
      return environments.untag(arn, step.keys);
    case 'create':
    case 'update':
      return send(side, { kind: step.kind, before }, () => environments[step.kind](name, step.members));
  }
}

async function send(side: Side, followed: Followed, request: () => Promise<ChangeAnswer>): Promise<void> {
  let answer: ChangeAnswer;
  try {
    answer = await request();
  } catch (error) {
    // The reply may be lost although the change was taken.
    if (error instanceof AwsFault && error.quality === 'dark' && (await hasBegun(side, followed))) return;
    throw error;
  }
  // An update that is under way now is somebody else's.
  if (!answer.accepted) throw refused(side, followed.kind, answer);
}

/** Whether the service is at work on the change although it did not say so. */
export async function hasBegun({ site, ports }: Side, followed: Followed): Promise<boolean> {
  const environment = await ports.environments.describe(site.environment);
  if (environment === undefined) return false;
  if (followed.kind === 'create') return environment.status !== 'CREATE_FAILED';
  return isNewer(environment, followed) || isPassing(environment.status);
}

/** The service has said that it did not take a change. */
class NotTaken extends MdrError {}

function refused(
  side: Side,
  kind: Followed['kind'],
  { why, message }: Extract<ChangeAnswer, { accepted: false }>,
): NotTaken {
  const name = `${side.site.environment} in ${side.region}`;
  return new NotTaken({
    code: why === 'busy' ? 'MDR-UPDATE-BUSY' : 'MDR-UPDATE-REFUSED',
    message: `MWAA did not take the ${kind} of ${name}: ${message}`,
    fix:
      why === 'busy'
        ? 'Wait until the environment is AVAILABLE, then start this run again.'
        : 'Correct the deployment file in a new pull request, as the message says.',
    state: `${name} is as it was before this ${kind}; what was applied before it stays`,
  });
}
