/** Compares every table of two copies, row by row: what docs/data-path.md does not name has to be equal. */
import {
  BY_HASH,
  cutOffTry,
  LEFT_OUT,
  NEVER_COPIED,
  NEW,
  NOW,
  OF_DAG,
  OF_PROCESSES,
  REFERENCES,
  taskInFlight,
  type Values,
} from './documented.ts';
import type { Tables } from './tables.ts';

export interface Comparison {
  readonly tables: number;
  readonly rows: number;
  /** Of each table that has any. */
  readonly rowsOf: Readonly<Record<string, number>>;
  readonly differences: readonly string[];
}

export function compare(source: Tables, target: Tables): Comparison {
  const names = [...new Set([...source.names, ...target.names])].filter(
    (name) => !NEVER_COPIED.some(([tables]) => tables.test(name)),
  );
  const rowsOf: Record<string, number> = {};
  const differences: string[] = [];
  for (const name of names) {
    const expected = expectedRows(name, source, target);
    differences.push(...differencesOf(name, expected, foundRows(name, source, target)));
    if (expected.length > 0) rowsOf[name] = expected.length;
  }
  const rows = Object.values(rowsOf).reduce((sum, count) => sum + count, 0);
  return { tables: names.length, rows, rowsOf, differences };
}

/**
 * What of the compared tables of the target could be another one, without a word of the comparison: `table` when all its
 * rows could be missing, `table.column` when each of its values could be wrong.
 */
export function blindSpots(source: Tables, target: Tables, { rowsOf }: Comparison): readonly string[] {
  return Object.keys(rowsOf).flatMap((table) => {
    const isSilent = (planted: Tables) => !isDifferent(table, source, planted);
    const columns = Object.keys(target.of(table)[0] ?? {}).filter((column) => !isDocumented(table, column));
    return [
      ...(isSilent(target.without(table)) ? [table] : []),
      ...columns.filter((column) => isSilent(target.planted(table, column))).map((column) => `${table}.${column}`),
    ];
  });
}

function isDifferent(table: string, source: Tables, target: Tables): boolean {
  try {
    return differencesOf(table, expectedRows(table, source, target), foundRows(table, source, target)).length > 0;
  } catch {
    // What is no token of the site's key any more cannot be read.
    return true;
  }
}

const isDocumented = (table: string, column: string): boolean =>
  (LEFT_OUT[table]?.includes(column) ?? false) ||
  (table === 'dag' && !OF_DAG.test(column)) ||
  !(REFERENCES[table]?.includes(column) ?? true);

/** Rows of the source as they have to be at the target. */
function expectedRows(table: string, source: Tables, target: Tables): Values[] {
  const rows = source.ofUsers(table).map((row) => expectedRow(table, row, source, target));
  if (table !== 'task_instance_history') return rows;
  const columns = Object.keys(target.of(table)[0] ?? {});
  const cutOff = source.ofUsers('task_instance').filter(({ state }) => state === 'running' || state === 'restarting');
  const tries = cutOff.map((row) => ({ ...cutOffTry(row, columns), ...versions('', row, source, target, true) }));
  return [...rows, ...tries.map((row) => comparable(table, withoutProcesses(row)))];
}

function expectedRow(table: string, row: Values, source: Tables, target: Tables): Values {
  const isLive = source.isLive(row);
  const plain = { ...source.plain(table, row), ...versions(table, row, source, target, isLive) };
  const moved = table === 'task_instance' ? taskInFlight(plain) : plain;
  if ('trigger_id' in moved && moved['state'] !== 'deferred') moved['trigger_id'] = null;
  if (table === 'task_instance_history') moved['trigger_id'] = null;
  if (table === 'dag_run' && isLive) moved['last_scheduling_decision'] = null;
  return comparable(table, withoutProcesses(moved));
}

