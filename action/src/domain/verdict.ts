import type { Reading, SignalName } from './observation.ts';
import { anyoneSees, holdsFor, is } from './rows.ts';
import type { Case, HealthPeriods, Predicate } from './rows.ts';
import { waitedFor } from './staying.ts';
import type { Strategy } from './staying.ts';
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

/** How long a site that says it is being updated is excused. MWAA calls 20 to 30 minutes typical, upgrades up to two hours. */
export const UPDATE_DEADLINE = 2 * 3_600_000;
const UPDATING = ['CREATING', 'UPDATING', 'MAINTENANCE', 'CREATING_SNAPSHOT', 'ROLLING_BACK'];

/**
 * The verdict on the active site; docs/health.md tells the rules. A signal that could not be read for lack of permission
 * or by throttling is evidence of nothing, and UNHEALTHY is said only after enough bad periods in a row, on which
 * independent vantage points agree and which nothing contradicts.
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
    schedulerDead(facts, latest) ??
    nothingStarts(facts, latest) ??
    alive(latest)
  );
}

const IDENTITY: readonly SignalName[] = ['activeIdentity', 'standbyIdentity'];
const credentialsLost: Predicate = (reading) => IDENTITY.every((name) => !is(reading, name, 'good'));

const STORAGE: readonly SignalName[] = ['activeStorage', 'standbyStorage'];
/** The services by which a Region shows that it is there. */
const REGION: readonly SignalName[] = ['activeEnvironment', 'activeMetric', 'activeStorage'];
/** Whatever else answers from there: good or bad, an answer is a sign of life. */
const ANSWERS: readonly SignalName[] = [...REGION, 'activeAirflow', 'activeIdentity', 'work', 'extraMetrics'];

const seesRegion: Predicate = (reading) =>
  ANSWERS.some((name) => is(reading, name, 'good', 'bad')) ||
  is(reading, 'heartbeat', 'good') ||
  // At each of its beats the standby reads the record in that Region: a way to it that is not ours.
  is(reading, 'standbyPeer', 'good');

const looksLost: Predicate = (reading) =>
  REGION.every((name) => is(reading, name, 'dark')) &&
  standbyAnswers(reading) &&
  is(reading, 'heartbeat', 'bad') &&
  !seesRegion(reading);

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

function updateRunning(facts: Case, latest: Reading): Verdict | undefined {
  const deadline = excusedUntil(latest);
  if (deadline === undefined || facts.now >= deadline) return undefined;
  return {
    key: 'DEGRADED',
    reason: `the environment is ${latest.status?.name ?? ''} since ${latest.status?.since ?? ''}, which excuses it until ${iso(deadline)}`,
    evidence: problems(latest),
    deadline: iso(deadline),
  };
}

/**
 * Milliseconds: from the last sign of life on; where only the scheduler shows one, from the last beat; where all is well,
 * from when it was first seen to change.
 */
export function excusedUntil({ status, signals }: Reading): number | undefined {
  if (status === null || !UPDATING.includes(status.name)) return undefined;
  const { since, life = since, beat = since } = status;
  const lives = LIFE.some((name) => signals[name].quality === 'good');
  const last = lives ? beat : life;
  return millis(signals.heartbeat.quality === 'good' ? since : last) + UPDATE_DEADLINE;
}

/** What is read under an excuse says nothing once that is over, either. */
const isExcused: Predicate = (reading) => millis(reading.at) < (excusedUntil(reading) ?? -Infinity);

/** A beat is written by a task that the scheduler started. */
const seesScheduler: Predicate = (reading) => is(reading, 'activeAirflow', 'good') || is(reading, 'heartbeat', 'good');

const agreesDead: Predicate = (reading) =>
  !isExcused(reading) &&
  is(reading, 'activeEnvironment', 'good', 'bad') &&
  (is(reading, 'heartbeat', 'bad') || is(reading, 'activeAirflow', 'bad')) &&
  !seesScheduler(reading);

/**
 * What the team measures itself counts beside another witness, and never against the scheduler's own metric; so does MWAA's
 * word that nothing runs in the environment, of which the metric has no data any more after a day.
 */
const metricsDead: Predicate = (reading) =>
  is(reading, 'activeMetric', 'bad') ||
  (!is(reading, 'activeMetric', 'good') &&
    (is(reading, 'extraMetrics', 'bad') || is(reading, 'activeEnvironment', 'bad')));

