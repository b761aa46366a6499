import { isDeepStrictEqual } from 'node:util';
import type { SiteIndex } from '../../action/src/domain/deployment.ts';
import { keys } from '../../action/src/domain/names.ts';
import { readSnapshotId } from '../../action/src/domain/manifest.ts';
import type { ModelDatabase } from './model-database.ts';
import { LARGEST_LEAP, othersUpTo, rulingOf, siteOf, believed } from './model-records.ts';
import type { RecordReading, SeenRecord } from './model-records.ts';
import { inSteps } from './model-site.ts';
import type { ModelSite, Step } from './model-site.ts';
import { lastRunIdOf } from './model-snapshot.ts';

/** What the canary needs of the environment that it runs in. */
export interface CanaryHost {
  readonly site: ModelSite;
  readonly database: ModelDatabase;
  readonly version: string;
  /** False once the site is gone: its workers are gone with it. */
  readonly isThere: () => boolean;
  /** False while the beat cannot have a lock that it needs. */
  readonly hasLocks: () => boolean;
}

/** A task whose state was taken from it is dead by then (milliseconds): Airflow 2 sees it end, Airflow 3 waits. */
const DIES_WITHIN = { 2: 10_000, 3: 31_000 } as const;
/** As many stopped tasks are named in a heartbeat. */
const NAMED = 100;

const nobody: RecordReading = { quality: 'missing' };

/**
 * One beat: reads both records, the peer's first; obeys them; some seconds later says how the site is, in both buckets,
 * its own first; and, if it laid a fence, once more when the stopped tasks are dead.
 */
export function beat(host: CanaryHost, done: (ok: boolean) => void): void {
  const { site, database } = host;
  let [own, peer] = [nobody, nobody];
  let readAt = site.time;
  let body = '';
  let written = true;
  const look = (of: SiteIndex) => believed(site.record(of), database.row);
  const say: readonly Step<'failed'>[] = [
    {
      after: () => 1_000,
      act: () => {
        body = bodyOf(host, [own, peer], readAt);
        written = site.put(site.index, heartbeatKey(site), body);
        return 'next';
      },
    },
    {
      after: () => site.takes(site.peer),
      act: () => {
        site.put(site.peer, heartbeatKey(site), body);
        return written ? 'next' : 'failed';
      },
    },
  ];
  const steps: readonly Step<'failed' | 'untold'>[] = [
    {
      after: () => site.takes(site.peer),
      act: () => {
        peer = look(site.peer);
        readAt = site.time;
        return 'next';
      },
    },
    {
      after: () => site.takes(site.index),
      act: () => {
        own = look(site.index);
        return 'next';
      },
    },
    {
      after: () => 1_000,
      act: () => {
        if (!host.hasLocks()) return 'failed';
        const readings = site.index === 0 ? ([own, peer] as const) : ([peer, own] as const);
        obey(host, readings);
        return isRemoved(host, readings) ? 'untold' : 'next';
      },
    },
    ...say,
  ];
  const over = (end: 'done' | 'failed' | 'gone' | 'untold') => {
    done(end === 'done' || end === 'untold');
  };
  inSteps(site.clock, host.isThere, steps, (end) => {
    if (end !== 'done' || !isUnproven(database)) over(end);
    else inSteps(site.clock, host.isThere, [provenLater(host), ...say], over);
  });
}

/** What is ours was taken out of the database, and is not to come back. */
const isRemoved = ({ database }: CanaryHost, readings: readonly [RecordReading, RecordReading]): boolean =>
  database.role === undefined && rulingOf(readings)?.uninstall !== undefined;

const heartbeatKey = (site: ModelSite): string => keys.heartbeat(site.deployment.deployment, site.site.region);

const isUnproven = ({ role, fence }: ModelDatabase): boolean => role === 'standby' && fence?.grade === 'paused';

function provenLater({ database, version }: CanaryHost): Step<'failed'> {
  const dies = version.startsWith('3') ? DIES_WITHIN[3] : DIES_WITHIN[2];
  return {
    after: () => (database.stoppedTasks.length === 0 ? 1_000 : dies),
    act: () => {
      database.proveFence();
      return 'next';
    },
  };
}

/** Brings role, epoch and hold in line with the control records; without any record, changes nothing. */
function obey(host: CanaryHost, readings: readonly [RecordReading, RecordReading]): void {
  const { site, database } = host;
  const ruling = rulingOf(readings);
  if (ruling === undefined || isRemoved(host, readings)) return;
  const others = othersUpTo(ruling.epoch, site.index);
  if (database.role === undefined) {
    installRow(host, readings, ruling);
  } else {
    database.learn(others);
    database.layFence(others, site.time);
  }
  if (database.role !== 'standby') {
    database.bringLateUp();
    return;
  }
  database.pauseWhatIsFree();
  if (database.fence !== null) database.stopTasks();
}

/**
 * A row that is not there comes back from all that proves an activation of this site. One that was active once, and is
 * not any more, is fenced at once; while its own bucket does not tell whether it is active, nothing is guessed. One
 * that has another database than its newest snapshot was taken of is nobody's active site.
 */
