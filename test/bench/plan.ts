/**
 * `npm run bench`: the plan of two hundred running deployments by the bundle, over HTTP, beside what no plan can be
 * without: one GetEnvironment and one control record for each site, asked by the bare SDK with the same concurrency.
 * Ratios, since the seconds are those of one machine and of doubles.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetEnvironmentCommand, MWAAClient } from '@aws-sdk/client-mwaa';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import { firstRecord } from '../../action/src/domain/first-record.ts';
import { keys } from '../../action/src/domain/names.ts';
import { iso, toStored } from '../../action/src/domain/stored-json.ts';
import { startServices, type Services } from '../sandbox/services.ts';
import {
  ACCESS_KEYS,
  ACCOUNT,
  dagsBucket,
  DEFAULT_PERIODS,
  deploymentOf,
  drBucket,
  environmentName,
  REGIONS,
  SECRET_KEY,
} from '../sandbox/topology.ts';
import type { GatewayRequest, Region } from '../sandbox/types.ts';
import { ROOT } from '../tools/paths.ts';

const DEPLOYMENTS = 200;
/** As many as the action works on at a time, each with both sites at once. */
const AT_ONCE = 16;

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const names = Array.from({ length: DEPLOYMENTS }, (_, index) => `fleet-${String(index).padStart(3, '0')}`);

function writeFiles(folder: string): void {
  mkdirSync(join(folder, 'environments'), { recursive: true });
  for (const name of names) {
    const file = deploymentOf(name, '2.10.3', DEFAULT_PERIODS);
    writeFileSync(join(folder, 'environments', `${name}.json`), JSON.stringify(file));
  }
}

async function makeEnvironments(services: Services): Promise<void> {
  for (const region of REGIONS) {
    const controlPlane = services.controlPlane(region);
    for (const name of names) {
      controlPlane.createEnvironment({
        Name: environmentName(name, region),
        AirflowVersion: '2.10.3',
        ExecutionRoleArn: `arn:aws:iam::${ACCOUNT}:role/${name}-${region}`,
        SourceBucketArn: `arn:aws:s3:::${dagsBucket(name, region)}`,
        DagS3Path: 'dags',
        NetworkConfiguration: { SubnetIds: ['subnet-0a', 'subnet-0b'], SecurityGroupIds: ['sg-0a'] },
      });
    }
    await controlPlane.settled();
  }
}

/** What a deployment that runs has in each DR bucket: the control record and both heartbeats. */
async function letThemRun(services: Services): Promise<void> {
  const at = iso(Date.now());
  const hold = { installed: true, unpausedUserDags: 1, liveUserRuns: 0 };
  for (const bucketOf of REGIONS) {
    const { s3 } = clientsOf(bucketOf, endpointOf(services, bucketOf));
    const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: drBucket(bucketOf), Key, Body }));
    for (const name of names) {
      const file = JSON.stringify(deploymentOf(name, '2.10.3', DEFAULT_PERIODS));
      const deployment = parseDeployment(file, name);
      await put(keys.control(name), toStored(firstRecord(deployment, bucketOf, [], Date.now())));
      for (const [index, site] of REGIONS.entries()) {
        const role = index === 0 ? 'active' : 'standby';
        const own = { ...hold, held: role === 'standby' };
        const beat = { schemaVersion: 1, deployment: name, site, at, role, epoch: 0, hold: own, fence: null };
        await put(keys.heartbeat(name, site), toStored(beat));
      }
    }
  }
}

const endpointOf = (services: Services, region: Region): string =>
  new Map(services.endpoints.split(',').map((pair) => pair.split('=') as [Region, string])).get(region) ?? '';

interface Run {
  readonly seconds: number;
  readonly megabytes: number;
  readonly calls: readonly GatewayRequest[];
}

async function counted(services: Services, work: () => Promise<number>): Promise<Run> {
  const before = REGIONS.map((region) => services.gateway(region).requests.length);
  const started = performance.now();
  const megabytes = await work();
  const seconds = (performance.now() - started) / 1000;
  const calls = REGIONS.flatMap((region, index) => services.gateway(region).requests.slice(before[index]));
  return { seconds, megabytes, calls };
}

