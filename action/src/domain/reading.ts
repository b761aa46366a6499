import type { Debt } from './control-record.ts';
import type { Deployment } from './deployment.ts';
import { isUnusable, isUseless, silenceOf, statusOf, updatesSince } from './environment-change.ts';
import { isUsable } from './gate.ts';
import { bad, extraSignal, good, none, peerSignal, slotSignal, workSignal } from './signals.ts';
import type { ErrorCode } from './errors.ts';
import type { Unreadable } from './faults.ts';
import type { StoredBeat } from './heartbeat.ts';
import type { Reading, Signal } from './observation.ts';
import type { AirflowHealth, EnvironmentDescription, Work } from './ports.ts';
import { readSnapshotId } from './manifest.ts';
import type { Standing } from './standing.ts';
import { troubleOf } from './trouble.ts';
import type { StandingCase, Trouble } from './trouble.ts';
import { inWords, iso, millis } from './stored-json.ts';
import { UPDATE_DEADLINE } from './verdict.ts';

/** What one call to AWS brought: its answer, or why there is none. `error` is an answer that says nothing. */
export type Probe<T> =
  | { readonly answer: T }
  /** `code`: of our own error, when it was the content that could not be read. */
  | { readonly fault: Unreadable | 'error'; readonly detail: string; readonly code?: ErrorCode };

export interface Probes {
  readonly activeEnvironment: Probe<EnvironmentDescription | undefined>;
  /** `existed` only asked when there was no data. */
  readonly activeMetric: Probe<{ readonly sums: readonly (number | undefined)[]; readonly existed: boolean }>;
  readonly activeAirflow: Probe<AirflowHealth>;
  readonly activeStorage: Probe<unknown>;
  readonly activeIdentity: Probe<string>;
  readonly standbyEnvironment: Probe<EnvironmentDescription | undefined>;
  readonly standbyStorage: Probe<unknown>;
  readonly standbyIdentity: Probe<string>;
  /** What its REST API says of its DAGs. */
  readonly standbyAirflow: Probe<StandbyDags>;
  /** The active site's heartbeat in the standby's bucket. */
  readonly heartbeat: Probe<StoredBeat | undefined>;
  /** The standby's own heartbeat in its own bucket. */
  readonly standbyHeartbeat: Probe<StoredBeat | undefined>;
  /** Newest complete snapshot of the current lineage in the standby's bucket. */
  readonly snapshot: Probe<string | undefined>;
  /** `undefined`: not asked, since the canary's beats say enough. */
  readonly work: Probe<Work | undefined>;
  /** The values of `health.extraMetrics`, in its order. */
  readonly extraMetrics: Probe<readonly (readonly (number | undefined)[])[]>;
}

/** The standby's DAGs beside those of the newest snapshot. */
export interface StandbyDags {
  /** Why it could not take over with them, each a clause. */
  readonly reasons: readonly string[];
  /** Of the snapshot, those that it has not parsed. */
  readonly missing: readonly string[];
}

/** Whose clock a reading goes by; see `Reading`. */
export interface ReadingTime {
  readonly at: number;
  readonly clock: Reading['clock'];
}

/**
 * The reading that these probes add up to. `known`: who is active; `undefined` when no record could be read. `earlier`:
 * what all observers have read of the site.
 */
