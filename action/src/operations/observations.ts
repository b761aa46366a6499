import type { Deployment } from '../domain/deployment.ts';
import { keys } from '../domain/names.ts';
import type { ObjectStore } from '../domain/ports.ts';
import { parseObservations, together } from '../domain/observation.ts';
import type { Observations, Reading } from '../domain/observation.ts';
import { millis, toStored } from '../domain/stored-json.ts';
import { probe, probeStored } from './sides.ts';
import type { Side } from './sides.ts';

/** What was seen of the active site before. */
export interface Before {
  /** Whether it could be read, or was remembered by this run. */
  readonly isKnown: boolean;
  readonly own: Observations;
  /** Another run that works under our name is one of them. */
  readonly others: readonly Observations[];
  /** The readings of that run. */
  readonly namesakes: readonly Reading[];
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
  const fresh: Observations = { schemaVersion: 1, observer, site: active.region, readings: [] };
  const read = await probe(() => observationsOf(standby, deployment, active.region));
  const stored = 'answer' in read ? read.answer : [];
  const remembered = memory.observations?.site === active.region ? memory.observations : undefined;
  const same = stored.find((found) => found.observer === observer);
  const own = remembered === undefined ? (same ?? fresh) : withOlder(remembered, same?.readings ?? []);
  const isKnown = 'answer' in read || remembered !== undefined;
  const namesakes = remembered === undefined ? [] : takenByOthers(remembered, same?.readings ?? []);
  const others = stored.filter((found) => found.observer !== observer);
  const namesake = namesakes.length === 0 ? [] : [{ ...fresh, readings: [...namesakes] }];
  return { isKnown, own, others: [...others, ...namesake], namesakes };
}

/** A run that could not read at first what was stored must not leave it out when it writes. */
function withOlder(own: Observations, stored: readonly Reading[]): Observations {
  const first = millis(own.readings[0]?.at ?? '');
  return { ...own, readings: [...stored.filter(({ at }) => millis(at) < first), ...own.readings] };
}

/** An observer is a run, and not its name: two runs at once may see the Region by different ways. */
function takenByOthers(own: Observations, stored: readonly Reading[]): readonly Reading[] {
  const [oldest] = own.readings;
  const known = new Set(own.readings.map(({ at }) => at));
  return stored.filter(({ at }) => !known.has(at) && (oldest === undefined || millis(at) >= millis(oldest.at)));
}

/** What all observers remember of the site in `region`. Throws AwsFault. */
export async function observationsOf(
  { bucket, ports: { objects } }: Side,
  { deployment }: Deployment,
  region: string,
): Promise<readonly Observations[]> {
  const listed = await objects.list(bucket, keys.observationsPrefix(deployment, region));
  const read = await Promise.all(listed.map(({ key }) => readObservations(bucket, objects, key)));
  return read.filter((found) => found !== undefined);
}

/** A memory that is damaged is none, and is written anew. */
async function readObservations(bucket: string, objects: ObjectStore, key: string): Promise<Observations | undefined> {
  const object = await objects.get(bucket, key);
  if (object === undefined) return undefined;
  const read = await probeStored(() => Promise.resolve(parseObservations(object.body, `s3://${bucket}/${key}`)));
  return 'answer' in read ? read.answer : undefined;
}

/** Writes them down, with those that another run took under the same name. Answers why it was not remembered, if so. */
export async function remember(
  deployment: Deployment,
  active: Side,
  standby: Side,
  own: Observations,
  namesakes: readonly Reading[],
): Promise<string | undefined> {
  const key = keys.observations(deployment.deployment, active.region, own.observer);
  const all = toStored(together(own, namesakes, deployment.health));
  const written = await probe(() => standby.ports.objects.put(standby.bucket, key, all, 'any'));
  return 'fault' in written ? `the reading was not remembered: ${written.detail}` : undefined;
}
