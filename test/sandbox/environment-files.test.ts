import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import type { RuntimeEnvironment } from './control-plane/runtime.ts';
import { bringFiles } from './environment-files.ts';
import { installMoto } from './install.ts';
import { startServices, type Services } from './services.ts';
import { dagsBucket } from './topology.ts';

const run = promisify(execFile);
const REGION = 'us-east-1';
const bucket = dagsBucket('sandbox', REGION);
let services: Services;
let python: string;
let folder: string;

beforeAll(async () => {
  services = await startServices();
  python = await installMoto(() => undefined);
  folder = mkdtempSync(join(tmpdir(), 'mwaadr-files-'));
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await services.stop();
}, 30_000);

/** Version id of the new object. */
async function put(Key: string, Body: string | Uint8Array): Promise<string> {
  const { VersionId } = await services.s3(REGION).send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  return VersionId ?? '';
}

async function zipOf(name: string, content: string): Promise<Uint8Array> {
  writeFileSync(join(folder, name), content);
  const zip = join(folder, `${name}.zip`);
  await run(python, ['-m', 'zipfile', '-c', zip, join(folder, name)]);
  return readFileSync(zip);
}

const bring = (home: string, files: Partial<RuntimeEnvironment>): Promise<void> =>
  bringFiles(services.s3(REGION), python, home, {
    name: 'orders',
    airflowVersion: '2.10.3',
    dagsBucket: bucket,
    dagsPath: 'dags',
    configurationOptions: {},
    ...files,
  });

it('brings each file in the version that is named, unzips plugins, and takes away what is named no more', async () => {
  const home = mkdtempSync(join(folder, 'home-'));
  const contentOf = (file: string): string => readFileSync(join(home, file), 'utf8');
  const first = await put('requirements.txt', 'requests==1');
  await put('requirements.txt', 'requests==2');
  await put('start.sh', 'export A=1');
  await put('plugins.zip', await zipOf('one.py', 'ONE = 1'));

  await bring(home, {
    requirements: { key: 'requirements.txt', versionId: first },
    startupScript: { key: 'start.sh' },
    plugins: { key: 'plugins.zip' },
  });
  expect([contentOf('requirements.txt'), contentOf('startup.sh')]).toEqual(['requests==1', 'export A=1']);
  expect(contentOf('plugins/one.py')).toBe('ONE = 1');

  await put('plugins.zip', await zipOf('two.py', 'TWO = 2'));
  await bring(home, { requirements: { key: 'requirements.txt' }, plugins: { key: 'plugins.zip' } });
  expect(contentOf('requirements.txt')).toBe('requests==2');
  expect(readdirSync(home)).not.toContain('startup.sh');
  expect(readdirSync(join(home, 'plugins'))).toEqual(['two.py']);
});

it('an empty plugins.zip is no plugins', async () => {
  const home = mkdtempSync(join(folder, 'home-'));
  await put('empty.zip', new Uint8Array());
  await bring(home, { plugins: { key: 'empty.zip' } });
  expect(readdirSync(join(home, 'plugins'))).toEqual([]);
});

it('a version that is not there is an error, not an older file', async () => {
  const home = mkdtempSync(join(folder, 'home-'));
  await put('requirements.txt', 'requests');
  await expect(bring(home, { requirements: { key: 'requirements.txt', versionId: 'gone' } })).rejects.toThrow();
});
