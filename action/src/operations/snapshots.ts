import type { Lineage } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { sha256 } from '../domain/envelope.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { parseManifest, readSnapshotId, snapshotStamp, worthOpening } from '../domain/manifest.ts';
import type { EpochBounds, Manifest } from '../domain/manifest.ts';
import { keys } from '../domain/names.ts';
import type { World } from '../domain/ports.ts';
import { partsOf, refuseSnapshot } from '../domain/snapshot-integrity.ts';
import { provenBy } from '../domain/standing.ts';
import type { ProvenLineage } from '../domain/standing.ts';
import type { Side } from './sides.ts';
import { openManifest } from './unwrap.ts';

export interface FoundSnapshot {
  readonly id: string;
  readonly manifest: Manifest;
  /** The manifest as it is stored: what its MAC was made over. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly manifestSha256: string;
  /** S3's clock (milliseconds) when it was read. */
  readonly date: number;
}

const MANIFEST = '/manifest.json';

/** Ids of the snapshots that have a manifest in the bucket of `side`, newest first; every lineage. */
export async function snapshotIds(
  side: Side,
  deployment: Deployment,
  { after = '', beginning = '' }: { readonly after?: string; readonly beginning?: string } = {},
): Promise<readonly string[]> {
  const prefix = keys.snapshots(deployment.deployment);
  const startAfter = after === '' ? undefined : `${prefix}${after}`;
  const objects = await side.ports.objects.list(side.bucket, `${prefix}${beginning}`, startAfter);
  return objects
    .filter(({ key }) => key.endsWith(MANIFEST))
    .map(({ key }) => key.slice(prefix.length, -MANIFEST.length))
    .filter((id) => readSnapshotId(id) !== undefined)
    .toSorted()
    .toReversed();
}

const RECENT = 24 * 3_600_000;

/** Those of `lineage`, newest first; first only the recent ones are listed, as a bucket may hold months of parts. */
export async function idsOf(
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Lineage,
): Promise<readonly string[]> {
  const recent = await recentOf(world, side, deployment, lineage);
  return recent.length > 0 ? recent : allOf(side, deployment, lineage);
}

/** Those of the last day. */
export async function recentOf(
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Lineage,
): Promise<readonly string[]> {
  const ids = await snapshotIds(side, deployment, { after: snapshotStamp(world.clock.now() - RECENT) });
  return ids.filter((id) => isOf(id, lineage));
}

export const allOf = async (side: Side, deployment: Deployment, lineage: Lineage): Promise<readonly string[]> =>
  (await snapshotIds(side, deployment)).filter((id) => isOf(id, lineage));

const isOf = (id: string, lineage: Lineage): boolean => readSnapshotId(id)?.epoch === lineage.epoch;

/** Whether {@link readSnapshot} can, and the snapshot is whole. An S3 that does not answer says nothing: throws. */
export const isComplete = async (side: Side, deployment: Deployment, id: string): Promise<boolean> =>
  (await readComplete(side, deployment, id)) !== undefined;

/** The snapshot itself, when {@link isComplete}. */
export const readComplete = (side: Side, deployment: Deployment, id: string): Promise<FoundSnapshot | undefined> =>
  readIf(side, deployment, id, isWhole);

/** As {@link isComplete}, whatever its key: of a snapshot that was just taken. */
export const hasArrived = async (side: Side, deployment: Deployment, id: string): Promise<boolean> =>
  (await readIf(side, deployment, id, isAllThere)) !== undefined;

async function readIf(
  side: Side,
  deployment: Deployment,
  id: string,
  promise: typeof isAllThere,
): Promise<FoundSnapshot | undefined> {
  try {
    const found = await readSnapshot(side, deployment, id);
    return (await promise(side, deployment, found)) ? found : undefined;
  } catch (error) {
    if (error instanceof MdrError) return undefined;
    throw error;
  }
}

/** Whether it has wholly arrived, with its data key wrapped by the key of this site: one throttled call may leave it out. */
export async function isWhole(side: Side, deployment: Deployment, found: FoundSnapshot): Promise<boolean> {
  return found.manifest.wraps.some(({ region }) => region === side.region) && isAllThere(side, deployment, found);
}

/** Whether every object that the manifest names is there, in its size. */
async function isAllThere(side: Side, deployment: Deployment, { id, manifest }: FoundSnapshot): Promise<boolean> {
  const prefix = `${keys.snapshots(deployment.deployment)}${id}/`;
  const objects = await side.ports.objects.list(side.bucket, prefix);
  const sizes = new Map(objects.map(({ key, size }) => [key.slice(prefix.length), size]));
  return partsOf(manifest).every(({ path, part }) => sizes.get(path) === part.bytes);
}

