import type { ControlRecord, Debt, Move, MoveStep } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { Inputs } from '../domain/inputs.ts';
import type { JournalEntry, StepData } from '../domain/journal.ts';
import type { World } from '../domain/ports.ts';
import type { HeldLease } from './held-lease.ts';
import { activate, confirm } from './move-arrival.ts';
import { claim, fence } from './move-departure.ts';
import { readEntry, writeEntry } from './move-journal.ts';
import { prepare, recheck } from './move-preparation.ts';
import type { Side } from './sides.ts';

export interface MoveScene {
  readonly world: World;
  readonly deployment: Deployment;
  readonly inputs: Inputs<'failover'>;
  readonly lease: HeldLease;
  readonly from: Side;
  readonly to: Side;
  readonly move: Move;
}

/** What a step does, again if need be, and how the target's record looks once it is done. */
interface Step<S extends MoveStep> {
  readonly title: string;
  readonly act: (scene: MoveScene) => Promise<StepData<S>>;
  readonly record: (record: ControlRecord, data: StepData<S>, scene: MoveScene) => ControlRecord;
}

type ActingStep = Exclude<MoveStep, 'planned'>;

const STEPS: Readonly<Record<ActingStep, (scene: MoveScene) => Promise<void>>> = {
  prepared: step('prepared', {
    title: 'Restore finished work at the target',
    act: prepare,
    record: (record) => record,
  }),
  rechecked: step('rechecked', {
    title: 'Look again before the point of no return',
    act: recheck,
    record: (record) => record,
  }),
  claimed: step('claimed', {
    title: 'Claim the epoch',
    act: claim,
    record: (record, { debts }) => owing(record, debts),
  }),
  fenced: step('fenced', {
    title: 'Fence the site that is left',
    act: fence,
    record: (record, { grade, debts }) => withFence(owing(record, debts), grade),
  }),
  activated: step('activated', {
    title: 'Activate the target',
    act: activate,
    record: (record, { committedAt, snapshot }, { to, move }) => ({
      ...record,
      phase: 'activated',
      activated: { site: to.region, epoch: move.epoch, at: committedAt, snapshot: snapshot ?? move.snapshot },
    }),
  }),
  confirmed: step('confirmed', {
    title: 'See it alive',
    act: confirm,
    record: (record, { debts }) => owing(record, debts),
  }),
};

/** Does one step, writes it into the journal, and only then lets the control record say that it is done. */
export async function runStep(scene: MoveScene, name: MoveStep): Promise<void> {
  if (name !== 'planned') await STEPS[name](scene);
}

function step<S extends ActingStep>(name: S, { title, act, record }: Step<S>): (scene: MoveScene) => Promise<void> {
  return async (scene) => {
    const { world, deployment, lease, to, move } = scene;
    await world.log.group(title, async () => {
      requireOurs(scene, await lease.ensure());
      const entry = (await readEntry(to, deployment, move.id, name)) ?? (await acted(scene, name, act));
      await lease.change((before) => {
        requireOurs(scene, before);
        return advanced(record(before, entry.data, scene), name);
      });
    });
  };
}

/**
 * A run that stood still for long may find that its move was withdrawn, or another one begun; and what somebody has put
 * into the record while it worked is not written on.
 */
function requireOurs({ move }: MoveScene, record: ControlRecord): void {
  const isClaimed = record.move?.id === move.id && record.epoch === move.epoch;
  if (isClaimed || record.lease?.move?.id === move.id) return;
  throw new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `${move.id} is no longer the move of this record: it was withdrawn or replaced`,
    fix: 'Look with `status` who is active now, and run again if a move is still wanted.',
  });
}

async function acted<S extends ActingStep>(scene: MoveScene, name: S, act: Step<S>['act']): Promise<JournalEntry<S>> {
  const { world, deployment, to, move } = scene;
  const startedAt = world.clock.now();
  const data = await act(scene);
  return writeEntry(to, deployment, move.id, name, { startedAt, endedAt: world.clock.now(), data });
}

function advanced(record: ControlRecord, step: MoveStep): ControlRecord {
  const planned = record.lease?.move;
  if (record.lease !== null && planned !== undefined)
    return { ...record, lease: { ...record.lease, move: { ...planned, step } } };
  return record.move === null ? record : { ...record, move: { ...record.move, step } };
}

const withFence = (record: ControlRecord, fence: Move['fence']): ControlRecord =>
  record.move === null ? record : { ...record, move: { ...record.move, fence } };

const owing = (record: ControlRecord, debts: readonly Debt[]): ControlRecord => {
  const isNew = (debt: Debt) => !record.debts.some(({ kind, move }) => kind === debt.kind && move === debt.move);
  return { ...record, debts: [...record.debts, ...debts.filter(isNew)] };
};
