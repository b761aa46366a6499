import { isHeldBy, leaseRuns, newLease, renewed, yields } from '../domain/lease.ts';
import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { World } from '../domain/ports.ts';
import { millis } from '../domain/stored-json.ts';
import { changeControl, readControl } from './control.ts';
import type { Side } from './sides.ts';

/** The right to change one control record, kept alive while it is used. */
export interface HeldLease {
  /** The record, if it is still ours. Throws `MDR-LEASE-LOST`. */
  ensure(): Promise<ControlRecord>;
  /** As `changeControl`. Throws `MDR-LEASE-LOST`, too. */
  change(change: (record: ControlRecord) => ControlRecord): Promise<ControlRecord>;
}

/**
 * Runs `body` under the lease of the record at `side`. A lease that runs out while we wait for it is taken over; one
 * that is renewed meanwhile is another run at work: `MDR-LEASE-HELD`. A move waits for no reconcile and no drill: it
 * takes their lease, and they stop at their next step.
 */
export async function withLease<T>(
  world: World,
  side: Side,
  deployment: Deployment,
  purpose: string,
  body: (lease: HeldLease) => Promise<T>,
): Promise<T> {
  const nonce = await acquire(world, side, deployment, purpose);
  const over = new AbortController();
  const renewal = keepRenewing(world, side, deployment, nonce, over.signal);
  try {
    return await body(heldLease(world, side, deployment, nonce));
  } finally {
    over.abort();
    await renewal;
    await release(world, side, deployment, nonce);
  }
}

async function acquire(world: World, side: Side, deployment: Deployment, purpose: string): Promise<string> {
  await waitUntilFree(world, side, deployment, purpose);
  const nonce = world.random.hex(8);
  const { seconds } = deployment.lease;
  await changeControl(world, side, deployment, (record, date) => {
    if (isHeldBy(record, nonce)) return record;
    if (leaseRuns(record.lease, date) && !yields(record.lease, purpose)) throw held(record.lease.holder, side);
    return { ...record, lease: newLease(world.actor, nonce, purpose, date, seconds) };
  });
  return nonce;
}

async function waitUntilFree(world: World, side: Side, deployment: Deployment, purpose: string): Promise<void> {
  const first = await readControl(side, deployment);
  if (first === undefined || !leaseRuns(first.record.lease, first.date)) return;
  const { holder, nonce, expiresAt } = first.record.lease;
  if (yields(first.record.lease, purpose)) {
    world.log.info(`${holder} holds the lease for ${first.record.lease.purpose}: a move takes it over at once`);
    return;
  }
  world.log.info(`${holder} holds the lease until ${expiresAt}: waiting whether it renews it`);
  await world.clock.sleep(millis(expiresAt) - first.date + 1, world.stop);
  const later = await readControl(side, deployment);
  const lease = later?.record.lease ?? null;
  if (later !== undefined && leaseRuns(lease, later.date)) throw held(lease.holder, side);
  if (lease !== null && lease.nonce === nonce) world.log.info(`the lease of ${holder} has run out: taking it over`);
}

const held = (holder: string, side: Side): MdrError =>
  new MdrError({
    code: 'MDR-LEASE-HELD',
    message: `${holder} is at work on this deployment: it keeps renewing its lease in ${side.bucket}`,
    fix: 'Let it finish, or stop it; its lease then runs out by itself, and this run can be started again.',
    state: 'nothing was touched',
  });

const lost = (side: Side): MdrError =>
  new MdrError({
    code: 'MDR-LEASE-LOST',
    message: `our lease in ${side.bucket} ran out, and another run took over`,
    fix: 'Follow the other run; `status` names it. What this one began, the other one finishes.',
  });

function heldLease(world: World, side: Side, deployment: Deployment, nonce: string): HeldLease {
  const change: HeldLease['change'] = (body) =>
    changeControl(world, side, deployment, (record) => {
      if (!isHeldBy(record, nonce)) throw lost(side);
      return body(record);
    });
  return { change, ensure: () => change((record) => record) };
}

async function keepRenewing(
  world: World,
  side: Side,
  deployment: Deployment,
  nonce: string,
  over: AbortSignal,
): Promise<void> {
  const { seconds } = deployment.lease;
  for (;;) {
    await world.clock.sleep((seconds * 1000) / 4, over);
    if (over.aborted) return;
    try {
      await changeControl(world, side, deployment, (record, date) =>
        isHeldBy(record, nonce) && record.lease !== null
          ? { ...record, lease: renewed(record.lease, date, seconds) }
          : record,
      );
    } catch (error) {
      // A renewal that fails is tried again; one that comes too late is met at the next step.
      world.log.warning(`the lease could not be renewed: ${error instanceof Error ? error.message : '?'}`);
    }
  }
}

/** What cannot be released runs out by itself, so a failure here must not hide how the operation ended. */
async function release(world: World, side: Side, deployment: Deployment, nonce: string): Promise<void> {
  try {
    await changeControl(world, side, deployment, (record) =>
      isHeldBy(record, nonce) ? { ...record, lease: null } : record,
    );
  } catch (error) {
    world.log.warning(`the lease was not released and will run out: ${error instanceof Error ? error.message : '?'}`);
  }
}
