import { siteOfEpoch } from '../../action/src/domain/deployment.ts';
import type { Deployment, Site, SiteIndex } from '../../action/src/domain/deployment.ts';
import { parseManifest, snapshotStamp } from '../../action/src/domain/manifest.ts';
import { DAG_IDS, drBucket, keyAliasArn, keys } from '../../action/src/domain/names.ts';
import type { DagRunState } from '../../action/src/domain/ports.ts';
import type { ControlRecord } from '../../action/src/domain/control-record.ts';
import type { MemoryS3 } from './memory-s3.ts';
import { readLayer, writeSnapshot } from './model-snapshot.ts';
import type { ModelRun } from './model-snapshot.ts';
import type { VirtualClock } from './virtual-clock.ts';

export interface Surroundings {
  readonly clock: VirtualClock;
  readonly deployment: Deployment;
  readonly index: SiteIndex;
  readonly s3: MemoryS3;
  /** The other Region's S3, `undefined` while it cannot be reached from here. */
  readonly peerS3: () => MemoryS3 | undefined;
}

interface DrConf {
  readonly move: string;
  readonly epoch: number;
  readonly snapshot: string;
}

interface DrOutcome {
  readonly ok?: boolean;
  readonly outcome: string;
  readonly [more: string]: unknown;
}

const USER_DAGS = ['invoices', 'orders', 'report'];
const DR_RUN_TAKES = 20_000;

/** One environment with the DR DAGs in it, as docs/formats.md says that they behave. */
export class ModelAirflow {
  /** Powered on, and its scheduler not frozen. */
  up = true;
  frozen = false;
  status = 'AVAILABLE';
  version: string;
  installed = false;
  role: 'active' | 'standby' | undefined;
  epoch = -1;
  fence: { epoch: number; at: string; grade: 'stopped' } | null = null;
  readonly dags = new Map<string, boolean>(USER_DAGS.map((dagId) => [dagId, dagId === 'report']));
  runs: ModelRun[] = [];
  readonly drRuns = new Map<string, DagRunState>();
  /** DR DAGs whose runs end without leaving a result, or with this outcome. */
  readonly spoiled = new Map<string, 'lost' | DrOutcome>();
  /** Paths of DAG files that cannot be imported. */
  importErrors: readonly string[] | 'unreadable' = [];
  /** Times at which the scheduler beat. */
  readonly beats: number[] = [];
  /** How often a user DAG got a run, by run id: a run started twice would show here. */
  readonly started: string[] = [];
  readonly #around: Surroundings;
  #snapshots = 0;

  constructor(around: Surroundings) {
    this.#around = around;
    this.version = around.deployment.airflowVersion;
    const { clock, deployment, index } = around;
    const ifAlive = (run: () => void) => () => {
      if (this.up && !this.frozen) run();
    };
    clock.every(
      30_000,
      5_000,
      ifAlive(() => void this.beats.push(clock.now())),
    );
    clock.every(
      deployment.canary.everySeconds * 1000,
      7_000 + index * 3_000,
      ifAlive(() => {
        this.beat();
      }),
    );
    clock.every(
      60_000,
      20_000,
      ifAlive(() => {
        this.#work();
      }),
    );
    clock.every(
      deployment.snapshot.everySeconds * 1000,
      30_000,
      ifAlive(() => void this.#takeSnapshot()),
    );
  }

  get site(): Site {
    return this.#around.deployment.sites[this.#around.index];
  }

  get #bucket(): string {
    return drBucket(this.site);
  }

