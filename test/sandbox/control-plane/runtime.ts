/** What the control plane needs from whoever runs Airflow. Real processes in the sandbox, a fake in unit tests. */
export interface AirflowRuntime {
  /** Makes database and home, with the environment's files; nothing runs yet. */
  create(environment: RuntimeEnvironment): Promise<void>;
  /** Files and configuration become these; resolves when Airflow is healthy again. */
  update(environment: RuntimeEnvironment): Promise<void>;
  /** Stops it and forgets it, database and home. */
  remove(name: string): Promise<void>;
  /** Resolves when Airflow is healthy. */
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  /** The environment's own REST API. `path` is relative, as InvokeRestApi takes it: `/dags`. Rejects when it cannot be reached. */
  invokeRest(name: string, request: RestRequest): Promise<RestResponse>;
}

export interface RuntimeEnvironment {
  name: string;
  airflowVersion: string;
  dagsBucket: string;
  dagsPath: string;
  configurationOptions: Record<string, string>;
  /** Objects of the same bucket. */
  requirements?: SourceObject;
  plugins?: SourceObject;
  startupScript?: SourceObject;
}

export interface SourceObject {
  key: string;
  /** The current version when absent. */
  versionId?: string;
}

export type RestMethod = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

export interface RestRequest {
  method: RestMethod;
  path: string;
  query: Record<string, unknown>;
  body: unknown;
  signal: AbortSignal;
}

export interface RestResponse {
  status: number;
  /** Parsed JSON, or the text when it is none. */
  body: unknown;
}