export function readingOf(
  deployment: Deployment,
  { at, clock }: ReadingTime,
  probes: Probes,
  known: StandingCase | undefined,
  earlier: readonly Reading[],
): Reading {
  const stale = staleAfter(deployment);
  const roles = known?.standing.roles ?? { active: 0, standby: 1 };
  const isDue = known !== undefined && isFirstBeatDue(deployment, known.standing, at);
  return {
    at: iso(at),
    clock,
    signals: {
      activeEnvironment: signal(probes.activeEnvironment, environmentSignal),
      activeMetric: signal(probes.activeMetric, metricSignal),
      activeAirflow: signal(probes.activeAirflow, airflowSignal),
      activeStorage: signal(probes.activeStorage, answers),
      activeIdentity: signal(probes.activeIdentity, answers),
      standbyEnvironment: signal(probes.standbyEnvironment, (found) => lastingSignal(found, known?.standing, at)),
      standbyStorage: signal(probes.standbyStorage, answers),
      standbyIdentity: signal(probes.standbyIdentity, answers),
      standbyAirflow: dagsSignal(probes),
      heartbeat: beatSignal(probes.heartbeat, known?.standing.beats[roles.active], stale),
      hold: standbySignal(probes, stale, isDue),
      snapshot: signal(probes.snapshot, (id) => snapshotSignal(id, at, deployment.objectives.rpoSeconds)),
      fence: fenceSignal(known?.standing.record.debts ?? []),
      role: known === undefined ? NOT_KNOWN : roleSignal(troubleOf(known)),
      work: signal(probes.work, (work) => workSignal(work, stale)),
      slots: signal(probes.work, slotSignal),
      extraMetrics: signal(probes.extraMetrics, (values) => extraSignal(deployment.health.extraMetrics, values)),
      activePeer: known === undefined ? none('nobody knows') : peerSignal(known, roles.active, stale),
      standbyPeer: known === undefined ? none('nobody knows') : peerSignal(known, roles.standby, stale),
    },
    status: statusOf(probes.activeEnvironment, at, earlier, known?.standing),
  };
}

/** A heartbeat older than this (milliseconds) is stale: a whole health period, and three beats missed. */
export const staleAfter = ({ health, canary }: Pick<Deployment, 'health' | 'canary'>): number =>
  Math.max(health.periodSeconds, 3 * canary.everySeconds) * 1000;

/** Which site is read is then only a guess, and how it is says nothing of the deployment. */
const NOT_KNOWN: Signal = {
  quality: 'dark',
  value: 'no control record could be read, so that nobody knows which site is active',
};

const answers = (): Signal => good('answers');

function signal<T>(probe: Probe<T>, read: (answer: T) => Signal): Signal {
  if ('answer' in probe) return read(probe.answer);
  return { quality: probe.fault === 'error' ? 'none' : probe.fault, value: probe.detail };
}

/** Milliseconds after which a site should have beaten once. */
const firstBeatWithin = (deployment: Deployment): number =>
  Math.max(staleAfter(deployment), (deployment.health.badPeriods + 1) * deployment.health.periodSeconds * 1000);

/** Whether its first beat is long due by the time (milliseconds). */
export const isFirstBeatDue = (deployment: Deployment, { record, recorded }: Standing, now: number): boolean =>
  recorded >= record.epoch && now - millis(record.activated.at) > firstBeatWithin(deployment);

function environmentSignal(environment: EnvironmentDescription | undefined): Signal {
  if (environment === undefined) return bad('there is no such environment');
  return isUnusable(environment) ? bad(environment.status) : good(environment.status);
}

/** One that says for hours that it is just being changed, and does not beat, is no standby. */
function lastingSignal(
  environment: EnvironmentDescription | undefined,
  standing: Standing | undefined,
  now: number,
): Signal {
  if (environment === undefined || standing === undefined) return environmentSignal(environment);
  const { standby } = standing.roles;
  if (!isUseless(environment, standing, standby, now)) return environmentSignal(environment);
  const is = `its environment is ${environment.status}`;
  if (isUnusable(environment)) return bad(is);
  const [silence, updates] = [silenceOf(standing, standby, environment, now), updatesSince(environment, now)];
  return bad(silence > UPDATE_DEADLINE ? `${is}, and silent for ${inWords(silence)}` : `${is} for ${inWords(updates)}`);
}

function metricSignal({ sums, existed }: { sums: readonly (number | undefined)[]; existed: boolean }): Signal {
  const beats = sums.map((sum) => sum ?? 'no data').join(', ');
  if (sums.some((sum) => sum !== undefined && sum >= 1)) return good(`SchedulerHeartbeat ${beats}`);
  if (sums.every((sum) => sum === undefined) && !existed) return none('SchedulerHeartbeat has had no data for 24 h');
  return bad(`SchedulerHeartbeat ${beats}`);
}

function airflowSignal({ scheduler, metadatabase, latestSchedulerHeartbeat: latest }: AirflowHealth): Signal {
  const since = latest === undefined ? '' : `, its last beat at ${iso(latest)}`;
  if (!metadatabase) return bad('Airflow says: metadata database unhealthy');
  return scheduler ? good('scheduler healthy') : bad(`Airflow says: scheduler unhealthy${since}`);
}

