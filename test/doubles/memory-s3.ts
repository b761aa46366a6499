import { createHash } from 'node:crypto';
import { EVIDENCE_PREFIX, SNAPSHOTS_PREFIX } from '../../action/src/domain/names.ts';
import type { StoredObject, WriteCondition, WriteResult } from '../../action/src/domain/ports.ts';
import type { VirtualClock } from './virtual-clock.ts';

type Stored = Omit<StoredObject, 'date'>;

/** The S3 of one Region as the service keeps it: conditional writes, its own clock, replication of some prefixes. */
export class MemoryS3 {
  /** Milliseconds by which S3's clock is ahead of everybody else's. */
  skew = 0;
  readonly #clock: VirtualClock;
  readonly #buckets = new Map<string, Map<string, Stored>>();
  #versions = 0;
  /** Called with every object that has to be copied to the peer. */
  replicate: (bucket: string, key: string, body: Uint8Array) => void = () => undefined;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  date(): number {
    return Math.floor((this.#clock.now() + this.skew) / 1000) * 1000;
  }

  get(bucket: string, key: string): StoredObject | undefined {
    const stored = this.#bucket(bucket).get(key);
    return stored === undefined ? undefined : { ...stored, date: this.date() };
  }

  json(bucket: string, key: string): Record<string, unknown> | undefined {
    const stored = this.get(bucket, key);
    return stored === undefined ? undefined : (JSON.parse(Buffer.from(stored.body).toString('utf8')) as never);
  }

  put(bucket: string, key: string, body: string | Uint8Array, when: WriteCondition): WriteResult {
    const before = this.#bucket(bucket).get(key);
    const holds = when === 'any' || ('ifAbsent' in when ? before === undefined : before?.etag === when.ifEtag);
    if (!holds) return { written: false, date: this.date() };
    const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body, 'utf8')) : body;
    this.#versions += 1;
    const stored = { body: bytes, etag: `"${this.#versions}"`, lastModified: this.date() };
    this.#bucket(bucket).set(key, stored);
    if (key.startsWith(SNAPSHOTS_PREFIX) || key.startsWith(EVIDENCE_PREFIX)) this.replicate(bucket, key, bytes);
    return { written: true, etag: stored.etag, date: this.date() };
  }

  /** What replication writes is not replicated again. */
  putReplica(bucket: string, key: string, body: Uint8Array): void {
    this.#versions += 1;
    this.#bucket(bucket).set(key, { body, etag: `"${this.#versions}"`, lastModified: this.date() });
  }

  list(bucket: string, prefix: string, startAfter = ''): { key: string; size: number; lastModified: number }[] {
    return [...this.#bucket(bucket)]
      .filter(([key]) => key.startsWith(prefix) && key > startAfter)
      .map(([key, { body, lastModified }]) => ({ key, size: body.length, lastModified }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  delete(bucket: string, key: string): void {
    this.#bucket(bucket).delete(key);
  }

  sha256(bucket: string, key: string): { sha256: string; size: number } | undefined {
    const stored = this.get(bucket, key);
    if (stored === undefined) return undefined;
    return { sha256: createHash('sha256').update(stored.body).digest('hex'), size: stored.body.length };
  }

  #bucket(name: string): Map<string, Stored> {
    const bucket = this.#buckets.get(name) ?? new Map<string, Stored>();
    this.#buckets.set(name, bucket);
    return bucket;
  }
}
