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
 * The last beat of `from` in the bucket of `to`, which tells what is lost: a damaged one tells nothing and stops no move.
 * Throws {@link AwsFault}.
 */
export async function lastBeatOf(from: Side, to: Side, deployment: Deployment): Promise<StoredBeat | undefined> {
  try {
    return await readHeartbeat(to, deployment, from.region);
  } catch (error) {
    if (error instanceof MdrError) return undefined;
    throw error;
  }
}

/** By what the site that is left was last seen to live, as far as the bucket of `to` tells. Throws {@link AwsFault}. */
export async function lastLifeOf(
  from: Side,
  to: Side,
  deployment: Deployment,
): Promise<LastLife & { readonly stored: StoredBeat | undefined }> {
  const stored = await lastBeatOf(from, to, deployment);
  const answered = (await observationsOf(to, deployment, from.region))
    .flatMap(({ readings }) => readings)
    .filter(({ signals }) => signals.activeAirflow.quality === 'good')
    .map(({ at }) => at);
  return {
    stored,
    beat: stored?.at ?? null,
    reading: answered.toSorted((a, b) => millis(a) - millis(b)).at(-1) ?? null,
  };
}

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
