import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { S3Client } from '@aws-sdk/client-s3';
import type { AirflowRuntime, RestRequest, RestResponse, RuntimeEnvironment } from './control-plane/runtime.ts';
import { DagSync } from './dag-sync.ts';
import { bringFiles } from './environment-files.ts';
import {
  environmentVariables,
  newFernetKey,
  queueDatabase,
  type EnvironmentSettings,
  type Variables,
} from './environment-variables.ts';
import type { Postgres } from './postgres.ts';
import { untilReady, type Processes, type StartedProcess } from './processes.ts';
import { RestApi } from './rest-api.ts';
import type { AirflowVersion, Region } from './types.ts';
import { eventually, freePort, type Log } from './waiting.ts';

/** Where MWAA keeps an environment's home; DAG paths, and with them DAG hashes, agree between sites only if homes do. */
const MWAA_HOME = '/usr/local/airflow';

export interface LocalAirflowOptions {
  region: Region;
  version: AirflowVersion;
  python: string;
  folder: string;
  processes: Processes;
  postgres: Postgres;
  /** Where Celery is, when the environments have workers. */
  celery: string | undefined;
  statsdPort: number;
  endpoints: string;
  endpoint: string;
  /** As MWAA itself reads the DAGs bucket. */
  s3: S3Client;
  log: Log;
}

interface LocalEnvironment {
  /** On this machine's disk. */
  home: string;
  settings: EnvironmentSettings;
  /** All processes have the same, secrets included. */
  variables: Variables;
  api: RestApi;
  from: RuntimeEnvironment;
  /** Present while the environment runs. */
  dagSync?: DagSync;
}

/** Airflow environments of one Region as processes of this machine. */
export class LocalAirflow implements AirflowRuntime {
  readonly #options: LocalAirflowOptions;
  readonly #environments = new Map<string, LocalEnvironment>();
  #lost: string[] = [];

  constructor(options: LocalAirflowOptions) {
    this.#options = options;
  }

  async create(from: RuntimeEnvironment): Promise<void> {
    const { folder, postgres, version, s3, ...shared } = this.#options;
    const { name, configurationOptions } = from;
    this.#requireVersion(from);
    const home = join(folder, name);
    for (const part of ['dags', 'plugins', 'logs']) mkdirSync(join(home, part), { recursive: true });
    await postgres.createDatabase(name);
    if (shared.celery !== undefined) await postgres.createEmptyDatabase(queueDatabase(name));
    const webPort = await freePort();
    const settings: EnvironmentSettings = {
      ...shared,
      name,
      version,
      home: hasMountNamespace() ? MWAA_HOME : home,
      databasePort: postgres.port,
      fernetKey: newFernetKey(),
      webPort,
      workerLogPort: await freePort(),
      triggerLogPort: await freePort(),
      configurationOptions,
    };
    writeFileSync(join(home, 'webserver_config.py'), 'AUTH_ROLE_PUBLIC = "Admin"\nWTF_CSRF_ENABLED = False\n');
    const api = new RestApi(version, `http://127.0.0.1:${webPort}`);
    await bringFiles(s3, shared.python, home, from);
    this.#environments.set(name, { home, settings, variables: environmentVariables(settings), api, from });
  }

