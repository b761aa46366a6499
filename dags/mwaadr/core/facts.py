# ruff: noqa: S608 - names in SQL stand in this file
"""What we know of Airflow's metadata tables, as data. One table of facts serves all versions: what a version does not
have is left out by looking at its catalogue, so a new one needs new lines here and no new code.

Sources: Airflow's models and `pg_constraint` of migrated 2.10.3 and 3.3.1 databases.
"""

from __future__ import annotations

from dataclasses import dataclass, field

UNFINISHED_TASK = (
    "running",
    "queued",
    "scheduled",
    "restarting",
    "deferred",
    "awaiting_input",
    "up_for_retry",
    "up_for_reschedule",
)
FINISHED_RUN = ("success", "failed")
IN_EXECUTOR = ("running", "queued", "restarting")
"""Task states in which a process or an executor's queue holds the task."""
CUT_OFF = ("running", "restarting")
"""A try that had begun and that nobody can go on with: it is run again, with one more try allowed."""
NOT_BEGUN = ("queued", "scheduled")
"""A try that had not begun: it gives its number back, the scheduler counts it again."""
RESET = CUT_OFF + NOT_BEGUN
GOES_ON = "{0}.state in ('queued', 'scheduled') and {0}.next_method is not null"
"""SQL: a task that has begun and waits for its slot: its trigger fired, or a human answered. It must not begin anew."""

OWN_RUN_IDS = 2_000_000_000
"""Runs of our own DAGs have ids from here up, those of users lie below."""


@dataclass(frozen=True)
class Table:
    """One table that a snapshot holds.

    ``link`` says by what a row hangs on a DAG run, and so to which layer it belongs: `self`, `run` (dag_id, run_id),
    `dag_run_id`, `ti_id`, `ti_history_id`, `created_dag_run_id`, `partition`; `inert` and `live` = all rows in that
    layer. A tuple gives choices: the first whose columns the table has. ``owner`` is the column with the DAG's id (or
    the row's name) by which rows of our own are told from the user's.
    """

    name: str
    link: tuple[str, ...]
    owner: str | None = "dag_id"
    parent: bool = False
    """Other tables' foreign keys point here: needs an ANALYZE after filling."""
    natural: str | None = None
    """Config: replaced by this natural key, the target's own ids stay."""
    fernet: dict[str, str | None] = field(default_factory=dict)
    """Column with a Fernet token → column with the flag that says so; None = a token unless it begins with `{`."""
    select: str | None = None
    """Takes the place of the table in the snapshot's query."""
    types: str | None = None
    """Column definitions of ``select``."""
    columns: tuple[str, ...] = ()
    """Only columns that begin with one of these; empty = all."""


REFERENCES = (
    Table("log_template", ("inert",), owner=None),
    Table("dataset", ("inert",), owner=None),
    Table("asset", ("inert",), owner=None),
    Table("dataset_alias", ("inert",), owner=None),
    Table("asset_alias", ("inert",), owner=None),
    Table(
        "dag_version",
        ("inert",),
        select="(select v.id, v.dag_id, v.version_number, coalesce(s.dag_hash, '') as dag_hash from dag_version v "
        "left join serialized_dag s on s.dag_version_id = v.id)",
        types="id uuid, dag_id text, version_number int, dag_hash text",
    ),
)
"""What each site makes for itself, in the order in which the maps are built; copied only to map ids."""


def _with_late(queue: str) -> str:
    """With the events that wait for DAGs without a file, which stand in the state row: see late.py."""
    kind = queue.removesuffix("_dag_run_queue")
    return (
        f"(select q.* from public.{queue} q union all select r.* from public.mwaadr_state m, "
        f"jsonb_array_elements(m.detail -> 'lateQueues' -> '{queue}') e, "
        f"jsonb_populate_record(null::public.{queue}, e) r where not exists (select 1 from public.{queue} q "
        f"where q.{kind}_id = r.{kind}_id and q.target_dag_id = r.target_dag_id))"
    )


