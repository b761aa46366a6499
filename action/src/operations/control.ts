import type { ControlRecord } from '../domain/control-record.ts';
import { parseControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { OTHER_OWNER } from '../domain/aws-errors.ts';
import { MdrError } from '../domain/errors.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { keys } from '../domain/names.ts';
import type { WriteCondition, World } from '../domain/ports.ts';
import type { Probe, ReadingTime } from '../domain/reading.ts';
import { iso, toStored } from '../domain/stored-json.ts';
import { bothSides, probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';

export interface LoadedControl {
  readonly record: ControlRecord;
  readonly etag: string;
  /** S3's clock when it was read. */
  readonly date: number;
}

/** The record in the bucket of `side`; `undefined` when there is none. Throws `MDR-CONTROL-INVALID`. */
export async function readControl(side: Side, deployment: Deployment): Promise<LoadedControl | undefined> {
  const object = await side.ports.objects.get(side.bucket, keys.control(deployment.deployment));
  if (object === undefined) return undefined;
  return { record: parse(side, deployment, object.body), etag: object.etag, date: object.date };
}

const parse = (side: Side, { deployment }: Deployment, body: Uint8Array): ControlRecord =>
  parseControlRecord(body, `s3://${side.bucket}/${keys.control(deployment)}`, { deployment, site: side.region });

export type BothControls = readonly [Probe<LoadedControl | undefined>, Probe<LoadedControl | undefined>];

/** Both records. One that is damaged counts as one that could not be read: the other one may still be good. */
export async function readControls(world: World, deployment: Deployment): Promise<BothControls> {
  const [first, second] = bothSides(world, deployment);
  return Promise.all([
    probeStored(() => readControl(first, deployment)),
    probeStored(() => readControl(second, deployment)),
  ]);
}

export const loadedOf = (controls: BothControls): readonly LoadedControl[] =>
  controls.flatMap((control) => ('answer' in control && control.answer !== undefined ? [control.answer] : []));

/** S3's clock is one for all observers, as far as one of the records could be read; that of this machine may be minutes off. */
export function timeOf(world: World, controls: BothControls): ReadingTime {
  const [loaded] = loadedOf(controls);
  return loaded === undefined ? { at: world.clock.now(), clock: 'runner' } : { at: loaded.date, clock: 's3' };
}

/** Why there is no record to go by: `MDR-NOT-INSTALLED` only when both Regions answered and neither has one. */
export function noRecord(deployment: Deployment, controls: BothControls): MdrError {
  const faults = controls.flatMap((control) => ('fault' in control ? [control] : []));
  if (faults.length === 0) return notInstalled(`${deployment.deployment} has no control record in either Region`);
  const worst = ORDER.find((fault) => faults.some((one) => one.fault === fault)) ?? 'dark';
  return new MdrError({
    code: faults.find(({ fault, code }) => fault === worst && code !== undefined)?.code ?? CODES[worst],
    message: `no control record of ${deployment.deployment} could be read: ${faults.map(({ detail }) => detail).join('; ')}`,
    fix: FIXES[worst],
    state: 'nothing was touched',
  });
}

type Unread = Extract<BothControls[number], { readonly fault: unknown }>['fault'];

const ORDER: readonly Unread[] = ['error', 'denied', 'throttled', 'dark'];
const CODES: Readonly<Record<Unread, ErrorCode>> = {
  error: 'MDR-AWS-ERROR',
  denied: 'MDR-AWS-DENIED',
  throttled: 'MDR-AWS-THROTTLED',
  dark: 'MDR-AWS-DARK',
};
const FIXES: Readonly<Record<Unread, string>> = {
  error: 'Look at the objects: the right version can be brought back, as the buckets are versioned.',
  denied: `Give this role the right to read \`control/\` in both DR buckets. ${OTHER_OWNER}`,
  throttled: 'Run again in a minute.',
  dark: 'Look at the credentials and at both Regions.',
};

export const notInstalled = (message: string, fix = 'Run the operation `install` first.'): MdrError =>
  new MdrError({
    code: 'MDR-NOT-INSTALLED',
    message,
    fix,
    state: 'nothing was touched',
  });

/** What is wrong when others keep changing a record. */
const conflict = (side: Side): MdrError =>
  new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `the control record in ${side.bucket} changed ${ATTEMPTS} times while we tried to write it`,
    fix: 'Look with `status` who else works on this deployment, then run again.',
  });

const ATTEMPTS = 8;

/**
 * Changes the record by compare-and-set. `change` sees the record as it is and S3's clock, must bear to be called
 * again, and answers the same object to leave it. Throws `MDR-CONTROL-CONFLICT` when others keep changing it.
 */
export async function changeControl(
  world: World,
  side: Side,
  deployment: Deployment,
  change: (record: ControlRecord, date: number) => ControlRecord,
): Promise<ControlRecord> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await requireControl(side, deployment);
    const after = change(before.record, before.date);
    if (after === before.record) return after;
    const written = await writeControl(world, side, deployment, after, { ifEtag: before.etag });
    if (written !== undefined) return written;
  }
  throw conflict(side);
}

/**
 * As {@link changeControl}, for a record that may be missing or damaged: `change` then sees `undefined`, and what it
 * answers takes that place. Only for what is known from elsewhere: the record of a site that a move leaves.
 */
export async function restoreControl(
  world: World,
  side: Side,
  deployment: Deployment,
  change: (record: ControlRecord | undefined) => ControlRecord,
): Promise<ControlRecord> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const object = await side.ports.objects.get(side.bucket, keys.control(deployment.deployment));
    const before = object && readable(side, deployment, object.body);
    const after = change(before);
    if (after === before) return after;
    const when = object === undefined ? ({ ifAbsent: true } as const) : { ifEtag: object.etag };
    const written = await writeControl(world, side, deployment, after, when);
    if (written !== undefined) return written;
  }
  throw conflict(side);
}

function readable(side: Side, deployment: Deployment, body: Uint8Array): ControlRecord | undefined {
  try {
    return parse(side, deployment, body);
  } catch (error) {
    if (error instanceof MdrError) return undefined;
    throw error;
  }
}

async function requireControl(side: Side, deployment: Deployment): Promise<LoadedControl> {
  const loaded = await readControl(side, deployment);
  if (loaded !== undefined) return loaded;
  throw notInstalled(`there is no control record in ${side.bucket}`);
}

/** The record as it was written, under a new nonce; `undefined` when another writer was faster. */
export async function writeControl(
  world: World,
  side: Side,
  deployment: Deployment,
  record: ControlRecord,
  when: WriteCondition,
): Promise<ControlRecord | undefined> {
  const next = { ...record, updatedAt: iso(world.clock.now()), nonce: world.random.hex(8) };
  const key = keys.control(deployment.deployment);
  try {
    const result = await side.ports.objects.put(side.bucket, key, toStored(next), when);
    if (result.written) return next;
  } catch (error) {
    // The reply may be lost although the write was done.
    if (error instanceof AwsFault && (await isOurs(side, deployment, next.nonce))) return next;
    throw error;
  }
  // A retry below us may have met its own first try.
  return (await isOurs(side, deployment, next.nonce)) ? next : undefined;
}

async function isOurs(side: Side, deployment: Deployment, nonce: string): Promise<boolean> {
  const read = await probe(() => readControl(side, deployment));
  return 'answer' in read && read.answer?.record.nonce === nonce;
}