  /** Restarts only what has changed: an update that Airflow itself would not notice is over at once. */
  async update(from: RuntimeEnvironment): Promise<void> {
    this.#requireVersion(from);
    const environment = this.#environment(from.name);
    const { home, from: before } = environment;
    if (isDeepStrictEqual(from, before)) return;
    environment.from = from;
    environment.settings.configurationOptions = from.configurationOptions;
    environment.variables = environmentVariables(environment.settings);
    await bringFiles(this.#options.s3, this.#options.python, home, from);
    if (!this.#isRunning(from.name)) return;
    await this.stop(from.name);
    if (from.dagsBucket !== before.dagsBucket || from.dagsPath !== before.dagsPath) emptyFolder(join(home, 'dags'));
    await this.start(from.name);
  }

  async remove(name: string): Promise<void> {
    const home = this.#environments.get(name)?.home;
    // One whose creation failed at the start has left nothing.
    if (home === undefined) return;
    await this.stop(name);
    this.#environments.delete(name);
    await this.#options.postgres.dropDatabase(name);
    if (this.#options.celery !== undefined) await this.#options.postgres.dropDatabase(queueDatabase(name));
    rmSync(home, { recursive: true, force: true });
  }

  async start(name: string): Promise<void> {
    const environment = this.#environment(name);
    const { api, home, from } = environment;
    const since = new Date();
    const dagSync = new DagSync(this.#options.s3, from.dagsBucket, from.dagsPath, join(home, 'dags'));
    environment.dagSync = dagSync;
    const { version, celery } = this.#options;
    const components = [...componentsOf(version, api.url), ...(celery === undefined ? [] : [WORKER])].map((component) =>
      this.#start(name, component),
    );
    const giveUp = new AbortController();
    const healthy = eventually(`Airflow ${name} is healthy`, async () => (await api.isHealthy(since)) || undefined, {
      seconds: 180,
      signal: giveUp.signal,
    });
    try {
      await Promise.all(components.map((started) => untilReady(`Airflow ${name}`, started, healthy)));
    } finally {
      giveUp.abort();
    }
    for (const started of components)
      void started.ended.then((how) => {
        if (environment.dagSync === dagSync) this.#tellUnexpectedEnd(name, started, how);
      });
  }

  async stop(name: string): Promise<void> {
    const environment = this.#environment(name);
    const { dagSync } = environment;
    delete environment.dagSync;
    await Promise.all([dagSync?.stop(), this.#options.processes.kill(name)]);
  }

  /** SIGKILL to everything that runs. */
  async lose(): Promise<void> {
    this.#lost = [...this.#environments.keys()].filter((name) => this.#isRunning(name));
    await Promise.all(this.#lost.map((name) => this.stop(name)));
  }

  /** Starts what had been lost, on the databases as they were. */
  async return(): Promise<void> {
    await Promise.all(this.#lost.map((name) => this.start(name)));
    this.#lost = [];
  }

  invokeRest(name: string, request: RestRequest): Promise<RestResponse> {
    return this.#environment(name).api.invoke(request);
  }

  url(name: string): string {
    return this.#environment(name).api.url;
  }

  signalScheduler(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#options.processes.signal(name, 'scheduler', signal);
  }

  #start(name: string, component: Component): StartedProcess {
    const { home, variables } = this.#environment(name);
    const { processes, python } = this.#options;
    const command = inMountNamespace(home, [python, ...component.arguments]);
    return processes.start({ name: component.name, group: name, command, env: variables, cwd: home });
  }

  #tellUnexpectedEnd(name: string, { log }: StartedProcess, how: string): void {
    this.#options.log(`✗ a component of ${name} ended by itself (${how}): see ${log}`);
  }

  #requireVersion({ airflowVersion }: RuntimeEnvironment): void {
    const { version } = this.#options;
    if (airflowVersion !== version) throw new Error(`This sandbox has Airflow ${version}, not ${airflowVersion}`);
  }

  #isRunning(name: string): boolean {
    return this.#environments.get(name)?.dagSync !== undefined;
  }

  #environment(name: string): LocalEnvironment {
    const environment = this.#environments.get(name);
    if (!environment) throw new Error(`No Airflow environment ${name}`);
    return environment;
  }
}

function emptyFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
}

interface Component {
  name: string;
  /** Python's arguments. */
  arguments: string[];
}

const WORKER: Component = {
  name: 'worker',
  arguments: ['-m', 'airflow', 'celery', 'worker', '--skip-serve-logs', '--without-mingle', '--without-gossip'],
};

function componentsOf(version: AirflowVersion, url: string): Component[] {
  const airflow = (name: string, ...flags: string[]): Component => ({
    name,
    arguments: ['-m', 'airflow', name, ...flags],
  });
  const scheduler = airflow('scheduler', '--skip-serve-logs');
  const triggerer = airflow('triggerer', '--skip-serve-logs');
  if (version.startsWith('3.')) return [airflow('api-server'), scheduler, airflow('dag-processor'), triggerer];
  // `airflow webserver` adds a monitor that restarts workers and doubles the memory.
  const address = new URL(url).host;
  const gunicorn = ['-w', '1', '-k', 'gthread', '--threads', '4', '-b', address, 'airflow.www.app:cached_app()'];
  return [scheduler, triggerer, { name: 'webserver', arguments: ['-m', 'gunicorn', ...gunicorn] }];
}

function hasMountNamespace(): boolean {
  return process.getuid?.() === 0 && existsSync('/usr/bin/unshare');
}

/** Without root the home is where it is on disk: everything works, but DAG hashes differ between the sites. */
function inMountNamespace(home: string, command: [string, ...string[]]): [string, ...string[]] {
  if (!hasMountNamespace()) return command;
  mkdirSync(MWAA_HOME, { recursive: true });
  const script = `mount --bind "$0" ${MWAA_HOME} && cd ${MWAA_HOME} && exec "$@"`;
  return ['unshare', '-m', 'sh', '-c', script, home, ...command];
}
