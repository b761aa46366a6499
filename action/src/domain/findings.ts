import type { Deployment, SiteIndex } from './deployment.ts';
import { otherSite } from './deployment.ts';
import type { StoredBeat } from './heartbeat.ts';
import { readSnapshotId } from './manifest.ts';
import type { Manifest } from './manifest.ts';
import type { OtherDatabase } from './other-database.ts';
import { permissionOf } from './move-permission.ts';
import type { Reading, SignalName } from './observation.ts';
import { isOurDag } from './names.ts';
import { isFirstBeatDue, staleAfter } from './reading.ts';
import type { Probe } from './reading.ts';
import type { Finding } from './results.ts';
import { is } from './rows.ts';
import type { Case } from './rows.ts';
import { firstOf, newMoveTo, standingFindings, standingNotes } from './standing-findings.ts';
import type { Life } from './standing-findings.ts';
import type { Standing } from './standing.ts';
import { inWords, millis } from './stored-json.ts';
import { runOf, troubleOf } from './trouble.ts';
import type { StandingCase } from './trouble.ts';
import { worksOn } from './debt-findings.ts';
import { staying } from './staying.ts';
import { isAtAStandstill } from './verdict.ts';
import type { Verdict } from './verdict.ts';

/** All that a check knows when its verdict is given. */
export interface FindingFacts extends StandingCase {
  readonly verdict: Verdict;
  readonly seen: Case;
  /** Id of the newest complete snapshot of the current lineage at the standby; `undefined` = there is none. */
  readonly snapshot: Probe<string | undefined>;
  /** Of that snapshot, or of the active site's own where the standby has none; `undefined` = not read, or none. */
  readonly lastPauses: Manifest['pauseSet'] | undefined;
  /**
   * What moves have paused by REST at the active site since it became that, or before by the snapshot that it was made
   * of, whatever snapshots say by now.
   */
  readonly ourPauses: readonly string[];
  /** Where more of that may stand: the Region whose bucket could not be read. */
  readonly pausesUnread: string | undefined;
  /** User DAGs of the newest snapshot that the standby has not parsed. */
  readonly notThere: readonly string[];
  /** Whether the active site's fresh heartbeat lies at the standby, too, or nobody can tell. */
  readonly hasCopy: boolean;
  /** Of both sites, whether MWAA says that their environment cannot be used. */
  readonly useless: readonly [boolean, boolean];
  /** What the active site has taken of a database that was made anew. */
  readonly other: OtherDatabase | undefined;
}

