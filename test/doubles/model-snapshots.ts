import { snapshotStamp } from '../../action/src/domain/manifest.ts';
import { keys } from '../../action/src/domain/names.ts';
import { AWS_CODES } from './model-data-path.ts';
import type { DataPathHost, DrOutcome } from './model-data-path.ts';
import { believed, rulingOf, siteOf } from './model-records.ts';
import { inSteps } from './model-site.ts';
import { writeSnapshot } from './model-snapshot.ts';

const failed = (code: string, message: string): DrOutcome => ({ ok: false, outcome: 'failed', code, message });

/**
 * A run of `mwaadr_snapshot`: the database as it is now, its parts, and some seconds later the manifest, unless the site
 * lost its role meanwhile. With the peer's key out of reach there is no wrap for the peer.
 */
export function takeSnapshot(host: DataPathHost, random: string, done: (end: DrOutcome | 'gone') => void): void {
  const { site, database } = host;
  const epoch = lineageHere(host);
  if (epoch === undefined) {
    done({ outcome: 'skipped', message: 'this site is not active: it takes no snapshot' });
    return;
  }
  const at = site.clock.now();
  const id = `${snapshotStamp(at)}-e${epoch}-${random}`;
  const objects = writeSnapshot({
    deployment: site.deployment,
    id,
    at,
    lineage: { site: site.site.region, epoch },
    tables: {
      runs: database.runs,
      dags: new Map([...database.dags, ...database.late]),
      lastRunId: database.lastRunId,
      rowSince: database.rowSince,
    },
    wrappedFor: site.deployment.sites.filter((_, index) => site.trouble('kms', index === 0 ? 0 : 1) === undefined),
  });
  const store = (isManifest: boolean): DrOutcome | 'next' => {
    const quality = site.trouble('s3') ?? site.trouble('kms');
    if (quality !== undefined) return failed(AWS_CODES[quality], 'snapshot was stopped by AWS');
    for (const [path, body] of objects) {
      if ((path === 'manifest.json') !== isManifest) continue;
      site.put(site.index, `${keys.snapshots(site.deployment.deployment)}${id}/${path}`, body, { ifAbsent: true });
    }
    return 'next';
  };
  const steps = [
    { after: () => 1_000, act: () => store(false) },
    {
      after: () => 2_000,
      act: () =>
        lineageHere(host) === epoch
          ? store(true)
          : failed('MDR-SNAPSHOT-FAILED', 'this site lost its role while the snapshot was taken'),
    },
  ];
  inSteps<DrOutcome>(site.clock, host.isThere, steps, (end) => {
    done(end === 'done' ? { outcome: 'done', snapshot: id, epoch } : end);
  });
}

/** The epoch under which this site may take snapshots: its database and the ruling record agree on it. */
function lineageHere({ site, database }: DataPathHost): number | undefined {
  const readings = [believed(site.record(0), database.row), believed(site.record(1), database.row)] as const;
  const epoch = rulingOf(readings)?.epoch;
  const agrees = database.role === 'active' && epoch === database.epoch && siteOf(epoch) === site.index;
  return agrees ? epoch : undefined;
}
