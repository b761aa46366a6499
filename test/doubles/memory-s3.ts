import { createHash } from 'node:crypto';
import type {
  ListedObject,
  ObjectHead,
  ReplicationRule,
  StoredObject,
  WriteCondition,
  WriteResult,
} from '../../action/src/domain/ports.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface StoredVersion {
  readonly version: string;
  /** `undefined` = a delete marker. */
  readonly body: Uint8Array | undefined;
  readonly etag: string;
  /** Milliseconds by S3's own clock; the latest version of a key is its current one. */
  readonly at: number;
  /** Hex, as it was when it was stored; S3 keeps one of the whole content only where it came with one, and not in parts. */
  readonly sha256: string | undefined;
}

const hex = (algorithm: 'md5' | 'sha256', bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');

let stores = 0;

/** The S3 of one Region as the service keeps it: versions, conditional writes, its own clock, replication by rule. */
export class MemoryS3 {
  /** Milliseconds by which S3's clock is ahead of everybody else's. */
  skew = 0;
  /** `opaque`, as with KMS: equal content has other ETags. `md5`: as without. */
  etags: 'opaque' | 'md5' = 'opaque';
  /**
   * Whether whoever asks may not use the key that an object is encrypted with: S3 shows neither its content nor its
   * checksum then (Amazon S3 API Reference, HeadObject, `x-amz-checksum-mode`).
   */
  sealed: (key: string) => boolean = () => false;
  readonly #clock: VirtualClock;
  readonly #name: string;
  readonly #buckets = new Map<string, Map<string, StoredVersion[]>>();
  readonly #rules = new Map<string, readonly ReplicationRule[]>();
  #versions = 0;
  /** Called with every object that has to be copied to the peer, and with the bucket there. */
  replicate: (bucket: string, key: string, version: StoredVersion) => void = () => undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    stores += 1;
    this.#name = `s${stores}`;
  }

  date(): number {
    return Math.floor((this.#clock.now() + this.skew) / 1000) * 1000;
  }

  get(bucket: string, key: string): StoredObject | undefined {
    const { body, etag, at } = this.#current(bucket, key) ?? {};
    if (body === undefined) return undefined;
    return { body, etag: etag ?? '', lastModified: wholeSeconds(at ?? 0), date: this.date() };
  }

  json(bucket: string, key: string): Record<string, unknown> | undefined {
    const stored = this.get(bucket, key);
    return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored.body).toString('utf8')) as never);
  }

  put(bucket: string, key: string, body: string | Uint8Array, when: WriteCondition): WriteResult {
    const before = this.get(bucket, key);
    const holds = when === 'any' || ('ifAbsent' in when ? before === undefined : before?.etag === when.ifEtag);
    if (!holds) return { written: false, date: this.date() };
    const { etag, version } = this.#write(bucket, key, body, true);
    return { written: true, etag, date: this.date(), version };
  }

  /** As with a tool that has S3 keep no SHA-256 of the whole: it sends another checksum, or the object in parts. */
  putByHand(bucket: string, key: string, body: string | Uint8Array): void {
    this.#write(bucket, key, body, false);
  }

  /** A bit of the current version changes on S3's disks: nothing that S3 says of the object tells. */
  rot(bucket: string, key: string): void {
    const versions = this.#versionsOf(bucket, key);
    const last = versions.pop();
    if (last?.body === undefined) throw new Error(`no object ${key}`);
    versions.push({ ...last, body: last.body.map((byte, index) => (index === 20 ? byte ^ 1 : byte)) });
  }

  /** What replication writes is not replicated again; it keeps the version's id and time. */
  putReplica(bucket: string, key: string, version: StoredVersion): void {
    const versions = this.#versionsOf(bucket, key);
    if (version.body === undefined || versions.some((known) => known.version === version.version)) return;
    insert(versions, { ...version, etag: this.#etagOf(version.body) });
  }

  list(bucket: string, prefix: string, startAfter = ''): ListedObject[] {
    return [...this.#bucket(bucket).keys()]
      .filter((key) => key.startsWith(prefix) && key > startAfter)
      .flatMap((key) => {
        const object = this.get(bucket, key);
        if (object === undefined) return [];
        return [{ key, size: object.body.length, lastModified: object.lastModified, etag: object.etag }];
      })
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  folders(bucket: string, prefix: string): string[] {
    const below = this.list(bucket, prefix).map(({ key }) => key.slice(prefix.length));
    return [...new Set(below.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/'))))];
  }

  /** Leaves a delete marker, which is not replicated. */
  delete(bucket: string, key: string): void {
    const versions = this.#versionsOf(bucket, key);
    insert(versions, { version: this.#nextVersion(), body: undefined, etag: '', at: this.#now(), sha256: undefined });
  }

  head(bucket: string, key: string, version?: string): ObjectHead | undefined {
    const found = version === undefined ? this.#current(bucket, key) : this.#find(bucket, key, version);
    if (found?.body === undefined) return undefined;
    const sha256 = this.sealed(key) ? undefined : found.sha256;
    return { etag: found.etag, size: found.body.length, version: found.version, sha256 };
  }

  sha256(bucket: string, key: string, version?: string): { sha256: string; size: number } | undefined {
    const found = version === undefined ? this.#current(bucket, key) : this.#find(bucket, key, version);
    if (found?.body === undefined) return undefined;
    return { sha256: hex('sha256', found.body), size: found.body.length };
  }

  /** Ids of all versions of a key, oldest first; delete markers too. */
  versions(bucket: string, key: string): readonly string[] {
    return this.#versionsOf(bucket, key).map(({ version }) => version);
  }

  replication(bucket: string): readonly ReplicationRule[] {
    return this.#rules.get(bucket) ?? [];
  }

  setReplication(bucket: string, rules: readonly ReplicationRule[]): void {
    this.#rules.set(bucket, rules);
  }

  #write(bucket: string, key: string, body: string | Uint8Array, checksum: boolean): StoredVersion {
    const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'utf8')) : body;
    const version = this.#nextVersion();
    const sha256 = checksum ? hex('sha256', bytes) : undefined;
    const stored = { version, body: bytes, etag: this.#etagOf(bytes), at: this.#now(), sha256 };
    insert(this.#versionsOf(bucket, key), stored);
    for (const { prefix, to } of this.replication(bucket)) if (key.startsWith(prefix)) this.replicate(to, key, stored);
    return stored;
  }

  #now(): number {
    return this.#clock.now() + this.skew;
  }

  #nextVersion(): string {
    this.#versions += 1;
    return `${this.#name}-v${this.#versions}`;
  }

  #etagOf(body: Uint8Array): string {
    this.#versions += 1;
    return this.etags === 'md5' ? `"${hex('md5', body)}"` : `"${this.#versions}"`;
  }

  #current(bucket: string, key: string): StoredVersion | undefined {
    return this.#bucket(bucket).get(key)?.at(-1);
  }

  #find(bucket: string, key: string, version: string): StoredVersion | undefined {
    return this.#versionsOf(bucket, key).find((stored) => stored.version === version);
  }

  #versionsOf(bucket: string, key: string): StoredVersion[] {
    const versions = this.#bucket(bucket).get(key) ?? [];
    this.#bucket(bucket).set(key, versions);
    return versions;
  }

  #bucket(name: string): Map<string, StoredVersion[]> {
    const bucket = this.#buckets.get(name) ?? new Map<string, StoredVersion[]>();
    this.#buckets.set(name, bucket);
    return bucket;
  }
}

const wholeSeconds = (milliseconds: number): number => Math.floor(milliseconds / 1000) * 1000;

function insert(versions: StoredVersion[], version: StoredVersion): void {
  const index = versions.findIndex(({ at }) => at > version.at);
  versions.splice(index < 0 ? versions.length : index, 0, version);
}
