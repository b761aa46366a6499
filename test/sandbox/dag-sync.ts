import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { GetObjectCommand, paginateListObjectsV2, type S3Client } from '@aws-sdk/client-s3';
import { repeatedly, type Repetition } from './waiting.ts';

/** Mirrors the DAGs of a bucket into a folder as MWAA does: added, changed and deleted files, every two seconds. */
export class DagSync {
  readonly #s3: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #folder: string;
  readonly #etags = new Map<string, string>();
  readonly #repetition: Repetition;

  constructor(s3: S3Client, bucket: string, path: string, folder: string) {
    this.#s3 = s3;
    this.#bucket = bucket;
    this.#prefix = `${path}/`;
    this.#folder = folder;
    this.#repetition = repeatedly(2000, () => this.#mirror());
  }

  stop(): Promise<void> {
    return this.#repetition.stop();
  }

  async #mirror(): Promise<void> {
    const present = new Map<string, string>();
    const list = { Bucket: this.#bucket, Prefix: this.#prefix };
    for await (const page of paginateListObjectsV2({ client: this.#s3 }, list))
      for (const { Key = '', ETag = '' } of page.Contents ?? []) if (!Key.endsWith('/')) present.set(Key, ETag);
    for (const [key, etag] of present) if (this.#etags.get(key) !== etag) await this.#download(key);
    for (const key of [...this.#etags.keys()]) if (!present.has(key)) this.#delete(key);
  }

  /** Under a temporary name first: the parser must never see half a file. */
  async #download(key: string): Promise<void> {
    const { Body, ETag } = await this.#s3.send(new GetObjectCommand({ Bucket: this.#bucket, Key: key }));
    const file = this.#fileOf(key);
    mkdirSync(dirname(file), { recursive: true });
    const partial = join(dirname(file), `.${process.pid}.partial`);
    writeFileSync(partial, (await Body?.transformToByteArray()) ?? '');
    renameSync(partial, file);
    this.#etags.set(key, ETag ?? '');
  }

  #delete(key: string): void {
    rmSync(this.#fileOf(key), { force: true });
    this.#etags.delete(key);
  }

  #fileOf(key: string): string {
    const file = normalize(join(this.#folder, key.slice(this.#prefix.length)));
    if (!file.startsWith(this.#folder)) throw new Error(`${key} would leave the DAGs folder`);
    return file;
  }
}
