import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { DagCheckRequest, DagCheckRun, RunDagCheck } from '../domain/dag-check.ts';
import { MdrError } from '../domain/errors.ts';

/** Beside this module, and beside the bundle, into which the build copies it. */
const SCRIPT = join(import.meta.dirname, 'check_dags.py');

/** The descriptor on which the script answers: its standard output belongs to whatever prints. */
const ANSWERS = 3;

const OUTPUT_KEPT = 4_000;

/** What an environment variable with credentials may be called here. */
const CREDENTIALS = [
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
  'GITHUB_TOKEN',
  'GH_TOKEN',
];

/** Imports a copy of the folder, so that no DAG file can change the checkout by its own path. */
export const runDagCheck: RunDagCheck = async (request, log, stop) => {
  const home = await mkdtemp(join(await realpath(tmpdir()), 'mwaadr-dags-'));
  try {
    const dags = await copies(request, home);
    return await runScript(
      request,
      dags,
      home,
      (line) => {
        log.info(line);
      },
      stop,
    );
  } finally {
    // A DAG file may have left something that cannot be removed: that is no finding, and this folder is no one's.
    await rm(home, { recursive: true, force: true }).catch(() => undefined);
  }
};

async function copies({ folder, plugins, drConfiguration }: DagCheckRequest, home: string): Promise<string> {
  const dags = join(home, 'dags');
  await copy(folder, dags);
  if (plugins === undefined) await mkdir(join(home, 'plugins'));
  else await copy(plugins, join(home, 'plugins'));
  for (const name of ['home', 'tmp']) await mkdir(join(home, name));
  const ours = join(dags, 'mwaadr');
  const hasOurs = await stat(join(ours, 'mwaadr_dags.py')).catch(() => undefined);
  if (drConfiguration !== undefined && hasOurs) await writeFile(join(ours, 'deployment.json'), drConfiguration);
  return dags;
}

async function copy(from: string, to: string): Promise<void> {
  const found = await stat(from).catch(() => undefined);
  if (!found?.isDirectory())
    throw new MdrError({
      code: 'MDR-INPUT-INVALID',
      message: `${from} is no folder`,
      fix: `Give the path of a folder from ${process.cwd()}, and check out the repository before this step.`,
      state: 'Nothing was touched.',
    });
  const filter = (path: string) => !['__pycache__', '.git'].includes(basename(path));
  await cp(from, to, { recursive: true, filter });
}

/**
 * All that the DAG files' process gets of an environment: nothing of ours but where programs and libraries are. What
 * is under test was written by whoever opened the pull request.
 */
function environmentOf({ region, timeoutSeconds }: DagCheckRequest, dags: string, home: string): NodeJS.ProcessEnv {
  const { PATH, LD_LIBRARY_PATH } = process.env;
  const airflow = {
    AIRFLOW_HOME: join(home, 'home'),
    AIRFLOW__CORE__DAGS_FOLDER: dags,
    AIRFLOW__CORE__PLUGINS_FOLDER: join(home, 'plugins'),
    AIRFLOW__CORE__LOAD_EXAMPLES: 'False',
    AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT: String(timeoutSeconds),
    AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH: '100',
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: `sqlite:///${join(home, 'home/airflow.db')}`,
  };
  return {
    PATH,
    // Pythons of GitHub's runners find their own library by it.
    ...(LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH }),
    HOME: join(home, 'home'),
    TMPDIR: join(home, 'tmp'),
    LANG: 'C.UTF-8',
    ...(region === undefined ? {} : { AWS_REGION: region, AWS_DEFAULT_REGION: region }),
    AWS_EC2_METADATA_DISABLED: 'true',
    ...airflow,
  };
}

function runScript(
  request: DagCheckRequest,
  dags: string,
  home: string,
  say: (line: string) => void,
  stop: AbortSignal,
): Promise<DagCheckRun> {
  const { python, timeoutSeconds } = request;
  const child = spawn(python, ['-I', '-B', SCRIPT, dags, String(timeoutSeconds), String(ANSWERS)], {
    env: environmentOf(request, dags, home),
    cwd: join(home, 'tmp'),
    // A group of its own, to be ended whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  let output = '';
  const keep = (data: Buffer) => {
    output = (output + data.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  createInterface({ input: child.stdio[ANSWERS] as Readable }).on('line', (line) => {
    lines.push(line);
    const begun = /^\{"event": "begin", "file": (".*")\}$/.exec(line)?.[1];
    if (begun !== undefined) say(`importing ${String(JSON.parse(begun))}`);
  });
  const credentials = CREDENTIALS.filter((name) => (process.env[name] ?? '') !== '');
  return new Promise((resolve, reject) => {
    const kill = () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    };
    stop.addEventListener('abort', kill, { once: true });
    child.once('error', ({ message }) => {
      resolve({ lines, ended: message, output, credentials });
    });
    child.once('close', (code, signal) => {
      stop.removeEventListener('abort', kill);
      if (stop.aborted) reject(stopped());
      else resolve({ lines, ended: signal ?? `exit code ${code}`, output, credentials });
    });
    if (stop.aborted) kill();
  });
}

const stopped = (): MdrError =>
  new MdrError({
    code: 'MDR-STOPPED',
    message: 'The runner asked to stop while DAG files were imported',
    fix: 'Run `check-dags` again.',
    state: 'Nothing was touched.',
  });
