import type { Heartbeat } from './heartbeat.ts';
import type { Manifest } from './manifest.ts';
import type { LossPreview } from './results.ts';
import { millis, secondsBetween } from './stored-json.ts';

/** What a move on this snapshot loses; `lastBeat` is the newest heartbeat of the site that is left. */
export function lossOf(manifest: Manifest, lastBeat: Heartbeat | undefined, now: number): LossPreview {
  const taken = millis(manifest.takenAt);
  return {
    snapshot: { id: manifest.id, takenAt: manifest.takenAt, ageSeconds: Math.round((now - taken) / 1000) },
    lastSignOfLife: lastBeat?.at ?? null,
    lostSeconds: secondsBetween(manifest.takenAt, lastBeat?.at ?? null),
    inFlight: manifest.inFlight,
  };
}

/** The preview, line by line, for the log. */
export function describeLoss({ snapshot, lastSignOfLife, lostSeconds, inFlight }: LossPreview): readonly string[] {
  const gap = lostSeconds === null ? 'an unknown time' : `${lostSeconds} s`;
  return [
    `snapshot ${snapshot.id}, taken ${snapshot.takenAt}, ${snapshot.ageSeconds} s ago`,
    `lost: what happened in ${gap} between it and the last sign of life (${lastSignOfLife ?? 'none was seen'})`,
    `in flight at the snapshot, to be continued or run again: ${inFlight.length}`,
    ...inFlight.map(({ dagId, runId, state }) => `  ${dagId} ${runId} (${state})`),
  ];
}