/** What somebody has to act on, and what is worth a line. */
export interface Found {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

export function findingsOf(facts: FindingFacts): Found {
  const { deployment, standing, verdict, seen } = facts;
  const pauses = ofPauses(facts);
  const stays = staying(seen, deployment.strategy);
  return {
    findings: [
      ...standingFindings(facts, permissionOf(verdict.key, 'manual'), lifeOf(verdict), facts.useless),
      ...twoActive(facts),
      ...ofOtherDatabase(facts),
      ...(verdict.key === 'UNHEALTHY(airflow)' && isAtAStandstill(seen) ? [nothingRuns(facts)] : []),
      ...ofCanaries(facts, stays),
      ...ofProtection(facts),
      ...ofMissingDags(facts),
      ...pauses.findings,
      ...(stays.includes('activePeer')
        ? [peerUnreadable(deployment, standing.roles.active, 'a move away from it would not stop its DAGs')]
        : []),
      ...(stays.includes('standbyPeer')
        ? [peerUnreadable(deployment, standing.roles.standby, 'it could not take over')]
        : []),
    ],
    notes: [...standingNotes(facts), ...pauses.notes, ...notThereNotes(facts), ...noCopyNotes(facts)],
  };
}

function lifeOf({ key }: Verdict): Life {
  if (key === 'UNHEALTHY(region)' || key === 'UNHEALTHY(airflow)') return 'dead';
  return key === 'HEALTHY' || key === 'DEGRADED' ? 'alive' : 'unknown';
}

/** A side that lost says of itself that it is active, longer than its canary needs to hear of it. */
function twoActive({ deployment, standing }: FindingFacts): readonly Finding[] {
  const { record, recorded, roles, beats } = standing;
  const beat = beats[roles.standby];
  const stale = staleAfter(deployment);
  if (runOf(standing) !== undefined || record.phase !== 'activated' || beat?.role !== 'active') return [];
  // A heartbeat that taught of the activation does not know when that was.
  const since = recorded < record.epoch ? -Infinity : millis(record.activated.at) + stale;
  const isLate = millis(beat.at) > since && beat.ageMilliseconds <= stale;
  return isLate ? [worksOn(deployment, standing, 'its own heartbeat says that it is active')] : [];
}

/** The good snapshots are older than what looks newest, and what is lost grows with every hour that nobody moves. */
function ofOtherDatabase(facts: FindingFacts): readonly Finding[] {
  const { deployment, standing, verdict, other } = facts;
  if (other === undefined || troubleOf(facts) !== undefined) return [];
  const { active, standby } = standing.roles;
  const [from, to] = [deployment.sites[active].region, deployment.sites[standby].region];
  const permission = permissionOf(verdict.key, 'manual');
  const message = `the database of ${from} was made anew at ${other.since}, and is not the one of the snapshots before: no move restores what was taken of it since. Move to ${to}: that restores ${other.last}, the last one before. To go on with the new database instead, give that move \`snapshot: ${other.newest}\``;
  const command = newMoveTo(facts, standby, `the database of ${from} was made anew`, permission);
  return [{ name: 'database-replaced', message, command }];
}

/** The active site's beat, when it says that no DAG of the user may run although there are some. */
export function allPausedBeat(deployment: Deployment, { beats, roles }: Standing): StoredBeat | undefined {
  const beat = beats[roles.active];
  if (beat?.role !== 'active' || beat.ageMilliseconds > staleAfter(deployment)) return undefined;
  return beat.hold.unpausedUserDags === 0 && beat.hold.userDags !== 0 ? beat : undefined;
}

/** A team may pause everything; but when something was running at the newest snapshot, somebody should have meant it. */
function ofPauses(facts: FindingFacts): Found {
  const { deployment, standing, lastPauses, ourPauses, pausesUnread } = facts;
  const isMoved = troubleOf(facts) !== undefined;
  // A side that a move leaves is paused by it, and is not to be unpaused.
  if (isMoved || allPausedBeat(deployment, standing) === undefined) return { findings: [], notes: [] };
  const { region, environment } = deployment.sites[standing.roles.active];
  const paused = `all DAGs of yours in ${region} are paused`;
  const unpause = `unpause them in Airflow of ${environment}, unless they were paused on purpose`;
  // One without a file is found as such, and cannot be unpaused.
  const withoutFile = new Set(standing.beats[standing.roles.active]?.late?.dags);
  const withFile = (dagIds: readonly string[]) => dagIds.filter((dagId) => !withoutFile.has(dagId));
  const byMoves = withFile(ourPauses);
  if (byMoves.length > 0) {
    const message = `${paused}, ${byMoves.length} of them by a move that did not come to its end (${firstOf(byMoves)}): ${unpause}`;
    return { findings: [{ name: 'all-paused', message }], notes: [] };
  }
  const ran = withFile(lastPauses?.unpaused ?? []).filter((dagId) => !isOurDag(dagId));
  if (ran.length === 0 && pausesUnread !== undefined) {
    const message = `${paused}, and whether a move did that cannot be read, since the bucket in ${pausesUnread} does not answer: ${unpause}`;
    return { findings: [{ name: 'all-paused', message }], notes: [] };
  }
  if (lastPauses === undefined) return { findings: [], notes: [] };
  if (ran.length === 0) return { findings: [], notes: [`${paused}, as they were at the newest snapshot`] };
  const were = ran.length === 1 ? 'one was not' : `${ran.length} were not`;
  const message = `${paused}, though ${were} at the newest snapshot (${firstOf(ran)}): ${unpause}`;
  return { findings: [{ name: 'all-paused', message }], notes: [] };
}

/**
 * DAGs that worked before the move, and whose files have not come after it: red long enough to be seen, and no longer,
 * since a team may have retired them with it. A heartbeat that taught of the activation does not know when that was.
 */
function ofMissingDags(facts: FindingFacts): readonly Finding[] {
  const { record, recorded, roles, beats } = facts.standing;
  const beat = beats[roles.active];
  if (beat?.role !== 'active' || beat.late === undefined || beat.late.unpausedTotal === 0) return [];
  if (troubleOf(facts) !== undefined || recorded < record.epoch) return [];
  const stale = staleAfter(facts.deployment);
  const since = millis(beat.at) - millis(record.activated.at);
  if (beat.ageMilliseconds > stale || since <= stale || since > DAY) return [];
  const { region, environment, dagsBucket, dagsPath } = facts.deployment.sites[roles.active];
  const { unpausedTotal: total, unpaused } = beat.late;
  const what = total === 1 ? 'one DAG of before the move does' : `${total} DAGs of before the move do`;
  const message = `${what} not run in ${region}, since no file there can be parsed for it (${firstOf(unpaused, total)}): look at the import errors in Airflow of ${environment}, and at s3://${dagsBucket}/${dagsPath}. A DAG that is parsed goes on by itself, with its runs. For one that you have retired do nothing: this is red for one day only`;
  return [{ name: 'dags-missing', message }];
}

const DAY = 24 * 3_600_000;

/** Once the Region is silent, nobody can tell from outside whether it lives. */
function noCopyNotes({ deployment, standing: { beats, roles }, hasCopy }: FindingFacts): readonly string[] {
  const beat = beats[roles.active];
  if (hasCopy || beat === undefined || beat.ageMilliseconds > staleAfter(deployment)) return [];
  const [active, standby] = [deployment.sites[roles.active], deployment.sites[roles.standby]];
  return [
    `the heartbeat of ${active.region} does not come to ${standby.region}: once that Region is dark, no verdict says that it is lost. Let the execution role of ${active.environment} write to both DR buckets`,
  ];
}

/** A move would leave them without a file. That none is there is a finding. */
function notThereNotes({ deployment, standing, notThere }: FindingFacts): readonly string[] {
  if (notThere.length === 0) return [];
  const { region } = deployment.sites[standing.roles.standby];
  const what = notThere.length === 1 ? 'one DAG' : `${notThere.length} DAGs`;
  return [
    `${what} of the newest snapshot ${notThere.length === 1 ? 'is' : 'are'} not parsed in ${region} (${firstOf(notThere)}): after a move nothing would run for ${notThere.length === 1 ? 'it' : 'them'}`,
  ];
}

/** Whoever cannot read the record goes on after a move that it does not hear of. */
function peerUnreadable({ sites }: Deployment, site: SiteIndex, so: string): Finding {
  const [own, other] = [sites[site], sites[otherSite(site)]];
  return {
    name: 'peer-unreadable',
    message: `${own.region} cannot read its control records, although we can, so that ${so}: look at the way from its network to S3 in ${own.region} and ${other.region}, and at its execution role`,
  };
}

function nothingRuns(facts: FindingFacts): Finding {
  const { deployment, standing, verdict, seen } = facts;
  const { region, environment } = deployment.sites[standing.roles.active];
  const work = seen.observer.readings.at(-1)?.signals.work.value ?? '';
  const permission = permissionOf(verdict.key, 'manual');
  return {
    name: 'nothing-runs',
    message: `tasks are due in ${region}, and none starts (${work}): look at the workers of ${environment} first, and move if they cannot be brought back`,
    command: newMoveTo(facts, standing.roles.standby, `no task starts in ${region}`, permission),
  };
}

/** A canary that is silent can neither stop its site nor let it take over; why it is, is said where that is known. */
function ofCanaries(facts: FindingFacts, stays: readonly SignalName[]): readonly Finding[] {
  const { deployment, standing, verdict, seen } = facts;
  const latest = seen.observer.readings.at(-1);
  const { environment, region } = deployment.sites[standing.roles.active];
  const findings: Finding[] = [];
  if (stays.includes('slots')) findings.push(drWaits(facts));
  else if (stays.includes('heartbeat') && isSilent(facts, latest) && lifeOf(verdict) === 'alive')
    findings.push({
      name: 'canary-silent',
      message: `the canary of ${region} is silent (${latest?.signals.heartbeat.value ?? ''}) though its Airflow works: nothing would stop its DAGs in a move. Look at mwaadr_canary in Airflow of ${environment}: whether it is paused, and why its last run failed`,
    });
  const wrong = STANDBY.filter((name) => stays.includes(name)).map((name) => latest?.signals[name].value ?? '');
  if (wrong.length > 0) findings.push(standbyUnready(facts, wrong.join('; ')));
  return findings;
}

/** By a beat that is old, or, long after there should have been the first, by none in a bucket that answers. */
function isSilent({ deployment, standing, reach, seen }: FindingFacts, latest: Reading | undefined): boolean {
  const { active } = standing.roles;
  const never = standing.beats[active] === undefined && reach[active] === 'there';
  if (latest !== undefined && is(latest, 'heartbeat', 'bad')) return true;
  return never && isFirstBeatDue(deployment, standing, seen.now);
}

/** What tells whether the standby could take over. */
const STANDBY = [
  'standbyStorage',
  'standbyEnvironment',
  'standbyAirflow',
  'hold',
] as const satisfies readonly SignalName[];

function standbyUnready({ deployment, standing }: FindingFacts, why: string): Finding {
  const { environment, region } = deployment.sites[standing.roles.standby];
  return {
    name: 'standby-unready',
    message: `${region} is not ready to take over (${why}): put that right at ${environment}. If its canary is silent, look at mwaadr_canary in Airflow of ${environment}, whether it is paused, and why its last run failed`,
  };
}

/**
 * Work is done, and nothing of it has been saved for several objectives, and for longer than a change of an environment
 * takes: then it is not just late. Why no task of ours runs at all, or what is taken is nobody's, is found by itself.
 */
function ofProtection({
  deployment,
  standing,
  verdict,
  seen,
  snapshot,
  other,
  ...facts
}: FindingFacts): readonly Finding[] {
  const latest = seen.observer.readings.at(-1);
  const { record, recorded, roles } = standing;
  if (latest === undefined || !('answer' in snapshot) || !is(latest, 'heartbeat', 'good') || other) return [];
  if (lifeOf(verdict) !== 'alive' || troubleOf({ deployment, standing, ...facts }) !== undefined) return [];
  // What taught of the activation does not know when that was.
  if (snapshot.answer === undefined && recorded < record.epoch) return [];
  const taken = snapshot.answer === undefined ? undefined : readSnapshotId(snapshot.answer)?.at;
  const age = seen.now - (taken ?? millis(record.activated.at));
  if (age <= Math.max(MISSED * deployment.objectives.rpoSeconds * 1000, AT_LEAST)) return [];
  const [active, standby] = [deployment.sites[roles.active], deployment.sites[roles.standby]];
  const what =
    taken === undefined
      ? `no snapshot of ${active.region} has come to ${standby.region} since it became active ${inWords(age)} ago`
      : `the newest snapshot in ${standby.region} is ${inWords(age)} old`;
  const message = `${what}, the objective is ${inWords(deployment.objectives.rpoSeconds * 1000)}: a move would lose all work since. Look at mwaadr_snapshot in Airflow of ${active.environment}, whether it is paused and why its last run failed, then at the replication from ${active.region}`;
  return [{ name: 'unprotected', message }];
}

/** Objectives, and milliseconds. */
const [MISSED, AT_LEAST] = [3, 3 * 3_600_000];

/** With every slot taken there is no beat, no snapshot and no fence, for as long as the tasks take that have them. */
function drWaits({ deployment, standing, seen }: FindingFacts): Finding {
  const { region, environment } = deployment.sites[standing.roles.active];
  const why = seen.observer.readings.at(-1)?.signals.slots.value ?? '';
  return {
    name: 'dr-waits',
    message: `DR tasks in ${region} wait for a worker (${why}): until one is free there is no heartbeat, no new snapshot, and nothing that stops its DAGs. Give ${environment} more or larger workers, or let fewer tasks run at once`,
  };
}
