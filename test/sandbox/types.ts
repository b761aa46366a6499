import type { S3Client } from '@aws-sdk/client-s3';
import type { ControlPlane } from './control-plane/control-plane.ts';

export type Region = 'us-east-1' | 'us-west-2';
export type AirflowVersion = '2.10.3' | '3.3.1';
/** MWAA's is Celery; the local one is quicker, and starts in seconds what a worker's queue keeps waiting. */
export type Executor = 'LocalExecutor' | 'CeleryExecutor';

/** The periods of the generated deployment file, in seconds; the sandbox's defaults are seconds where a real deployment has minutes. */
export interface Periods {
  rpo: number;
  rto: number;
  snapshot: number;
  canary: number;
  health: number;
  badPeriods: number;
  lease: number;
}

export interface SandboxOptions {
  airflow: AirflowVersion;
  /** Where databases, Airflow homes and logs go; a new temporary folder, removed at the end, when absent. */
  home?: string;
  deploymentName?: string;
  periods?: Partial<Periods>;
  /** Regions whose environment is created and started; the others have everything but the environment (backup-restore). */
  environments?: readonly Region[];
  /** LocalExecutor unless said otherwise. */
  executor?: Executor;
  log?: (line: string) => void;
}

/** AWS service as the signature's credential scope names it; `airflow` is MWAA. */
export type Service = 's3' | 'monitoring' | 'kms' | 'sts' | 'airflow' | 'iam' | 'ec2' | 'servicequotas';

export interface GatewayRequest {
  time: Date;
  service: Service | 'unknown';
  /** API name: `GetObject`, `PutMetricData`, `InvokeRestApi` … */
  operation: string;
  /** '' when the request is not signed. */
  accessKey: string;
  method: string;
  /** Path with query, as sent; S3: `/bucket/key`. */
  path: string;
  /** For InvokeRestApi: the Airflow call inside, `GET /dags`. */
  airflowCall?: string;
  /** Set once answered; 0 = the connection was broken or never answered. */
  status?: number;
  /** Bytes of the answer's body, once there is one. */
  replyBytes?: number;
}

/** All given members must match; none given matches everything. */
export interface RequestMatch {
  service?: Service;
  operation?: string;
  accessKey?: string;
  /** Tested against path and, for InvokeRestApi, against the Airflow call inside. */
  path?: RegExp;
  /** MWAA has two endpoints: `api` (control plane) and `env` (InvokeRestApi and tokens). */
  endpoint?: 'api' | 'env';
}

/**
 * hang: accepted, never answered. refused: connection reset. throttled and denied: the service's own error.
 * 5xx: the service's own server error. slow: answered after so many milliseconds.
 */
export type Effect = 'hang' | 'refused' | 'throttled' | 'denied' | '5xx' | { slowMs: number };

/** A request that the gateway keeps in its hand. */
export interface Hold {
  /** Resolves when a matching request has arrived (or, with `after`, when its reply has). */
  arrived: Promise<GatewayRequest>;
  release(): void;
  /** Breaks the caller's connection; with `after` the request has already taken effect. */
  drop(): void;
}

export interface Gateway {
  readonly region: Region;
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly GatewayRequest[];
  /** Adds a fault; the newest matching fault wins. Returns its removal. */
  fault(effect: Effect, match?: RequestMatch): () => void;
  clearFaults(): void;
  /** Holds the next matching request: before it is forwarded, or with `after` its reply. Also released by `clearFaults`. */
  hold(match: RequestMatch, options?: { after?: boolean }): Hold;
}

export type Row = Record<string, unknown>;

export interface Sandbox {
  readonly home: string;
  /** Path of the generated deployment file. */
  readonly deploymentFile: string;
  readonly regions: readonly ['us-east-1', 'us-west-2'];
  /** Environment for the action or the AWS CLI: credentials of the runner, MWAADR_ENDPOINTS. */
  readonly actionEnv: Record<string, string>;
  readonly accessKeys: { runner: string; execution: Record<Region, string> };
  gateway(region: Region): Gateway;
  controlPlane(region: Region): ControlPlane;
  /** Query in the environment's metadata database, past Airflow. */
  sql(region: Region, text: string, params?: unknown[]): Promise<Row[]>;
  /** Messages that wait in the environment's queue for a worker; with CeleryExecutor only. */
  messages(region: Region): Promise<number>;
  /** Client straight to S3, past the gateway and its faults. */
  s3(region: Region): S3Client;
  /** Address of Airflow's web server: open in a browser, no password. */
  airflowUrl(region: Region): string;
  /** The Region is gone: endpoints reset every connection, environment killed, replication waits. */
  lose(region: Region, effect?: 'refused' | 'hang'): Promise<void>;
  /** It is back: endpoints answer, the environment restarts on its database as it was. Resolves when Airflow is healthy. */
  return(region: Region): Promise<void>;
  /** The Region is dark for these access keys only; Airflow goes on. Returns the end of the partition. */
  partition(region: Region, accessKeys: readonly string[], effect?: 'refused' | 'hang'): () => void;
  /** SIGSTOP: alive, but no heartbeat. */
  freezeScheduler(region: Region): void;
  thawScheduler(region: Region): void;
  restartEnvironment(region: Region): Promise<void>;
  /** Resolves when no object waits for replication (of Regions that are there). */
  replicated(): Promise<void>;
  /** CPU seconds used by all processes of the sandbox, ended ones included. */
  cpuSeconds(): number;
  stop(): Promise<void>;
}
