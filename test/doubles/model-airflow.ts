import { DAG_IDS, keys } from '../../action/src/domain/names.ts';
import type { DagRunState, Work } from '../../action/src/domain/ports.ts';
import { beat } from './model-canary.ts';
import { runDataPath } from './model-data-path.ts';
import { runUninstall } from './model-uninstall.ts';
import type { DrConf, DrOutcome } from './model-data-path.ts';
import { ModelDatabase } from './model-database.ts';
import { ModelSite } from './model-site.ts';
import type { Surroundings } from './model-site.ts';
import { takeSnapshot } from './model-snapshots.ts';

/** A beat that failed is tried again as often, so many milliseconds later. */
const BEAT_RETRIES = 5;
const RETRIES_AFTER = 2_000;
/** Milliseconds between two looks whether a run can start. */
const LOOKS_AGAIN = 10_000;
/** Milliseconds between two looks at the DAG files. */
const LOOKS_AT_FILES = 60_000;

/**
 * One environment with the DR DAGs in it, as docs/formats.md says that they behave. What the real thing does otherwise:
 * test/doubles/README.md.
 */
export class ModelAirflow extends ModelDatabase {
  /** Powered on. */
  up = true;
  /** The scheduler stands still: nothing new starts, what a worker has begun goes on. */
  frozen = false;
  /** The scheduler works, and no worker takes what it queues. */
  workersDead = false;
  status = 'AVAILABLE';
  version: string;
  installed = false;
  readonly drRuns = new Map<string, DagRunState>();
  /** Our own DAGs → paused: a run of a paused one can be asked for, and does not start. */
  readonly drDags = new Map<string, boolean>(Object.values(DAG_IDS).map((dagId) => [dagId, false]));
  /** Milliseconds from the request for a run to its task's start. */
  startsAfter = 5_000;
  /** Milliseconds from the return of its Region to the beat that makes up what was missed. */
  makesUpAfter = 8_000;
  /** Our own DAGs that get no worker slot. */
  readonly starved = new Set<string>();
  /** How many tries of a beat still end for want of a lock in the database. */
  beatsWithoutLocks = 0;
  /** DR DAGs whose runs leave no result, before or after their commit, or end with this outcome. */
  readonly spoiled = new Map<string, 'lost' | 'lost after commit' | DrOutcome>();
  /** Paths of DAG files that cannot be imported. */
  importErrors: readonly string[] | 'unreadable' = [];
  /** Times at which the scheduler beat. */
  readonly beats: number[] = [];
  /** Told of each activation right after its commit. */
  onActivated: (conf: DrConf, runId: string) => void = () => undefined;
  readonly #site: ModelSite;
  #isBeating = false;
  /** Counts the times that the site went down: what ran then is gone. */
  #outages = 0;
  #snapshots = 0;

