import type { Heartbeat } from './heartbeat.ts';
import type { Manifest } from './manifest.ts';
import type { LossPreview, SnapshotAge } from './results.ts';
import { iso, secondsBetween } from './stored-json.ts';

/** How old a snapshot is at a time, in milliseconds; 0 when it was taken only then or later. */
export const snapshotAge = (id: string, takenAt: string, at: number): SnapshotAge => ({
  id,
  takenAt,
  ageSeconds: secondsBetween(takenAt, iso(at)) ?? 0,
});

/**
 * The most seconds of work that are lost: a site may have lived on for one beat after the last one that was seen.
 * `null` when none was.
 */
export function mostLost(takenAt: string, lastSignOfLife: string | null, beatSeconds: number): number | null {
  const seen = secondsBetween(takenAt, lastSignOfLife);
  return seen === null ? null : seen + beatSeconds;
}

/** What a move on this snapshot loses; `lastBeat` is the newest heartbeat of the site that is left. */
export function lossOf(
  manifest: Manifest,
  lastBeat: Heartbeat | undefined,
  beatSeconds: number,
  now: number,
): LossPreview {
  return {
    snapshot: snapshotAge(manifest.id, manifest.takenAt, now),
    lastSignOfLife: lastBeat?.at ?? null,
    lostSeconds: mostLost(manifest.takenAt, lastBeat?.at ?? null, beatSeconds),
    inFlight: manifest.inFlight,
  };
}

/** The preview, line by line, for the log. */
export function describeLoss(
  { snapshot, lastSignOfLife, lostSeconds, inFlight }: LossPreview,
  livesOn: boolean,
): readonly string[] {
  const gap = lostSeconds === null ? 'an unknown time' : `at most ${lostSeconds} s`;
  return [
    `snapshot ${snapshot.id}, taken ${snapshot.takenAt}, ${snapshot.ageSeconds} s ago`,
    `lost: what happened in ${gap} after it; last sign of life: ${lastSignOfLife ?? 'none was seen'}`,
    ...(livesOn ? ['it lives: what it does from now until it is stopped is lost, too'] : []),
    `in flight at the snapshot, to be continued or run again: ${inFlight.length}`,
    ...inFlight.map(({ dagId, runId, state }) => `  ${dagId} ${runId} (${state})`),
  ];
}
