import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetObjectCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3';
import type { Region, Sandbox } from '../sandbox/types.ts';
import { drBucket } from './names.ts';
import { dagsBucket } from './platform.ts';
import { type Finding, findSecrets } from './secret-scan.ts';

/** Every version of every object of a site's buckets, and every log that its Airflow wrote. */
async function* everything(sandbox: Sandbox, region: Region): AsyncGenerator<[string, Uint8Array]> {
  const s3 = sandbox.s3(region);
  for (const Bucket of [drBucket(region), dagsBucket(region)]) {
    let KeyMarker: string | undefined;
    let VersionIdMarker: string | undefined;
    do {
      const page = await s3.send(new ListObjectVersionsCommand({ Bucket, KeyMarker, VersionIdMarker }));
      for (const { Key, VersionId } of page.Versions ?? []) {
        const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, VersionId }));
        if (Body !== undefined) yield [`s3://${Bucket}/${Key ?? ''}`, await Body.transformToByteArray()];
      }
      [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
    } while (KeyMarker !== undefined);
  }
}

async function* logs(home: string): AsyncGenerator<[string, Uint8Array]> {
  for (const entry of await readdir(home, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && /\.(log|out|err)$/.test(entry.name)) yield [path, await readFile(path)];
  }
}

export interface Scan {
  readonly looked: number;
  readonly findings: readonly Finding[];
}

/** Looks for secrets in all objects of both Regions, in all logs below the sandbox's home and in the texts given. */
export async function scanForLeaks(
  sandbox: Sandbox,
  secrets: readonly string[],
  texts: Readonly<Record<string, string>>,
): Promise<Scan> {
  let looked = 0;
  const findings: Finding[] = [];
  const look = (where: string, content: Uint8Array | string): void => {
    looked += 1;
    findings.push(...findSecrets(where, content, secrets));
  };
  for (const region of sandbox.regions) {
    for await (const [where, content] of everything(sandbox, region)) look(where, content);
  }
  for await (const [where, content] of logs(sandbox.home)) look(where, content);
  for (const [where, content] of Object.entries(texts)) look(where, content);
  return { looked, findings };
}
