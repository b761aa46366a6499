import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { S3Client } from '@aws-sdk/client-s3';
import { ControlPlane } from './control-plane/control-plane.ts';
import { FakeRuntime } from './control-plane/fake-runtime.ts';
import { backendOf } from './gateway/backend.ts';
import { RegionGateway } from './gateway/gateway.ts';
import { Moto, provision } from './moto.ts';
import { Processes } from './processes.ts';
import { endpointsOf } from './region.ts';
import { S3BucketFacts } from './s3-bucket-facts.ts';
import { ACCOUNT, REGIONS } from './topology.ts';
import type { Region } from './types.ts';
import { freePort, type Log } from './waiting.ts';

/** The two Regions without Airflow: everything an adapter talks to, up in a second. */
export interface Services {
  /** Value of MWAADR_ENDPOINTS. */
  endpoints: string;
  gateway(region: Region): RegionGateway;
  controlPlane(region: Region): ControlPlane;
  runtime(region: Region): FakeRuntime;
  moto: Moto;
  /** Straight to S3, past the gateway. */
  s3(region: Region): S3Client;
  stop(): Promise<void>;
}

export interface ServicesOptions {
  log?: Log;
  deployment?: string;
  /** Environments that each Region may have. */
  quota?: number;
  /** How long an environment stays in each state, in milliseconds; no time at all when absent. */
  creatingMs?: number;
  updatingMs?: number;
  deletingMs?: number;
}

export async function startServices(options: ServicesOptions = {}): Promise<Services> {
  const { log = () => undefined, deployment = 'sandbox', ...limits } = options;
  const home = mkdtempSync(join(tmpdir(), 'mwaadr-services-'));
  chmodSync(home, 0o755);
  const processes = new Processes(join(home, 'logs'), home);
  const moto = await Moto.start(processes, log, limits.quota);
  await provision(moto, deployment);
  const ports = { 'us-east-1': await freePort(), 'us-west-2': await freePort() };
  const buckets = new S3BucketFacts(moto);
  const startRegion = async (region: Region) => {
    const runtime = new FakeRuntime();
    const controlPlane = new ControlPlane({ region, account: ACCOUNT, runtime, buckets, ...limits });
    const gateway = await RegionGateway.start(region, ports[region], backendOf(controlPlane, moto.url));
    return { runtime, controlPlane, gateway };
  };
  const regions = { 'us-east-1': await startRegion('us-east-1'), 'us-west-2': await startRegion('us-west-2') };
  return {
    endpoints: endpointsOf(ports),
    gateway: (region) => regions[region].gateway,
    controlPlane: (region) => regions[region].controlPlane,
    runtime: (region) => regions[region].runtime,
    moto,
    s3: (region) => moto.s3(region),
    stop: async () => {
      await Promise.all(REGIONS.map((region) => regions[region].gateway.stop()));
      await processes.stop();
    },
  };
}
