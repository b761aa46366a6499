import { S3Client } from '@aws-sdk/client-s3';
import { LocalAirflow } from './airflow.ts';
import { ControlPlane } from './control-plane/control-plane.ts';
import { backendOf } from './gateway/backend.ts';
import { RegionGateway } from './gateway/gateway.ts';
import { Heartbeats } from './heartbeats.ts';
import type { Moto } from './moto.ts';
import type { Postgres } from './postgres.ts';
import type { Processes } from './processes.ts';
import { S3BucketFacts } from './s3-bucket-facts.ts';
import { ACCESS_KEYS, ACCOUNT, DAGS_PATH, dagsBucket, environmentName, SECRET_KEY } from './topology.ts';
import type { AirflowVersion, Region } from './types.ts';
import type { Log } from './waiting.ts';

/** What both Regions share. */
export interface Machine {
  version: AirflowVersion;
  deployment: string;
  python: string;
  /** Where Celery is, when the environments have workers. */
  celery: string | undefined;
  folder: string;
  processes: Processes;
  postgres: Postgres;
  moto: Moto;
  ports: Record<Region, number>;
  log: Log;
}

interface Parts {
  gateway: RegionGateway;
  controlPlane: ControlPlane;
  airflow: LocalAirflow;
  heartbeats: Heartbeats;
}

/** One Region: its gateway, its MWAA, its Airflow. */
export class SandboxRegion {
  readonly region: Region;
  readonly #machine: Machine;
  readonly #parts: Parts;
  readonly #environment: string;
  isLost = false;
  #endOfHanging: (() => void) | undefined;

  private constructor(region: Region, machine: Machine, parts: Parts) {
    this.region = region;
    this.#machine = machine;
    this.#parts = parts;
    this.#environment = environmentName(machine.deployment, region);
  }

  static async start(region: Region, machine: Machine): Promise<SandboxRegion> {
    const { moto, deployment, ports } = machine;
    let isLost = (): boolean => false;
    const cloudWatch = moto.cloudWatch(region);
    const heartbeats = await Heartbeats.listen(cloudWatch, environmentName(deployment, region), () => !isLost());
    const airflow = airflowOf(region, machine, heartbeats.port);
    // A tenth of a thousandth of what AWS needs, but enough to be seen.
    const controlPlane = new ControlPlane({
      region,
      account: ACCOUNT,
      runtime: airflow,
      creatingMs: 3000,
      updatingMs: 3000,
      deletingMs: 3000,
      buckets: new S3BucketFacts(moto),
    });
    const gateway = await RegionGateway.start(region, ports[region], backendOf(controlPlane, moto.url));
    const started = new SandboxRegion(region, machine, { gateway, controlPlane, airflow, heartbeats });
    isLost = () => started.isLost;
    return started;
  }

  get gateway(): RegionGateway {
    return this.#parts.gateway;
  }

  get controlPlane(): ControlPlane {
    return this.#parts.controlPlane;
  }

  get airflowUrl(): string {
    return this.#parts.airflow.url(this.#environment);
  }

  /** The deployment's environment at this site, by MWAA's own way. */
  async createEnvironment(): Promise<void> {
    const { version, deployment } = this.#machine;
    const { controlPlane } = this.#parts;
    controlPlane.createEnvironment({
      Name: this.#environment,
      AirflowVersion: version,
      ExecutionRoleArn: `arn:aws:iam::${ACCOUNT}:role/${this.#environment}-execution`,
      SourceBucketArn: `arn:aws:s3:::${dagsBucket(deployment, this.region)}`,
      DagS3Path: DAGS_PATH,
      NetworkConfiguration: { SubnetIds: ['subnet-0a', 'subnet-0b'], SecurityGroupIds: ['sg-0a'] },
      WebserverAccessMode: 'PUBLIC_ONLY',
      LoggingConfiguration: { TaskLogs: { Enabled: true, LogLevel: 'INFO' } },
      MaxWorkers: 2,
    });
    await controlPlane.settled();
    const { Status, LastUpdate } = controlPlane.getEnvironment({ Name: this.#environment }).Environment;
    if (Status !== 'AVAILABLE')
      throw new Error(`${this.#environment} is ${Status}: ${LastUpdate?.Error?.ErrorMessage}`);
  }

  async lose(effect: 'refused' | 'hang'): Promise<void> {
    this.isLost = true;
    if (effect === 'refused') this.gateway.refuseConnections();
    else this.#endOfHanging = this.gateway.fault('hang');
    await this.#parts.airflow.lose();
  }

  async return(): Promise<void> {
    this.isLost = false;
    this.gateway.acceptConnections();
    this.#endOfHanging?.();
    await this.#parts.airflow.return();
  }

  async restartEnvironment(): Promise<void> {
    await this.#parts.airflow.stop(this.#environment);
    await this.#parts.airflow.start(this.#environment);
  }

  signalScheduler(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#parts.airflow.signalScheduler(this.#environment, signal);
  }

  async stop(): Promise<void> {
    await this.#parts.airflow.lose();
    await Promise.all([this.gateway.stop(), this.#parts.heartbeats.stop()]);
  }
}

/** Value of MWAADR_ENDPOINTS: where the action and the DAGs find each Region. */
export function endpointsOf(ports: Record<Region, number>): string {
  return Object.entries(ports)
    .map(([region, port]) => `${region}=${urlOf(port)}`)
    .join(',');
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

function airflowOf(region: Region, machine: Machine, statsdPort: number): LocalAirflow {
  const endpoint = urlOf(machine.ports[region]);
  const credentials = { accessKeyId: ACCESS_KEYS.service[region], secretAccessKey: SECRET_KEY };
  const s3 = new S3Client({ region, endpoint, credentials, forcePathStyle: true, maxAttempts: 1 });
  const endpoints = endpointsOf(machine.ports);
  return new LocalAirflow({
    ...machine,
    folder: `${machine.folder}/environments`,
    region,
    statsdPort,
    endpoints,
    endpoint,
    s3,
  });
}
