import type { Unreadable } from '../../action/src/domain/faults.ts';
import type { SiteIndex } from '../../action/src/domain/deployment.ts';

/**
 * Control records as the DR DAGs read them (dags/mwaadr/core/rulings.py). Written anew and not taken from the action: the
 * two sides of the protocol must not share a mistake.
 */
export interface SeenRecord {
  /** As it counts: a claim that names no move counts as what was activated last. */
  readonly epoch: number;
  readonly phase: 'claimed' | 'activated';
  /** As it is written. */
  readonly rawEpoch: number;
  readonly activated: { readonly site: string | null; readonly epoch: number; readonly snapshot: string | null };
  readonly move: { readonly id: string; readonly epoch: number; readonly snapshot: string | null } | undefined;
  /** Id of the uninstall that it asks for. */
  readonly uninstall: string | undefined;
}

export interface RecordReading {
  readonly quality: 'good' | 'missing' | 'invalid' | Unreadable;
  /** Only with the quality `good`. */
  readonly record?: SeenRecord;
}

const LARGEST_EPOCH = 1_000_000;
export const LARGEST_LEAP = 1_000;

type Json = Readonly<Record<string, unknown>>;

/** What is said of the bytes of a record; `undefined` = there is no such object. */
export function readingOf(body: Uint8Array | undefined): RecordReading {
  if (body === undefined) return { quality: 'missing' };
  const record = seen(parsed(body));
  return record === undefined ? { quality: 'invalid' } : { quality: 'good', record };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
const isEpoch = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LARGEST_EPOCH;
const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

function seen(value: unknown): SeenRecord | undefined {
  if (!isObject(value) || !isObject(value['activated'])) return undefined;
  const { epoch, phase } = value;
  const { site, epoch: last, snapshot } = value['activated'];
  const activated = { site: textOrNull(site), epoch: last, snapshot: textOrNull(snapshot) };
  if (!isEpoch(epoch) || !isEpoch(activated.epoch) || epoch > activated.epoch + LARGEST_LEAP) return undefined;
  if (phase !== 'claimed' && phase !== 'activated') return undefined;
  if (activated.epoch > epoch || (phase === 'activated' && activated.epoch !== epoch)) return undefined;
  const uninstall = isObject(value['uninstall']) ? String(value['uninstall']['id']) : undefined;
  const known = { rawEpoch: epoch, activated: { ...activated, epoch: activated.epoch }, uninstall };
  const move = moveOf(value['move']);
  if (phase === 'activated' || move?.epoch === epoch) return { ...known, epoch, phase, move };
  return { ...known, epoch: activated.epoch, phase: 'activated', move: undefined };
}

function moveOf(value: unknown): SeenRecord['move'] {
  if (!isObject(value) || typeof value['id'] !== 'string' || !isEpoch(value['epoch'])) return undefined;
  return { id: value['id'], epoch: value['epoch'], snapshot: textOrNull(value['snapshot']) };
}

/**
 * What a site believes whose row is at this epoch (`undefined` = it has no row): a record that lies far above it is
 * damage, or somebody who wants to stop both sites.
 */
export const believed = (reading: RecordReading, row: number | undefined): RecordReading =>
  row !== undefined && (reading.record?.rawEpoch ?? 0) > row + LARGEST_LEAP ? { quality: 'invalid' } : reading;

/** By site. The highest epoch rules; of equal ones the record of the site that this epoch activates. */
export function rulingOf(readings: readonly [RecordReading, RecordReading]): SeenRecord | undefined {
  const [first, second] = [readings[0].record, readings[1].record];
  if (first === undefined || second === undefined) return first ?? second;
  if (first.epoch !== second.epoch) return first.epoch > second.epoch ? first : second;
  return readings[siteOf(first.epoch)].record;
}

/** Index of the site that an epoch activates. */
export const siteOf = (epoch: number): SiteIndex => (epoch % 2 === 0 ? 0 : 1);

/** The highest epoch up to `epoch` that is the other side's. */
export const othersUpTo = (epoch: number, here: SiteIndex): number => (siteOf(epoch) === here ? epoch - 1 : epoch);
