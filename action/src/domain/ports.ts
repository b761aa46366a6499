/**
 * What the operations need from the world, named by intention. Adapters in `aws/`, `airflow/` and `github/` implement
 * them; tests implement them in memory. Every method may throw {@link AwsFault}; what else it may throw is said there.
 */

/** Time, sleep and randomness are injected: the domain has no clock of its own. */
export interface Clock {
  /** Milliseconds since the epoch, by this machine. Never compared with a lease: see {@link ObjectStore}. */
  now(): number;
  /** Resolves early when `signal` fires, and never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
  /** S3's `LastModified`, milliseconds. */
  readonly lastModified: number;
  /** S3's `Date` header of this reply, milliseconds: the clock that leases and ages are measured with. */
  readonly date: number;
}

/** `created`: only if no object is there. An etag: only over exactly that object. `any`: unconditionally. */
export type WriteCondition = { readonly ifAbsent: true } | { readonly ifEtag: string } | 'any';

export type WriteResult =
  | {
      readonly written: true;
      readonly etag: string;
      readonly date: number;
      /** `undefined` in a bucket without versions. */
      readonly version: string | undefined;
    }
  /** 412 or 409 ConditionalRequestConflict: the condition did not hold, or our own earlier try had been applied. */
  | { readonly written: false; readonly date: number };

/** One object as a list shows it. */
export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly lastModified: number;
  readonly etag: string;
}

/** What S3 says of an object without its content. */
export interface ObjectHead {
  readonly etag: string;
  readonly size: number;
  /** `undefined` in a bucket without versions. */
  readonly version: string | undefined;
  /** Hex, from S3's own checksum of the whole object; `undefined` when it was stored without one. */
  readonly sha256: string | undefined;
}

/** A rule of a bucket that copies every new object below a prefix to another bucket. */
export interface ReplicationRule {
  readonly prefix: string;
  /** Name of the bucket that the copies go to. */
  readonly to: string;
}

/** The S3 of one Region. */
export interface ObjectStore {
  readonly region: string;
  /** `undefined` when there is no such object. */
  get(bucket: string, key: string): Promise<StoredObject | undefined>;
  put(bucket: string, key: string, body: string | Uint8Array, when: WriteCondition): Promise<WriteResult>;
  /** All keys below a prefix, sorted; every page. With `startAfter` only those that sort behind it. */
  list(bucket: string, prefix: string, startAfter?: string): Promise<readonly ListedObject[]>;
  /** Names of the folders right below a prefix that ends with `/`, sorted; every page. Not what is in them. */
  folders(bucket: string, prefix: string): Promise<readonly string[]>;
  delete(bucket: string, key: string): Promise<void>;
  /** The current version, or that one; `undefined` when there is none, or only a delete marker. */
  head(bucket: string, key: string, version?: string): Promise<ObjectHead | undefined>;
  /** SHA-256 (hex) and size of an object, streamed in constant memory; `undefined` when there is no such object. */
  sha256(bucket: string, key: string, version?: string): Promise<{ sha256: string; size: number } | undefined>;
  /** The enabled rules that filter by nothing but a prefix. */
  replication(bucket: string): Promise<readonly ReplicationRule[]>;
}

/** A file of the repository that is checked out. */
export interface RepositoryFile {
  /** Below the folder that was listed, with `/`. */
  readonly path: string;
  readonly size: number;
  readonly executable: boolean;
}

/**
 * The files of the repository whose deployment files we carry out. Paths are relative to its root. Nothing outside of
 * the repository, nor in its `.git`, can be had, through links neither: that throws `MDR-ARTIFACT-FILE`.
 */
export interface RepositoryFiles {
  /** The commit that is checked out, as far as it is known. */
  readonly commit: string | null;
  /** All files below a folder, links followed, sorted by path; `undefined` when there is no such folder. */
  list(folder: string): Promise<readonly RepositoryFile[] | undefined>;
  /** `undefined` when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
}

export interface EnvironmentDescription {
  readonly name: string;
  /** GetEnvironment's Status: CREATING, AVAILABLE, UPDATING, MAINTENANCE … */
  readonly status: string;
  readonly airflowVersion: string | undefined;
  /** Milliseconds. */
  readonly createdAt?: number | undefined;
  readonly lastUpdate: { readonly status: string; readonly createdAt: number } | undefined;
  readonly environmentClass: string | undefined;
  readonly dagS3Path: string | undefined;
  /** The whole answer of GetEnvironment, for keeping. May hold secrets in its configuration options. */
  readonly raw: unknown;
}

/** Members of CreateEnvironment or UpdateEnvironment by the API's own names, without `Name`. */
export type EnvironmentMembers = Readonly<Record<string, unknown>>;

/**
 * What the service said to a change. `refused`: a ValidationException, with its message: nothing was changed. `busy`:
 * the environment is in a state in which it takes no update.
 */
export type ChangeAnswer =
  | { readonly accepted: true }
  | { readonly accepted: false; readonly why: 'refused' | 'busy' | 'missing'; readonly message: string };

/** The MWAA control plane of one Region. */
export interface Environments {
  readonly region: string;
  /** `undefined` when there is no such environment. */
  describe(name: string): Promise<EnvironmentDescription | undefined>;
  /** Names of all environments of the account in this Region; every page. */
  list(): Promise<readonly string[]>;
  /** Never repeated by itself: whoever lost the reply looks with `describe`. */
  create(name: string, members: EnvironmentMembers): Promise<ChangeAnswer>;
  update(name: string, members: EnvironmentMembers): Promise<ChangeAnswer>;
  /** Adds or overwrites tags of the environment with this ARN; safe to repeat. */
  tag(arn: string, tags: Readonly<Record<string, string>>): Promise<void>;
  untag(arn: string, keys: readonly string[]): Promise<void>;
}