function installRow(
  { site, database }: CanaryHost,
  readings: readonly [RecordReading, RecordReading],
  ruling: SeenRecord,
): void {
  const others = othersUpTo(ruling.epoch, site.index);
  const isBelievable = (epoch: number) => epoch <= ruling.epoch + LARGEST_LEAP;
  const beats = [site.index, site.peer].flatMap((of) => {
    const found = site.json(of, heartbeatKey(site));
    const [role, epoch] = [found?.['role'], found?.['epoch']];
    return typeof epoch === 'number' && isBelievable(epoch) ? [{ role, epoch }] : [];
  });
  const proven = [
    ...readings.flatMap(({ record }) => (record === undefined ? [] : [record.activated.epoch])),
    ...beats.filter(({ role }) => role === 'active').map(({ epoch }) => epoch),
    ...ownSnapshots(site).filter((epoch) => isBelievable(epoch)),
  ].filter((epoch) => siteOf(epoch) === site.index);
  const own = Math.max(-1, ...proven);
  const obeyed = beats.filter(({ role, epoch }) => role === 'standby' && siteOf(epoch) !== site.index);
  const theirs = Math.max(others, ...obeyed.map(({ epoch }) => epoch));
  if (own > theirs) {
    // Without a beat it was uninstalled: what was made since is the team's own.
    const isLost = beats.length > 0 && isAnotherDatabase(site, database, own, readings);
    database.install(isLost ? 'standby' : 'active', own, site.time);
    return;
  }
  const isOld = readings[site.index].record === undefined && own < 0;
  const mayBeActive = siteOf(ruling.epoch) === site.index || isOld;
  if (site.trouble('s3') !== undefined && mayBeActive) return;
  database.install(own >= 0 ? 'active' : 'standby', own >= 0 ? own : theirs, site.time);
  database.layFence(theirs, site.time);
}

interface OwnSnapshot {
  readonly epoch: number;
  /** `undefined` unless it says what the id says. */
  readonly manifest: Readonly<Record<string, unknown>> | undefined;
}

/** The snapshots in a site's bucket that have a manifest, oldest first. */
function manifests(site: ModelSite, of: SiteIndex): readonly OwnSnapshot[] {
  const { deployment } = site.deployment;
  const prefix = keys.snapshots(deployment);
  return site.keysBelow(of, prefix).flatMap((key) => {
    const [id = '', file] = key.slice(prefix.length).split('/');
    const epoch = readSnapshotId(id)?.epoch;
    if (file !== 'manifest.json' || epoch === undefined) return [];
    const manifest = site.json(of, key);
    const taker = site.deployment.sites[siteOf(epoch)].region;
    const isOurs = manifest?.['id'] === id && manifest['deployment'] === deployment;
    const isTrue = isOurs && isDeepStrictEqual(manifest['lineage'], { site: taker, epoch });
    return [{ epoch, manifest: isTrue ? manifest : undefined }];
  });
}

const ownSnapshots = (site: ModelSite): readonly number[] =>
  manifests(site, site.index).flatMap(({ epoch, manifest }) => (manifest === undefined ? [] : [epoch]));

/**
 * By the newest snapshot of that lineage, in our own bucket or else in the peer's, or by the one that its activation was
 * made from; what cannot be read says nothing.
 */
function isAnotherDatabase(
  site: ModelSite,
  database: ModelDatabase,
  lineage: number,
  readings: readonly [RecordReading, RecordReading],
): boolean {
  const buckets = [site.index, site.peer];
  const taken = buckets.map((of) => manifests(site, of).findLast(({ epoch }) => epoch === lineage)?.manifest);
  const activations = readings.flatMap(({ record }) => (record?.activated.epoch === lineage ? [record.activated] : []));
  const loaded = activations.flatMap(({ snapshot }) =>
    snapshot === null ? [] : buckets.map((of) => site.json(of, keys.manifest(site.deployment.deployment, snapshot))),
  );
  const told = [...taken, ...loaded].find((manifest) => manifest !== undefined);
  return told !== undefined && database.neverGaveOut(lastRunIdOf(told) ?? 0);
}

function bodyOf(
  { site, database, version }: CanaryHost,
  [own, peer]: readonly [RecordReading, RecordReading],
  readAt: string,
) {
  const { role, epoch, fence } = database;
  const isHeld = role === 'standby';
  return JSON.stringify({
    schemaVersion: 1,
    deployment: site.deployment.deployment,
    site: site.site.region,
    environment: site.site.environment,
    at: site.time,
    airflowVersion: version,
    role: role ?? null,
    epoch: role === undefined ? null : epoch,
    peer: { read: peer.quality, epoch: rawEpochOf(peer.record), at: readAt },
    control: { own: own.quality, peer: peer.quality },
    hold: {
      installed: role !== undefined,
      held: isHeld,
      unpausedUserDags: database.unpaused.length,
      liveUserRuns: database.runningRuns.length,
      userDags: database.dags.size,
    },
    late: isHeld ? lateOf([]) : lateOf([...database.late]),
    fence: isHeld && fence !== null ? { ...fence, ...toldOf(database) } : null,
    snapshot: null,
    bundle: 'x',
    dbAccess: 'mwaa-env',
  });
}

function lateOf(late: readonly (readonly [string, boolean])[]) {
  const unpaused = late.flatMap(([dagId, paused]) => (paused ? [] : [dagId])).toSorted();
  return {
    total: late.length,
    dags: late.map(([dagId]) => dagId).toSorted(),
    unpausedTotal: unpaused.length,
    unpaused,
  };
}

const rawEpochOf = (record: SeenRecord | undefined): number | null => record?.rawEpoch ?? null;

const toldOf = ({ stoppedTasks, pauseSet }: ModelDatabase) => ({
  startedBefore: [],
  startedBeforeTotal: 0,
  stopped: stoppedTasks.length,
  taken: stoppedTasks.slice(0, NAMED),
  takenTotal: stoppedTasks.length,
  pausedTotal: pauseSet.length,
});