/** Rows of the target, but for those that it may have of its own. */
function foundRows(table: string, source: Tables, target: Tables): Values[] {
  const rows = target.ofUsers(table);
  const ids = new Set(source.of(table).map((row) => row['task_instance_id'] ?? row['id']));
  const plain = rows.map((row) => comparable(table, target.plain(table, row)));
  if (table === 'task_instance')
    return plain.map((row) => ('id' in row && !ids.has(row['id']) ? { ...row, id: NEW } : row));
  if (table === 'task_instance_history')
    return plain.map((row) => {
      if ('task_instance_id' in row)
        return ids.has(row['task_instance_id']) ? row : { ...row, end_date: NOW, duration: NOW };
      return ids.has(row['id']) ? row : { ...row, id: NEW, end_date: NOW, duration: NOW };
    });
  // The audit log of the site itself goes on, behind every id of the source (R1).
  if (table === 'log') {
    const highest = Math.max(...source.of(table).map(({ id }) => Number(id)));
    return plain.filter(({ id }) => Number(id) <= highest);
  }
  if (table in REFERENCES) {
    const expected = new Set(source.of(table).map((row) => JSON.stringify(comparable(table, row))));
    return plain.filter((row) => expected.has(JSON.stringify(row)));
  }
  if (table === 'dag') {
    const known = new Set(source.of(table).map((row) => row['dag_id']));
    const detail = target.of('mwaadr_state')[0]?.['detail'] as { late?: Record<string, Values> } | undefined;
    // "has no file at the target": its "pause state is kept in the state row". What the source does not know stays paused.
    const kept = (row: Values) => detail?.late?.[String(row['dag_id'])]?.['is_paused'];
    const alone = plain.filter((row) => !known.has(row['dag_id']) && row['is_paused'] === true);
    return plain
      .filter((row) => !alone.includes(row))
      .map((row) => ({ ...row, is_paused: kept(row) ?? row['is_paused'] }));
  }
  return plain;
}

/** The columns that are compared, in one order. */
function comparable(table: string, row: Values): Values {
  const references = REFERENCES[table];
  const out = LEFT_OUT[table] ?? [];
  const names = Object.keys(row).filter((name) => {
    if (references) return references.includes(name);
    return table === 'dag' ? OF_DAG.test(name) : !out.includes(name);
  });
  return Object.fromEntries(names.toSorted().map((name) => [name, row[name]]));
}

const withoutProcesses = (row: Values): Values =>
  Object.fromEntries(Object.entries(row).map(([name, value]) => [name, OF_PROCESSES.includes(name) ? null : value]));

/**
 * "A run in flight keeps its DAG version only where the target has parsed the same one (`dag_hash`). Else the run and its
 * cut-off tries have none, and its tasks get the target's version before the newest"; "finished runs show the target's
 * newest version".
 */
function versions(table: string, row: Values, source: Tables, target: Tables, isLive: boolean): Values {
  const out: Values = {};
  for (const column of BY_HASH) {
    const version = source.version(row[column]);
    if (row[column] === undefined) continue;
    if (version === undefined) out[column] = null;
    else {
      const same = target.newest(version.dag, version.hash);
      const inFlight = table === 'task_instance' ? target.beforeNewest(version.dag) : null;
      out[column] = same ?? (isLive ? inFlight : target.newest(version.dag));
    }
  }
  return out;
}

const IDENTITY = ['id', 'dag_id', 'run_id', 'task_id', 'map_index', 'try_number', 'key', 'conn_id', 'pool', 'ti_id'];

const identity = (row: Values): string =>
  IDENTITY.filter((name) => row[name] !== undefined && name !== 'id')
    .map((name) => String(row[name]))
    .join(' ') || String(row['id']);

function differencesOf(table: string, expected: readonly Values[], found: readonly Values[]): string[] {
  const left = new Map<string, Values[]>();
  for (const row of found) {
    const text = JSON.stringify(row);
    left.set(text, [...(left.get(text) ?? []), row]);
  }
  const missing = expected.filter((row) => left.get(JSON.stringify(row))?.pop() === undefined);
  const extra = [...left.values()].flat();
  const out = missing.map((row) => {
    const index = extra.findIndex((other) => identity(other) === identity(row));
    const [other] = index < 0 ? [] : extra.splice(index, 1);
    if (other === undefined) return `${table}: lost ${identity(row)}: ${JSON.stringify(row).slice(0, 400)}`;
    const changed = [...new Set([...Object.keys(row), ...Object.keys(other)])].filter(
      (name) => JSON.stringify(row[name]) !== JSON.stringify(other[name]),
    );
    const texts = changed.map((name) => `${name} ${short(row[name])} became ${short(other[name])}`);
    return `${table}: changed ${identity(row)}: ${texts.join(', ')}`;
  });
  return [...out, ...extra.map((row) => `${table}: added ${identity(row)}: ${JSON.stringify(row).slice(0, 400)}`)];
}

const short = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value)).slice(0, 80);
