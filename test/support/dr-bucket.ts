import { GetObjectCommand, ListObjectsV2Command, NoSuchKey } from '@aws-sdk/client-s3';
import type { Region, Sandbox } from '../sandbox/types.ts';
import { drBucket, keys } from './names.ts';

/** An object of a DR bucket, past the gateway and its faults; `undefined` when it is not there. */
export async function readObject(sandbox: Sandbox, region: Region, key: string): Promise<Buffer | undefined> {
  try {
    const { Body } = await sandbox.s3(region).send(new GetObjectCommand({ Bucket: drBucket(region), Key: key }));
    return Body === undefined ? undefined : Buffer.from(await Body.transformToByteArray());
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  }
}

export async function readJson<T>(sandbox: Sandbox, region: Region, key: string): Promise<T | undefined> {
  const body = await readObject(sandbox, region, key);
  return body === undefined ? undefined : (JSON.parse(body.toString('utf8')) as T);
}

export async function listKeys(sandbox: Sandbox, region: Region, prefix = ''): Promise<string[]> {
  const found: string[] = [];
  let token: string | undefined;
  do {
    const page = await sandbox
      .s3(region)
      .send(new ListObjectsV2Command({ Bucket: drBucket(region), Prefix: prefix, ContinuationToken: token }));
    found.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found.sort();
}

/** The heartbeat of `site` as it lies in the bucket of `region`. */
export const heartbeat = <T>(sandbox: Sandbox, region: Region, site: Region): Promise<T | undefined> =>
  readJson<T>(sandbox, region, keys.heartbeat(site));
