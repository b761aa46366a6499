import { z } from 'zod';
import type { Lease, Move } from './control-record.ts';
import type { Deployment } from './deployment.ts';
import type { DriftRecord } from './drift-record.ts';
import { permissionBy, standingFindings } from './standing-findings.ts';
import { readSnapshotId } from './manifest.ts';
import type { Observations } from './observation.ts';
import type { Probe } from './reading.ts';
import type { Finding, FleetFailure, Measured } from './results.ts';
import type { Standing } from './standing.ts';
import { instant, inWords, iso, millis, parseStored } from './stored-json.ts';
import type { StandingCase } from './trouble.ts';
import { judge } from './verdict.ts';
import type { VerdictKey } from './verdict.ts';

/** As much of a move's evidence as shows how long it took. */
const evidence = z.object({
  confirmedAt: instant,
  rto: z.object({ objectiveSeconds: z.number(), measuredSeconds: z.number().nullable() }),
});
export type Evidence = Readonly<z.infer<typeof evidence>>;

/** Throws `MDR-CONTROL-INVALID`. */
export const parseEvidence = (body: Uint8Array, where: string): Evidence =>
  parseStored(evidence, body, where, 'MDR-CONTROL-INVALID');

/** What is known of one deployment, all of it stored by others: nothing is asked of MWAA or Airflow. */
export interface FleetFacts {
  readonly deployment: Deployment;
  readonly file: string;
  readonly now: number;
  readonly standing: Standing;
  readonly reach: StandingCase['reach'];
  /** Why a control record could not be read, one line each. */
  readonly unreadableControls: readonly string[];
  /** Newest readings of the active site in the standby's bucket. */
  readonly observations: Probe<Observations | undefined>;
  /** Id of the newest snapshot of the current lineage at the standby. */
  readonly snapshot: Probe<string | undefined>;
  readonly evidence: Probe<Evidence | undefined>;
  readonly drift: Probe<DriftRecord | undefined>;
}

/** Worst first. `unprotected`: a loss of the Region now could not be recovered from, or has happened. */
export const FLEET_STATES = ['unprotected', 'attention', 'protected'] as const;
export type FleetState = (typeof FLEET_STATES)[number];

/** Something to look at, in words. */
export interface Concern {
  readonly state: Exclude<FleetState, 'protected'>;
  readonly text: string;
}

export interface FleetLine {
  readonly deployment: string;
  readonly file: string;
  readonly state: FleetState;
  /** Worst first. */
  readonly concerns: readonly Concern[];
  readonly active: string;
  readonly standby: string;
  /** Then `active` is the site that was so last. */
  readonly nobodyActive: boolean;
  readonly epoch: number;
  /** The verdict as its last check left it; `undefined` = never checked, or not readable. */
  readonly verdict: { readonly key: VerdictKey; readonly ageSeconds: number } | undefined;
  readonly rpo: Measured;
  /** Of the newest move; `undefined` = never proven, or not readable. */
  readonly rto: (Measured & { readonly at: string }) | undefined;
  readonly drift: Pick<DriftRecord, 'at' | 'fields' | 'since'> | undefined;
  readonly move: Pick<Move, 'id' | 'to' | 'step'> | undefined;
  readonly lease: Pick<Lease, 'holder' | 'purpose' | 'expiresAt'> | undefined;
}

export interface FleetStatusResult {
  readonly operation: 'fleet-status';
  readonly at: string;
  /** Worst first, then by name. */
  readonly deployments: readonly FleetLine[];
  /** Files or deployments of which nothing can be said. */
  readonly failures: readonly FleetFailure[];
}

export function fleetLine(facts: FleetFacts): FleetLine {
  const { deployment, standing } = facts;
  const { record, roles, move, lease } = standing;
  const verdict = lastVerdict(facts);
  const rpo = snapshotAge(facts);
  const rto = provenRto(facts);
  const concerns = [
    ...verdictConcerns(facts, verdict),
    ...snapshotConcerns(facts, rpo),
    ...standingConcerns(facts),
    ...rtoConcerns(facts, rto),
    ...driftConcerns(facts),
    ...facts.unreadableControls.map((text) => attention(`a control record could not be read: ${text}`)),
  ].toSorted((a, b) => rank(a.state) - rank(b.state));
  const drift = answered(facts.drift);
  return {
    deployment: deployment.deployment,
    file: facts.file,
    state: concerns[0]?.state ?? 'protected',
    concerns,
    active: deployment.sites[roles.active].region,
    standby: deployment.sites[roles.standby].region,
    nobodyActive: standing.nobodyActive,
    epoch: record.epoch,
    verdict,
    rpo,
    rto,
    drift: drift && { at: drift.at, fields: drift.fields, since: drift.since },
    move: move && { id: move.id, to: move.to, step: move.step },
    lease: lease && { holder: lease.holder, purpose: lease.purpose, expiresAt: lease.expiresAt },
  };
}

const rank = (state: FleetState): number => FLEET_STATES.indexOf(state);

export const worstFirst = (lines: readonly FleetLine[]): readonly FleetLine[] =>
  lines.toSorted(
    (a, b) =>
      rank(a.state) - rank(b.state) || b.concerns.length - a.concerns.length || (a.deployment < b.deployment ? -1 : 1),
  );