  /** Starts a DR DAG's run; its result is there a while later. */
  trigger(dagId: string, runId: string, conf: Record<string, unknown>): 'started' | 'existed' | undefined {
    if (!this.installed) return undefined;
    if (this.drRuns.has(runId)) return 'existed';
    this.drRuns.set(runId, 'running');
    this.#around.clock.after(DR_RUN_TAKES, () => {
      this.#endRun(dagId, runId, conf as unknown as DrConf);
    });
    return 'started';
  }

  pauseAllUserDags(): number {
    for (const dagId of this.dags.keys()) this.dags.set(dagId, true);
    return this.dags.size;
  }

  /** One beat of the canary: obey the control records, then say how we are. */
  beat(): void {
    if (!this.#sees('deployment.json')) return;
    this.installed = true;
    const records = this.#records();
    const ruling = records.toSorted((a, b) => b.epoch - a.epoch)[0];
    if (ruling !== undefined) this.#obey(ruling);
    this.#sayHowWeAre(ruling?.epoch ?? 0);
  }

  #sees(file: string): boolean {
    const { s3 } = this.#around;
    return s3.get(this.site.dagsBucket, `${this.site.dagsPath}/mwaadr/${file}`) !== undefined;
  }

  #records(): readonly ControlRecord[] {
    const { s3, peerS3, deployment, index } = this.#around;
    const key = keys.control(deployment.deployment);
    const peerBucket = drBucket(deployment.sites[index === 0 ? 1 : 0]);
    const found = [s3.json(this.#bucket, key), peerS3()?.json(peerBucket, key)];
    return found.flatMap((record) => (record === undefined ? [] : [record as unknown as ControlRecord]));
  }

  #obey({ epoch, phase }: ControlRecord): void {
    const isOurs = siteOfEpoch(epoch) === this.#around.index;
    if (this.role === undefined) {
      this.role = isOurs && phase === 'activated' ? 'active' : 'standby';
      this.epoch = epoch;
      if (this.role === 'standby') this.pauseAllUserDags();
    }
    if (this.role === 'active' && epoch > this.epoch && !isOurs) {
      this.role = 'standby';
      this.epoch = epoch;
      this.fence = { epoch, at: this.#time(), grade: 'stopped' };
      this.pauseAllUserDags();
    }
  }

  #time(): string {
    return new Date(this.#around.clock.now()).toISOString();
  }

  #sayHowWeAre(peerEpoch: number): void {
    const { s3, peerS3, deployment, index } = this.#around;
    const held = this.role === 'standby';
    const beat = JSON.stringify({
      schemaVersion: 1,
      deployment: deployment.deployment,
      site: this.site.region,
      environment: this.site.environment,
      at: this.#time(),
      airflowVersion: this.version,
      role: this.role ?? 'active',
      epoch: Math.max(0, this.epoch),
      peer: { read: peerS3() === undefined ? 'dark' : 'good', epoch: peerEpoch, at: this.#time() },
      hold: {
        installed: this.role !== undefined,
        held,
        unpausedUserDags: [...this.dags.values()].filter((paused) => !paused).length,
        liveUserRuns: held ? 0 : this.runs.filter(({ state }) => state === 'running').length,
        userDags: this.dags.size,
      },
      fence: this.fence,
      snapshot: null,
      bundle: 'x',
      dbAccess: 'mwaa-env',
    });
    const key = keys.heartbeat(deployment.deployment, this.site.region);
    s3.put(this.#bucket, key, beat, 'any');
    peerS3()?.put(drBucket(deployment.sites[index === 0 ? 1 : 0]), key, beat, 'any');
  }

  /** Every minute each unpaused DAG ends its run and gets the next one. */
  #work(): void {
    if (this.role === 'standby') return;
    for (const [dagId, paused] of this.dags) {
      if (paused) continue;
      this.runs = this.runs.map((run) => (run.dagId === dagId ? { ...run, state: 'success' } : run));
      const runId = `scheduled__${this.#time()}`;
      this.started.push(`${dagId} ${runId}`);
      this.runs.push({ dagId, runId, state: 'running' });
    }
  }

  #takeSnapshot(): string | undefined {
    const { clock, s3, deployment } = this.#around;
    if (this.role !== 'active' || !this.installed) return undefined;
    this.#snapshots += 1;
    const random = `${this.#around.index}${this.#snapshots.toString(16).padStart(7, '0')}`;
    const id = `${snapshotStamp(clock.now())}-e${this.epoch}-${random}`;
    const lineage = { site: this.site.region, epoch: this.epoch };
    const objects = writeSnapshot({ deployment, id, at: clock.now(), lineage, tables: this });
    for (const [path, body] of objects)
      s3.put(this.#bucket, `${keys.snapshots(deployment.deployment)}${id}/${path}`, body, { ifAbsent: true });
    return id;
  }

  #endRun(dagId: string, runId: string, conf: DrConf): void {
    if (!this.up || this.frozen) return;
    const spoiled = this.spoiled.get(dagId);
    this.drRuns.set(runId, spoiled === undefined ? 'success' : 'failed');
    if (spoiled === 'lost') return;
    const outcome = spoiled ?? this.#run(dagId, conf);
    const { s3, deployment } = this.#around;
    const result = {
      schemaVersion: 1,
      kind: dagId.replace('mwaadr_', ''),
      deployment: deployment.deployment,
      site: this.site.region,
      dagRunId: runId,
      ok: true,
      startedAt: this.#time(),
      endedAt: this.#time(),
      committedAt: this.#time(),
      ...outcome,
    };
    s3.put(this.#bucket, keys.result(deployment.deployment, runId), JSON.stringify(result), 'any');
  }

  #run(dagId: string, conf: DrConf): DrOutcome {
    if (dagId === DAG_IDS.restore) return this.#restore(conf);
    if (dagId === DAG_IDS.activate) return this.#activate(conf);
    const snapshot = this.#takeSnapshot();
    return snapshot === undefined ? { outcome: 'skipped' } : { outcome: 'done', snapshot };
  }

  #restore({ epoch, snapshot }: DrConf): DrOutcome {
    if (this.role !== 'standby' || this.epoch > epoch) {
      return { ok: false, outcome: 'refused', code: 'MDR-MOVE-SUPERSEDED', message: 'role or epoch' };
    }
    this.runs = [...this.#layer(snapshot, 'inert')];
    return { outcome: 'done', snapshot, epoch };
  }

  #activate({ epoch, snapshot, move }: DrConf): DrOutcome {
    if (this.epoch === epoch && this.role === 'active') return { outcome: 'already', snapshot, epoch, move };
    if (this.epoch > epoch) return { ok: false, outcome: 'refused', code: 'MDR-MOVE-SUPERSEDED', message: 'epoch' };
    const live = this.#layer(snapshot, 'live');
    this.runs = [...this.#layer(snapshot, 'inert'), ...live];
    const { pauseSet } = this.#manifest(snapshot);
    for (const dagId of this.dags.keys()) this.dags.set(dagId, !pauseSet.unpaused.includes(dagId));
    this.role = 'active';
    this.epoch = epoch;
    this.fence = null;
    const rerun = live.map(({ dagId, runId }) => ({ dagId, runId, taskId: 'task', mapIndex: -1, was: 'running' }));
    return { outcome: 'done', snapshot, epoch, move, report: { rerun, unpaused: pauseSet.unpaused.length } };
  }

  #object(snapshot: string, path: string): Uint8Array {
    const { s3, deployment } = this.#around;
    const object = s3.get(this.#bucket, `${keys.snapshots(deployment.deployment)}${snapshot}/${path}`);
    if (object === undefined) throw new Error(`${path} of ${snapshot} is not here`);
    return object.body;
  }

  #manifest(snapshot: string) {
    return parseManifest(this.#object(snapshot, 'manifest.json'), snapshot);
  }

  #layer(snapshot: string, layer: 'inert' | 'live'): readonly ModelRun[] {
    const keyArn = keyAliasArn(this.#around.deployment, this.site);
    return readLayer(this.#manifest(snapshot), keyArn, layer, (path) => this.#object(snapshot, path));
  }
}
