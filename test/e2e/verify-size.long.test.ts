/**
 * What `verify` downloads of a snapshot of 1 GB, and that it finds the same damages as if it had downloaded all: by the
 * bundle, on S3 as the sandbox has it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { EncryptCommand } from '@aws-sdk/client-kms';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { deriveKey, manifestMac, seal, sha256 } from '../../action/src/domain/envelope.ts';
import { clients } from '../sandbox/sdk-clients.ts';
import { startServices, type Services } from '../sandbox/services.ts';
import {
  ACCESS_KEYS,
  ACCOUNT,
  DEFAULT_PERIODS,
  deploymentOf,
  drBucket,
  KMS_ALIAS,
  REGIONS,
  SECRET_KEY,
} from '../sandbox/topology.ts';
import { runBundle } from './runner.ts';

const STANDBY = 'us-west-2';
const ID = '20261124T101500Z-e0-ab12cd34';
const PART = 16 * 1024 * 1024;
const PARTS = 64;
const MINUTES = 60_000;

let services: Services;
let folder: string;
let deployment: string;
const dataKey = randomBytes(32);
/** What a part holds; that of a snapshot is packed, too, and does not get smaller by packing it once more. */
const content = gzipSync(randomBytes(PART), { level: 0 });

const nameOf = (number: number): string => `inert-${String(number + 1).padStart(4, '0')}`;
const keyOf = (path: string): string => `snapshots/sandbox/${ID}/${path}`;
const partKey = (number: number): string => keyOf(`log/${nameOf(number)}`);

/** The bytes of a part: the same in every call. */
function part(number: number): Buffer {
  const nonce = Buffer.alloc(12, number);
  const associated = `sandbox/${ID}/log/${nameOf(number)}`;
  return Buffer.concat([nonce, seal(deriveKey(dataKey, 'mwaadr/parts/v1'), nonce, content, associated)]);
}

async function put(key: string, Body: Uint8Array, withSha256 = true): Promise<void> {
  const checksum = withSha256 ? { ChecksumSHA256: createHash('sha256').update(Body).digest('base64') } : {};
  const object = { Bucket: drBucket(STANDBY), Key: key, Body, ...checksum };
  await services.s3(STANDBY).send(new PutObjectCommand(object));
}

async function wrapFor(region: (typeof REGIONS)[number]): Promise<object> {
  const keyArn = `arn:aws:kms:${region}:${ACCOUNT}:${KMS_ALIAS}`;
  const EncryptionContext = { 'mwaadr:deployment': 'sandbox', 'mwaadr:snapshot': ID };
  const { CiphertextBlob = new Uint8Array() } = await clients(services, region).kms.send(
    new EncryptCommand({ KeyId: keyArn, Plaintext: dataKey, EncryptionContext }),
  );
  return { region, keyArn, ciphertext: Buffer.from(CiphertextBlob).toString('base64') };
}

async function writeTheSnapshot(): Promise<void> {
  const parts = [];
  for (let number = 0; number < PARTS; number += 1) {
    const body = part(number);
    await put(partKey(number), body);
    parts.push({ name: nameOf(number), rows: 1, bytes: body.length, sha256: sha256(body) });
  }
  const manifest = {
    ...{ schemaVersion: 1, id: ID, deployment: 'sandbox', previous: null, level: 'full', compression: 'gzip' },
    lineage: { site: 'us-east-1', epoch: 0 },
    ...{ takenAt: '2026-11-24T10:15:00.000Z', completedAt: '2026-11-24T10:16:00.000Z' },
    airflow: { version: '2.10.3', alembic: { core: 'x' } },
    wraps: await Promise.all(REGIONS.map(wrapFor)),
    tables: [{ name: 'log', layer: 'inert', columns: ['id'], rows: PARTS, hash: 'x', parts }],
    ...{ sequences: {}, pauseSet: { unpaused: [], paused: [] }, inFlight: [], bundle: 'x' },
  };
  const mac = manifestMac(dataKey, manifest);
  await put(keyOf('manifest.json'), Buffer.from(JSON.stringify({ ...manifest, mac })));
}

