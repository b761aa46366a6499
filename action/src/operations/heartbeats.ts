import type { Lineage } from '../domain/control-record.ts';
import type { Deployment } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { parseHeartbeat } from '../domain/heartbeat.ts';
import type { StoredBeat } from '../domain/heartbeat.ts';
import type { LastLife } from '../domain/loss.ts';
import { keys } from '../domain/names.ts';
import { millis } from '../domain/stored-json.ts';
import { observationsOf } from './observations.ts';
import type { Side } from './sides.ts';

/**
 * The last beat of the site in `region` in the bucket of `to`, which tells what is lost: a damaged one tells nothing and
 * stops no move. Throws {@link AwsFault}.
 */
export async function lastBeatOf(region: string, to: Side, deployment: Deployment): Promise<StoredBeat | undefined> {
  try {
    return await readHeartbeat(to, deployment, region);
  } catch (error) {
    if (error instanceof MdrError) return undefined;
    throw error;
  }
}

/**
 * By what the site of a lineage, whose work a move restores, was last seen to live, as far as the bucket of `to` tells;
 * that site may be `to` itself, in a move that goes home. Throws {@link AwsFault}.
 */
export async function lastLifeOf(
  lineage: Lineage,
  to: Side,
  deployment: Deployment,
): Promise<LastLife & { readonly stored: StoredBeat | undefined }> {
  const stored = await lastBeatOf(lineage.site, to, deployment);
  const answered = (await observationsOf(to, deployment, lineage.site))
    .flatMap(({ readings }) => readings)
    .filter(({ signals }) => signals.activeAirflow.quality === 'good')
    .map(({ at }) => at);
  const worked = stored?.role === 'active' || lineage.site !== to.region;
  return {
    stored,
    beat: (worked ? stored?.at : undefined) ?? null,
    reading: answered.toSorted((a, b) => millis(a) - millis(b)).at(-1) ?? null,
    fencedAt: stored?.role === 'standby' ? fencedSince(stored, lineage) : null,
  };
}

/** When it laid the fence that ended that lineage; one of long ago says nothing. */
export const fencedSince = ({ fence }: StoredBeat, lineage: Lineage): string | null =>
  fence !== null && fence.epoch > lineage.epoch ? (fence.at ?? null) : null;

/** The heartbeat of the site in `region`, as the bucket of `side` holds it. */
export async function readHeartbeat(
  side: Side,
  deployment: Deployment,
  region: string,
): Promise<StoredBeat | undefined> {
  const key = keys.heartbeat(deployment.deployment, region);
  const object = await side.ports.objects.get(side.bucket, key);
  if (object === undefined) return undefined;
  const beat = parseHeartbeat(object.body, `s3://${side.bucket}/${key}`);
  return { ...beat, ageMilliseconds: Math.max(0, object.date - object.lastModified) };
}