/**
 * The copy at the standby counts; but a fresh one is a sign of life wherever it is, and where the copy cannot be read the
 * one in the other bucket tells.
 */
function beatSignal(there: Probe<StoredBeat | undefined>, newest: StoredBeat | undefined, stale: number): Signal {
  const seen = signal(there, (beat) => heartbeatSignal(beat, stale));
  if (seen.quality === 'good' || newest === undefined) return seen;
  const own = heartbeatSignal(newest, stale);
  return 'answer' in there && own.quality === 'bad'
    ? seen
    : { ...own, value: `${own.value}, seen only in its own Region` };
}

function heartbeatSignal(beat: StoredBeat | undefined, stale: number): Signal {
  if (beat === undefined) return none('no heartbeat has ever arrived');
  const age = beat.ageMilliseconds;
  return (age > stale ? bad : good)(`last beat ${inWords(age)} ago`);
}

function holdSignal(beat: StoredBeat | undefined, stale: number, isDue: boolean): Signal {
  // Where a move looks for it, too.
  if (beat === undefined)
    return (isDue ? bad : none)('in its own bucket the standby has never beaten, so that nothing is known to hold it');
  const age = beat.ageMilliseconds;
  if (age > stale) return bad(`the standby is silent for ${inWords(age)}`);
  if (!beat.hold.installed || !beat.hold.held) return bad('the standby is not held: its user DAGs may run');
  if (beat.hold.liveUserRuns > 0) return bad(`${beat.hold.liveUserRuns} user run(s) are live on the held standby`);
  return good('held');
}

/** What is held may be something that every move would refuse all the same: it is said before the bad day. */
function standbySignal(
  { activeEnvironment, standbyEnvironment, standbyHeartbeat }: Probes,
  stale: number,
  isDue: boolean,
): Signal {
  const held = signal(standbyHeartbeat, (beat) => holdSignal(beat, stale, isDue));
  if (held.quality !== 'good') return held;
  const [here, there] = [steadyVersion(activeEnvironment), steadyVersion(standbyEnvironment)];
  if (here !== undefined && there !== undefined && here !== there)
    return bad(`the standby runs Airflow ${there}, the active site ${here}`);
  return held;
}

/** No move goes to an environment that is at work and whose REST API we cannot use, whatever the reason. */
function dagsSignal({ standbyAirflow, standbyEnvironment }: Probes): Signal {
  const isAtWork = 'answer' in standbyEnvironment && isUsable(standbyEnvironment.answer?.status ?? '');
  if ('fault' in standbyAirflow && isAtWork) return bad(`${standbyAirflow.fault}, ${standbyAirflow.detail}`);
  return signal(standbyAirflow, ({ reasons, missing }) => {
    if (reasons.length > 0) return bad(reasons.join('; '));
    return good(`lists its DAGs${missing.length === 0 ? '' : `, but ${missing.length} of the newest snapshot`}`);
  });
}

/** Of an environment that nobody is just changing. */
function steadyVersion(probe: Probe<EnvironmentDescription | undefined>): string | undefined {
  const environment = 'answer' in probe ? probe.answer : undefined;
  return environment !== undefined && isUsable(environment.status) ? environment.airflowVersion : undefined;
}

function snapshotSignal(id: string | undefined, now: number, rpoSeconds: number): Signal {
  const taken = id === undefined ? undefined : readSnapshotId(id);
  if (taken === undefined) return bad('UNPROTECTED: no snapshot of the current lineage at the standby');
  const age = now - taken.at;
  return (age > rpoSeconds * 1000 ? bad : good)(`newest snapshot ${inWords(age)} old, objective ${rpoSeconds} s`);
}

function fenceSignal(debts: readonly Debt[]): Signal {
  const owed = debts.map((debt) => `${debt.kind} of ${debt.site} since ${debt.since}`);
  return owed.length === 0 ? good('nothing owed') : bad(`unproven: ${owed.join(', ')}`);
}

function roleSignal(trouble: Trouble | undefined): Signal {
  if (trouble === undefined) return good('one site is active');
  const { kind, why } = trouble;
  if (kind === 'stopped') return bad(why);
  return kind === 'unclear' ? { quality: 'dark', value: why } : none(why);
}
