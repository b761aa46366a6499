import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cpuSecondsOf, killFamily, MARKER, signalFamily } from './process-table.ts';

export interface ProcessSpec {
  /** Unique within its group; also the name of the log. */
  name: string;
  /** What is killed together: a Region, or a shared server. */
  group: string;
  command: readonly [string, ...string[]];
  env: Record<string, string>;
  cwd?: string;
  user?: { uid: number; gid: number };
}

export interface StartedProcess {
  session: number;
  log: string;
  /** Resolves when the leader ends. */
  ended: Promise<string>;
}

/** Starts, signals and ends the sandbox's processes: each a session of its own, with a watchdog that outlives us. */
export class Processes {
  readonly #id = randomUUID();
  readonly #logFolder: string;
  readonly #watchdog: ChildProcess;
  readonly #sessions = new Map<string, Map<string, number>>();
  #endedCpuSeconds = 0;

  constructor(logFolder: string, removeAtEnd: string) {
    this.#logFolder = logFolder;
    mkdirSync(logFolder, { recursive: true });
    this.#watchdog = spawn(process.execPath, [join(import.meta.dirname, 'watchdog.ts'), `${this.#id}/`, removeAtEnd], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: {},
    });
    this.#watchdog.unref();
    const pipe = this.#watchdog.stdin as unknown as { unref(): void; on(event: 'error', listener: () => void): void };
    pipe.unref();
    pipe.on('error', () => undefined);
  }

  start(spec: ProcessSpec): StartedProcess {
    const log = join(this.#logFolder, `${spec.group}-${spec.name}.log`);
    const output = openSync(log, 'a');
    const [file, ...args] = spec.command;
    const child = spawn(file, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...spec.env, [MARKER]: `${this.#id}/${spec.group}` },
      cwd: spec.cwd,
      ...spec.user,
    });
    closeSync(output);
    child.unref();
    const ended = new Promise<string>((resolve) => {
      child.once('error', (error) => {
        resolve(error.message);
      });
      child.once('exit', (code, signal) => {
        resolve(signal ?? `exit code ${code}`);
      });
    });
    const session = child.pid ?? 0;
    if (session > 0) {
      this.#group(spec.group).set(spec.name, session);
      this.#watchdog.stdin?.write(`${session}\n`);
    }
    return { session, log, ended };
  }

  /** SIGKILL to every process of the group, however it was started; resolves when none is left. */
  async kill(group: string): Promise<void> {
    this.#endedCpuSeconds += await killFamily(this.#family(group));
    for (const session of this.#group(group).values()) this.#watchdog.stdin?.write(`-${session}\n`);
    this.#sessions.delete(group);
  }

  signal(group: string, name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    const session = this.#group(group).get(name);
    if (session === undefined) throw new Error(`${name} of ${group} is not running`);
    signalFamily({ sessions: new Set([session]), marker: 'none' }, signal);
  }

  cpuSeconds(): number {
    const sessions = new Set([...this.#sessions.values()].flatMap((group) => [...group.values()]));
    return this.#endedCpuSeconds + cpuSecondsOf({ sessions, marker: `${this.#id}/` });
  }

  /** Ends every group; the watchdog then removes the folder it was given, and ends. */
  async stop(): Promise<void> {
    await Promise.all([...this.#sessions.keys()].map((group) => this.kill(group)));
    const gone = new Promise<void>((resolve) =>
      this.#watchdog.once('exit', () => {
        resolve();
      }),
    );
    this.#watchdog.ref();
    this.#watchdog.stdin?.end();
    await gone;
  }

  #group(name: string): Map<string, number> {
    const group = this.#sessions.get(name) ?? new Map<string, number>();
    this.#sessions.set(name, group);
    return group;
  }

  #family(group: string) {
    return { sessions: new Set(this.#group(group).values()), marker: `${this.#id}/${group}` };
  }
}

/** Rejects with the end of the log when the process ends before `ready` resolves. */
export async function untilReady<T>(what: string, started: StartedProcess, ready: Promise<T>): Promise<T> {
  const died = started.ended.then((how) => {
    throw new Error(`${what} ended (${how}) before it was ready:\n${tail(started.log)}`);
  });
  return Promise.race([ready, died]);
}

function tail(log: string): string {
  return readFileSync(log, 'utf8').split('\n').slice(-20).join('\n');
}
