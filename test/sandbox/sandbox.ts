import { chmodSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { queueDatabase } from './environment-variables.ts';
import { installAirflow, installCelery } from './install.ts';
import { Moto, provision } from './moto.ts';
import { Postgres } from './postgres.ts';
import { Processes } from './processes.ts';
import { endpointsOf, SandboxRegion, type Machine } from './region.ts';
import { airflowTemplate } from './template.ts';
import { ACCESS_KEYS, DEFAULT_PERIODS, deploymentOf, environmentName, REGIONS, SECRET_KEY } from './topology.ts';
import type { Gateway, Region, Row, Sandbox, SandboxOptions } from './types.ts';
import { freePort, narrated, type Log } from './waiting.ts';

/** Two Regions on this machine, ready when it resolves. Whoever ends without `stop` is cleaned up after. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const log = options.log ?? (() => undefined);
  const home = makeHome(options.home);
  const processes = new Processes(join(home, 'logs'), options.home === undefined ? home : '');
  const started: SandboxRegion[] = [];
  const startRegion = async (region: Region, machine: Machine): Promise<SandboxRegion> => {
    const result = await SandboxRegion.start(region, machine);
    started.push(result);
    return result;
  };
  try {
    const machine = await startMachine(options, home, processes, log);
    const regions = {
      'us-east-1': await startRegion('us-east-1', machine),
      'us-west-2': await startRegion('us-west-2', machine),
    };
    const sites = options.environments ?? REGIONS;
    await narrated(log, `starting Airflow ${options.airflow} in ${sites.join(' and ')}`, () =>
      Promise.all(sites.map((region) => regions[region].createEnvironment())),
    );
    return new RunningSandbox(home, options, machine, regions);
  } catch (error) {
    await Promise.all(started.map((region) => region.stop()));
    await processes.stop();
    throw error;
  }
}

function makeHome(wanted: string | undefined): string {
  const home = resolve(wanted ?? mkdtempSync(join(tmpdir(), 'mwaadr-sandbox-')));
  mkdirSync(home, { recursive: true });
  if (readdirSync(home).length > 0) throw new Error(`${home} is not empty: a sandbox begins in a folder of its own`);
  // PostgreSQL may have to run as somebody else, who must be able to get in.
  chmodSync(home, 0o755);
  return home;
}

async function startMachine(options: SandboxOptions, folder: string, processes: Processes, log: Log): Promise<Machine> {
  const version = options.airflow;
  const deployment = options.deploymentName ?? 'sandbox';
  const python = await installAirflow(version, log);
  const celery = options.executor === 'CeleryExecutor' ? await installCelery(version, log) : undefined;
  const template = airflowTemplate({ version, python, folder, log });
  const [postgres, moto] = await Promise.all([
    narrated(log, 'starting PostgreSQL', () =>
      Postgres.start({ processes, folder: join(folder, 'postgres'), log, template }),
    ),
    narrated(log, 'starting S3, CloudWatch, KMS and STS', () => Moto.start(processes, log)),
  ]);
  await provision(moto, deployment);
  const ports = { 'us-east-1': await freePort(), 'us-west-2': await freePort() };
  return { version, deployment, python, celery, folder, processes, postgres, moto, ports, log };
}

class RunningSandbox implements Sandbox {
  readonly home: string;
  readonly deploymentFile: string;
  readonly regions = REGIONS;
  readonly actionEnv: Record<string, string>;
  readonly accessKeys = ACCESS_KEYS;
  readonly #machine: Machine;
  readonly #regions: Record<Region, SandboxRegion>;

  constructor(home: string, options: SandboxOptions, machine: Machine, regions: Record<Region, SandboxRegion>) {
    const { deployment, version, ports } = machine;
    this.home = home;
    this.#machine = machine;
    this.#regions = regions;
    this.deploymentFile = join(home, `${deployment}.json`);
    const content = deploymentOf(deployment, version, { ...DEFAULT_PERIODS, ...options.periods });
    writeFileSync(this.deploymentFile, JSON.stringify(content, null, 2));
    this.actionEnv = {
      AWS_ACCESS_KEY_ID: ACCESS_KEYS.runner,
      AWS_SECRET_ACCESS_KEY: SECRET_KEY,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
      MWAADR_ENDPOINTS: endpointsOf(ports),
    };
  }

  gateway(region: Region): Gateway {
    return this.#regions[region].gateway;
  }

  controlPlane(region: Region): ControlPlane {
    return this.#regions[region].controlPlane;
  }

  sql(region: Region, text: string, params?: unknown[]): Promise<Row[]> {
    return this.#machine.postgres.sql(environmentName(this.#machine.deployment, region), text, params);
  }

  async messages(region: Region): Promise<number> {
    const { postgres, deployment } = this.#machine;
    const queue = queueDatabase(environmentName(deployment, region));
    const [row] = await postgres.sql(queue, 'select count(*)::int as n from kombu_message where visible');
    return Number(row?.['n']);
  }

  s3(region: Region): S3Client {
    return this.#machine.moto.s3(region);
  }

  airflowUrl(region: Region): string {
    return this.#regions[region].airflowUrl;
  }

  async lose(region: Region, effect: 'refused' | 'hang' = 'refused'): Promise<void> {
    const lost = this.#regions[region].lose(effect);
    await this.#updateReplication();
    await lost;
    this.#machine.log(`${region} is lost`);
  }

  async return(region: Region): Promise<void> {
    const returned = this.#regions[region].return();
    await this.#updateReplication();
    await narrated(this.#machine.log, `${region} returns`, () => returned);
  }

  partition(region: Region, accessKeys: readonly string[], effect: 'refused' | 'hang' = 'hang'): () => void {
    const ends = accessKeys.map((accessKey) => this.gateway(region).fault(effect, { accessKey }));
    return () => {
      for (const end of ends) end();
    };
  }

  freezeScheduler(region: Region): void {
    this.#regions[region].signalScheduler('SIGSTOP');
  }

  thawScheduler(region: Region): void {
    this.#regions[region].signalScheduler('SIGCONT');
  }

  restartEnvironment(region: Region): Promise<void> {
    return this.#regions[region].restartEnvironment();
  }

  replicated(): Promise<void> {
    return this.#machine.moto.replicated();
  }

  cpuSeconds(): number {
    return this.#machine.processes.cpuSeconds();
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#regions).map((region) => region.stop()));
    await this.#machine.postgres.disconnect();
    await this.#machine.processes.stop();
  }

  #updateReplication(): Promise<void> {
    return this.#machine.moto.pauseReplication(REGIONS.filter((region) => this.#regions[region].isLost));
  }
}
