import type { ModelRun } from './model-snapshot.ts';

/** What a fence did, as the state row keeps it; the heartbeat tells a part of it. */
export interface ModelFence {
  readonly epoch: number;
  readonly at: string;
  readonly grade: 'paused' | 'stopped';
}

export interface StoppedTask {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly was: string;
}

export interface ModelActivation {
  readonly move: string;
  readonly snapshot: string;
  readonly committedAt: string;
  readonly report: Readonly<Record<string, unknown>>;
}

/** As many runs are kept; the oldest go first, as a clean-up of the database lets them. */
const RUNS_KEPT = 100;
/** User DAG → paused, at the beginning. */
const USER_DAGS = { invoices: false, orders: false, report: true };

/** A metadata database as far as the DR DAGs touch it: their state row, `dag` and `dag_run`. */
export class ModelDatabase {
  /** `undefined` = there is no state row. */
  role: 'active' | 'standby' | undefined;
  epoch = -1;
  /** When the row was put there. */
  rowSince = '';
  fence: ModelFence | null = null;
  /** What the fence paused and whose tasks it stopped: whole, by name. */
  pauseSet: readonly string[] = [];
  stoppedTasks: readonly StoppedTask[] = [];
  activation: ModelActivation | undefined;
  /** Whose inert layer is loaded. */
  inert: { readonly snapshot: string; readonly move: string } | undefined;
  /** A restore or an activation holds the state row. */
  rowLocked = false;
  /** DAGs whose rows somebody else keeps locked. */
  readonly lockedDags = new Set<string>();
  /** User DAG → paused. */
  readonly dags = new Map<string, boolean>(Object.entries(USER_DAGS));
  /** DAGs of a snapshot that are not parsed here yet, as they were → paused. */
  readonly late = new Map<string, boolean>();
  runs: ModelRun[] = [];
  /** The highest id that a run ever got here. */
  lastRunId = 0;
  /** Each start of a run of a user's DAG: one that was started twice would show here. */
  readonly started: string[] = [];

  /** Epoch of the row, if there is one. */
  get row(): number | undefined {
    return this.role === undefined ? undefined : this.epoch;
  }

  get unpaused(): readonly string[] {
    return [...this.dags].filter(([, paused]) => !paused).map(([dagId]) => dagId);
  }

  /** Runs with a task that a process holds now. */
  get runningRuns(): readonly ModelRun[] {
    const stopped = new Set(this.stoppedTasks.map(({ dagId, runId }) => `${dagId} ${runId}`));
    return this.runs.filter(({ dagId, runId, state }) => state === 'running' && !stopped.has(`${dagId} ${runId}`));
  }

  /** The first row, or one that comes back after it was lost. */
  install(role: 'active' | 'standby', epoch: number, at: string): void {
    this.role = role;
    this.rowSince = at;
    this.epoch = epoch;
    if (role === 'standby') this.pauseWhatIsFree();
  }

  /** Guarded update of the row: false, and nothing is written, unless this site is active below `epoch`. */
  layFence(epoch: number, at: string): boolean {
    if (this.role !== 'active' || this.epoch >= epoch) return false;
    this.role = 'standby';
    this.epoch = epoch;
    this.inert = undefined;
    this.fence = { epoch, at, grade: 'paused' };
    this.pauseSet = this.unpaused;
    this.stoppedTasks = [];
    return true;
  }

  /** A standby remembers an epoch of the other side; a running activation is not waited for. */
  learn(epoch: number): void {
    if (this.role === 'standby' && this.epoch < epoch && !this.rowLocked) this.epoch = epoch;
  }

  /** Row by row, skipping what is locked. */
  pauseWhatIsFree(): void {
    for (const dagId of this.dags.keys()) if (!this.lockedDags.has(dagId)) this.dags.set(dagId, true);
  }

  /** Ends the user's tasks, and keeps by name what it ended. */
  stopTasks(): void {
    const ended = this.runningRuns.map(({ dagId, runId }) => ({
      dagId,
      runId,
      taskId: 'task',
      mapIndex: -1,
      was: 'running',
    }));
    if (ended.length > 0) this.stoppedTasks = [...this.stoppedTasks, ...ended];
  }

  /** Once nothing runs and nothing can start any more. */
  proveFence(): void {
    const isOver = this.unpaused.length === 0 && this.runningRuns.length === 0;
    if (this.role === 'standby' && this.fence !== null && isOver) this.fence = { ...this.fence, grade: 'stopped' };
  }

  activate(
    epoch: number,
    activation: ModelActivation,
    runs: readonly ModelRun[],
    dags: ReadonlyMap<string, boolean>,
  ): void {
    this.role = 'active';
    this.epoch = epoch;
    this.activation = activation;
    this.inert = undefined;
    this.fence = null;
    this.pauseSet = [];
    this.stoppedTasks = [];
    this.runs = [...runs];
    for (const dagId of this.dags.keys()) this.dags.set(dagId, dags.get(dagId) ?? true);
    this.late.clear();
    for (const [dagId, paused] of dags) if (!this.dags.has(dagId)) this.late.set(dagId, paused);
  }

  /** What was parsed since the activation is as it was at the source. */
  bringLateUp(): void {
    for (const [dagId, paused] of this.late) {
      if (!this.dags.has(dagId)) continue;
      this.dags.set(dagId, paused);
      this.late.delete(dagId);
    }
  }

  /** The state row and all in it is gone; Airflow's own tables are as they were. */
  loseRow(): void {
    this.role = undefined;
    this.epoch = -1;
    this.fence = null;
    this.pauseSet = [];
    this.stoppedTasks = [];
    this.activation = undefined;
    this.inert = undefined;
    this.late.clear();
  }

  /** The environment was made anew: the database is empty, and what is parsed comes up paused. */
  loseAll(): void {
    this.loseRow();
    this.runs = [];
    this.lastRunId = 0;
    for (const dagId of this.dags.keys()) this.dags.set(dagId, true);
  }

  /** Whether this is known not to be the database of which a snapshot was taken that had a run with this id. */
  neverGaveOut(runId: number): boolean {
    return runId > this.lastRunId;
  }

  /** Before a restore its sequence is moved past the ids of the source. */
  passRunId(runId: number): void {
    this.lastRunId = Math.max(this.lastRunId, runId);
  }

  /**
   * A minute of Airflow's life: what runs ends, and each unpaused DAG gets its next run. The hold lets none start, and
   * what a fence cut off stays as it was.
   */
  work(now: string): void {
    const running = new Set(this.runningRuns);
    this.runs = this.runs.map((run) => (running.has(run) ? { ...run, state: 'success' } : run));
    if (this.role === 'standby') this.pauseWhatIsFree();
    for (const dagId of this.unpaused.filter(() => this.role !== 'standby')) {
      const runId = `scheduled__${now}`;
      this.started.push(`${dagId} ${runId}`);
      this.runs.push({ dagId, runId, state: 'running' });
      this.lastRunId += 1;
    }
    this.runs = this.runs.slice(-RUNS_KEPT);
  }
}
