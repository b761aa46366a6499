import { createDecipheriv } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Region } from '../sandbox/types.ts';
import type { ForeignBed } from './bed.ts';
import { BY_NAME, ENCRYPTED, REFERENCES, UNFINISHED_TASK, type Values } from './documented.ts';

/** An id in words: numbers and texts are what Airflow has for ids. */
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** All tables of a copy, with what is needed to know a row of it again at the other site. */
export class Tables {
  readonly #rows: ReadonlyMap<string, readonly Values[]>;
  readonly #key: Buffer;
  readonly #names = new Map<string, string>();
  readonly #tasks = new Map<unknown, string>();
  readonly #triggers = new Map<unknown, string>();
  readonly #hashes = new Map<unknown, { readonly dag: unknown; readonly hash: unknown }>();
  /** `dag run` of what is unfinished, or has a task that is. */
  readonly live = new Set<string>();
  readonly #ours = new Set<unknown>();
  readonly #ofSite = new Set<unknown>();

  private constructor(rows: ReadonlyMap<string, readonly Values[]>, key: Buffer) {
    this.#rows = rows;
    this.#key = key;
    for (const [table, columns] of Object.entries(REFERENCES))
      for (const row of this.of(table))
        this.#names.set(`${table} ${String(row['id'])}`, columns.map((column) => row[column]).join(' | '));
    for (const row of this.of('task_instance')) {
      if (isOurs(row)) this.#ours.add(row['id']);
      if (row['id'] !== undefined) this.#tasks.set(row['id'], nameOfTask(row));
      if (UNFINISHED_TASK.includes(String(row['state']))) this.live.add(nameOfRun(row));
    }
    for (const row of this.of('task_instance_history')) if (isOurs(row)) this.#ours.add(row['task_instance_id']);
    for (const row of this.of('dag_run')) {
      if (isOurs(row)) this.#ours.add(row['id']);
      if (!['success', 'failed'].includes(String(row['state']))) this.live.add(nameOfRun(row));
    }
    for (const row of this.of('trigger'))
      this.#triggers.set(row['id'], `${String(row['classpath'])} ${String(row['created_date'])}`);
    const hashes = new Map(this.of('serialized_dag').map((row) => [row['dag_version_id'], row['dag_hash']]));
    for (const row of this.of('dag_version'))
      this.#hashes.set(row['id'], { dag: row['dag_id'], hash: hashes.get(row['id']) });
    for (const table of ['asset_watcher', 'asset_trigger', 'callback'])
      for (const row of this.of(table)) this.#ofSite.add(row['trigger_id']);
  }

  static async read(bed: ForeignBed, region: Region, schema: string): Promise<Tables> {
    const names = await bed.sandbox.sql(region, 'select tablename from pg_tables where schemaname = $1', [schema]);
    const rows = new Map<string, readonly Values[]>();
    for (const { tablename } of names) {
      const found = await bed.sandbox.sql(
        region,
        `select to_jsonb(t) as row from "${schema}"."${String(tablename)}" t`,
      );
      rows.set(
        String(tablename),
        found.map(({ row }) => row as Values),
      );
    }
    const key = Buffer.from(await readFile(join(bed.folder, `fernet-${region}`), 'utf8'), 'base64url');
    return new Tables(rows, key);
  }

  /** The same without any row of a table. */
  without(table: string): Tables {
    return new Tables(new Map([...this.#rows, [table, []]]), this.#key);
  }

  /** The same with another value of its kind in a column of every row of a table. */
  planted(table: string, column: string): Tables {
    const rows = this.of(table).map((row) => ({ ...row, [column]: another(row[column]) }));
    return new Tables(new Map([...this.#rows, [table, rows]]), this.#key);
  }

  get names(): readonly string[] {
    return [...this.#rows.keys()].toSorted();
  }

  /** Rows as they lie there. */
  of(table: string): readonly Values[] {
    return this.#rows.get(table) ?? [];
  }

  /** Rows of the user, as far as they are not of the site itself. */
  ofUsers(table: string): readonly Values[] {
    return this.of(table).filter(
      (row) =>
        !isOurs(row) &&
        ![row['dag_run_id'], row['ti_id'], row['ti_history_id']].some((id) => id !== undefined && this.#ours.has(id)) &&
        !(table === 'trigger' && this.#ofSite.has(row['id'])),
    );
  }

  /** A row without anything that only this site understands: secrets in plain text, names for ids. */
  plain(table: string, row: Values): Values {
    const out = { ...row };
    for (const [column, flag] of Object.entries(ENCRYPTED[table] ?? {}))
      out[column] = this.#decrypted(row, column, flag);
    for (const [column, tables] of Object.entries(BY_NAME)) {
      const value = row[column];
      if (value === undefined || value === null) continue;
      const kind = tables.find((one) => this.#rows.has(one)) ?? '';
      const name = `${kind} ${text(value)}`;
      out[column] = this.#names.get(name) ?? `no ${name}`;
    }
    if (row['ti_id'] !== undefined) out['ti_id'] = this.#tasks.get(row['ti_id']) ?? `no task ${text(row['ti_id'])}`;
    if (row['trigger_id'] !== undefined && row['trigger_id'] !== null)
      out['trigger_id'] = this.#triggers.get(row['trigger_id']) ?? `no trigger ${text(row['trigger_id'])}`;
    return out;
  }

  isLive(row: Values): boolean {
    return this.live.has(nameOfRun(row));
  }

  version(id: unknown): { readonly dag: unknown; readonly hash: unknown } | undefined {
    return this.#hashes.get(id);
  }

  /** Newest version of a DAG, or the newest with that hash. */
  newest(dag: unknown, hash?: unknown): unknown {
    return this.#versions(dag, hash).at(-1) ?? null;
  }

  beforeNewest(dag: unknown): unknown {
    return this.#versions(dag).at(-2) ?? null;
  }

  /** Ids of versions, oldest first. */
  #versions(dag: unknown, hash?: unknown): readonly unknown[] {
    const versions = this.of('dag_version').filter(
      (row) => row['dag_id'] === dag && (hash === undefined || this.#hashes.get(row['id'])?.hash === hash),
    );
    return versions.toSorted((a, b) => Number(a['version_number']) - Number(b['version_number'])).map(({ id }) => id);
  }

  #decrypted(row: Values, column: string, flag: string | null): unknown {
    const value = row[column];
    if (typeof value !== 'string') return value;
    if (flag === null ? value.startsWith('{') : row[flag] !== true) return value;
    const token = Buffer.from(value, 'base64url');
    const cipher = createDecipheriv('aes-128-cbc', this.#key.subarray(16), token.subarray(9, 25));
    return Buffer.concat([cipher.update(token.subarray(25, -32)), cipher.final()]).toString('utf8');
  }
}

function another(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  // Before it: what stands behind the padding of a token is not read.
  return typeof value === 'string' ? `x${value}` : 'planted';
}

const nameOfRun = (row: Values): string => `${String(row['dag_id'])} ${String(row['run_id'])}`;
const nameOfTask = (row: Values): string => `${nameOfRun(row)} ${String(row['task_id'])} ${String(row['map_index'])}`;

function isOurs(row: Values): boolean {
  const owners = ['dag_id', 'source_dag_id', 'target_dag_id', 'pool', 'key', 'conn_id'];
  return owners.some((column) => String(row[column]).startsWith('mwaadr_'));
}
