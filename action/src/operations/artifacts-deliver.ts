import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import type { ReplicationRule, World } from '../domain/ports.ts';
import { abreast, contentOf } from './artifacts-look.ts';
import type { HeldLease } from './held-lease.ts';
import type { Side } from './sides.ts';
import { waitFor } from './wait.ts';

/** One file on its way to both buckets. */
export interface Delivery {
  /** By site index. */
  readonly keys: readonly [string, string];
  /** Whether it is still to be written there; `false` also where the bucket is not ours. By site index. */
  readonly needed: readonly [boolean, boolean];
  readonly sha256: string;
  readonly size: number;
  content(): Promise<Uint8Array>;
}

/** A failover takes the lease of whoever deploys; whoever lost it writes nothing more. */
export type ArtifactLease = Pick<HeldLease, 'ensure'>;

/** Between which sites files are delivered. */
interface Route {
  readonly world: World;
  readonly lease: ArtifactLease;
  readonly active: Side;
  readonly standby: Side;
  readonly replicationSeconds: number;
}

/**
 * Writes files to the active site's bucket, gives replication its time to bring them to the standby's, and copies what
 * is late, or not replicated, itself. Every file at the standby is proven by its content. Writes nothing that is there
 * already. Throws `MDR-ARTIFACT-STANDBY`, `MDR-LEASE-LOST`.
 */
export async function deliver(route: Route, deliveries: readonly Delivery[]): Promise<void> {
  const { active, standby } = route;
  const uploads = deliveries.filter(({ needed }) => needed[active.index]);
  const wanted = deliveries.filter(({ needed }) => needed[standby.index]);
  await writeAll(route, active, uploads);
  const awaited = await replicated(
    route,
    wanted.filter((one) => uploads.includes(one)),
  );
  const late = await waitForReplicas(route, awaited);
  const copies = wanted.filter((one) => !awaited.includes(one) || late.has(one));
  await writeAll(route, standby, copies);
  for (const wrong of await notThere(standby, copies)) throw notTheSame(standby, wrong);
}

async function writeAll({ world, lease }: Route, side: Side, deliveries: readonly Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  await lease.ensure();
  await abreast(deliveries, async (delivery) => {
    const content = await delivery.content();
    await side.ports.objects.put(side.site.dagsBucket, delivery.keys[side.index], content, 'any');
  });
  world.log.info(`${deliveries.length} file(s) written to ${side.site.dagsBucket}`);
}

/** Those that a rule of the active site's bucket brings to the standby's. Whoever may not read the rules copies. */
async function replicated(
  { world, active, standby }: Route,
  deliveries: readonly Delivery[],
): Promise<readonly Delivery[]> {
  if (deliveries.length === 0) return [];
  const rules = await rulesOf(world, active);
  const isCovered = (key: string) =>
    rules.some(({ prefix, to }) => to === standby.site.dagsBucket && key.startsWith(prefix));
  return deliveries.filter(({ keys }) => keys[0] === keys[1] && isCovered(keys[0]));
}

async function rulesOf(world: World, { site, ports }: Side): Promise<readonly ReplicationRule[]> {
  try {
    return await ports.objects.replication(site.dagsBucket);
  } catch (error) {
    if (!(error instanceof AwsFault) || error.quality !== 'denied') throw error;
    world.log.warning(`${error.message}: nothing is known of replication, so every file is copied`);
    return [];
  }
}

/** Waits for at most so long; answers those that have not arrived. */
async function waitForReplicas(
  { world, lease, standby, replicationSeconds }: Route,
  awaited: readonly Delivery[],
): Promise<ReadonlySet<Delivery>> {
  let late: readonly Delivery[] = awaited;
  const arrived = async (): Promise<true | undefined> => {
    await lease.ensure();
    late = await notThere(standby, late);
    return late.length === 0 || undefined;
  };
  if (late.length > 0) await untilLate(() => waitFor(world, 'replication to the standby', replicationSeconds, arrived));
  if (late.length > 0) world.log.warning(`${late.length} file(s) not replicated in ${replicationSeconds} s are copied`);
  return new Set(late);
}

async function untilLate(wait: () => Promise<unknown>): Promise<void> {
  try {
    await wait();
  } catch (error) {
    if (!(error instanceof MdrError) || error.code !== 'MDR-TIMEOUT') throw error;
  }
}

/** Those whose object at `side` is missing or holds something else. One list tells which are worth a closer look. */
async function notThere(side: Side, deliveries: readonly Delivery[]): Promise<readonly Delivery[]> {
  const sizes = await sizesOf(side, deliveries);
  const found = await abreast(deliveries, async (delivery) => {
    const key = delivery.keys[side.index];
    if (sizes.get(key) !== delivery.size) return false;
    return (await contentOf(side, key))?.sha256 === delivery.sha256;
  });
  return deliveries.filter((_, index) => found[index] !== true);
}

/** What is delivered together lies together: the folder that all keys have in common is listed. */
async function sizesOf({ site, ports, index }: Side, deliveries: readonly Delivery[]) {
  const [first, ...rest] = deliveries.map(({ keys }) => keys[index]);
  if (first === undefined) return new Map<string, number>();
  let prefix = first.slice(0, first.lastIndexOf('/') + 1);
  while (!rest.every((key) => key.startsWith(prefix))) {
    prefix = prefix.slice(0, prefix.slice(0, -1).lastIndexOf('/') + 1);
  }
  const objects = await ports.objects.list(site.dagsBucket, prefix);
  return new Map(objects.map(({ key, size }) => [key, size]));
}

const notTheSame = ({ site, index }: Side, { keys, sha256 }: Delivery): MdrError =>
  new MdrError({
    code: 'MDR-ARTIFACT-STANDBY',
    message: `s3://${site.dagsBucket}/${keys[index]} is not the file that was written to it (SHA-256 ${sha256})`,
    fix: 'Look who else writes to this bucket, then run again.',
    state: 'The active site has the new files, the standby only some of them.',
  });
