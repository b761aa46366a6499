import type { ControlRecord } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { OtherDatabase } from '../domain/other-database.ts';
import type { World } from '../domain/ports.ts';
import { ofOneDatabase } from './one-database.ts';
import type { Side } from './sides.ts';
import { allOf, idsOf, isWhole, readComplete, readSnapshot, recentOf, requireNewest } from './snapshots.ts';
import type { FoundSnapshot } from './snapshots.ts';

type Activated = ControlRecord['activated'];

export interface Newest {
  readonly id: string;
  readonly manifest: Manifest;
  /** What was taken since of a database that was made anew; it is not restored. */
  readonly other: OtherDatabase | undefined;
}

/**
 * The newest snapshot of `lineage` that is whole at `side`, as {@link requireNewestWhole} would take it; nothing is
 * opened but manifests. A bucket may hold months of parts: first only the recent ones are listed.
 */
export async function findNewest(
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Activated,
): Promise<Newest | undefined> {
  const firstWhole = async (ids: readonly string[]): Promise<FoundSnapshot | undefined> => {
    for (const id of ids) {
      const whole = await readComplete(side, deployment, id);
      if (whole !== undefined) return whole;
    }
    return undefined;
  };
  const recent = await recentOf(world, side, deployment, lineage);
  const young = await ofOneDatabase(side, deployment, lineage, recent, false);
  const found = await firstWhole(young.ids);
  if (found !== undefined) return { id: found.id, manifest: found.manifest, other: young.other };
  const all = await ofOneDatabase(side, deployment, lineage, await allOf(side, deployment, lineage), true);
  const older = await firstWhole(all.ids.filter((one) => !young.ids.includes(one)));
  return older && { id: older.id, manifest: older.manifest, other: all.other };
}

/** Its id alone. */
export const newestComplete = async (
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Activated,
): Promise<string | undefined> => (await findNewest(world, side, deployment, lineage))?.id;

/** The ids that a move may take, newest first, whole or not. */
export const idsToMove = async (
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Activated,
): Promise<readonly string[]> => {
  const ids = await idsOf(world, side, deployment, lineage);
  return (await ofOneDatabase(side, deployment, lineage, ids, false)).ids;
};

/**
 * Id of the newest snapshot of `lineage` that is whole at `side`; those it skips are named. When none has,
 * the newest of all, for its verification to say what it lacks. A manifest that is damaged is no reason to skip, nor is
 * an S3 that does not answer. Throws `MDR-SNAPSHOT-NONE`, `MDR-SNAPSHOT-MANIFEST`.
 */
export async function requireNewestWhole(
  world: World,
  side: Side,
  deployment: Deployment,
  lineage: Activated,
): Promise<string> {
  const all = await allOf(side, deployment, lineage);
  const newest = all[0] ?? (await requireNewest(world, side, deployment, lineage));
  const { ids, other } = await ofOneDatabase(side, deployment, lineage, all, true);
  if (other !== undefined)
    world.log.warning(
      `skipped what was taken since ${other.since}, up to ${other.newest}: it is of a database that was made anew`,
    );
  const skipped: string[] = [];
  for (const id of ids) {
    if (await isWhole(side, deployment, await readSnapshot(side, deployment, id))) {
      if (skipped.length > 0)
        world.log.warning(`skipped, since a part or the key of ${side.region} is missing: ${skipped.join(', ')}`);
      return id;
    }
    skipped.push(id);
  }
  return ids[0] ?? newest;
}