export interface AirflowHealth {
  readonly metadatabase: boolean;
  readonly scheduler: boolean;
  /** Milliseconds, by Airflow's clock. */
  readonly latestSchedulerHeartbeat: number | undefined;
}

export type DagRunState = 'queued' | 'running' | 'success' | 'failed';

/** How many task instances wait, run and have started lately. */
export interface Work {
  readonly queued: number;
  readonly running: number;
  /** By a worker, not set by the scheduler itself; `undefined` = whoever was asked does not know. */
  readonly startedSince: number | undefined;
  /** How many beats of our own canary are queued for a worker; `undefined` = whoever was asked does not know. */
  readonly ourWaiting: number | undefined;
  /** Who was asked, for the reader. */
  readonly of: 'Airflow' | 'CloudWatch';
}

/** Airflow inside one environment, through InvokeRestApi. Only what needs Airflow's eye and no secrets goes this way. */
export interface Airflow {
  readonly region: string;
  health(environment: string): Promise<AirflowHealth>;
  /** All DAGs that the environment has parsed and that are active; every page. */
  dags(environment: string): Promise<readonly { dagId: string; isPaused: boolean }[]>;
  /** `since`: milliseconds. */
  work(environment: string, since: number): Promise<Work>;
  /** Starts a run under our own id. `existed` = a run of this id is there already (409). `undefined` = no such DAG. */
  trigger(
    environment: string,
    dagId: string,
    runId: string,
    conf: Record<string, unknown>,
  ): Promise<'started' | 'existed' | undefined>;
  /** `undefined` when there is no such run. */
  runState(environment: string, dagId: string, runId: string): Promise<DagRunState | undefined>;
  /** Paths of the DAG files that Airflow could not import; every page. No stack traces: these may quote secrets. */
  importErrors(environment: string): Promise<readonly string[]>;
  /**
   * Pauses one DAG. Nothing is sent once this machine's clock is past `notAfter` (milliseconds): a process that stood
   * still must not carry out what it had decided before. Throws AwsFault `TooLate` then.
   */
  pause(environment: string, dagId: string, limits: { readonly notAfter: number }): Promise<void>;
  /**
   * Takes all rows of a DAG out of the database, as `airflow dags delete` does; one whose file is still there comes back.
   * `busy`: a task of it runs.
   */
  deleteDag(environment: string, dagId: string): Promise<'deleted' | 'missing' | 'busy'>;
}

export interface MetricQuery {
  readonly namespace: string;
  readonly metric: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly statistic: string;
}

/** CloudWatch of one Region. */
export interface Metrics {
  readonly region: string;
  /**
   * Sum of `AmazonMWAA/SchedulerHeartbeat` (`Function=Scheduler`, `Environment=name`) per period, oldest first, for the
   * `periods` whole periods that end at or before `now`. `undefined` = no data in that period.
   */
  schedulerHeartbeats(
    environment: string,
    periodSeconds: number,
    periods: number,
    now: number,
  ): Promise<readonly (number | undefined)[]>;
  /** The same for any metrics, in one call and in the order of the queries. */
  values(
    queries: readonly MetricQuery[],
    periodSeconds: number,
    periods: number,
    now: number,
  ): Promise<readonly (readonly (number | undefined)[])[]>;
  /** Whether that metric had any data in the last 24 hours: "no data" is bad only then. */
  schedulerHeartbeatExisted(environment: string, now: number): Promise<boolean>;
}

/** KMS of one Region; keys are addressed by alias ARN. */
export interface Keys {
  readonly region: string;
  generateDataKey(
    keyArn: string,
    context: Record<string, string>,
  ): Promise<{ plaintext: Uint8Array; ciphertext: Uint8Array }>;
  encrypt(keyArn: string, plaintext: Uint8Array, context: Record<string, string>): Promise<Uint8Array>;
  decrypt(keyArn: string, ciphertext: Uint8Array, context: Record<string, string>): Promise<Uint8Array>;
}

/** Who we are, asked at the STS of one Region. */
export interface Identity {
  readonly region: string;
  /** The caller's ARN. */
  caller(): Promise<string>;
}

/** Everything of one Region. */
export interface RegionPorts {
  readonly region: string;
  readonly objects: ObjectStore;
  readonly environments: Environments;
  readonly airflow: Airflow;
  readonly metrics: Metrics;
  readonly keys: Keys;
  readonly identity: Identity;
}

/** The live log: a group per phase, a line on change and one a minute while waiting. Secrets never reach it. */
export interface Log {
  group<T>(title: string, body: () => Promise<T>): Promise<T>;
  info(line: string): void;
  warning(line: string): void;
}

/** What every operation gets. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  region(name: string): RegionPorts;
  /** Who runs this, for the control record and the journal: run URL, or user and host on a terminal. */
  readonly actor: string;
  /** The DR DAGs that this release ships: path below `mwaadr/` and bytes. */
  drDags(): Promise<readonly { path: string; body: Uint8Array }[]>;
  /** Fires when the runner asks us to stop; long waits end at the next safe point. */
  readonly stop: AbortSignal;
}
