import type { Deployment, Site, SiteIndex } from '../domain/deployment.ts';
import { MdrError } from '../domain/errors.ts';
import { AwsFault } from '../domain/faults.ts';
import { drBucket } from '../domain/names.ts';
import type { RegionPorts, World } from '../domain/ports.ts';
import type { Probe } from '../domain/reading.ts';

/** One site of the deployment with everything of its Region. */
export interface Side {
  readonly index: SiteIndex;
  readonly site: Site;
  readonly region: string;
  /** Its DR bucket. */
  readonly bucket: string;
  readonly ports: RegionPorts;
}

export function sideOf(world: World, deployment: Deployment, index: SiteIndex): Side {
  const site = deployment.sites[index];
  return { index, site, region: site.region, bucket: drBucket(site), ports: world.region(site.region) };
}

export const bothSides = (world: World, deployment: Deployment): readonly [Side, Side] => [
  sideOf(world, deployment, 0),
  sideOf(world, deployment, 1),
];

/** Asks and never throws {@link AwsFault}: what could not be read is an answer, too. */
export async function probe<T>(ask: () => Promise<T>): Promise<Probe<T>> {
  try {
    return { answer: await ask() };
  } catch (error) {
    if (!(error instanceof AwsFault)) throw error;
    const detail = `${error.operation} in ${error.region}: ${error.awsCode === '' ? error.message : error.awsCode}`;
    return { fault: error.quality, detail };
  }
}

/** As {@link probe}; an object that is there but cannot be read as what it should be says nothing, either. */
export async function probeStored<T>(ask: () => Promise<T>): Promise<Probe<T>> {
  try {
    return await probe(ask);
  } catch (error) {
    if (error instanceof MdrError) return { fault: 'error', detail: error.message, code: error.code };
    throw error;
  }
}
