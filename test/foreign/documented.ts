/**
 * What docs/data-path.md says of how a site differs from the snapshot that it was made of, as data. Written from the
 * document and not from the product's code: what is not here has to be equal.
 */

/** Tables that are not compared, and the words of the document. */
export const NEVER_COPIED: readonly (readonly [tables: RegExp, words: string])[] = [
  [/^job$/, 'Layers: "Never copied: `job`"'],
  [/^session$/, 'Layers: "Never copied: … sessions"'],
  [/^revoked_token$/, 'Layers: "Never copied: … tokens"'],
  [/^(parse_)?import_error$/, 'Layers: "Never copied: … import errors"'],
  [/^callback(_request)?$/, 'Layers: "Never copied: … callbacks"'],
  [/^deadline(_alert)?$/, 'Layers: "Never copied: … deadlines"'],
  [
    /^(serialized_dag|dag_(code|version|tag|warning|owner_attributes|pickle|bundle|priority_parsing_request))$/,
    PARSER(),
  ],
  [/^(dag_schedule_|task_(outlet|inlet)_|asset_(active|watcher|trigger)$)/, PARSER()],
  [/^ab_/, 'Content hash: "users are of one site"'],
  [/^mwaadr_/, 'Two roles in one database: what we make ourselves'],
];

function PARSER(): string {
  return 'Layers: "Never copied: … what each site\'s parser makes for itself"';
}

/** Tables of what each site makes for itself, by what a row is the same at both: "mapped by name". */
export const REFERENCES: Readonly<Record<string, readonly string[]>> = {
  log_template: ['filename', 'elasticsearch_id'],
  dataset: ['uri'],
  asset: ['name', 'uri'],
  dataset_alias: ['name'],
  asset_alias: ['name'],
};

/** "refer to what each site made for itself; mapped by name". */
export const BY_NAME: Readonly<Record<string, readonly string[]>> = {
  log_template_id: ['log_template'],
  dataset_id: ['dataset'],
  asset_id: ['asset'],
  alias_id: ['dataset_alias', 'asset_alias'],
};

/** "mapped by … `dag_hash`". */
export const BY_HASH = ['dag_version_id', 'created_dag_version_id'];

/** "refer to processes of one site; copied as NULL". */
export const OF_PROCESSES = ['creating_job_id', 'scheduled_by_job_id', 'job_id', 'queued_by_job_id', 'triggerer_id'];

/** Columns that are not compared, table by table: "the target's own ids", "users are of one site". */
export const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  trigger: ['id'],
  slot_pool: ['id', 'team_name'],
  variable: ['id', 'team_name'],
  connection: ['id', 'team_name'],
  task_instance_note: ['user_id'],
  dag_run_note: ['user_id'],
};

/** Of `dag` only this is copied: "`dag` rows … (pause set and `next_dagrun*`)" (formats.md); the rest is the parser's. */
export const OF_DAG = /^(dag_id$|is_paused$|next_dagrun|exceeds_max_non_backfill$)/;

/** Secrets: "with the environment's Fernet key"; column → the column that says whether it is a token. */
export const ENCRYPTED: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
  connection: { password: 'is_encrypted', extra: 'is_extra_encrypted' },
  variable: { val: 'is_encrypted' },
  trigger: { kwargs: null },
};

export const UNFINISHED_TASK = [
  'running',
  'queued',
  'scheduled',
  'restarting',
  'deferred',
  'awaiting_input',
  'up_for_retry',
  'up_for_reschedule',
];

/** "of tasks that are run again: what the rule empties": times, and what belongs to a process. */
const OF_A_PROCESS = ['pid', 'external_executor_id', 'queued_dttm', 'last_heartbeat_at'];
const OF_A_TRY = [
  'start_date',
  'end_date',
  'duration',
  'scheduled_dttm',
  'next_method',
  'next_kwargs',
  'trigger_timeout',
];

export type Values = Record<string, unknown>;

const emptied = (row: Values, columns: readonly string[]): Values =>
  Object.fromEntries(columns.filter((column) => column in row).map((column) => [column, null]));

/** What stands for an id that Airflow 3 has not given before: "a task that is run again has a new id". */
export const NEW = '(new)';
/** What stands for the time of the activation. */
export const NOW = '(now)';

/** A task instance of the source, as "In-flight tasks: the rule `rerun`" has it at the target. */
export function taskInFlight(row: Values): Values {
  const state = String(row['state']);
  const newId = 'id' in row ? { id: NEW } : {};
  const anew = { ...row, ...emptied(row, [...OF_A_PROCESS, ...OF_A_TRY]), ...newId, state: null, hostname: '' };
  if (state === 'running' || state === 'restarting') return { ...anew, max_tries: Number(row['max_tries']) + 1 };
  if (state !== 'queued' && state !== 'scheduled') return row;
  if (row['next_method'] === null) return { ...anew, try_number: Math.max(Number(row['try_number']) - 1, 0) };
  return { ...row, ...emptied(row, OF_A_PROCESS), ...newId, state: 'scheduled', hostname: '' };
}

/** "the cut-off try kept in the history as `failed`"; `columns` are those of the history. */
export function cutOffTry(row: Values, columns: readonly string[]): Values {
  const kept = Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
  const id = columns.includes('task_instance_id') ? { task_instance_id: row['id'] } : { id: NEW };
  return { ...kept, ...id, trigger_id: null, state: 'failed', end_date: NOW, duration: NOW };
}