/** Peak of the resident memory of a process, as Linux keeps it. */
const peakOf = (pid: number): number => {
  const [, kilobytes = '0'] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
};

/** The bundle in a process of its own, as a runner starts it. */
async function byTheBundle(services: Services, cwd: string): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, 'action/dist/index.js'), 'plan'], {
    cwd,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      HOME: cwd,
      AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      MWAADR_ENDPOINTS: services.endpoints,
    },
  });
  let peak = 0;
  let words = '';
  child.stderr.on('data', (text: Buffer) => {
    words = (words + text.toString()).slice(-2_000);
    if (child.pid !== undefined && child.exitCode === null) peak = Math.max(peak, peakOf(child.pid));
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(`the plan ended with ${String(code)}: ${words}`);
  return peak;
}

/** What no plan can be without, and nothing else. */
async function byTheBareSdk(services: Services): Promise<number> {
  const clients = new Map(REGIONS.map((region) => [region, clientsOf(region, endpointOf(services, region))] as const));
  const asks = names.flatMap((name) => REGIONS.map((region) => ({ name, region })));
  const worker = async (): Promise<void> => {
    for (let ask = asks.shift(); ask !== undefined; ask = asks.shift()) {
      const { name, region } = ask;
      const { mwaa, s3 } = clients.get(region) ?? clientsOf(region, '');
      await Promise.all([
        mwaa.send(new GetEnvironmentCommand({ Name: environmentName(name, region) })),
        s3.send(new GetObjectCommand({ Bucket: drBucket(region), Key: `control/${name}.json` })).catch(() => undefined),
      ]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return 0;
}

function clientsOf(region: Region, endpoint: string) {
  const credentials = { accessKeyId: ACCESS_KEYS.runner, secretAccessKey: SECRET_KEY };
  const config = { region, endpoint, credentials };
  return {
    mwaa: new MWAAClient({ ...config, disableHostPrefix: true }),
    s3: new S3Client({ ...config, forcePathStyle: true }),
  };
}

const perDeployment = (calls: readonly GatewayRequest[], service?: string): string =>
  (calls.filter((call) => service === undefined || call.service === service).length / DEPLOYMENTS).toFixed(2);

const folder = mkdtempSync(join(tmpdir(), 'mwaadr-bench-'));
say(`Plan of ${DEPLOYMENTS} deployments: ${2 * DEPLOYMENTS} environments in two Regions`);
const services = await startServices({ quota: 2 * DEPLOYMENTS });
try {
  writeFiles(folder);
  await makeEnvironments(services);
  await letThemRun(services);
  const rows: [string, Run][] = [];
  for (const [name, work] of [
    ['least that a plan can ask, bare SDK', () => byTheBareSdk(services)],
    ['plan, by the bundle', () => byTheBundle(services, folder)],
  ] as const) {
    const run = await counted(services, work);
    rows.push([name, run]);
    const { seconds, megabytes, calls } = run;
    const memory = megabytes === 0 ? '' : `, ${megabytes.toFixed(0)} MB at its peak`;
    say(
      `  ${name.padEnd(36)} ${seconds.toFixed(2).padStart(6)} s, ${perDeployment(calls)} calls a deployment (${perDeployment(calls, 'airflow')} MWAA, ${perDeployment(calls, 's3')} S3)${memory}`,
    );
  }
  const [[, least], [, plan]] = rows as [[string, Run], [string, Run]];
  say(
    `  ratio: ${(plan.seconds / least.seconds).toFixed(2)} of the time, ${(plan.calls.length / least.calls.length).toFixed(2)} of the calls`,
  );
  say("  AWS's own sample has no plan to compare with.");
  say('  Who is active is told by both heartbeats in each bucket, too: four more reads of S3.');
  say('  MWAA has no call that describes more than one environment: two for each deployment are the least.');
  if (plan.calls.filter(({ service }) => service === 'airflow').length > 2 * DEPLOYMENTS) {
    say('FAILED: more calls to MWAA than its API needs');
    process.exitCode = 1;
  }
} finally {
  await services.stop();
  rmSync(folder, { recursive: true, force: true });
}
