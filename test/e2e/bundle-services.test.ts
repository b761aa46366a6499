import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { startServices, type Services } from '../sandbox/services.ts';
import { ACCESS_KEYS, dagsBucket, DEFAULT_PERIODS, deploymentOf, SECRET_KEY } from '../sandbox/topology.ts';
import { runBundle } from './runner.ts';

jest.setTimeout(30_000);

/** The bundle against two Regions whose Airflows are not there: each operation gets as far as it can, and says so. */
let services: Services;
let folder: string;
let deployment: string;
beforeAll(async () => {
  services = await startServices();
  folder = await mkdtemp(join(tmpdir(), 'mwaadr-bundle-services-'));
  deployment = join(folder, 'sandbox.json');
  await writeFile(deployment, JSON.stringify(deploymentOf('sandbox', '2.10.3', { ...DEFAULT_PERIODS, canary: 5 })));
}, 120_000);
afterAll(async () => {
  await services.stop();
  await rm(folder, { recursive: true });
}, 30_000);

const run = (inputs: Record<string, string>) =>
  runBundle(
    { deployment, ...inputs },
    { AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner, AWS_SECRET_ACCESS_KEY: SECRET_KEY, MWAADR_ENDPOINTS: services.endpoints },
  );

test('before the installation every operation says so', async () => {
  const status = await run({ operation: 'status' });
  expect(status.code).toBe(1);
  expect(status.summary).toMatch(/^### 🛑 MDR-NOT-INSTALLED/);
});

test('install uploads the DR DAGs to both Regions, once', async () => {
  const install = await run({ operation: 'install' });
  expect(install.summary).toContain('Disaster recovery of sandbox is installed');
  expect(install.code).toBe(0);
  const again = await run({ operation: 'install' });
  expect(again.summary).toContain('was installed already; nothing changed');
  for (const region of ['us-east-1', 'us-west-2'] as const) {
    const listed = await services.s3(region).send(new ListObjectsV2Command({ Bucket: dagsBucket('sandbox', region) }));
    const keys = listed.Contents?.map(({ Key }) => Key);
    expect(keys).toEqual(expect.arrayContaining(['dags/mwaadr/deployment.json', 'dags/mwaadr/core/canary.py']));
    expect(keys?.join()).not.toMatch(/pycache|\.pyc/);
  }
});

test('status shows both sites, check answers, failover refuses without a snapshot', async () => {
  const status = await run({ operation: 'status' });
  expect(status.code).toBe(0);
  expect(status.outputs).toMatchObject({ 'active-site': 'us-east-1', epoch: '0' });
  const check = await run({ operation: 'check', 'fail-on': 'never' });
  expect(check.code).toBe(0);
  expect(check.outputs['verdict']).toMatch(/^(DEGRADED|UNKNOWN)$/);
  const failover = await run({ operation: 'failover', target: 'us-west-2', reason: 'test', confirm: 'sandbox' });
  expect(failover.code).toBe(1);
  expect(failover.summary).toMatch(/^### 🛑 MDR-/);
});

test('a bucket of another account than the deployment file names is not touched, and every operation says so', async () => {
  const file = deploymentOf('sandbox', '2.10.3', DEFAULT_PERIODS) as { sites: { region: string; account: string }[] };
  const sites = file.sites.map((site) => (site.region === 'us-west-2' ? { ...site, account: '999999999999' } : site));
  const other = join(folder, 'other');
  await mkdir(other);
  await writeFile(join(other, 'sandbox.json'), JSON.stringify({ ...file, sites }));
  const words = 'does not belong to the account that the deployment file names';
  for (const operation of ['install', 'verify', 'doctor']) {
    const refused = await run({ operation, deployment: join(other, 'sandbox.json') });
    expect([operation, refused.code, refused.summary.includes(words)]).toEqual([operation, 1, true]);
  }
  const check = await run({ operation: 'check', 'fail-on': 'never', deployment: join(other, 'sandbox.json') });
  expect(check.summary).toMatch(/S3, us-west-2 \| 🔒 denied/);
  expect(check.summary).toContain('a bucket of another account');

  // Deployments in the same Regions share clients, but not those of other accounts.
  await writeFile(join(other, 'foreign.json'), JSON.stringify({ ...file, deployment: 'foreign', sites }));
  const fleet = await run({ operation: 'status', deployment: `${deployment} ${join(other, 'foreign.json')}` });
  expect(fleet.summary).toMatch(/#### foreign: MDR-AWS-DENIED/);
  expect(fleet.summary).not.toMatch(/^\| sandbox .*AccessDenied/m);
});