const attention = (text: string): Concern => ({ state: 'attention', text });
const unprotected = (text: string): Concern => ({ state: 'unprotected', text });
const answered = <T>(probe: Probe<T>): T | undefined => ('answer' in probe ? probe.answer : undefined);
const unreadable = (what: string, probe: Probe<unknown>): readonly Concern[] =>
  'fault' in probe ? [attention(`${what} could not be read: ${probe.detail}`)] : [];

/** As it was at the last reading: time that has passed since changes nothing in what was seen. */
function lastVerdict({ deployment, observations, now }: FleetFacts): FleetLine['verdict'] {
  const observer = answered(observations);
  const last = observer?.readings.at(-1);
  if (observer === undefined || last === undefined) return undefined;
  const at = millis(last.at);
  const { key } = judge({ periods: deployment.health, now: at, observer, others: [] });
  return { key, ageSeconds: Math.max(0, Math.round((now - at) / 1000)) };
}

/** Older than this (seconds), a verdict says little; GitHub's schedule alone may be hours late. */
const VERDICT_LASTS = 6 * 3_600;

function verdictConcerns({ observations }: FleetFacts, verdict: FleetLine['verdict']): readonly Concern[] {
  if ('fault' in observations) return unreadable('the last verdict', observations);
  if (verdict === undefined) return [attention('it was never checked')];
  const { key, ageSeconds } = verdict;
  const ago = `${inWords(ageSeconds * 1000)} ago`;
  return [
    ...(key.startsWith('UNHEALTHY') ? [unprotected(`it was ${key} ${ago}`)] : []),
    ...(key === 'DEGRADED' || key === 'UNKNOWN' ? [attention(`it was ${key} ${ago}`)] : []),
    ...(ageSeconds > VERDICT_LASTS ? [attention(`it was last checked ${ago}`)] : []),
  ];
}

function snapshotAge({ deployment, snapshot, now }: FleetFacts): Measured {
  const id = answered(snapshot);
  const taken = id === undefined ? undefined : readSnapshotId(id);
  return {
    objectiveSeconds: deployment.objectives.rpoSeconds,
    measuredSeconds: taken === undefined ? null : Math.max(0, Math.round((now - taken.at) / 1000)),
  };
}

function snapshotConcerns({ snapshot }: FleetFacts, { measuredSeconds, objectiveSeconds }: Measured) {
  if ('fault' in snapshot) return unreadable('the snapshots', snapshot);
  if (measuredSeconds === null) return [unprotected('there is no snapshot of the current lineage at the standby')];
  if (measuredSeconds <= objectiveSeconds) return [];
  return [attention(`the newest snapshot is ${inWords(measuredSeconds * 1000)} old`)];
}

function standingConcerns(facts: FleetFacts): readonly Concern[] {
  const { move, record } = facts.standing;
  const findings = standingFindings(facts, permissionBy(facts));
  const isUnderWay = move !== undefined && findings.length === 0;
  return [
    ...findings.map(({ message, command }) => unprotected(`${message}${leadsOn(command)}`)),
    ...(isUnderWay ? [attention(`a move to ${move.to} is under way, ${move.step}`)] : []),
    ...record.debts.map(({ kind, site, since }) => attention(`the ${kind} of ${site} is owed since ${since}`)),
  ];
}

function leadsOn(command: Finding['command']): string {
  if (command === undefined) return '';
  const { target = '', override } = command.inputs;
  return ` (${command.operation} with target ${target}${override === undefined ? '' : `, override ${override}`})`;
}

function provenRto({ deployment, evidence: found }: FleetFacts): FleetLine['rto'] {
  const proof = answered(found);
  if (proof === undefined) return undefined;
  const { measuredSeconds } = proof.rto;
  return { objectiveSeconds: deployment.objectives.rtoSeconds, measuredSeconds, at: proof.confirmedAt };
}

function rtoConcerns({ evidence: found }: FleetFacts, rto: FleetLine['rto']): readonly Concern[] {
  if ('fault' in found) return unreadable('the evidence of moves', found);
  if (rto?.measuredSeconds == null || rto.measuredSeconds <= rto.objectiveSeconds) return [];
  return [attention(`the last move took ${inWords(rto.measuredSeconds * 1000)}, longer than its objective`)];
}

/** Milliseconds. It is looked for four times a day; GitHub's schedule alone may leave some of them out. */
const DRIFT_LASTS = 24 * 3_600_000;

function driftConcerns({ drift, now }: FleetFacts): readonly Concern[] {
  if ('fault' in drift) return unreadable('the last drift check', drift);
  const found = drift.answer;
  if (found === undefined) return [attention('it was never compared with Git')];
  const age = now - millis(found.at);
  const fields = found.fields === 1 ? 'one field differs' : `${found.fields} fields differ`;
  return [
    ...(found.fields === 0 ? [] : [attention(`${fields} from Git since ${found.since ?? found.at}`)]),
    ...(age > DRIFT_LASTS ? [attention(`it was last compared with Git ${inWords(age)} ago`)] : []),
  ];
}

export const fleetStatus = (
  now: number,
  lines: readonly FleetLine[],
  failures: readonly FleetFailure[],
): FleetStatusResult => ({ operation: 'fleet-status', at: iso(now), deployments: worstFirst(lines), failures });
