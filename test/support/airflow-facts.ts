import type { AirflowVersion, Region, Row, Sandbox } from '../sandbox/types.ts';

const OURS = `dag_id not like 'mwaadr\\_%'`;

export interface TaskFact {
  readonly dagId: string;
  readonly runId: string;
  readonly taskId: string;
  readonly mapIndex: number;
  readonly state: string | null;
  readonly tryNumber: number;
  readonly startDate: Date | null;
  readonly endDate: Date | null;
}

export interface RunFact {
  readonly dagId: string;
  readonly runId: string;
  readonly state: string;
  readonly startDate: Date | null;
  readonly endDate: Date | null;
  /** The slot of a scheduled run. */
  readonly slot: Date | null;
}

const date = (value: unknown): Date | null => (value instanceof Date ? value : null);

/** Reads an environment's metadata database past Airflow, so that what a test believes does not rest on what it tests. */
export class AirflowFacts {
  readonly #sandbox: Sandbox;
  readonly #three: boolean;

  constructor(sandbox: Sandbox, version: AirflowVersion) {
    this.#sandbox = sandbox;
    this.#three = version.startsWith('3.');
  }

  async tasks(region: Region, where = 'true'): Promise<TaskFact[]> {
    const rows = await this.#sandbox.sql(
      region,
      `select dag_id, run_id, task_id, map_index, state, try_number, start_date, end_date
         from task_instance where ${OURS} and (${where}) order by dag_id, run_id, task_id, map_index`,
    );
    return rows.map((row) => ({
      dagId: String(row['dag_id']),
      runId: String(row['run_id']),
      taskId: String(row['task_id']),
      mapIndex: Number(row['map_index']),
      state: typeof row['state'] === 'string' ? row['state'] : null,
      tryNumber: Number(row['try_number']),
      startDate: date(row['start_date']),
      endDate: date(row['end_date']),
    }));
  }

  async runs(region: Region, where = 'true'): Promise<RunFact[]> {
    const slot = this.#three ? 'logical_date' : 'execution_date';
    const rows = await this.#sandbox.sql(
      region,
      `select dag_id, run_id, state, start_date, end_date, ${slot} as slot
         from dag_run where ${OURS} and (${where}) order by dag_id, ${slot}, run_id`,
    );
    return rows.map((row) => ({
      dagId: String(row['dag_id']),
      runId: String(row['run_id']),
      state: String(row['state']),
      startDate: date(row['start_date']),
      endDate: date(row['end_date']),
      slot: date(row['slot']),
    }));
  }

  /** When the deferred wait of a run is due by its own definition. */
  async waitDue(region: Region, dagId: string, runId: string, seconds: number): Promise<Date> {
    const base = this.#three ? 'coalesce(data_interval_end, run_after)' : 'data_interval_end';
    const [row] = await this.#sandbox.sql(
      region,
      `select ${base} + make_interval(secs => $3) as due from dag_run where dag_id = $1 and run_id = $2`,
      [dagId, runId, seconds],
    );
    const due = date(row?.['due']);
    if (due === null) throw new Error(`no run ${dagId} ${runId} in ${region}`);
    return due;
  }

  async paused(region: Region): Promise<Map<string, boolean>> {
    const rows = await this.#sandbox.sql(region, `select dag_id, is_paused from dag where ${OURS}`);
    return new Map(rows.map((row) => [String(row['dag_id']), row['is_paused'] === true]));
  }

  /** The fingerprint that secrets_check returned in a run. */
  async fingerprint(region: Region, runId: string): Promise<string | undefined> {
    const value = this.#three ? `value #>> '{}'` : `convert_from(value, 'UTF8')`;
    const [row] = await this.#sandbox.sql(
      region,
      `select ${value} as value from xcom where dag_id = 'secrets_check' and key = 'return_value' and run_id = $1`,
      [runId],
    );
    return row === undefined ? undefined : /[0-9a-f]{64}/.exec(String(row['value']))?.[0];
  }

  /** How many datasets (assets) have an event waiting for the consumer. */
  async queuedDatasets(region: Region, consumer: string): Promise<number> {
    const table = this.#three ? 'asset_dag_run_queue' : 'dataset_dag_run_queue';
    const [row] = await this.#sandbox.sql(region, `select count(*)::int as n from ${table} where target_dag_id = $1`, [
      consumer,
    ]);
    return Number((row as Row)['n']);
  }
}