const run = (inputs: Record<string, string>) =>
  runBundle(
    { deployment, ...inputs },
    { AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner, AWS_SECRET_ACCESS_KEY: SECRET_KEY, MWAADR_ENDPOINTS: services.endpoints },
  );

/** Verifies, and says what came through the Region's door meanwhile. */
async function verify(inputs: Record<string, string> = {}) {
  const { requests } = services.gateway(STANDBY);
  requests.length = 0;
  const began = performance.now();
  const ended = await run({ operation: 'verify', snapshot: ID, ...inputs });
  const seconds = (performance.now() - began) / 1_000;
  const bytes = requests.reduce((sum, request) => sum + (request.replyBytes ?? 0), 0);
  return { ended, seconds, bytes, result: JSON.parse(ended.outputs['json'] ?? '{}') as Record<string, unknown> };
}

beforeAll(async () => {
  services = await startServices();
  folder = await mkdtemp(join(tmpdir(), 'mwaadr-verify-'));
  deployment = join(folder, 'sandbox.json');
  await writeFile(deployment, JSON.stringify(deploymentOf('sandbox', '2.10.3', DEFAULT_PERIODS)));
  expect((await run({ operation: 'install' })).code).toBe(0);
  await writeTheSnapshot();
}, 5 * MINUTES);

afterAll(async () => {
  await services.stop();
  await rm(folder, { recursive: true });
}, MINUTES);

describe('a snapshot of 1 GB', () => {
  const size = PARTS * (PART + 1_000);

  test(
    'is downloaded whole with `deep`, and else one part of it',
    async () => {
      const deep = await verify({ deep: 'true' });
      expect([deep.ended.code, deep.ended.summary]).toEqual([0, expect.stringContaining('64 downloaded')]);
      expect(deep.result).toMatchObject({ parts: PARTS, compared: 0, read: PARTS });
      const usual = await verify();
      expect([usual.ended.code, usual.ended.summary]).toEqual([0, expect.stringContaining('63 parts compared')]);
      expect(usual.result).toMatchObject({ parts: PARTS, compared: PARTS - 1, read: 1 });
      expect(usual.result['downloaded']).toBeLessThan(PART + 10_000);
      expect(deep.bytes).toBeGreaterThan(PARTS * PART);
      expect(usual.bytes).toBeLessThan(size / 60);
      for (const [name, { bytes, seconds }] of Object.entries({ deep, usual }))
        process.stderr.write(`verify, ${name}: ${bytes} bytes through the door, ${seconds.toFixed(1)} s\n`);
    },
    5 * MINUTES,
  );

  const DAMAGES: readonly (readonly [string, () => Promise<void>, string])[] = [
    ['a flipped byte', () => put(partKey(7), flipped(part(7))), 'inert-0008 has'],
    [
      'a flipped byte in an object that S3 has no SHA-256 of',
      () => put(partKey(7), flipped(part(7)), false),
      'inert-0008 has',
    ],
    [
      'a part that is missing',
      async () => {
        await services.s3(STANDBY).send(new DeleteObjectCommand({ Bucket: drBucket(STANDBY), Key: partKey(7) }));
      },
      'inert-0008 is missing',
    ],
    [
      "two parts in each other's place",
      async () => {
        await put(partKey(7), part(8));
        await put(partKey(8), part(7));
      },
      'inert-0008 has',
    ],
  ];

  test.each(DAMAGES)(
    'with %s is refused without `deep`',
    async (_, damage, told) => {
      await damage();
      const { ended, bytes } = await verify();
      expect([ended.code, ended.summary]).toEqual([1, expect.stringContaining(told)]);
      expect(bytes).toBeLessThan(size / 20);
      await Promise.all([put(partKey(7), part(7)), put(partKey(8), part(8))]);
      expect((await verify()).ended.code).toBe(0);
    },
    2 * MINUTES,
  );
});

const flipped = (body: Buffer): Buffer => {
  body[1_000] = (body[1_000] ?? 0) ^ 1;
  return body;
};
