import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AirflowVersion } from './types.ts';
import { narrated, type Log } from './waiting.ts';

const run = promisify(execFile);
const LOCKS = join(import.meta.dirname, 'locks');

/** Airflow and moto live outside the checkout, so that a second clone, or a clean one, has them at once. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return process.env['MWAADR_CACHE'] ?? join(base, 'mwaa-dr-action');
}

/** Python of a virtual environment with exactly the locked packages of that Airflow version. */
export function installAirflow(version: AirflowVersion, log: Log): Promise<string> {
  return installLocked(`airflow-${version}`, log);
}

/**
 * The folder, for PYTHONPATH, with what CeleryExecutor needs beside the locked packages of that Airflow version: those
 * stay as they are for every other use.
 */
export async function installCelery(version: AirflowVersion, log: Log): Promise<string> {
  const python = await findPython();
  const requirements = lockOf(`celery-${version}`);
  const key = hash(readFileSync(requirements), python.version);
  return cached(`celery-${version}-${key}`, log, async (folder) => {
    const uv = await installUv(python, log);
    await narrated(log, `installing Celery for Airflow ${version}`, () =>
      run(
        uv,
        [
          ...['pip', 'install', '--quiet', '--require-hashes', '--no-deps', '--compile-bytecode'],
          ...['--python', python.path, '--target', folder, '-r', requirements],
        ],
        uvOptions(),
      ),
    );
  });
}

/** Python of the virtual environment with moto and boto3. */
export function installMoto(log: Log): Promise<string> {
  return installLocked('moto', log);
}

/** Changes whenever the locked packages of that Airflow version do. */
export function airflowLockHash(version: AirflowVersion): string {
  return hash(readFileSync(lockOf(`airflow-${version}`)));
}

/**
 * Calls `build` with a folder of the cache unless it is complete already, one process at a time; the others wait.
 * A build that was cut off starts again from an empty folder.
 */
export async function cached(name: string, log: Log, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return folder;
  mkdirSync(cacheFolder(), { recursive: true });
  const release = await lock(`${folder}.lock`, log);
  try {
    if (existsSync(complete)) return folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    await build(folder);
    writeFileSync(complete, '');
    return folder;
  } finally {
    release();
  }
}

async function installLocked(what: string, log: Log): Promise<string> {
  const python = await findPython();
  const requirements = lockOf(what);
  const key = hash(readFileSync(requirements), python.version);
  const folder = await cached(`${what}-${key}`, log, async (venv) => {
    const uv = await installUv(python, log);
    const options = uvOptions();
    await narrated(log, `installing ${what} with Python ${python.version}`, async () => {
      await run(uv, ['venv', '--quiet', '--allow-existing', '--python', python.path, venv], options);
      const sync = ['pip', 'sync', '--quiet', '--require-hashes', '--compile-bytecode'];
      await run(uv, [...sync, '--python', join(venv, 'bin/python'), requirements], options);
    });
  });
  return join(folder, 'bin/python');
}

const uvOptions = () => ({
  env: { ...process.env, UV_CACHE_DIR: join(cacheFolder(), 'uv'), UV_NO_CONFIG: '1' },
  maxBuffer: 1 << 26,
});

async function installUv(python: Python, log: Log): Promise<string> {
  const requirements = lockOf('uv');
  const folder = await cached(`uv-${hash(readFileSync(requirements), python.version)}`, log, (venv) =>
    narrated(log, 'installing uv', async () => {
      await run(python.path, ['-m', 'venv', venv]);
      await run(join(venv, 'bin/pip'), ['install', '--quiet', '--require-hashes', '-r', requirements]);
    }),
  );
  return join(folder, 'bin/uv');
}

interface Python {
  path: string;
  /** major.minor */
  version: string;
}

/** The locks are made for Python 3.11, which MWAA's 2.10.3 has, and install unchanged on 3.12, which its 3.x has. */
async function findPython(): Promise<Python> {
  const candidates = [process.env['MWAADR_PYTHON'], 'python3.11', 'python3.12', 'python3'];
  for (const candidate of candidates.filter((path) => path !== undefined)) {
    const program = 'import sys; print(sys.executable, "%d.%d" % sys.version_info[:2])';
    const answer = await run(candidate, ['-c', program]).catch(() => undefined);
    const [path, version] = answer?.stdout.trim().split(' ') ?? [];
    if (path !== undefined && (version === '3.11' || version === '3.12')) return { path, version };
  }
  throw new Error('The sandbox needs Python 3.11 or 3.12 (with venv); set MWAADR_PYTHON to its path.');
}

/** The kernel drops a lock with its holder, so that no crash leaves a stale one. */
async function lock(file: string, log: Log): Promise<() => void> {
  const holder = spawn('flock', [file, 'sh', '-c', 'echo held; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const held = new Promise<void>((resolve, reject) => {
    holder.stdout.once('data', () => {
      resolve();
    });
    holder.once('error', reject);
    holder.once('exit', (code) => {
      reject(new Error(`flock ${file}: exit code ${code}`));
    });
  });
  const timer = setInterval(() => {
    log(`… another process is installing (${file})`);
  }, 5000);
  await held.finally(() => {
    clearInterval(timer);
  });
  return () => holder.stdin.end();
}

function lockOf(what: string): string {
  return join(LOCKS, `${what}-py3.11.txt`);
}

function hash(...parts: (string | Buffer)[]): string {
  const sum = createHash('sha256');
  for (const part of parts) sum.update(part);
  return sum.digest('hex').slice(0, 16);
}
