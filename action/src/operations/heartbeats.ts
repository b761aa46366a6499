import type { Deployment } from '../domain/deployment.ts';
import { parseHeartbeat } from '../domain/heartbeat.ts';
import type { StoredBeat } from '../domain/heartbeat.ts';
import { keys } from '../domain/names.ts';
import type { Side } from './sides.ts';

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
