import { keys } from '../../action/src/domain/names.ts';
import { parseManifest, readSnapshotId } from '../../action/src/domain/manifest.ts';
import { partsOf } from '../../action/src/domain/snapshot-integrity.ts';
import type { Universe } from '../doubles/universe.ts';

/** Which snapshots were whole in a Region's bucket, and since when. */
export class SnapshotShelf {
  readonly #universe: Universe;
  /** Region and snapshot → when the last object of it arrived there by replication. */
  readonly #arrived = new Map<string, number>();

  constructor(universe: Universe) {
    this.#universe = universe;
    for (const region of universe.regions) this.#note(region);
  }

  /** By epoch of the lineage: the newest one of which everything had arrived by then, and that the site's key opens. */
  newestWhole(region: string, by: number): ReadonlyMap<number, string> {
    const newest = new Map<number, string>();
    for (const id of this.#ids(region)) {
      const epoch = readSnapshotId(id)?.epoch;
      if (epoch === undefined || (this.#arrived.get(`${region} ${id}`) ?? 0) > by) continue;
      if (this.#isWhole(region, id)) newest.set(epoch, id);
    }
    return newest;
  }

  #note(region: string): void {
    const s3 = this.#universe.s3(region);
    const put = s3.putReplica.bind(s3);
    s3.putReplica = (bucket, key, version) => {
      put(bucket, key, version);
      if (key.startsWith(this.#prefix)) this.#arrived.set(`${region} ${this.#idOf(key)}`, this.#universe.clock.now());
    };
  }

  get #prefix(): string {
    return keys.snapshots(this.#universe.deployment.deployment);
  }

  #idOf(key: string): string {
    return key.slice(this.#prefix.length).split('/')[0] ?? '';
  }

  #ids(region: string): readonly string[] {
    const objects = this.#universe.s3(region).list(this.#universe.bucket(region), this.#prefix);
    return objects.filter(({ key }) => key.endsWith('/manifest.json')).map(({ key }) => this.#idOf(key));
  }

  #isWhole(region: string, id: string): boolean {
    const s3 = this.#universe.s3(region);
    const bucket = this.#universe.bucket(region);
    const { deployment } = this.#universe.deployment;
    const body = s3.get(bucket, keys.manifest(deployment, id))?.body;
    if (body === undefined) return false;
    const manifest = parseManifest(body, id);
    const parts = partsOf(manifest).every(({ path }) => s3.get(bucket, `${this.#prefix}${id}/${path}`) !== undefined);
    return parts && manifest.wraps.length === 2;
  }
}