HISTORY = (
    Table("backfill", ("inert",), parent=True),
    Table("dag_run", ("self",), parent=True),
    Table("backfill_dag_run", ("dag_run_id",), owner=None),
    Table("trigger", ("live",), owner=None, fernet={"kwargs": None}),
    Table("task_instance", ("run",), parent=True),
    Table("task_instance_history", ("run",), parent=True),
    Table("task_fail", ("run",)),
    Table("task_map", ("run",)),
    Table("task_reschedule", ("run", "ti_id")),
    Table("rendered_task_instance_fields", ("run",)),
    Table("xcom", ("run",)),
    Table("task_instance_note", ("run", "ti_id")),
    Table("dag_run_note", ("dag_run_id",), owner=None),
    Table("task_state_store", ("run",)),
    Table("hitl_detail", ("ti_id",), owner=None),
    Table("hitl_detail_history", ("ti_history_id",), owner=None),
    Table("sla_miss", ("inert",)),
    Table("dataset_event", ("inert",), owner="source_dag_id", parent=True),
    Table("asset_event", ("inert",), owner="source_dag_id", parent=True),
    Table("dataset_alias_dataset", ("inert",), owner=None),
    Table("asset_alias_asset", ("inert",), owner=None),
    Table("dataset_alias_dataset_event", ("inert",), owner=None),
    Table("asset_alias_asset_event", ("inert",), owner=None),
    Table("asset_state_store", ("inert",), owner=None),
    Table("dagrun_dataset_event", ("dag_run_id",), owner=None),
    Table("dagrun_asset_event", ("dag_run_id",), owner=None),
    Table("asset_partition_dag_run", ("created_dag_run_id",), owner="target_dag_id", parent=True),
    Table("partitioned_asset_key_log", ("partition",), owner="target_dag_id"),
    Table("log", ("inert",)),
    Table("dataset_dag_run_queue", ("live",), owner="target_dag_id", select=_with_late("dataset_dag_run_queue")),
    Table("asset_dag_run_queue", ("live",), owner="target_dag_id", select=_with_late("asset_dag_run_queue")),
)
"""Parents first: the order of copying; the reverse is the order of cleaning."""

CONFIG = (
    Table("slot_pool", ("inert",), owner="pool", natural="pool"),
    Table("variable", ("inert",), owner="key", natural="key", fernet={"val": "is_encrypted"}),
    Table(
        "connection",
        ("inert",),
        owner="conn_id",
        natural="conn_id",
        fernet={"password": "is_encrypted", "extra": "is_extra_encrypted"},
    ),
)

DAG = Table(
    "dag",
    ("live",),
    columns=("dag_id", "is_paused", "next_dagrun", "exceeds_max_non_backfill"),
    # What this site itself still waits for stands for a row that the hold keeps paused: see late.py.
    select="(select r.* from public.dag d left join public.mwaadr_state m on m.detail -> 'late' ? d.dag_id, "
    "lateral (select m.detail -> 'late' -> d.dag_id as kept) k, "
    "lateral jsonb_populate_record(d, case when k.kept is null then '{}'::jsonb when k.kept ? 'gone' then k.kept "
    """else k.kept || '{"is_stale": false, "is_active": true}'::jsonb end) r)""",
)

TABLES = (*REFERENCES, *HISTORY, *CONFIG, DAG)
BY_NAME = {table.name: table for table in TABLES}

MAPS = {
    "log_template_id": ("log_template",),
    "dataset_id": ("dataset",),
    "asset_id": ("asset",),
    "alias_id": ("dataset_alias", "asset_alias"),
    "created_dag_version_id": ("dag_version",),
    "dag_version_id": ("dag_version",),
}
"""Columns that refer to what each site makes for itself → the reference table (the first that this version has)."""

REFERENCE_KEYS = {
    "log_template": ("filename", "elasticsearch_id"),
    "dataset": ("uri",),
    "asset": ("name", "uri"),
    "dataset_alias": ("name",),
    "asset_alias": ("name",),
}
"""By what a row of a reference table is the same at both sites."""

JOB_IDS = ("creating_job_id", "scheduled_by_job_id", "job_id", "queued_by_job_id", "triggerer_id")
"""Columns that refer to rows of `job`, which are of one site: copied as NULL."""

RESET_COLUMNS = (
    "state",
    "start_date",
    "end_date",
    "duration",
    "pid",
    "external_executor_id",
    "queued_dttm",
    "scheduled_dttm",
    "last_heartbeat_at",
    "next_method",
    "next_kwargs",
    "trigger_timeout",
)
"""Columns of an in-flight task instance that the rule `rerun` empties; ``hostname`` becomes an empty text, as Airflow's
REST of 2.x answers with an error 500 for a task instance that has none."""
OF_A_PROCESS = ("pid", "external_executor_id", "queued_dttm", "last_heartbeat_at")
"""Those of them that one that goes on loses, too."""

KEEPS_NO_ID = ("trigger", "slot_pool", "variable", "connection")
"""Tables with a serial id of which the target's own ids are used."""


def unhashed(table: Table, layer: str, columns: list[str]) -> set[str]:
    """Columns left out of the content hash, since they differ between the sites by rule (docs/data-path.md)."""
    out = {column for column in columns if column in MAPS or column in JOB_IDS or column == "team_name"}
    if table in REFERENCES:
        return set()
    if table.name in KEEPS_NO_ID:
        out.add("id")
    if table.name in ("task_instance", "task_instance_history"):
        out.add("trigger_id")
    if table.name.endswith("_note"):
        out.add("user_id")
    if table.name == "backfill":
        out.add("completed_at")
    if layer == "live":
        out |= {"ti_id", "last_scheduling_decision"} & set(columns)
    return out
