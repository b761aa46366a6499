import { createDecipheriv, hkdfSync } from 'node:crypto';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import type { Region, Sandbox } from '../sandbox/types.ts';
import { readJson, readObject } from './dr-bucket.ts';
import { DEPLOYMENT, keys } from './names.ts';

interface Manifest {
  readonly wraps: readonly { region: string; ciphertext: string }[];
  readonly tables: readonly { name: string; parts: readonly { name: string }[] }[];
}

async function dataKey(sandbox: Sandbox, region: Region, snapshot: string, manifest: Manifest): Promise<Uint8Array> {
  const { url } = sandbox.gateway(region);
  const kms = new KMSClient({
    region,
    endpoint: url,
    credentials: { accessKeyId: sandbox.accessKeys.runner, secretAccessKey: 'secret' },
  });
  const wrap = manifest.wraps.find((one) => one.region === region);
  const { Plaintext } = await kms.send(
    new DecryptCommand({
      CiphertextBlob: Buffer.from(wrap?.ciphertext ?? '', 'base64'),
      EncryptionContext: { 'mwaadr:deployment': DEPLOYMENT, 'mwaadr:snapshot': snapshot },
    }),
  );
  if (Plaintext === undefined) throw new Error('KMS gave no key');
  return Plaintext;
}

/** The parts of a snapshot as they would lie in the bucket if they were not encrypted: packed rows. */
export async function partsWithoutEncryption(
  sandbox: Sandbox,
  region: Region,
  snapshot: string,
): Promise<Map<string, Buffer>> {
  const manifest = await readJson<Manifest>(sandbox, region, keys.manifest(snapshot));
  if (manifest === undefined) throw new Error(`no snapshot ${snapshot} in ${region}`);
  const key = Buffer.from(
    hkdfSync('sha256', await dataKey(sandbox, region, snapshot, manifest), '', 'mwaadr/parts/v1', 32),
  );
  const parts = new Map<string, Buffer>();
  for (const { name, parts: names } of manifest.tables) {
    for (const part of names) {
      const blob = await readObject(sandbox, region, keys.part(snapshot, name, part.name));
      if (blob === undefined) throw new Error(`no part ${name}/${part.name}`);
      const decipher = createDecipheriv('aes-256-gcm', key, blob.subarray(0, 12));
      decipher.setAAD(Buffer.from(`${DEPLOYMENT}/${snapshot}/${name}/${part.name}`));
      decipher.setAuthTag(blob.subarray(-16));
      parts.set(`${name}/${part.name}`, Buffer.concat([decipher.update(blob.subarray(12, -16)), decipher.final()]));
    }
  }
  return parts;
}
