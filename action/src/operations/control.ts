import type { ControlRecord } from '../domain/control-record.ts';
import { parseControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { ruling } from '../domain/epoch.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { keys } from '../domain/names.ts';
import type { WriteCondition, World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';
import { iso, toStored } from '../domain/stored-json.ts';
import { bothSides, probe } from './sides.ts';
import type { Side } from './sides.ts';

export interface LoadedControl {
  readonly record: ControlRecord;
  readonly etag: string;
  /** S3's clock when it was read. */
  readonly date: number;
}

/** The record in the bucket of `side`; `undefined` when there is none. Throws `MDR-CONTROL-INVALID`. */
export async function readControl(side: Side, deployment: Deployment): Promise<LoadedControl | undefined> {
  const key = keys.control(deployment.deployment);
  const object = await side.ports.objects.get(side.bucket, key);
  if (object === undefined) return undefined;
  const expected = { deployment: deployment.deployment, site: side.region };
  const record = parseControlRecord(object.body, `s3://${side.bucket}/${key}`, expected);
  return { record, etag: object.etag, date: object.date };
}

export type BothControls = readonly [Probe<LoadedControl | undefined>, Probe<LoadedControl | undefined>];

export async function readControls(world: World, deployment: Deployment): Promise<BothControls> {
  const [first, second] = bothSides(world, deployment);
  return Promise.all([probe(() => readControl(first, deployment)), probe(() => readControl(second, deployment))]);
}

export const loadedOf = (controls: BothControls): readonly LoadedControl[] =>
  controls.flatMap((control) => ('answer' in control && control.answer !== undefined ? [control.answer] : []));

/** The record that rules; throws `MDR-NOT-INSTALLED` when both could be asked and there is none, else `MDR-AWS-DARK`. */
export function requireRuling(deployment: Deployment, controls: BothControls): ControlRecord {
  const record = ruling(loadedOf(controls).map((loaded) => loaded.record));
  if (record !== undefined) return record;
  const faults = controls.flatMap((control) => ('fault' in control ? [control.detail] : []));
  throw new MdrError({
    code: faults.length === 0 ? 'MDR-NOT-INSTALLED' : 'MDR-AWS-DARK',
    message:
      faults.length === 0
        ? `${deployment.deployment} has no control record in either Region`
        : `no control record of ${deployment.deployment} could be read: ${faults.join('; ')}`,
    fix: faults.length === 0 ? 'Run the operation `install` first.' : 'Look at the credentials and at both Regions.',
    state: 'nothing was touched',
  });
}

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
  throw new MdrError({
    code: 'MDR-CONTROL-CONFLICT',
    message: `the control record in ${side.bucket} changed ${ATTEMPTS} times while we tried to write it`,
    fix: 'Look with `status` who else works on this deployment, then run again.',
  });
}

async function requireControl(side: Side, deployment: Deployment): Promise<LoadedControl> {
  const loaded = await readControl(side, deployment);
  if (loaded !== undefined) return loaded;
  throw new MdrError({
    code: 'MDR-NOT-INSTALLED',
    message: `there is no control record in ${side.bucket}`,
    fix: 'Run the operation `install` first.',
    state: 'nothing was touched',
  });
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
