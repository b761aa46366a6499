import type { StoredBeat } from './heartbeat.ts';
import type { AirflowHealth, EnvironmentDescription } from './ports.ts';
import type { Probe } from './reading.ts';
import { isPassing } from './reconcile-follow.ts';

/** What was seen of a site in one look. */
export interface GateLook {
  readonly environment: EnvironmentDescription | undefined;
  readonly health: Probe<AirflowHealth>;
  /** The site's own beat in its own bucket; `undefined` = the DR DAGs have never run there. */
  readonly beat: Probe<StoredBeat | undefined>;
  /** How many DAG files Airflow cannot import; `undefined` = could not be read. */
  readonly importErrors: number | undefined;
  /** The same at the other site while no change can have broken that; `undefined` = nobody can say. */
  readonly importErrorsElsewhere?: number | undefined;
}

/**
 * The first signs of life that were read after the change. Only a newer one was surely given after it: so no clock of
 * ours is ever compared with Airflow's.
 */
export interface GateMarks {
  /** Milliseconds by Airflow's clock; 0 = the scheduler had not beaten. `undefined` = not read yet. */
  readonly scheduler: number | undefined;
  /** Time of the canary's beat; '' = there was none. `undefined` = not read yet. */
  readonly canary: string | undefined;
}

/** What a site has to show before the next one is touched. */
export interface GateTerms {
  readonly role: 'active' | 'standby';
  readonly marks: GateMarks;
  /** Import errors before the change; `undefined` = could not be read, or a new environment. */
  readonly importErrorsBefore: number | undefined;
  /** Whether it has new settings, or is only to prove that it could take over. */
  readonly wasChanged: boolean;
}

export const NO_MARKS: GateMarks = { scheduler: undefined, canary: undefined };

/** The marks, and what this look is the first to read. */
export const markedBy = (marks: GateMarks, { health, beat }: GateLook): GateMarks => ({
  scheduler: marks.scheduler ?? ('answer' in health ? (health.answer.latestSchedulerHeartbeat ?? 0) : undefined),
  canary: marks.canary ?? ('answer' in beat ? (beat.answer?.at ?? '') : undefined),
});

/** Why a condition does not hold; `undefined` = it holds. */
type Condition = (look: GateLook, terms: GateTerms) => string | undefined;

/** AVAILABLE says that machines run, not that Airflow works. Every condition has its row in the gate's tests. */
export const GATE_CONDITIONS = {
  status: ({ environment }, { wasChanged }) => {
    const status = environment?.status ?? 'missing';
    const works = wasChanged ? ['AVAILABLE'] : ['AVAILABLE', 'UPDATE_FAILED'];
    return works.includes(status) ? undefined : `the environment is ${status}`;
  },
  /** A site that was not changed runs with the settings from before an update that failed. */
  update: ({ environment }, { wasChanged }) => {
    if (!wasChanged) return undefined;
    const status = environment?.lastUpdate?.status ?? 'SUCCESS';
    return status === 'SUCCESS' ? undefined : `its last update is ${status}`;
  },
  health: (look, { marks }) => {
    const { health } = look;
    if ('fault' in health)
      return canaryVouches(look, marks) ? undefined : `Airflow's health cannot be read (${health.detail})`;
    if (!health.answer.metadatabase) return 'Airflow calls its metadata database unhealthy';
    return health.answer.scheduler ? undefined : 'Airflow calls its scheduler unhealthy';
  },
  schedulerBeat: ({ health }, { marks }) => {
    if ('fault' in health) return undefined;
    const latest = health.answer.latestSchedulerHeartbeat ?? 0;
    return marks.scheduler !== undefined && latest > marks.scheduler
      ? undefined
      : 'the scheduler has not beaten since the change';
  },
  canary: ({ beat }, { marks }) => {
    if ('fault' in beat) return `the canary's heartbeat cannot be read (${beat.detail})`;
    const isInstalled = beat.answer !== undefined || (marks.canary ?? '') !== '';
    return !isInstalled || isNewBeat(beat, marks) ? undefined : 'the canary has not beaten since the change';
  },
  hold: ({ beat }, { role }) => {
    if ('fault' in beat || beat.answer === undefined) return undefined;
    const { hold, dbAccess } = beat.answer;
    if (dbAccess === null) return 'the canary has no way into the metadata database';
    if (!hold.installed) return 'the hold is not in place';
    if (role === 'active') return hold.held ? 'the active site is held: none of its DAGs can run' : undefined;
    if (!hold.held) return 'the standby is not held: its DAGs could run';
    if (hold.unpausedUserDags === 0) return undefined;
    const named = hold.unpaused?.length ? `: ${hold.unpaused.join(', ')}` : '';
    return `${hold.unpausedUserDags} DAGs are unpaused at the standby${named}`;
  },
  importErrors: (look, { importErrorsBefore: before, marks }) => {
    const { importErrors, importErrorsElsewhere: elsewhere = 0 } = look;
    if (before === undefined) return undefined;
    if (importErrors === undefined)
      return canaryVouches(look, marks)
        ? undefined
        : `the import errors cannot be read; before the change there were ${before}`;
    if (importErrors <= Math.max(before, elsewhere)) return undefined;
    const there = elsewhere > before ? `, and at the other site it is ${elsewhere}` : '';
    return `${importErrors} DAG files cannot be imported; before the change it was ${before}${there}`;
  },
} as const satisfies Readonly<Record<string, Condition>>;

/** All that still speaks against the site; empty = it is well, and the next one may be touched. */
export const gateReasons = (look: GateLook, terms: GateTerms): readonly string[] =>
  Object.values(GATE_CONDITIONS).flatMap((condition: Condition) => condition(look, terms) ?? []);

/** Waiting changes nothing: there is no environment, or it is in a state that does not end by itself. */
export const isHopeless = ({ environment }: GateLook): boolean =>
  environment === undefined || !(isPassing(environment.status) || isUsable(environment.status));

/** An update that was given up leaves the site on its old settings. */
export const isUsable = (status: string): boolean => ['AVAILABLE', 'UPDATE_FAILED'].includes(status);

function isNewBeat(beat: GateLook['beat'], { canary }: GateMarks): boolean {
  return 'answer' in beat && beat.answer !== undefined && canary !== undefined && beat.answer.at > canary;
}

/**
 * A private web server takes InvokeRestApi from within its VPC only. A canary that has beaten since was scheduled, ran
 * and wrote to the database.
 */
function canaryVouches({ environment, beat }: GateLook, marks: GateMarks): boolean {
  const raw = environment?.raw as { WebserverAccessMode?: unknown } | undefined;
  return raw?.WebserverAccessMode === 'PRIVATE_ONLY' && isNewBeat(beat, marks);
}
