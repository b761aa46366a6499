import { z } from 'zod';
import type { Deployment } from './deployment.ts';
import { instant, millis, parseStored, versioned } from './stored-json.ts';

/** `none`: there is nothing to read yet, which is evidence of nothing. */
const signal = z.object({
  quality: z.enum(['good', 'bad', 'none', 'denied', 'throttled', 'dark']),
  value: z.string(),
});

/** The signals of one reading, each from its own vantage point; see docs/formats.md and `verdict.ts`. */
export const SIGNALS = [
  'activeEnvironment',
  'activeMetric',
  'activeAirflow',
  'activeStorage',
  'activeIdentity',
  'standbyEnvironment',
  'standbyStorage',
  'standbyIdentity',
  'standbyAirflow',
  'heartbeat',
  'hold',
  'snapshot',
  'fence',
  'role',
  'work',
  'slots',
  'extraMetrics',
  'activePeer',
  'standbyPeer',
] as const;

/** A reading that an earlier release took has no answer to what was not yet asked. */
const asked = signal.default({ quality: 'none', value: 'not asked' });

const signals = z.object(Object.fromEntries(SIGNALS.map((name) => [name, asked])) as Record<SignalName, typeof asked>);

const reading = z.object({
  at: instant,
  /** Whose time `at` is: the one clock of all observers, or, when no S3 answered, that of the machine that asked. */
  clock: z.enum(['s3', 'runner']).default('runner'),
  signals,
  /**
   * GetEnvironment's status of the active site, since when it is that, when the site was last known to work before, and
   * its last beat; `null` when the status could not be read.
   */
  status: z.object({ name: z.string(), since: instant, life: instant.optional(), beat: instant.optional() }).nullable(),
});

const observations = z.object({ ...versioned, observer: z.string(), site: z.string(), readings: z.array(reading) });

export type SignalName = (typeof SIGNALS)[number];
export type Signal = Readonly<z.infer<typeof signal>>;
export type Reading = Readonly<z.infer<typeof reading>>;
/** The last readings that one observer took of one site: the memory of a one-shot check. */
export type Observations = Readonly<z.infer<typeof observations>>;

/** Of which all is kept; older ones only as far as a verdict may need them. */
const KEPT_READINGS = 20;
/** However often somebody looks, and whatever changes each time. */
const MOST_READINGS = 300;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseObservations = (body: Uint8Array, where: string): Observations =>
  parseStored(observations, body, where, 'MDR-CONTROL-INVALID');

type Periods = Pick<Deployment['health'], 'periodSeconds' | 'badPeriods'>;

/** Readings further apart than this (milliseconds) are not in a row; dark calls take their time, so there is a grace. */
export const maxGap = ({ periodSeconds }: Pick<Periods, 'periodSeconds'>): number => periodSeconds * 1500 + 30_000;

/** In the order of their time. */
export const together = (own: Observations, more: readonly Reading[], periods: Periods): Observations => ({
  ...own,
  readings: kept(
    [...own.readings, ...more].toSorted((a, b) => millis(a.at) - millis(b.at)),
    periods,
  ),
});

export const withReading = (before: Observations, next: Reading, periods: Periods): Observations => ({
  ...before,
  readings: kept([...before.readings, next], periods),
});

/**
 * The last readings, and as many before them as a verdict needs bad periods, however often somebody looks. Left out is what
 * says the same as the one kept before it and as the one that follows, where no gap opens thereby in a row of bad ones.
 */
function kept(readings: readonly Reading[], { periodSeconds, badPeriods }: Periods): Reading[] {
  const recent = readings.slice(-KEPT_READINGS);
  const older = readings.slice(0, -KEPT_READINGS);
  const newest = millis(readings.at(-1)?.at ?? '');
  const needed = (badPeriods + 2) * maxGap({ periodSeconds });
  const told: Reading[] = [];
  for (const [index, one] of older.entries()) {
    const next = readings[index + 1];
    const last = told.at(-1);
    const isAlone = last === undefined || saysOf(one) !== saysOf(last) || saysOf(one) !== saysOf(next ?? one);
    const isGap = millis(next?.at ?? one.at) - millis(last?.at ?? one.at) > periodSeconds * 1000;
    if (newest - millis(one.at) <= needed && (isAlone || isGap)) told.push(one);
  }
  return [...told, ...recent].slice(-MOST_READINGS);
}

const saysOf = ({ clock, signals, status }: Reading): string =>
  JSON.stringify([
    clock,
    SIGNALS.map((name) => signals[name].quality),
    signals.standbyEnvironment.value,
    status?.name,
    status?.since,
  ]);
