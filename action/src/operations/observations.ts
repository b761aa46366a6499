import type { Deployment } from '../domain/deployment.ts';
import { keys } from '../domain/names.ts';
import { parseObservations } from '../domain/observation.ts';
import type { Observations } from '../domain/observation.ts';
import { toStored } from '../domain/stored-json.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';

/** What was seen of the active site before. */
export interface Before {
  /** Whether it could be read, or was remembered by this run. */
  readonly isKnown: boolean;
  readonly own: Observations;
  readonly others: readonly Observations[];
}

/** What one run remembers between its own readings. */
export interface Memory {
  observations?: Observations;
}

export async function readBefore(
  deployment: Deployment,
  active: Side,
  standby: Side,
  observer: string,
  memory: Memory,
): Promise<Before> {
  const prefix = keys.observationsPrefix(deployment.deployment, active.region);
  const fresh: Observations = { schemaVersion: 1, observer, site: active.region, readings: [] };
  const read = await probe(async () => {
    const objects = await standby.ports.objects.list(standby.bucket, prefix);
    return Promise.all(objects.map(({ key }) => readObservations(standby, key)));
  });
  const stored = 'answer' in read ? read.answer.filter((found) => found !== undefined) : [];
  const remembered = memory.observations?.site === active.region ? memory.observations : undefined;
  const own = remembered ?? stored.find((found) => found.observer === observer) ?? fresh;
  const isKnown = 'answer' in read || remembered !== undefined;
  return { isKnown, own, others: stored.filter((found) => found.observer !== observer) };
}

/** A memory that is damaged is none, and is written anew. */
async function readObservations(standby: Side, key: string): Promise<Observations | undefined> {
  const object = await standby.ports.objects.get(standby.bucket, key);
  if (object === undefined) return undefined;
  const read = await probeStored(() =>
    Promise.resolve(parseObservations(object.body, `s3://${standby.bucket}/${key}`)),
  );
  return 'answer' in read ? read.answer : undefined;
}

/** Answers why it was not remembered, if so. */
export async function remember(
  deployment: Deployment,
  active: Side,
  standby: Side,
  own: Observations,
): Promise<string | undefined> {
  const key = keys.observations(deployment.deployment, active.region, own.observer);
  const written = await probe(() => standby.ports.objects.put(standby.bucket, key, toStored(own), 'any'));
  return 'fault' in written ? `the reading was not remembered: ${written.detail}` : undefined;
}
