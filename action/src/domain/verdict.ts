import type { Observations, Reading, Signal, SignalName } from './observation.ts';
import { iso, millis } from './stored-json.ts';

export const VERDICT_KEYS = [
  'HEALTHY',
  'DEGRADED',
  'UNHEALTHY(region)',
  'UNHEALTHY(stopped)',
  'UNHEALTHY(airflow)',
  'UNKNOWN',
] as const;
export type VerdictKey = (typeof VERDICT_KEYS)[number];

export interface Verdict {
  readonly key: VerdictKey;
  /** Why, in one sentence. */
  readonly reason: string;
  /** One line a signal that speaks for the verdict. */
  readonly evidence: readonly string[];
  /** Until when a running update excuses the site; then the verdict is free again. */
  readonly deadline?: string;
}

export interface HealthPeriods {
  readonly periodSeconds: number;
  readonly badPeriods: number;
}

export interface Case {
  readonly periods: HealthPeriods;
  readonly now: number;
  /** The observer who asks, with the newest reading last. */
  readonly observer: Observations;
  readonly others: readonly Observations[];
}

/** How long a site that says it is being updated is excused. MWAA calls 20 to 30 minutes typical, upgrades up to two hours. */
const UPDATE_DEADLINE = 2 * 3_600_000;
const UPDATING = ['CREATING', 'UPDATING', 'MAINTENANCE', 'CREATING_SNAPSHOT', 'ROLLING_BACK'];

/**
 * The verdict on the active site. A signal that could not be read for lack of permission or by throttling is evidence
 * of nothing, and UNHEALTHY is said only after enough bad periods in a row, on which independent vantage points agree.
 */
export function judge(facts: Case): Verdict {
  const latest = facts.observer.readings.at(-1);
  if (latest === undefined) return unknown('no reading was taken', []);
  if (credentialsLost(latest)) {
    return unknown('STS knows us in neither Region: the trouble is with our credentials', [latest], IDENTITY);
  }
  return (
    regionLost(facts, latest) ??
    nobodyActive(latest) ??
    updateRunning(facts, latest) ??
    airflowDead(facts, latest) ??
    alive(latest)
  );
}

type Predicate = (reading: Reading) => boolean;

const is = (reading: Reading, name: SignalName, ...qualities: Signal['quality'][]): boolean =>
  qualities.includes(reading.signals[name].quality);

const IDENTITY: readonly SignalName[] = ['activeIdentity', 'standbyIdentity'];
const credentialsLost: Predicate = (reading) => IDENTITY.every((name) => !is(reading, name, 'good'));

/** The services by which a Region shows that it is there. */
const REGION: readonly SignalName[] = ['activeEnvironment', 'activeMetric', 'activeStorage'];

const looksLost: Predicate = (reading) =>
  REGION.every((name) => is(reading, name, 'dark')) && standbyAnswers(reading) && is(reading, 'heartbeat', 'bad');

const standbyAnswers: Predicate = (reading) =>
  is(reading, 'standbyStorage', 'good') &&
  (is(reading, 'standbyIdentity', 'good') || is(reading, 'standbyEnvironment', 'good'));

function regionLost(facts: Case, latest: Reading): Verdict | undefined {
  if (!holdsFor(facts, looksLost, seesRegion) || anyoneSees(facts, seesRegion)) return undefined;
  return {
    key: 'UNHEALTHY(region)',
    reason: `the Region is dark from outside and silent at the standby for ${facts.periods.badPeriods} periods in a row`,
    evidence: lines(latest, [...REGION, 'heartbeat', 'standbyStorage', 'standbyIdentity']),
  };
}

/** Records and heartbeats are read whole and are no measurement: one reading is enough. */
function nobodyActive(latest: Reading): Verdict | undefined {
  const { role } = latest.signals;
  if (role.quality === 'dark') return unknown(role.value, [latest]);
  if (role.quality !== 'bad') return undefined;
  return { key: 'UNHEALTHY(stopped)', reason: role.value, evidence: lines(latest, ['role', ...LIFE, 'hold']) };
}

const seesRegion: Predicate = (reading) =>
  REGION.some((name) => is(reading, name, 'good', 'bad')) || is(reading, 'heartbeat', 'good');

function updateRunning(facts: Case, latest: Reading): Verdict | undefined {
  const { status } = latest;
  if (status === null || !UPDATING.includes(status.name)) return undefined;
  const deadline = millis(status.since) + UPDATE_DEADLINE;
  if (facts.now >= deadline) return undefined;
  return {
    key: 'DEGRADED',
    reason: `the environment is ${status.name} since ${status.since}, which excuses it until ${iso(deadline)}`,
    evidence: problems(latest),
    deadline: iso(deadline),
  };
}

const seesScheduler: Predicate = (reading) =>
  is(reading, 'activeAirflow', 'good') || (is(reading, 'heartbeat', 'good') && !is(reading, 'activeAirflow', 'bad'));

const agreesDead: Predicate = (reading) =>
  is(reading, 'activeEnvironment', 'good', 'bad') &&
  (is(reading, 'heartbeat', 'bad') || is(reading, 'activeAirflow', 'bad')) &&
  !is(reading, 'activeAirflow', 'good');

