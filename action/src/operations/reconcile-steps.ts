import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { SiteWork, WorkStep } from '../domain/planner.ts';
import type { ChangeAnswer, World } from '../domain/ports.ts';
import type { ReconcileRecord, ReconcileStep } from '../domain/reconcile-record.ts';
import { withStep } from '../domain/reconcile-record.ts';
import { isNewer, isPassing } from '../domain/reconcile-follow.ts';
import type { Followed } from '../domain/reconcile-follow.ts';
import type { AppliedStep } from '../domain/reconcile-result.ts';
import { iso } from '../domain/stored-json.ts';
import type { HeldLease } from './held-lease.ts';
import { changeFailed, followChange } from './reconcile-follow.ts';
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
  readonly lease: HeldLease;
  readonly book: Logbook;
}

/** One change of one site, from the note in the record to the end that the service gave it. */
export async function applyStep(
  scene: StepScene,
  side: Side,
  work: Pick<SiteWork, 'role' | 'arn'>,
  step: WorkStep,
  usual: string,
): Promise<AppliedStep> {
  const { world, lease, book } = scene;
  const startedAt = iso(world.clock.now());
  const environment = await side.ports.environments.describe(side.site.environment);
  const before = environment?.lastUpdate?.createdAt ?? null;
  const noted: ReconcileStep = {
    site: side.region,
    kind: step.kind,
    fields: [...step.fields],
    before,
    at: startedAt,
  };
  const record = book.record();
  if (record !== undefined) await book.write(withStep(record, noted));
  await lease.ensure();
  const what = step.kind === 'create' ? side.site.environment : step.fields.join(', ');
  world.log.info(`${side.region}: ${step.kind} ${what}`);
  await ask(side, work, step, before);
  if (step.kind === 'create' || step.kind === 'update')
    await followStep(scene, side, work.role, noted, { graceful: isGraceful(step), usual });
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
export async function followStep(
  { world, lease, book }: StepScene,
  side: Side,
  role: 'active' | 'standby',
  { kind, before }: ReconcileStep,
  { graceful, usual }: { readonly graceful: boolean; readonly usual: string },
): Promise<void> {
  if (kind !== 'create' && kind !== 'update') return;
  const followed: Followed = { kind, before };
  const end = await followChange(world, lease, { side, followed, graceful, usual });
  if (end.kind === 'done') return;
  const record = book.record();
  if (record !== undefined)
    await book.write({ ...record, outcome: 'failed', message: `${side.region}: ${end.message}` });
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
  if (answer.accepted || (await hasBegun(side, followed))) return;
  throw refused(side, followed.kind, answer);
}

/** Whether the service is at work on the change although it did not say so. */
export async function hasBegun({ site, ports }: Side, followed: Followed): Promise<boolean> {
  const environment = await ports.environments.describe(site.environment);
  if (environment === undefined) return false;
  if (followed.kind === 'create') return environment.status !== 'CREATE_FAILED';
  return isNewer(environment, followed) || isPassing(environment.status);
}

function refused(
  side: Side,
  kind: Followed['kind'],
  { why, message }: Extract<ChangeAnswer, { accepted: false }>,
): MdrError {
  const name = `${side.site.environment} in ${side.region}`;
  return new MdrError({
    code: why === 'busy' ? 'MDR-UPDATE-BUSY' : 'MDR-UPDATE-REFUSED',
    message: `MWAA did not take the ${kind} of ${name}: ${message}`,
    fix:
      why === 'busy'
        ? 'Wait until the environment is AVAILABLE, then start this run again.'
        : 'Correct the deployment file in a new pull request, as the message says.',
    state: `${name} is as it was before this ${kind}; what was applied before it stays`,
  });
}
