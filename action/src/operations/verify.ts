import type { Deployment } from '../domain/deployment.ts';
import type { Lineage } from '../domain/control-record.ts';
import type { Inputs } from '../domain/inputs.ts';
import { snapshotAge } from '../domain/loss.ts';
import { keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import type { VerifyResult } from '../domain/results.ts';
import { partsOf, requirePart, requireReadable, requireWrap } from '../domain/snapshot-integrity.ts';
import type { PlacedPart } from '../domain/snapshot-integrity.ts';
import { sideOf } from './sides.ts';
import { requireStanding } from './standing.ts';
import type { Side } from './sides.ts';
import { readSnapshot, requireNewest } from './snapshots.ts';
import type { FoundSnapshot } from './snapshots.ts';
import { openManifest } from './unwrap.ts';

/** Verifies the newest or the named snapshot where it would be restored: at the standby, with the standby's key. */
export async function verify(world: World, deployment: Deployment, inputs: Inputs<'verify'>): Promise<VerifyResult> {
  const { record, roles } = await requireStanding(world, deployment);
  const standby = sideOf(world, deployment, roles.standby);
  const id = inputs.snapshot ?? (await requireNewest(world, standby, deployment, record.activated));
  return (await requireProtective(world, standby, deployment, id, record.activated)).result;
}

/**
 * As {@link requireVerified}, and promises that it can be restored at the other site, too: what a snapshot is taken for
 * while nobody knows which side will be lost.
 */
export async function requireProtective(
  world: World,
  side: Side,
  deployment: Deployment,
  id: string,
  lineage: Lineage,
): Promise<Verified> {
  const verified = await requireVerified(world, side, deployment, id, lineage);
  const regions = deployment.sites.map(({ region }) => region);
  requireWrap(verified.found.manifest, regions, side.region);
  return verified;
}

interface Verified {
  readonly found: FoundSnapshot;
  readonly result: VerifyResult;
}

/** Promises that the snapshot can be restored at `side`. Throws `MDR-SNAPSHOT-…` that names the object. */
export async function requireVerified(
  world: World,
  side: Side,
  deployment: Deployment,
  id: string,
  lineage: Lineage,
): Promise<Verified> {
  const began = world.clock.now();
  const found = await readSnapshot(side, deployment, id, lineage);
  const dataKey = await openManifest(side, deployment, found);
  const parts = partsOf(found.manifest);
  await inBatches(parts, (part) => checkPart(side, deployment, found, part));
  await probePart(side, deployment, found, dataKey);
  const result: VerifyResult = {
    operation: 'verify',
    deployment: deployment.deployment,
    site: side.region,
    snapshot: snapshotAge(id, found.manifest.takenAt, found.date),
    lineage: found.manifest.lineage,
    parts: parts.length,
    bytes: parts.reduce((sum, { part }) => sum + part.bytes, 0),
    rows: parts.reduce((sum, { part }) => sum + part.rows, 0),
    milliseconds: world.clock.now() - began,
  };
  return { found, result };
}

const keyOf = (deployment: Deployment, { id }: FoundSnapshot, path: string): string =>
  `${keys.snapshots(deployment.deployment)}${id}/${path}`;

async function checkPart(side: Side, deployment: Deployment, found: FoundSnapshot, part: PlacedPart): Promise<void> {
  const key = keyOf(deployment, found, part.path);
  requirePart(found.manifest, part, await side.ports.objects.sha256(side.bucket, key));
}

/** Opens the smallest part that has rows: proof that key, associated data and compression are what we think. */
async function probePart(side: Side, deployment: Deployment, found: FoundSnapshot, dataKey: Uint8Array): Promise<void> {
  const [smallest] = partsOf(found.manifest)
    .filter(({ part }) => part.rows > 0)
    .toSorted((a, b) => a.part.bytes - b.part.bytes);
  if (smallest === undefined) return;
  const object = await side.ports.objects.get(side.bucket, keyOf(deployment, found, smallest.path));
  requireReadable(found.manifest, smallest, object?.body ?? new Uint8Array(0), dataKey);
}

const BATCH = 8;

async function inBatches<T>(items: readonly T[], body: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += BATCH) {
    await Promise.all(items.slice(start, start + BATCH).map(body));
  }
}