/** A metric alone spans enough whole periods; the second witness has to be seen through as many readings. */
function schedulerDead(facts: Case, latest: Reading): Verdict | undefined {
  if (!metricsDead(latest) || !holdsFor(facts, agreesDead, seesScheduler)) return undefined;
  if (anyoneSees(facts, (reading) => is(reading, 'activeMetric', 'good') || seesScheduler(reading))) return undefined;
  const witnesses: SignalName[] = ['activeMetric', 'heartbeat', 'activeAirflow', 'activeEnvironment'];
  return {
    key: 'UNHEALTHY(airflow)',
    reason: `the Region answers, but the scheduler has been dead for ${facts.periods.badPeriods} periods in a row`,
    evidence: lines(latest, is(latest, 'extraMetrics', 'bad') ? [...witnesses, 'extraMetrics'] : witnesses),
  };
}

const standsStill: Predicate = (reading) =>
  !isExcused(reading) &&
  is(reading, 'activeEnvironment', 'good', 'bad') &&
  is(reading, 'heartbeat', 'bad') &&
  is(reading, 'work', 'bad');

const seesWork: Predicate = (reading) => is(reading, 'heartbeat', 'good') || is(reading, 'work', 'good');

/** The workers are dead, or their queue: the scheduler may be well. */
function nothingStarts(facts: Case, latest: Reading): Verdict | undefined {
  if (!isAtAStandstill(facts)) return undefined;
  return {
    key: 'UNHEALTHY(airflow)',
    reason: `the Region answers, but tasks are due and nothing has started for ${facts.periods.badPeriods} periods in a row`,
    evidence: lines(latest, ['work', 'heartbeat', 'activeMetric', 'activeAirflow', 'activeEnvironment']),
  };
}

export const isAtAStandstill = (facts: Case): boolean =>
  holdsFor(facts, standsStill, seesWork) && !anyoneSees(facts, seesWork);

/** Three witnesses that the scheduler works, each from its own vantage point. */
export const LIFE: readonly SignalName[] = ['activeMetric', 'activeAirflow', 'heartbeat'];

function alive(latest: Reading): Verdict {
  const witnesses = LIFE.filter((name) => is(latest, name, 'good'));
  const wrong = problems(latest);
  const [first, ...more] = wrong;
  if (witnesses.length === 0) {
    return unknown('nothing shows that the scheduler works, and too little that it is dead', [latest]);
  }
  if (first !== undefined) {
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
    const reason = `the scheduler works by ${witnesses.length} of ${LIFE.length} witnesses, but ${first}${others}`;
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

/** Signals that most sites do not have, or that are only asked when there is a reason: that is no remark. */
const MAY_BE_NONE: readonly SignalName[] = [
  'activeMetric',
  'work',
  'slots',
  'extraMetrics',
  'activePeer',
  'standbyPeer',
];

/** What is not as it should be. */
const problems = (reading: Reading): readonly string[] =>
  lines(
    reading,
    (Object.keys(reading.signals) as SignalName[]).filter((name) => {
      const { quality } = reading.signals[name];
      return quality !== 'good' && !(quality === 'none' && MAY_BE_NONE.includes(name));
    }),
  );

/**
 * Whether more readings would change nothing. A remark about a site that lives, or is excused, is not waited for, unless
 * it becomes a finding by staying; but a heartbeat and the metric outlive the scheduler for a while, so that they count
 * only when, after `waited` milliseconds, they cannot be from before the waiting.
 */
export function isSettled(
  { key, deadline }: Verdict,
  latest: Reading,
  waited: number,
  {
    stale,
    periods,
    strategy,
  }: { readonly stale: number; readonly periods: HealthPeriods; readonly strategy: Strategy },
): boolean {
  // That a site cannot be seen which a move claimed is found by one look, and more do not change it.
  const isClaimed = is(latest, 'role', 'dark') && STORAGE.some((name) => is(latest, name, 'good'));
  if (key !== 'DEGRADED') return key !== 'UNKNOWN' || isClaimed;
  if (deadline !== undefined) return true;
  // Tasks may be due that nothing takes: whether it stays so takes more readings, however well the scheduler is.
  if (is(latest, 'work', 'bad') && !is(latest, 'heartbeat', 'good')) return false;
  const oneMore = (periods.badPeriods + 1) * periods.periodSeconds * 1000;
  if (waited < oneMore && waitedFor(latest, strategy).length > 0) return false;
  if (is(latest, 'activeAirflow', 'good')) return true;
  if (is(latest, 'activeAirflow', 'bad')) return false;
  // CloudWatch answers late, too.
  return (
    (waited >= stale && is(latest, 'heartbeat', 'good')) || (waited >= oneMore && is(latest, 'activeMetric', 'good'))
  );
}

/** Whether a reading alone, too little for a verdict, speaks against one that was given before it. */
export function contradicts(latest: Reading, before: VerdictKey): boolean {
  if (before === 'UNHEALTHY(region)') return seesRegion(latest);
  return before === 'UNHEALTHY(stopped)' ? is(latest, 'role', 'good') : seesScheduler(latest);
}