/** The metric alone spans enough whole periods; the second witness has to be seen through as many readings. */
function airflowDead(facts: Case, latest: Reading): Verdict | undefined {
  if (!is(latest, 'activeMetric', 'bad') || !holdsFor(facts, agreesDead, seesScheduler)) return undefined;
  if (anyoneSees(facts, (reading) => is(reading, 'activeMetric', 'good') || is(reading, 'activeAirflow', 'good'))) {
    return undefined;
  }
  return {
    key: 'UNHEALTHY(airflow)',
    reason: `the Region answers, but the scheduler has been dead for ${facts.periods.badPeriods} periods in a row`,
    evidence: lines(latest, ['activeMetric', 'heartbeat', 'activeAirflow', 'activeEnvironment']),
  };
}

/** Three witnesses that the scheduler works, each from its own vantage point. */
const LIFE: readonly SignalName[] = ['activeMetric', 'activeAirflow', 'heartbeat'];

function alive(latest: Reading): Verdict {
  const witnesses = LIFE.filter((name) => is(latest, name, 'good'));
  const wrong = problems(latest);
  if (witnesses.length === 0) {
    return unknown('nothing shows that the scheduler works, and too little that it is dead', [latest]);
  }
  if (wrong.length > 0) {
    const reason = `the scheduler works by ${witnesses.length} of ${LIFE.length} witnesses, with ${wrong.length} remark(s)`;
    return { key: 'DEGRADED', reason, evidence: wrong };
  }
  if (witnesses.length < 2) {
    return { key: 'DEGRADED', reason: 'only one witness says that the scheduler works', evidence: lines(latest, LIFE) };
  }
  return { key: 'HEALTHY', reason: 'the scheduler works, and the standby is ready', evidence: lines(latest, LIFE) };
}

const unknown = (reason: string, readings: readonly Reading[], names?: readonly SignalName[]): Verdict => ({
  key: 'UNKNOWN',
  reason,
  evidence: readings.flatMap((reading) => (names === undefined ? problems(reading) : lines(reading, names))),
});

const lines = (reading: Reading, names: readonly SignalName[]): readonly string[] =>
  names.map((name) => `${name}: ${reading.signals[name].quality}, ${reading.signals[name].value}`);

/** What is not as it should be. A metric that never existed is no remark: young environments have none. */
const problems = (reading: Reading): readonly string[] =>
  lines(
    reading,
    (Object.keys(reading.signals) as SignalName[]).filter(
      (name) => !is(reading, name, 'good') && !(name === 'activeMetric' && is(reading, name, 'none')),
    ),
  );

/** Readings further apart than this (milliseconds) are not in a row; dark calls take their time, so there is a grace. */
const maxGap = ({ periodSeconds }: HealthPeriods): number => periodSeconds * 1500 + 30_000;

/** Whether it is so now, and some observer saw it so through enough periods in a row. */
function holdsFor(facts: Case, predicate: Predicate, contradicts: Predicate): boolean {
  const latest = facts.observer.readings.at(-1);
  if (latest === undefined || !predicate(latest)) return false;
  return [facts.observer, ...facts.others].some(({ readings }) => inARow(facts, readings, predicate, contradicts));
}

/** A reading that saw neither the one nor the other is passed over, as long as no gap opens between the others. */
function inARow(
  { periods, now }: Case,
  readings: readonly Reading[],
  predicate: Predicate,
  contradicts: Predicate,
): boolean {
  const seen: number[] = [];
  for (const reading of readings.toReversed()) {
    const at = millis(reading.at);
    if (contradicts(reading) || (seen.at(-1) ?? now) - at > maxGap(periods)) break;
    if (predicate(reading)) seen.push(at);
  }
  const [newest, oldest] = [seen[0], seen.at(-1)];
  if (newest === undefined || oldest === undefined || seen.length < periods.badPeriods) return false;
  return newest - oldest >= (periods.badPeriods - 1) * periods.periodSeconds * 1000;
}

/** Whether another observer's newest reading, taken within the last period, contradicts. */
const anyoneSees = ({ periods, now, others }: Case, predicate: Predicate): boolean =>
  others.some(({ readings }) => {
    const newest = readings.at(-1);
    return newest !== undefined && now - millis(newest.at) <= periods.periodSeconds * 1000 && predicate(newest);
  });

/**
 * Whether more readings would not change the verdict. A remark about a site that lives, or is excused, is not waited
 * for; but a heartbeat and the metric outlive the scheduler for a while, so that they count only when, after `waited`
 * milliseconds, they cannot be from before the waiting.
 */
export function isSettled(
  { key, deadline }: Verdict,
  latest: Reading,
  waited: number,
  { stale, periods }: { readonly stale: number; readonly periods: HealthPeriods },
): boolean {
  if (key !== 'DEGRADED') return key !== 'UNKNOWN';
  if (deadline !== undefined || is(latest, 'activeAirflow', 'good')) return true;
  if (is(latest, 'activeAirflow', 'bad')) return false;
  const metricLags = (periods.badPeriods + 1) * periods.periodSeconds * 1000;
  return (
    (waited >= stale && is(latest, 'heartbeat', 'good')) || (waited >= metricLags && is(latest, 'activeMetric', 'good'))
  );
}

/** Whether a reading alone, too little for a verdict, speaks against one that was given before it. */
export const contradicts = (latest: Reading, before: VerdictKey): boolean =>
  before === 'UNHEALTHY(region)' ? seesRegion(latest) : seesScheduler(latest);
