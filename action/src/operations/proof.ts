import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { siteOfEpoch } from '../domain/deployment.ts';
import { withActivation, withBeats } from '../domain/epoch.ts';
import { readSnapshotId } from '../domain/manifest.ts';
import { iso } from '../domain/stored-json.ts';
import { readHeartbeat } from './heartbeats.ts';
import type { Side } from './sides.ts';
import { snapshotIds } from './snapshots.ts';

/**
 * The ruling record together with what the bucket of `side` proves beyond it: a move may have been killed between the
 * activation's commit and the record, or its claim may never have reached the side that it fenced.
 */
export async function taughtBy(side: Side, deployment: Deployment, ruling: ControlRecord): Promise<ControlRecord> {
  const beats = await Promise.all(deployment.sites.map(({ region }) => readHeartbeat(side, deployment, region)));
  const known = withBeats(
    ruling,
    beats.filter((beat) => beat !== undefined),
  );
  if (known.phase === 'activated') return known;
  // Only a site that is active takes snapshots.
  const first = (await snapshotIds(side, deployment)).findLast((id) => readSnapshotId(id)?.epoch === known.epoch);
  const taken = first === undefined ? undefined : readSnapshotId(first);
  if (taken === undefined) return known;
  const site = deployment.sites[siteOfEpoch(taken.epoch)].region;
  return withActivation(known, { site, epoch: taken.epoch, at: iso(taken.at), snapshot: null });
}