/** Id of the newest snapshot of `lineage` at `side`, whole or not. Throws `MDR-SNAPSHOT-NONE`. */
export async function requireNewest(
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Lineage,
): Promise<string> {
  const [newest] = await idsOf(world, side, deployment, lineage);
  if (newest !== undefined) return newest;
  throw new MdrError({
    code: 'MDR-SNAPSHOT-NONE',
    message: `${side.bucket} holds no snapshot that ${lineage.site} took in epoch ${lineage.epoch}`,
    fix: 'Run `snapshot` while the active site lives, and look whether its snapshot DAG runs and S3 replicates.',
    state: 'nothing was touched',
  });
}

/**
 * By what a snapshot proves its lineage: its manifest alone; that and no wrong seal, as far as the key can be asked; or a
 * seal that the key has opened.
 */
type Proof = 'manifest' | 'key' | 'opened';

/**
 * The highest epoch within the bounds that a snapshot in the bucket of `side` proves. An object that is
 * damaged, or somebody else's, proves nothing; only a few are opened. Asked in each look at a move, before which a bucket
 * may have grown for months: no object is listed, only what there is of snapshots. Throws {@link AwsFault}: unknown is
 * not nothing.
 */
export async function provenAt(
  side: Side,
  deployment: Deployment,
  bounds: EpochBounds,
  by: Proof = 'manifest',
): Promise<ProvenLineage | undefined> {
  const folders = await side.ports.objects.folders(side.bucket, keys.snapshots(deployment.deployment));
  for (const id of worthOpening(folders.toReversed(), bounds)) {
    const proof = await proofOf(side, deployment, id, by);
    if (proof !== undefined) return proof;
  }
  return undefined;
}

async function proofOf(side: Side, deployment: Deployment, id: string, by: Proof): Promise<ProvenLineage | undefined> {
  try {
    const found = await readSnapshot(side, deployment, id);
    const proof = provenBy(deployment, found.manifest);
    if (proof !== undefined && by === 'key') await requireSealed(side, deployment, found);
    if (proof !== undefined && by === 'opened') await openManifest(side, deployment, found);
    return proof;
  } catch (error) {
    if (error instanceof MdrError) return undefined;
    throw error;
  }
}

/** A key that cannot be asked, or was not when it was taken, does not say that it is forged. */
async function requireSealed(side: Side, deployment: Deployment, found: FoundSnapshot): Promise<void> {
  if (!found.manifest.wraps.some(({ region }) => region === side.region)) return;
  try {
    await openManifest(side, deployment, found);
  } catch (error) {
    if (!(error instanceof MdrError && error.cause instanceof AwsFault && error.cause.quality !== 'error')) throw error;
  }
}

/** Throws `MDR-SNAPSHOT-MANIFEST`, and `MDR-SNAPSHOT-LINEAGE` when `lineage` is given and the snapshot's is another. */
export async function readSnapshot(
  side: Side,
  deployment: Deployment,
  id: string,
  lineage?: Lineage,
): Promise<FoundSnapshot> {
  const key = keys.manifest(deployment.deployment, id);
  const object = await side.ports.objects.get(side.bucket, key);
  if (object === undefined) throw refuseSnapshot('MDR-SNAPSHOT-MANIFEST', id, `${key} is not in ${side.bucket}`);
  const manifest = parseManifest(object.body, `s3://${side.bucket}/${key}`);
  if (manifest.id !== id || manifest.deployment !== deployment.deployment) {
    throw refuseSnapshot('MDR-SNAPSHOT-MANIFEST', id, `${key} is that of ${manifest.deployment}/${manifest.id}`);
  }
  if (lineage !== undefined && !sameLineage(manifest.lineage, lineage)) {
    const { site, epoch } = manifest.lineage;
    throw refuseSnapshot(
      'MDR-SNAPSHOT-LINEAGE',
      id,
      `it was taken by ${site} in epoch ${epoch}, but ${lineage.site} in epoch ${lineage.epoch} was activated`,
    );
  }
  const raw = JSON.parse(new TextDecoder().decode(object.body)) as Readonly<Record<string, unknown>>;
  return { id, manifest, raw, manifestSha256: sha256(object.body), date: object.date };
}

const sameLineage = (a: Lineage, b: Lineage): boolean => a.site === b.site && a.epoch === b.epoch;
