import { isHeldBy, leaseRuns, newLease, renewed, yields } from '../domain/lease.ts';
import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import type { World } from '../domain/ports.ts';
import { millis } from '../domain/stored-json.ts';
import { changeControl, readControl } from './control.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';

/** The right to change a deployment, kept alive while it is used. */
export interface HeldLease {
  /** By which our own lease is told from those of other runs. */
  readonly nonce: string;
  /** The record, if it is still ours. Throws `MDR-LEASE-LOST`. */
  ensure(): Promise<ControlRecord>;
  /** As `changeControl`. Throws `MDR-LEASE-LOST`, too. */
  change(change: (record: ControlRecord, date: number) => ControlRecord): Promise<ControlRecord>;
}

/** Where a lease is taken. */
export interface LeasePlaces {
  /** The record that the work changes: without this lease nothing is done. */
  readonly main: Side;
  /** Another record that is held as well, as far as it answers: so that two runs meet who each change their own. */
  readonly other?: Side;
}

/**
 * Runs `body` under the lease of the record at `main`, and of the `other` one if that can be had. A lease that runs out
 * while we wait for it is taken over; one that is renewed meanwhile is another run at work: `MDR-LEASE-HELD`. A move
 * waits for no reconcile and no drill: it takes their lease, and they stop at their next step.
 */
export async function withLease<T>(
  world: World,
  deployment: Deployment,
  { main, other }: LeasePlaces,
  purpose: string,
  body: (lease: HeldLease) => Promise<T>,
): Promise<T> {
  const claim: Claim = { world, deployment, purpose, nonce: world.random.hex(8) };
  const held = await acquireAll(claim, main, other);
  const over = new AbortController();
  const places = other === undefined ? [main] : [main, other];
  const renewal = Promise.all(places.map((side) => keepRenewing(claim, side, held, over.signal)));
  try {
    return await body(heldLease(claim, main, held));
  } finally {
    over.abort();
    await renewal;
    for (const side of held) await release(claim, side);
  }
}

interface Claim {
  readonly world: World;
  readonly deployment: Deployment;
  readonly purpose: string;
  readonly nonce: string;
}

/** The sides whose lease is ours; always asked for in the order of the sites. */
async function acquireAll(claim: Claim, main: Side, other: Side | undefined): Promise<Set<Side>> {
  const taken = new Set<Side>();
  const sides = other === undefined ? [main] : [main, other].toSorted((a, b) => a.index - b.index);
  try {
    for (const side of sides) {
      if (side === main) await acquire(claim, side);
      else if (!(await acquireIfThere(claim, side))) continue;
      taken.add(side);
    }
  } catch (error) {
    for (const side of taken) await release(claim, side);
    throw error;
  }
  return taken;
}

/** A record that does not answer, is missing or damaged holds up nobody; a lease that another run keeps does. */
async function acquireIfThere(claim: Claim, side: Side): Promise<boolean> {
  const there = await probeStored(() => readControl(side, claim.deployment));
  if ('answer' in there && there.answer === undefined) return false;
  const taken = 'fault' in there ? there : await probe(() => acquire(claim, side));
  if ('answer' in taken) return true;
  claim.world.log.warning(`the lease is not held in ${side.region}: ${taken.detail}`);
  return false;
}

async function acquire(claim: Claim, side: Side): Promise<void> {
  await waitUntilFree(claim, side);
  const { lease } = await take(claim, side);
  if (lease !== null && lease.nonce !== claim.nonce) throw held(lease.holder, side);
}

/** Takes the lease or renews ours; one that runs and does not yield is left. Answers the record as it is then. */
function take({ world, deployment, purpose, nonce }: Claim, side: Side): Promise<ControlRecord> {
  const { seconds } = deployment.lease;
  return changeControl(world, side, deployment, (record, date) => {
    const { lease } = record;
    if (lease !== null && isHeldBy(record, nonce)) return { ...record, lease: renewed(lease, date, seconds) };
    if (leaseRuns(lease, date) && !yields(lease, purpose)) return record;
    return { ...record, lease: newLease(world.actor, nonce, purpose, date, seconds) };
  });
}

async function waitUntilFree({ world, deployment, purpose }: Claim, side: Side): Promise<void> {
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

/** Another run is at work on the record at this side. */
export const held = (holder: string, side: Side): MdrError =>
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

function heldLease({ world, deployment, nonce }: Claim, main: Side, held: Set<Side>): HeldLease {
  const change: HeldLease['change'] = (body) =>
    changeControl(world, main, deployment, (record, date) => {
      if (!isHeldBy(record, nonce)) throw lost(main);
      return body(record, date);
    });
  const requireOthers = async (): Promise<void> => {
    for (const side of [...held].filter((one) => one !== main)) {
      const read = await probeStored(() => readControl(side, deployment));
      // A Region that went dark meanwhile is not waited for at every step.
      if (!('answer' in read) || read.answer === undefined) held.delete(side);
      else if (!isHeldBy(read.answer.record, nonce)) throw lost(side);
    }
  };
  return {
    nonce,
    change,
    async ensure() {
      const record = await change((current) => current);
      await requireOthers();
      return record;
    },
  };
}

/** Beside what is held: a record that did not answer at first is held as soon as it does, unless another run holds it. */
async function keepRenewing(claim: Claim, side: Side, held: Set<Side>, over: AbortSignal): Promise<void> {
  const { world, deployment } = claim;
  for (;;) {
    await world.clock.sleep((deployment.lease.seconds * 1000) / 4, over);
    if (over.aborted) return;
    await (held.has(side) ? renew(claim, side) : join(claim, side, held));
  }
}

async function join(claim: Claim, side: Side, held: Set<Side>): Promise<void> {
  try {
    if (isHeldBy(await take(claim, side), claim.nonce)) held.add(side);
  } catch {
    // It was said at the beginning that the lease is not held there; it is asked for again with the next renewal.
  }
}

/** A renewal that fails is tried again; one that comes too late is met at the next step. */
async function renew({ world, deployment, nonce }: Claim, side: Side): Promise<void> {
  try {
    await changeControl(world, side, deployment, (record, date) =>
      isHeldBy(record, nonce) && record.lease !== null
        ? { ...record, lease: renewed(record.lease, date, deployment.lease.seconds) }
        : record,
    );
  } catch (error) {
    world.log.warning(`the lease could not be renewed: ${error instanceof Error ? error.message : '?'}`);
  }
}

/** What cannot be released runs out by itself, so a failure here must not hide how the operation ended. */
async function release({ world, deployment, nonce }: Claim, side: Side): Promise<void> {
  try {
    await changeControl(world, side, deployment, (record) =>
      isHeldBy(record, nonce) ? { ...record, lease: null } : record,
    );
  } catch (error) {
    // The record is gone, and the lease with it.
    if (error instanceof MdrError && error.code === 'MDR-NOT-INSTALLED') return;
    world.log.warning(`the lease was not released and will run out: ${error instanceof Error ? error.message : '?'}`);
  }
}
