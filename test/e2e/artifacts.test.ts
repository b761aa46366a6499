import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { LIMITS } from '../../action/src/aws/call.ts';
import { parseEndpoints } from '../../action/src/aws/endpoints.ts';
import { createRegions } from '../../action/src/aws/region.ts';
import type { Pins } from '../../action/src/domain/artifact-plan.ts';
import { deploymentSchema } from '../../action/src/domain/deployment.ts';
import type { World } from '../../action/src/domain/ports.ts';
import { deployArtifacts, observeArtifacts } from '../../action/src/operations/artifacts.ts';
import { repositoryAt } from '../../action/src/repository.ts';
import { installMoto } from '../sandbox/install.ts';
import { startServices, type Services } from '../sandbox/services.ts';
import { ACCESS_KEYS, ACCOUNTS, dagsBucket, DEFAULT_PERIODS, deploymentOf, SECRET_KEY } from '../sandbox/topology.ts';
import type { Region } from '../sandbox/types.ts';

/** Artifacts with a real folder, the real adapters and an S3 that replicates. */
let services: Services;
let world: World;
let root: string;

const START = Date.parse('2026-11-24T10:00:00Z');
const EAST = 'us-east-1';
const WEST = 'us-west-2';
const deploymentThatWaits = (replicationSeconds: number) =>
  deploymentSchema.parse({
    ...deploymentOf('sandbox', '2.10.3', DEFAULT_PERIODS),
    manage: 'full',
    artifacts: { dags: 'dags', plugins: 'plugins', requirements: 'requirements.txt', replicationSeconds },
  });
const deployment = deploymentThatWaits(600);

beforeAll(async () => {
  services = await startServices();
  const credentials = { accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY };
  const endpoints = parseEndpoints(services.endpoints);
  const session = { credentials: () => Promise.resolve(credentials), endpoints, limits: LIMITS, accounts: ACCOUNTS };
  let slept = 0;
  const sleep = (milliseconds: number): Promise<void> => {
    slept += milliseconds;
    return new Promise((resolve) => setTimeout(resolve, milliseconds / 20));
  };
  world = {
    clock: { now: () => START + slept, sleep },
    random: { hex: (bytes) => 'ab'.repeat(bytes) },
    log: { group: (_, body) => body(), info: () => undefined, warning: () => undefined },
    region: createRegions(session, '2.10.3'),
    actor: 'test',
    drDags: () => Promise.resolve([]),
    stop: new AbortController().signal,
  };
}, 120_000);
afterAll(() => services.stop(), 30_000);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'mwaadr-artifacts-'));
  for (const path of ['dags/orders.py', 'dags/Team/stöck.py', 'dags/team/.airflowignore', 'plugins/shop.py'])
    put(path, `# ${path}`);
  put('requirements.txt', 'pandas==2.2.0');
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const scene = () => ({
  roles: { active: 0, standby: 1 } as const,
  repository: repositoryAt(root, 'c1'),
  settings: [undefined, undefined] as const,
});
const plan = () => observeArtifacts(world, deployment, scene());

/** Nobody takes it. */
const LEASE = { ensure: () => Promise.resolve() } as unknown as Parameters<typeof deployArtifacts>[5];

async function apply(of = deployment): Promise<readonly [Pins, Pins]> {
  const planned = await plan();
  const pins = await deployArtifacts(world, of, scene(), planned, 'before', LEASE);
  await deployArtifacts(world, of, scene(), planned, 'after', LEASE);
  return pins;
}

async function texts(region: Region): Promise<Readonly<Record<string, string>>> {
  const { objects } = world.region(region);
  const bucket = dagsBucket('sandbox', region);
  const found: Record<string, string> = {};
  for (const { key } of await objects.list(bucket, 'dags/'))
    found[key.slice('dags/'.length)] = Buffer.from((await objects.get(bucket, key))?.body ?? []).toString();
  return found;
}

test('files, changes and deletions reach both buckets, and the digest is the one that the canary computes', async () => {
  const pins = await apply();
  expect(await texts(EAST)).toEqual({
    'orders.py': '# dags/orders.py',
    'Team/stöck.py': '# dags/Team/stöck.py',
    'team/.airflowignore': '# dags/team/.airflowignore',
  });
  expect(await texts(WEST)).toEqual(await texts(EAST));
  // Replication kept the ids of the versions.
  expect(pins[0]).toEqual(pins[1]);
  expect(pins[0].plugins?.version).toMatch(/.{8,}/);
  expect((await plan()).after).toEqual([[], []]);

  put('dags/orders.py', 'two');
  put('requirements.txt', 'pandas==2.2.1');
  rmSync(join(root, 'dags/Team'), { recursive: true });
  const changed = await apply();
  expect(await texts(WEST)).toEqual({ 'orders.py': 'two', 'team/.airflowignore': '# dags/team/.airflowignore' });
  expect(await texts(EAST)).toEqual(await texts(WEST));
  expect(changed[1].requirements?.version).not.toBe(pins[1].requirements?.version);
  expect(changed[1].plugins).toEqual(pins[1].plugins);
  expect((await plan()).rows.map(({ verdict }) => verdict)).toEqual(['in sync', 'in sync', 'in sync', 'in sync']);
}, 30_000);

test('what replication leaves out is copied, what somebody did to the standby is seen and made right', async () => {
  await services.moto.pauseReplication([WEST]);
  await apply(deploymentThatWaits(4));
  expect(await texts(WEST)).toEqual(await texts(EAST));
  await services.moto.pauseReplication([]);
  await services.moto.replicated();
  const Bucket = dagsBucket('sandbox', WEST);
  const s3 = services.s3(WEST);
  await s3.send(new DeleteObjectCommand({ Bucket, Key: 'dags/orders.py' }));
  expect((await plan()).rows).toContainEqual(
    expect.objectContaining({ path: 'dags/orders.py', verdict: 'missing at the standby' }),
  );
  await s3.send(new PutObjectCommand({ Bucket, Key: 'dags/theirs.py', Body: 'theirs' }));
  await apply();
  expect(await texts(WEST)).toEqual({ ...(await texts(EAST)), 'theirs.py': 'theirs' });
}, 30_000);

test('the digest of DAG files is that of dags/mwaadr/core/bundle.py', async () => {
  put('dags/a b/ünï.sql', 'select 1');
  put('dags/B.py', 'x');
  put('dags/mwaadr/own.py', 'left out');
  put('dags/__pycache__/orders.pyc', 'left out');
  const files = (await plan()).rows.filter(({ path }) => path.startsWith('dags/'));
  expect(files.length).toBeGreaterThan(4);
  const python = await installMoto(() => undefined);
  const program =
    'import sys, pathlib; from mwaadr.core import bundle; print(bundle.digest(pathlib.Path(sys.argv[1])))';
  const env = { PYTHONPATH: join(import.meta.dirname, '../../dags'), PYTHONDONTWRITEBYTECODE: '1', LANG: 'C.UTF-8' };
  const digest = execFileSync(python, ['-c', program, join(root, 'dags')], { env, encoding: 'utf8' }).trim();
  await apply();
  const manifest = await world.region(WEST).objects.get(dagsBucket('sandbox', WEST), 'mwaadr/sandbox/bundle.json');
  const stored = JSON.parse(Buffer.from(manifest?.body ?? []).toString()) as { dags: string };
  expect(stored.dags).toBe(digest);
}, 30_000);
