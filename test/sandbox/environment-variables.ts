import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { TASK_ROLE, type DatabaseRole } from './database-roles.ts';
import { ACCESS_KEYS, SECRET_KEY } from './topology.ts';
import type { AirflowVersion, Region } from './types.ts';

export interface EnvironmentSettings {
  name: string;
  region: Region;
  version: AirflowVersion;
  /** Home as the processes see it. */
  home: string;
  python: string;
  databasePort: number;
  /** Who signs in to the metadata database; the tasks' role unless said otherwise. */
  databaseRole?: DatabaseRole;
  fernetKey: string;
  webPort: number;
  workerLogPort: number;
  triggerLogPort: number;
  statsdPort: number;
  /** Value of MWAADR_ENDPOINTS. */
  endpoints: string;
  /** This Region's gateway. */
  endpoint: string;
  configurationOptions: Record<string, string>;
  /** Where Celery is, when tasks go through a queue to a worker; else they are processes of the scheduler. */
  celery?: string | undefined;
}

export type Variables = Record<string, string>;

/** Thirty-two random bytes in the form that Fernet reads. */
export function newFernetKey(): string {
  return randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

function databaseUrl({ databaseRole = TASK_ROLE, databasePort, name }: EnvironmentSettings, database = name): string {
  return `postgresql+psycopg2://${databaseRole.user}:${databaseRole.password}@127.0.0.1:${databasePort}/${database}`;
}

/** The database that stands in for the queue of an environment, which MWAA has in SQS. */
export const queueDatabase = (environment: string): string => `${environment}-queue`;

/** The complete environment of every process of one Airflow environment. */
export function environmentVariables(settings: EnvironmentSettings): Variables {
  return {
    ...systemVariables(settings),
    ...airflowVariables(settings),
    ...(settings.version.startsWith('2.') ? airflow2Variables(settings) : airflow3Variables(settings)),
    ...mwaaVariables(settings),
    ...(settings.celery === undefined ? {} : celeryVariables(settings, settings.celery)),
    ...configurationVariables(settings.configurationOptions),
  };
}

function systemVariables({ python, home }: EnvironmentSettings): Variables {
  return {
    PATH: `${dirname(python)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    PYTHONUNBUFFERED: '1',
    // A dozen small processes: threads and arenas of their own would cost more than they bring.
    MALLOC_ARENA_MAX: '2',
    OPENBLAS_NUM_THREADS: '1',
    OMP_NUM_THREADS: '1',
  };
}

function airflowVariables(settings: EnvironmentSettings): Variables {
  return {
    AIRFLOW_HOME: settings.home,
    AIRFLOW__CORE__DAGS_FOLDER: join(settings.home, 'dags'),
    AIRFLOW__CORE__PLUGINS_FOLDER: join(settings.home, 'plugins'),
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__EXECUTOR: 'LocalExecutor',
    AIRFLOW__CORE__PARALLELISM: '4',
    AIRFLOW__CORE__FERNET_KEY: settings.fernetKey,
    AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION: 'True',
    // As in MWAA's images.
    AIRFLOW__CORE__SENSITIVE_VAR_CONN_NAMES: 'proxy,proxies',
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: databaseUrl(settings),
    AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS: 'False',
    AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC: '5',
    AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT: 'False',
    AIRFLOW__METRICS__STATSD_ON: 'True',
    AIRFLOW__METRICS__STATSD_HOST: '127.0.0.1',
    AIRFLOW__METRICS__STATSD_PORT: String(settings.statsdPort),
    AIRFLOW__METRICS__STATSD_PREFIX: 'airflow',
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED: 'False',
    AIRFLOW__LOGGING__COLORED_CONSOLE_LOG: 'False',
    AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT: String(settings.workerLogPort),
    AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT: String(settings.triggerLogPort),
  };
}

/** kombu over PostgreSQL: first in, first out, without priorities, as SQS is. One worker with two slots. */
function celeryVariables(settings: EnvironmentSettings, folder: string): Variables {
  const queue = databaseUrl(settings, queueDatabase(settings.name));
  return {
    PYTHONPATH: folder,
    AIRFLOW__CORE__EXECUTOR: 'CeleryExecutor',
    AIRFLOW__CORE__PARALLELISM: '200',
    AIRFLOW__CELERY__BROKER_URL: `sqla+${queue}`,
    AIRFLOW__CELERY__RESULT_BACKEND: `db+${queue}`,
    AIRFLOW__CELERY__WORKER_CONCURRENCY: '2',
    AIRFLOW__CELERY__WORKER_ENABLE_REMOTE_CONTROL: 'False',
    AIRFLOW__CELERY__SYNC_PARALLELISM: '1',
  };
}

/** No password: the REST API and the UI are open on the loopback, which also saves a costly hash at each call. */
function airflow2Variables(settings: EnvironmentSettings): Variables {
  return {
    AIRFLOW__SCHEDULER__PARSING_PROCESSES: '1',
    AIRFLOW__SCHEDULER__MIN_FILE_PROCESS_INTERVAL: '5',
    AIRFLOW__SCHEDULER__DAG_DIR_LIST_INTERVAL: '3',
    AIRFLOW__WEBSERVER__SECRET_KEY: randomBytes(24).toString('hex'),
    AIRFLOW__WEBSERVER__BASE_URL: `http://127.0.0.1:${settings.webPort}`,
    AIRFLOW__WEBSERVER__EXPOSE_CONFIG: 'False',
    AIRFLOW__API__AUTH_BACKENDS: 'airflow.api.auth.backend.default',
    // The template database has the roles already.
    AIRFLOW__FAB__UPDATE_FAB_PERMS: 'False',
    AIRFLOW__TRIGGERER__DEFAULT_CAPACITY: '100',
  };
}

function airflow3Variables(settings: EnvironmentSettings): Variables {
  const secret = randomBytes(48).toString('base64');
  return {
    AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES: '1',
    AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: '5',
    AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL: '3',
    AIRFLOW__CORE__AUTH_MANAGER: 'airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager',
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS: 'True',
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${settings.webPort}/execution/`,
    AIRFLOW__API__HOST: '127.0.0.1',
    AIRFLOW__API__PORT: String(settings.webPort),
    AIRFLOW__API__WORKERS: '1',
    AIRFLOW__API__BASE_URL: `http://127.0.0.1:${settings.webPort}`,
    AIRFLOW__API__SECRET_KEY: secret,
    AIRFLOW__API_AUTH__JWT_SECRET: secret,
    AIRFLOW__TRIGGERER__CAPACITY: '100',
  };
}

/** What MWAA's images give every process, workers included: the DAGs reach the metadata database by these. */
function mwaaVariables(settings: EnvironmentSettings): Variables {
  return {
    MWAA__DB__POSTGRES_HOST: '127.0.0.1',
    MWAA__DB__POSTGRES_PORT: String(settings.databasePort),
    MWAA__DB__POSTGRES_DB: settings.name,
    MWAA__DB__POSTGRES_SSLMODE: 'prefer',
    MWAA__DB__CREDENTIALS: JSON.stringify({ username: TASK_ROLE.user, password: TASK_ROLE.password }),
    MWAA__CORE__FERNET_KEY: JSON.stringify({ FernetKey: settings.fernetKey }),
    AIRFLOW_ENV_NAME: settings.name,
    AWS_REGION: settings.region,
    AWS_DEFAULT_REGION: settings.region,
    AWS_ACCESS_KEY_ID: ACCESS_KEYS.execution[settings.region],
    AWS_SECRET_ACCESS_KEY: SECRET_KEY,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ENDPOINT_URL: settings.endpoint,
    AWS_DISABLE_HOST_PREFIX_INJECTION: 'true',
    MWAADR_ENDPOINTS: settings.endpoints,
  };
}

/** `core.parallelism` becomes AIRFLOW__CORE__PARALLELISM. */
function configurationVariables(options: Record<string, string>): Variables {
  return Object.fromEntries(
    Object.entries(options).map(([name, value]) => [`AIRFLOW__${name.replace('.', '__').toUpperCase()}`, value]),
  );
}
