import { readFileSync } from 'node:fs';
import { parseDeployment } from '../../action/src/domain/deployment-file.ts';
import type { Deployment, SiteIndex } from '../../action/src/domain/deployment.ts';
import type { Service, Unreadable } from '../../action/src/domain/faults.ts';
import { drBucket, EVIDENCE_PREFIX, SNAPSHOTS_PREFIX } from '../../action/src/domain/names.ts';
import type { ControlPlane } from '../sandbox/control-plane/control-plane.ts';
import { controlPlaneOf, establish } from './memory-mwaa.ts';
import { MemoryS3 } from './memory-s3.ts';
import type { StoredVersion } from './memory-s3.ts';
import { ModelAirflow } from './model-airflow.ts';
import { VirtualClock } from './virtual-clock.ts';

export interface Fault {
  readonly service: Service;
  readonly quality: Unreadable;
  readonly region?: string;
  /** Only for this process, for the site in this Region, or for all processes; else for the sites and all processes. */
  readonly observer?: string;
}

const START = '2026-11-24T10:00:00Z';
const REPLICATION_TAKES = 4_000;
const EXAMPLE = new URL('../../environments/example.json', import.meta.url);

export const EXAMPLE_DEPLOYMENT: Deployment = parseDeployment(readFileSync(EXAMPLE, 'utf8'), 'example.json');

interface RegionState {
  readonly s3: MemoryS3;
  readonly airflow: ModelAirflow;
  readonly plane: ControlPlane;
  lost: boolean;
}

/** One value of a metric that is not the scheduler's: where, which, and the start of its period. */
export interface MetricPoint {
  readonly region: string;
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly at: number;
}

/** Two Regions in memory under one virtual clock: what is there, whoever looks at it. */
export class Universe {
  readonly clock = new VirtualClock(START);
  readonly deployment: Deployment;
  readonly regions: readonly [string, string];
  /** What CloudWatch has of other metrics than the scheduler's. */
  metric: (point: MetricPoint) => number | undefined = () => undefined;
  readonly faults = new Set<Fault>();
  /** How long replication takes for a key, in milliseconds, and which keys it never delivers. */
  readonly normalReplication = REPLICATION_TAKES;
  replicationTakes: (key: string) => number = () => REPLICATION_TAKES;
  drops: (key: string) => boolean = () => false;
  #cut = false;
  readonly #states: readonly [RegionState, RegionState];
  readonly #missing: readonly SiteIndex[];
  #waiting: (() => void)[] = [];

  /** `missing`: sites that have no environment yet. */
  constructor(deployment: Deployment = EXAMPLE_DEPLOYMENT, { missing = [] }: { missing?: readonly SiteIndex[] } = {}) {
    this.deployment = deployment;
    this.#missing = missing;
    this.regions = [deployment.sites[0].region, deployment.sites[1].region];
    const stores = [new MemoryS3(this.clock), new MemoryS3(this.clock)] as const;
    this.#states = [this.#region(0, stores), this.#region(1, stores)];
    for (const from of [0, 1] as const) {
      const [own, peer] = [deployment.sites[from], deployment.sites[from === 0 ? 1 : 0]];
      const prefixes = [SNAPSHOTS_PREFIX, EVIDENCE_PREFIX].map((prefix) => ({ prefix, to: drBucket(peer) }));
      stores[from].setReplication(drBucket(own), prefixes);
      stores[from].setReplication(own.dagsBucket, [{ prefix: '', to: peer.dagsBucket }]);
      stores[from].replicate = (bucket, key, version) => {
        this.#replicate(from, bucket, key, version);
      };
    }
  }

  s3(region: string): MemoryS3 {
    return this.#of(region).s3;
  }

  airflow(region: string): ModelAirflow {
    return this.#of(region).airflow;
  }

  /** MWAA's control plane of the Region; its environments are what the deployment file wants them to be. */
  controlPlane(region: string): ControlPlane {
    return this.#of(region).plane;
  }

  bucket(region: string): string {
    return drBucket(this.deployment.sites[this.#index(region)]);
  }

  isLost(region: string): boolean {
    return this.#of(region).lost;
  }

  /** Every endpoint of the Region is dark, Airflow is dead, replication waits. */
  lose(region: string): void {
    this.#of(region).lost = true;
    this.airflow(region).goDown();
  }

  /** It is back as it was; what it had not yet sent is sent now. */
  bringBack(region: string): void {
    this.#of(region).lost = false;
    this.airflow(region).comeUp();
    this.#sendWaiting();
  }

  /** The two Regions do not reach each other, whoever looks from outside reaches both. */
  cut(): void {
    this.#cut = true;
  }

  mend(): void {
    this.#cut = false;
    this.#sendWaiting();
  }

  get isCut(): boolean {
    return this.#cut;
  }

  /** What keeps an observer (a process by its name, a site by its Region) from using a service of a Region now. */
  troubleOf(observer: string, service: Service, region: string): Unreadable | undefined {
    const isCutOff = this.#cut && this.regions.some((own) => own === observer) && observer !== region;
    if (this.isLost(region) || isCutOff) return 'dark';
    for (const fault of this.faults) {
      const isOutside = !this.regions.some((own) => own === observer);
      const isMine = [undefined, observer, ...(isOutside ? ['outside'] : [])].includes(fault.observer);
      if (isMine && fault.service === service && (fault.region ?? region) === region) return fault.quality;
    }
    return undefined;
  }

  fault(fault: Fault): () => void {
    this.faults.add(fault);
    return () => void this.faults.delete(fault);
  }

  #index(region: string): SiteIndex {
    return region === this.regions[0] ? 0 : 1;
  }

  #of(region: string): RegionState {
    return this.#states[this.#index(region)];
  }

  #region(index: SiteIndex, stores: readonly [MemoryS3, MemoryS3]): RegionState {
    const { region, account } = this.deployment.sites[index];
    const airflow = new ModelAirflow({
      clock: this.clock,
      deployment: this.deployment,
      index,
      s3: (of) => stores[of],
      trouble: (service, of) => this.troubleOf(region, service, this.regions[of]),
    });
    const plane = controlPlaneOf(this.clock, region, account);
    if (!this.#missing.includes(index)) establish(plane, this.deployment, index);
    return { s3: stores[index], airflow, plane, lost: false };
  }

  #replicate(from: SiteIndex, bucket: string, key: string, version: StoredVersion): void {
    const to = this.#states[from === 0 ? 1 : 0];
    const send = () => {
      if (this.#states[from].lost || to.lost || this.#cut) this.#waiting.push(send);
      else to.s3.putReplica(bucket, key, version);
    };
    if (this.drops(key)) return;
    this.clock.after(this.replicationTakes(key), send);
  }

  /** What still cannot get through waits on. */
  #sendWaiting(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const send of waiting) send();
  }
}
