import type { Deployment } from '../domain/deployment.ts';
import { sha256 } from '../domain/envelope.ts';
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

/**
 * Verifies the newest or the named snapshot where it would be restored: at the standby, with the standby's key. `deep`
 * downloads all of it.
 */
export async function verify(world: World, deployment: Deployment, inputs: Inputs<'verify'>): Promise<VerifyResult> {
  const { record, roles } = await requireStanding(world, deployment);
  const standby = sideOf(world, deployment, roles.standby);
  const id = inputs.snapshot ?? (await requireNewest(world, standby, deployment, record.activated));
  return (await requireProtective(world, standby, deployment, id, record.activated, inputs.deep)).result;
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
  deep = false,
): Promise<Verified> {
  const verified = await requireVerified(world, side, deployment, id, lineage, deep);
  const regions = deployment.sites.map(({ region }) => region);
  requireWrap(verified.found.manifest, regions, side.region);
  return verified;
}

interface Verified {
  readonly found: FoundSnapshot;
  readonly result: VerifyResult;
}

/**
 * Promises that the snapshot can be restored at `side`, as far as S3's own checksums are right: one part is downloaded
 * and opened, with `deep` all are hashed here. Throws `MDR-SNAPSHOT-…` that names the object.
 */
export async function requireVerified(
  world: World,
  side: Side,
  deployment: Deployment,
  id: string,
  lineage: Lineage,
  deep = false,
): Promise<Verified> {
  const began = world.clock.now();
  const found = await readSnapshot(side, deployment, id, lineage);
  const dataKey = await openManifest(side, deployment, found);
  const parts = partsOf(found.manifest);
  // Another one each time: in the course of the runs every part has its turn.
  const sample = parts[Number.parseInt(world.random.hex(4), 16) % Math.max(parts.length, 1)];
  const isRead = await inBatches(parts, (part) =>
    part === sample ? openPart(side, deployment, found, part, dataKey) : checkPart(side, deployment, found, part, deep),
  );
  const read = parts.filter((_, index) => isRead[index]);
  const result: VerifyResult = {
    operation: 'verify',
    deployment: deployment.deployment,
    site: side.region,
    snapshot: snapshotAge(id, found.manifest.takenAt, found.date),
    lineage: found.manifest.lineage,
    parts: parts.length,
    compared: parts.length - read.length,
    read: read.length,
    bytes: bytesOf(parts),
    downloaded: bytesOf(read),
    rows: parts.reduce((sum, { part }) => sum + part.rows, 0),
    milliseconds: world.clock.now() - began,
  };
  return { found, result };
}

const bytesOf = (parts: readonly PlacedPart[]): number => parts.reduce((sum, { part }) => sum + part.bytes, 0);

const keyOf = (deployment: Deployment, { id }: FoundSnapshot, path: string): string =>
  `${keys.snapshots(deployment.deployment)}${id}/${path}`;

/**
 * By the SHA-256 that S3 made of the content when it was stored; what has none, or is to be read anyway, is hashed here.
 * Answers whether it was downloaded.
 */
async function checkPart(
  side: Side,
  deployment: Deployment,
  found: FoundSnapshot,
  part: PlacedPart,
  deep: boolean,
): Promise<boolean> {
  const { objects } = side.ports;
  const key = keyOf(deployment, found, part.path);
  const head = deep ? undefined : await objects.head(side.bucket, key);
  const stored = head?.sha256 === undefined ? undefined : { size: head.size, sha256: head.sha256 };
  requirePart(found.manifest, part, stored ?? (await objects.sha256(side.bucket, key)));
  return stored === undefined;
}

/** Downloads a part and opens it: proof that key, associated data and compression are what we think. */
async function openPart(
  side: Side,
  deployment: Deployment,
  found: FoundSnapshot,
  part: PlacedPart,
  dataKey: Uint8Array,
): Promise<boolean> {
  const object = await side.ports.objects.get(side.bucket, keyOf(deployment, found, part.path));
  requirePart(found.manifest, part, object && { size: object.body.length, sha256: sha256(object.body) });
  if (object !== undefined) requireReadable(found.manifest, part, object.body, dataKey);
  return true;
}

const BATCH = 8;

/** The answers in the order of the items. */
async function inBatches<T, R>(items: readonly T[], body: (item: T) => Promise<R>): Promise<readonly R[]> {
  const answers: R[] = [];
  for (let start = 0; start < items.length; start += BATCH) {
    answers.push(...(await Promise.all(items.slice(start, start + BATCH).map(body))));
  }
  return answers;
}
