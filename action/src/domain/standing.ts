import { ruling } from './epoch.ts';
import { LARGEST_LEAP, stepNumber } from './control-record.ts';
import type { ControlRecord, Lease, Lineage, Move } from './control-record.ts';
import { siteOfEpoch } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import type { StoredBeat } from './heartbeat.ts';
import { beginnings } from './first-record.ts';
import { leaseRuns } from './lease.ts';
import { readSnapshotId } from './manifest.ts';
import type { EpochBounds, Manifest } from './manifest.ts';
import { rolesOf } from './roles.ts';
import type { Roles } from './roles.ts';
import { iso, millis } from './stored-json.ts';

/** A control record, and S3's clock (milliseconds) when it was read. */
export interface DatedRecord {
  readonly record: ControlRecord;
  readonly date: number;
}

/** All that tells who is active, as far as it could be read. */
export interface StandingFacts {
  readonly deployment: Deployment;
  readonly records: readonly DatedRecord[];
  /** Copies from both buckets, of both sites. */
  readonly beats: readonly StoredBeat[];
  /** What snapshots of any bucket prove. */
  readonly snapshots: readonly ProvenLineage[];
}

/** A site was active in this epoch at that time: only an active site takes snapshots. */
export type ProvenLineage = Lineage & { readonly at: string };

/** What a snapshot proves by its manifest: nothing, unless that agrees with the id about who took it in which epoch. */
export function provenBy({ sites }: Deployment, { id, lineage }: Manifest): ProvenLineage | undefined {
  const named = readSnapshotId(id);
  if (named?.epoch !== lineage.epoch || sites[siteOfEpoch(lineage.epoch)].region !== lineage.site) return undefined;
  return { ...lineage, at: iso(named.at) };
}

/** Who is active, and what is under way: the one answer that every operation goes by. */
export interface Standing {
  /** The ruling record, with what heartbeats and snapshots prove beyond it. */
  readonly record: ControlRecord;
  /** By the last activation: while a move is claimed and not yet activated, still the side that it leaves. */
  readonly roles: Roles;
  /** The highest epoch seen anywhere, also in a claim that counts for nothing. */
  readonly highest: number;
  /** The epoch that the control records name, without what heartbeats and snapshots prove. */
  readonly recorded: number;
  /** The move under way, claimed or only planned; one below the ruling epoch is dead and not here. */
  readonly move: Move | undefined;
  /** Whether that move has passed its point of no return. */
  readonly isClaimed: boolean;
  /** A lease of either record that still runs. */
  readonly lease: Lease | undefined;
  /** The newest heartbeat of each site, whichever bucket held it. */
  readonly beats: readonly [StoredBeat | undefined, StoredBeat | undefined];
  /** The site that should be active says itself that it is a standby: no DAG of the user runs anywhere. */
  readonly nobodyActive: boolean;
}

/** `undefined` when there is no record to go by. */
export function standingOf(all: StandingFacts): Standing | undefined {
  const { deployment, records } = all;
  const ruler = rulerOf(all);
  if (ruler === undefined) return undefined;
  const facts = believed(all, ruler);
  const record = taught(ruler, facts);
  const roles = rolesOf(deployment, record);
  const move = moveUnderWay(facts, record);
  const beats = [newestBeat(facts, 0), newestBeat(facts, 1)] as const;
  return {
    record,
    roles,
    highest: Math.max(record.epoch, ...epochsSeen(facts)),
    recorded: ruler.epoch,
    move,
    isClaimed: move !== undefined && move.epoch <= record.epoch,
    lease: records.map(({ record: { lease }, date }) => (leaseRuns(lease, date) ? lease : null)).find(isThere),
    beats,
    nobodyActive: saysStandby(record, beats[roles.active]),
  };
}

/** As others see it who know nothing of the lease with this nonce, and of what is only planned under it. */
export const withoutLease = (standing: Standing, nonce: string | undefined): Standing =>
  nonce === undefined || standing.lease?.nonce !== nonce
    ? standing
    : { ...standing, lease: undefined, move: standing.isClaimed ? standing.move : undefined };

/** Where no record could be read: the epochs in which a snapshot tells something. */
export const ANY_EPOCH: EpochBounds = { above: -1, upTo: LARGEST_LEAP };

/**
 * The same by heartbeats and snapshots alone, for a record that is gone while nobody can be asked for the other one;
 * `undefined` unless they prove that the highest epoch which they tell of was activated.
 */
export function standingWithoutRecords(
  deployment: Deployment,
  told: Pick<StandingFacts, 'beats' | 'snapshots'>,
  now: number,
): Standing | undefined {
  if (told.beats.some(({ epoch }) => (epoch ?? 0) > ANY_EPOCH.upTo)) return undefined;
  const records = beginnings(deployment, now).map((record) => ({ record, date: now }));
  const standing = standingOf({ deployment, records, ...told });
  const proofs = [...told.beats.filter(({ role }) => role === 'active'), ...told.snapshots];
  return proofs.some(({ epoch }) => epoch === standing?.highest) ? standing : undefined;
}

const isThere = <T>(value: T | null): value is T => value !== null;

type Told = Pick<StandingFacts, 'deployment' | 'records'>;

const rulerOf = ({ deployment, records }: Told): ControlRecord | undefined =>
  ruling(
    deployment,
    records.map(({ record }) => record),
  );

/** No heartbeat and no snapshot is further ahead of the records; what says so was not written by us. */
const limitOf = (ruler: ControlRecord): number => ruler.epoch + LARGEST_LEAP;

