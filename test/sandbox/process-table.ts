import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/** Environment variable that every process of a sandbox carries: `<sandbox id>/<group>`. */
export const MARKER = 'MWAADR_SANDBOX_PROCESS';

interface Entry {
  pid: number;
  parent: number;
  session: number;
  zombie: boolean;
  /** Own time and that of children already waited for. */
  ticks: number;
}

const TICKS_PER_SECOND = 100;

/** Everything that belongs together: members of the sessions, carriers of the marker, and all their descendants. */
export interface Family {
  sessions: ReadonlySet<number>;
  /** Full value of the marker, or a prefix that ends in `/`. */
  marker: string;
}

/**
 * Live processes of a family. Three nets, because each alone has a hole: a BashOperator opens a session of its own,
 * an orphan loses its parent, and setproctitle overwrites the environment that the marker is read from.
 */
export function membersOf(family: Family): Entry[] {
  const table = readTable();
  const members = new Map<number, Entry>();
  const join = (entry: Entry): void => {
    if (members.has(entry.pid)) return;
    members.set(entry.pid, entry);
    for (const child of table) if (child.parent === entry.pid) join(child);
  };
  for (const entry of table)
    if (family.sessions.has(entry.session) || carriesMarker(entry.pid, family.marker)) join(entry);
  members.delete(process.pid);
  return [...members.values()].filter((entry) => !entry.zombie);
}

export function signalFamily(family: Family, signal: NodeJS.Signals): void {
  for (const { pid } of membersOf(family)) signalPid(pid, signal);
}

/** SIGKILL until nobody is left; returns the CPU seconds they had used. */
export async function killFamily(family: Family): Promise<number> {
  const seconds = cpuSecondsOf(family);
  for (;;) {
    const members = membersOf(family);
    if (members.length === 0) return seconds;
    for (const { pid } of members) signalPid(pid, 'SIGKILL');
    await delay(20);
  }
}

export function cpuSecondsOf(family: Family): number {
  return membersOf(family).reduce((sum, entry) => sum + entry.ticks, 0) / TICKS_PER_SECOND;
}

function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function readTable(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readEntry(Number(name)))
    .filter((entry) => entry !== undefined);
}

function readEntry(pid: number): Entry | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  if (stat === '') return undefined;
  // The command's name stands in parentheses and may itself contain anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const number = (index: number): number => Number(fields[index]);
  return {
    pid,
    parent: number(1),
    session: number(3),
    zombie: fields[0] === 'Z' || fields[0] === 'X',
    ticks: number(11) + number(12) + number(13) + number(14),
  };
}

function carriesMarker(pid: number, marker: string): boolean {
  const assignment = `\0${MARKER}=${marker}`;
  const environment = `\0${readOrEmpty(`/proc/${pid}/environ`)}\0`;
  return environment.includes(marker.endsWith('/') ? assignment : `${assignment}\0`);
}

/** A process may end, or belong to somebody else, between listing and reading. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
