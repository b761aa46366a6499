/** What the ledger of all starts and ends says of two moves. It lies outside both sites; the sites know nothing of it. */
import type { Region } from '../sandbox/types.ts';
import { UNFINISHED_TASK, type Values } from './documented.ts';
import type { Tables } from './tables.ts';

export interface Line {
  /** Seconds since 1970. */
  readonly at: number;
  readonly event: 'start' | 'success' | 'failed';
  readonly site: Region;
  readonly dag: string;
  readonly run: string;
  readonly task: string;
  readonly map: number;
  readonly try: number;
}

/** A move by that snapshot: what `from` did after it was taken is lost, until it is active again. */
export interface Move {
  readonly from: Region;
  readonly to: Region;
  readonly takenAt: number;
  /** When `from` was made active again, in seconds since 1970. */
  readonly until: number;
  readonly source: Tables;
}

const FINISHED = ['success', 'failed', 'skipped', 'upstream_failed', 'removed'];

const nameOf = (line: Line): string => `${line.dag} ${line.run} ${line.task} ${line.map}`;
const nameOfRow = (row: Values): string =>
  ['dag_id', 'run_id', 'task_id', 'map_index'].map((name) => String(row[name])).join(' ');
const nameOfRun = (row: Values): string => `${String(row['dag_id'])} ${String(row['run_id'])}`;

const isLost = (line: Line, moves: readonly Move[]): boolean =>
  moves.some(({ from, takenAt, until }) => line.site === from && line.at > takenAt && line.at < until);

/** What was over in a snapshot and began again after it, at a side whose work counts. */
export function repeated(ledger: readonly Line[], moves: readonly Move[]): string[] {
  return moves.flatMap((move) => {
    const tasks = move.source.ofUsers('task_instance');
    const over = new Set(tasks.filter(({ state }) => state === 'success' || state === 'failed').map(nameOfRow));
    const runs = new Set(
      move.source
        .ofUsers('dag_run')
        .filter(({ state }) => FINISHED.includes(String(state)))
        .map(nameOfRun),
    );
    const again = ledger.filter(
      (line) =>
        line.event === 'start' &&
        line.at > move.takenAt &&
        !isLost(line, moves) &&
        (over.has(nameOf(line)) ||
          (runs.has(`${line.dag} ${line.run}`) && !move.source.isLive({ dag_id: line.dag, run_id: line.run }))),
    );
    return again.map((line) => `${nameOf(line)} began again in ${line.site} at ${line.at}`);
  });
}

/** Tasks that succeeded more than once at sides whose work counts. */
export function succeededTwice(ledger: readonly Line[], moves: readonly Move[]): string[] {
  const counts = new Map<string, Line[]>();
  for (const line of ledger)
    if (line.event === 'success' && !line.dag.startsWith('mwaadr_') && !isLost(line, moves))
      counts.set(nameOf(line), [...(counts.get(nameOf(line)) ?? []), line]);
  return [...counts].flatMap(([name, lines]) =>
    lines.length > 1 ? [`${name}: ${lines.map(({ site, at }) => `${site} ${at}`).join(', ')}`] : [],
  );
}

/**
 * Tasks that were in flight in the snapshot and of which, though their run is over, the target has no end: by its
 * database (`now`) none at all, or a success that the ledger does not have once.
 */
export function lost(
  ledger: readonly Line[],
  move: Move,
  now: readonly Values[],
  runsNow: readonly Values[],
): string[] {
  const over = new Set(runsNow.filter(({ state }) => FINISHED.includes(String(state))).map(nameOfRun));
  const timedOut = new Set(runsNow.filter((run) => run['timed_out'] === true).map(nameOfRun));
  const states = new Map(now.map((row) => [nameOfRow(row), String(row['state'])]));
  // The row of a mapped task that has not been expanded yet makes room for those that it becomes.
  const mapped = now.filter((row) => Number(row['map_index']) >= 0);
  const expanded = new Set(mapped.map((row) => nameOfRow({ ...row, map_index: -1 })));
  const successes = new Map<string, number>();
  for (const line of ledger)
    if (line.event === 'success' && line.site === move.to && line.at > move.takenAt)
      successes.set(nameOf(line), (successes.get(nameOf(line)) ?? 0) + 1);
  return move.source.ofUsers('task_instance').flatMap((row) => {
    const [name, was] = [nameOfRow(row), String(row['state'])];
    if (!move.source.isLive(row) || !over.has(nameOfRun(row))) return [];
    const state = states.get(name);
    if (state === 'null' && timedOut.has(nameOfRun(row))) return [];
    if (state === undefined && was === 'null' && expanded.has(name)) return [];
    if (state === undefined || !FINISHED.includes(state)) return [`${name}: was ${was}, is ${state ?? 'not there'}`];
    const count = successes.get(name) ?? 0;
    return UNFINISHED_TASK.includes(was) && state === 'success' && count !== 1
      ? [`${name}: was ${was}, succeeded ${count} times`]
      : [];
  });
}