  constructor(around: Surroundings) {
    super();
    this.#site = new ModelSite(around);
    this.version = around.deployment.airflowVersion;
    const { clock, deployment, index } = around;
    const whileScheduled = (run: () => void) => () => {
      if (this.up && !this.frozen) run();
    };
    const every = (milliseconds: number, phase: number, run: () => void) => {
      clock.every(milliseconds, phase, whileScheduled(run));
    };
    every(30_000, 5_000, () => void this.beats.push(clock.now()));
    every(deployment.canary.everySeconds * 1000, 7_000 + index * 3_000, () => {
      if (this.#canStart(DAG_IDS.canary)) this.beat();
    });
    every(60_000, 20_000, () => {
      if (!this.workersDead) this.work(this.#site.time);
    });
    every(LOOKS_AT_FILES, 11_000, () => {
      if (this.installed || this.drDags.size === 0) this.#parse();
    });
    every(deployment.snapshot.everySeconds * 1000, 30_000, () => {
      if (this.#canStart(DAG_IDS.snapshot)) this.#takeSnapshot(() => undefined);
    });
  }

  /** The Region is lost: every process in it is gone, what was only queued is not. */
  goDown(): void {
    this.up = false;
    this.#outages += 1;
    this.#isBeating = false;
  }

  /** It is back: what was queued starts, and the canary's missed run is made up at once. */
  comeUp(): void {
    this.up = true;
    this.#site.clock.after(this.makesUpAfter, () => {
      if (this.#canStart(DAG_IDS.canary)) this.beat();
    });
  }

  /** Asks for a run of a DR DAG; what it leaves is there a while later. */
  trigger(dagId: string, runId: string, conf: Record<string, unknown>): 'started' | 'existed' | undefined {
    if (!this.installed) return undefined;
    if (this.drRuns.has(runId)) return 'existed';
    this.drRuns.set(runId, 'queued');
    this.#startSoon(dagId, runId, conf, this.startsAfter);
    return 'started';
  }

  /** What Airflow counts when it is asked for its tasks; `since` in milliseconds. */
  countWork(since: number): Omit<Work, 'of'> {
    const due = this.role === 'active' ? this.unpaused.length : 0;
    const startedSince = this.started.filter((line) => Date.parse(line.split('scheduled__')[1] ?? '') >= since).length;
    const isStill = this.workersDead || this.frozen;
    const ourWaiting = isStill || this.starved.has(DAG_IDS.canary) ? 1 : 0;
    const queued = isStill ? due + 1 : ourWaiting;
    return { queued, running: isStill ? 0 : this.runningRuns.length, startedSince, ourWaiting };
  }

  /** By REST: all rows of a DAG. One whose file is there comes back with the next look at the files. */
  deleteDag(dagId: string): 'deleted' | 'missing' | 'busy' {
    if (dagId === DAG_IDS.canary && this.#isBeating) return 'busy';
    return this.drDags.delete(dagId) ? 'deleted' : 'missing';
  }

  /** By REST, which can pause any DAG. */
  pause(dagId: string): void {
    const dags = this.dags.has(dagId) ? this.dags : this.drDags;
    if (dags.has(dagId)) dags.set(dagId, true);
  }

  /** One run of the canary, unless one is under way. */
  beat(done: (ok: boolean) => void = () => undefined): void {
    if (!this.installed) this.#parse();
    if (!this.installed || this.#isBeating) return;
    this.#isBeating = true;
    const isThere = this.#untilOutage();
    this.#tryBeat(isThere, BEAT_RETRIES, (ok) => {
      if (isThere()) this.#isBeating = false;
      done(ok);
    });
  }

  #parse(): void {
    this.installed = this.#site.isDelivered;
    if (!this.installed) return;
    for (const dagId of Object.values(DAG_IDS)) if (!this.drDags.has(dagId)) this.drDags.set(dagId, false);
  }

  #tryBeat(isThere: () => boolean, retries: number, done: (ok: boolean) => void): void {
    const hasLocks = this.beatsWithoutLocks === 0;
    if (!hasLocks) this.beatsWithoutLocks -= 1;
    const host = { site: this.#site, database: this, version: this.version, isThere, hasLocks: () => hasLocks };
    beat(host, (ok) => {
      if (ok || retries === 0 || !isThere()) done(ok);
      else
        this.#site.clock.after(RETRIES_AFTER, () => {
          this.#tryBeat(isThere, retries - 1, done);
        });
    });
  }

  #untilOutage(): () => boolean {
    const outages = this.#outages;
    return () => this.up && outages === this.#outages;
  }

  #canStart(dagId: string): boolean {
    const isBusy = dagId === DAG_IDS.canary && this.#isBeating;
    return (
      this.up &&
      !this.frozen &&
      !this.workersDead &&
      this.drDags.get(dagId) === false &&
      !this.starved.has(dagId) &&
      !isBusy
    );
  }

  #startSoon(dagId: string, runId: string, conf: Record<string, unknown>, after: number): void {
    this.#site.clock.after(after, () => {
      if (this.#canStart(dagId)) this.#start(dagId, runId, conf);
      else this.#startSoon(dagId, runId, conf, LOOKS_AGAIN);
    });
  }

  #start(dagId: string, runId: string, conf: Record<string, unknown>): void {
    const end = (ok: boolean) => void this.drRuns.set(runId, ok ? 'success' : 'failed');
    this.drRuns.set(runId, 'running');
    if (dagId === DAG_IDS.canary) {
      this.beat(end);
      return;
    }
    const spoiled = this.spoiled.get(dagId);
    const startedAt = this.#site.time;
    const finish = (outcome: DrOutcome | 'gone') => {
      const isLost = spoiled === 'lost after commit' || outcome === 'gone';
      end(!isLost && this.#leaveResult(dagId, runId, startedAt, outcome));
    };
    if (spoiled === 'lost') end(false);
    else if (typeof spoiled === 'object') finish(spoiled);
    else if (dagId === DAG_IDS.snapshot) this.#takeSnapshot(finish);
    else if (dagId === DAG_IDS.uninstall) runUninstall(this.#host(), conf, finish);
    else runDataPath(this.#host(runId), dagId === DAG_IDS.restore ? 'restore' : 'activate', asConf(conf), finish);
  }

  #host(runId = '') {
    const activated = (conf: DrConf) => {
      this.onActivated(conf, runId);
    };
    return { site: this.#site, database: this, isThere: this.#untilOutage(), activated };
  }

  #takeSnapshot(done: (end: DrOutcome | 'gone') => void): void {
    if (!this.installed) return;
    this.#snapshots += 1;
    const random = `${this.#site.index}${this.#snapshots.toString(16).padStart(7, '0')}`;
    takeSnapshot(this.#host(), random, done);
  }

  /** False when S3 did not take it: then nobody learns how the run ended. */
  #leaveResult(dagId: string, runId: string, startedAt: string, outcome: DrOutcome): boolean {
    const { deployment } = this.#site.deployment;
    const result = {
      schemaVersion: 1,
      kind: dagId.replace('mwaadr_', ''),
      deployment,
      site: this.#site.site.region,
      dagRunId: runId,
      ok: true,
      startedAt,
      endedAt: this.#site.time,
      committedAt: this.#site.time,
      ...outcome,
    };
    return this.#site.put(this.#site.index, keys.result(deployment, runId), JSON.stringify(result)) && result.ok;
  }
}

const asConf = (conf: Record<string, unknown>): DrConf => conf as unknown as DrConf;
