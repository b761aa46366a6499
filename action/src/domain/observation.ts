import { z } from 'zod';
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
  /** GetEnvironment's status of the active site and since when it is that; `null` when it could not be read. */
  status: z.object({ name: z.string(), since: instant }).nullable(),
});

const observations = z.object({ ...versioned, observer: z.string(), site: z.string(), readings: z.array(reading) });

export type SignalName = (typeof SIGNALS)[number];
export type Signal = Readonly<z.infer<typeof signal>>;
export type Reading = Readonly<z.infer<typeof reading>>;
/** The last readings that one observer took of one site: the memory of a one-shot check. */
export type Observations = Readonly<z.infer<typeof observations>>;

const KEPT_READINGS = 20;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseObservations = (body: Uint8Array, where: string): Observations =>
  parseStored(observations, body, where, 'MDR-CONTROL-INVALID');

/** In the order of their time. */
export const together = (own: Observations, more: readonly Reading[]): Observations => ({
  ...own,
  readings: [...own.readings, ...more].toSorted((a, b) => millis(a.at) - millis(b.at)).slice(-KEPT_READINGS),
});

export const withReading = (before: Observations, next: Reading): Observations => ({
  ...before,
  readings: [...before.readings, next].slice(-KEPT_READINGS),
});