function believed(facts: StandingFacts, ruler: ControlRecord): StandingFacts {
  const isNear = ({ epoch }: { readonly epoch: number | null }) => epoch === null || epoch <= limitOf(ruler);
  return { ...facts, beats: facts.beats.filter(isNear), snapshots: facts.snapshots.filter(isNear) };
}

/**
 * The epochs in which a snapshot would tell more than is known: `told`, those in which its manifest is enough, and
 * `beyond`, those above a claim that rules. A claim is not taken back for an object that anybody may have put there.
 */
export function epochsInQuestion(
  told: Told,
  { record }: Standing,
): { readonly told: EpochBounds; readonly beyond: EpochBounds | undefined } {
  const ruler = rulerOf(told) ?? record;
  const above = record.activated.epoch;
  const upTo = limitOf(ruler);
  const claims = ruler.move?.epoch === ruler.epoch && ruler.epoch === record.epoch;
  if (!claims) return { told: { above, upTo }, beyond: undefined };
  return { told: { above, upTo: ruler.epoch }, beyond: { above: ruler.epoch, upTo } };
}

const epochsSeen = ({ records, beats, snapshots }: StandingFacts): readonly number[] => [
  ...records.flatMap(({ record }) => [record.epoch, record.activated.epoch]),
  ...beats.map(({ epoch }) => epoch ?? -1),
  ...snapshots.map(({ epoch }) => epoch),
];

type Activation = ControlRecord['activated'];

/**
 * The record, and what else is known: a site that calls itself active was activated in its epoch, only an active site
 * takes snapshots, and a site that obeys a higher epoch has seen it claimed.
 */
function taught(ruler: ControlRecord, facts: StandingFacts): ControlRecord {
  const activated = proofsOfActivation(facts).reduce(
    (best, next) => (next.epoch > best.epoch ? next : best),
    ruler.activated,
  );
  const epoch = Math.max(ruler.epoch, activated.epoch, ...facts.beats.map((beat) => beat.epoch ?? -1));
  if (epoch === ruler.epoch && activated === ruler.activated) return ruler;
  return { ...ruler, epoch, phase: activated.epoch === epoch ? 'activated' : 'claimed', activated };
}

/** What records say counts most: they know the snapshot and the time. */
function proofsOfActivation(facts: StandingFacts): readonly Activation[] {
  const recorded = facts.records.map(({ record }) => record.activated);
  const beaten = facts.beats.flatMap(({ site, role, epoch, at }) =>
    role === 'active' && epoch !== null ? [{ site, epoch, at, snapshot: null }] : [],
  );
  const taken = facts.snapshots.map((proof) => ({ ...proof, snapshot: null }));
  return [...recorded, ...beaten, ...taken];
}

/**
 * The winner's own record knows best which move made its epoch, and that it is over. So is one whose target was active
 * and says since that it is a standby of its own epoch: its database was made anew, and nothing of it can be gone on with.
 */
function moveUnderWay(facts: StandingFacts, record: ControlRecord): Move | undefined {
  const { deployment, records } = facts;
  const index = siteOfEpoch(record.epoch);
  const winner = deployment.sites[index].region;
  const beat = newestBeat(facts, index);
  const isOver = record.phase === 'activated' && beat?.role === 'standby' && beat.epoch === record.epoch;
  const all = records.map((dated) => dated.record);
  const own = all.find(({ site, epoch }) => site === winner && epoch === record.epoch);
  const claims = (own === undefined ? all : [own]).flatMap(({ epoch, move }) =>
    !isOver && move !== null && move.epoch === epoch && epoch === record.epoch ? [move] : [],
  );
  const plans = all.flatMap(plannedIn).filter(({ epoch }) => epoch > record.epoch);
  return claims.map((move) => reached(move, record))[0] ?? plans.toSorted((a, b) => b.epoch - a.epoch)[0];
}

/** Its step is written down after what it did: a move that the record claims or that became active has come so far. */
function reached(move: Move, { phase }: ControlRecord): Move {
  const least = phase === 'activated' ? 'activated' : 'claimed';
  return stepNumber(move.step) < stepNumber(least) ? { ...move, step: least } : move;
}

/** The move that is prepared under a lease; an earlier release kept it where the claimed one is. */
export const plannedIn = ({ epoch, move, lease }: ControlRecord): readonly Move[] => [
  ...(lease?.move === undefined ? [] : [lease.move]),
  ...(move !== null && move.epoch > epoch ? [move] : []),
];

function newestBeat({ deployment, beats }: StandingFacts, index: 0 | 1): StoredBeat | undefined {
  const { region } = deployment.sites[index];
  return beats.filter(({ site }) => site === region).toSorted((a, b) => millis(b.at) - millis(a.at))[0];
}

/** A beat from before the activation is no evidence against it. */
function saysStandby({ activated }: ControlRecord, beat: StoredBeat | undefined): boolean {
  if (beat?.role !== 'standby') return false;
  return (beat.epoch ?? -1) >= activated.epoch || millis(beat.at) > millis(activated.at) + AFTER_ACTIVATION;
}

/** Milliseconds by which the clocks of a worker and of a database may differ, with one beat between. */
const AFTER_ACTIVATION = 300_000;

/** Whether a record's epoch is far above all else that is known: damage, or somebody who wants to stop both sites. */
export function leaps(record: ControlRecord, known: readonly number[]): boolean {
  return known.length > 0 && record.epoch > Math.max(...known) + LARGEST_LEAP;
}

/** Whether a control record names a higher epoch. What else tells of one stops a move, but takes no claim back. */
export const isDead = (move: Move, { recorded }: Standing): boolean => move.epoch < recorded;
