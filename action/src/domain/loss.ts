import type { Manifest } from './manifest.ts';
import type { LossPreview, SnapshotAge } from './results.ts';
import { iso, millis, secondsBetween } from './stored-json.ts';

/** How old a snapshot is at a time, in milliseconds; 0 when it was taken only then or later. */
export const snapshotAge = (id: string, takenAt: string, at: number): SnapshotAge => ({
  id,
  takenAt,
  ageSeconds: secondsBetween(takenAt, iso(at)) ?? 0,
});

/** By what the site whose work is restored was last seen to live; `null` = by none. */
export interface LastLife {
  /** Its own heartbeat as the active site. */
  readonly beat: string | null;
  /** A reading in which its Airflow answered. */
  readonly reading: string | null;
  /** When its canary stopped it; `null` = it has not, as far as is known. */
  readonly fencedAt?: string | null;
}

export const lastSignOf = ({ beat, reading, fencedAt = null }: LastLife): string | null =>
  [beat, reading, fencedAt]
    .filter((at) => at !== null)
    .toSorted((a, b) => millis(a) - millis(b))
    .at(-1) ?? null;

/**
 * The most seconds of work that are lost: up to its fence, or a site may have lived on for one beat after the last one
 * that was seen.
 * `null` when none was, or when it worked on without any: its canary may have waited for a worker, or been paused, so
 * that its silence does not tell when it ended.
 */
export function mostLost(takenAt: string, life: LastLife, beatSeconds: number): number | null {
  if (life.fencedAt != null) return secondsOfWork(takenAt, life.fencedAt);
  if (life.beat === null) return null;
  const livedUntil = Math.max(millis(takenAt), life.reading === null ? -Infinity : millis(life.reading));
  if (livedUntil - millis(life.beat) > 2 * beatSeconds * 1000) return null;
  return secondsOfWork(takenAt, life.beat) + beatSeconds;
}

/** Never less than it was. */
const secondsOfWork = (takenAt: string, until: string): number =>
  Math.max(0, Math.ceil((millis(until) - millis(takenAt)) / 1000));

/** As many as a snapshot of this release names. */
const NAMED_IN_FLIGHT = 100;
/** As many as a person reads. */
const SAID_IN_FLIGHT = 20;

/** What a move on this snapshot loses. */
export function lossOf(manifest: Manifest, life: LastLife, beatSeconds: number, now: number): LossPreview {
  return {
    snapshot: snapshotAge(manifest.id, manifest.takenAt, now),
    lastSignOfLife: lastSignOf(life),
    lostSeconds: mostLost(manifest.takenAt, life, beatSeconds),
    inFlight: manifest.inFlight.slice(0, NAMED_IN_FLIGHT),
    inFlightTotal: manifest.inFlightTotal ?? manifest.inFlight.length,
    ...(manifest.deadlines ? { deadlines: manifest.deadlines } : {}),
  };
}

/** The preview, line by line, for the log. */
export function describeLoss(
  { snapshot, lastSignOfLife, lostSeconds, inFlight, inFlightTotal = inFlight.length, deadlines }: LossPreview,
  livesOn: boolean,
): readonly string[] {
  const gap = lostSeconds === null ? 'an unknown time' : `at most ${lostSeconds} s`;
  return [
    `snapshot ${snapshot.id}, taken ${snapshot.takenAt}, ${snapshot.ageSeconds} s ago`,
    `lost: what happened in ${gap} after it; last sign of life: ${lastSignOfLife ?? 'none was seen'}`,
    ...(livesOn ? ['it lives: what it does from now until it is stopped is lost, too'] : []),
    `in flight at the snapshot, to be continued or run again: ${inFlightTotal}`,
    ...inFlight.slice(0, SAID_IN_FLIGHT).map(({ dagId, runId, state }) => `  ${dagId} ${runId} (${state})`),
    ...(inFlightTotal > SAID_IN_FLIGHT ? [`  … and ${inFlightTotal - SAID_IN_FLIGHT} more`] : []),
    ...(deadlines ? [`deadlines of these runs, whose alerts will not come: ${deadlines}`] : []),
  ];
}
