# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""The metadata database as it is: columns, versions, and the SQL that tells our rows, layers and contents apart."""

from __future__ import annotations

from importlib import metadata
from typing import Any

from mwaadr.core.config import OURS
from mwaadr.core.facts import (
    DAG,
    FINISHED_RUN,
    GOES_ON,
    IN_EXECUTOR,
    OF_A_PROCESS,
    RESET,
    RESET_COLUMNS,
    TABLES,
    UNFINISHED_TASK,
    Table,
    unhashed,
)

# What makes the text of a value the same in both databases, whatever the server's or the role's defaults are.
SETTINGS = (
    "set local timezone = 'UTC'; set local datestyle = 'ISO, YMD'; set local intervalstyle = 'postgres'; "
    "set local extra_float_digits = 1; set local bytea_output = 'hex'; set local client_encoding = 'UTF8'; "
    "set local standard_conforming_strings = on; set local search_path = public, pg_temp"
)


def quoted(names: list[str] | tuple[str, ...], alias: str = "") -> str:
    dot = f"{alias}." if alias else ""
    return ", ".join(f'{dot}"{name}"' for name in names)


def literals(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{value}'" for value in values)


class Catalogue:
    """Columns of the tables of `facts` that this database has. Reads once."""

    def __init__(self, cursor: Any) -> None:
        cursor.execute(
            "select table_name, column_name, udt_name, coalesce(column_default like 'nextval%%', false) "
            "from information_schema.columns where table_schema = 'public' and is_generated = 'NEVER' "
            "order by table_name, ordinal_position"
        )
        self._columns: dict[str, list[str]] = {}
        self._types: dict[tuple[str, str], str] = {}
        self._serial: set[str] = set()
        for table, column, kind, serial in cursor.fetchall():
            self._columns.setdefault(table, []).append(column)
            self._types[table, column] = kind
            if serial and column == "id":
                self._serial.add(table)

    def has(self, table: str) -> bool:
        return table in self._columns

    def tables(self) -> list[Table]:
        return [table for table in TABLES if self.has(table.name)]

    def columns(self, table: Table) -> list[str]:
        """Columns of the table that a snapshot holds."""
        if table.types:
            return [part.split()[0] for part in table.types.split(", ")]
        every = self._columns[table.name]
        return [c for c in every if not table.columns or c.startswith(table.columns)]

    def every(self, table: Table) -> list[str]:
        """All columns of the table."""
        return self._columns[table.name]

    def kind(self, table: Table, column: str) -> str | None:
        """PostgreSQL's name of the column's type (`int4`, `uuid` …), None when there is no such column."""
        return self._types.get((table.name, column))

    def serial(self, table: Table) -> bool:
        """True when the table has an `id` from a sequence."""
        return table.name in self._serial

    def link(self, table: Table) -> str:
        """The first of the table's links for which it has the columns."""
        columns = self._columns[table.name]
        for link in table.link:
            if link != "run" or "run_id" in columns:
                return link
        raise ValueError(f"table {table.name} has no column for any of its links {table.link}")

    def layers(self, table: Table) -> tuple[str, ...]:
        link = self.link(table)
        return (link,) if link in ("inert", "live") else ("inert", "live")


def last_given(cursor: Any, table: Table) -> int | None:
    """The last id that the table's sequence has given out; None when it has none, or not for us to read."""
    cursor.execute(
        "select name, has_sequence_privilege(name, 'select') from pg_get_serial_sequence(%s, 'id') name "
        "where name is not null",
        (f"public.{table.name}",),
    )
    row = cursor.fetchone()
    if not row or not row[1]:
        return None
    cursor.execute(f"select last_value - (not is_called)::int from {row[0]}")
    return cursor.fetchone()[0]


def alembic_heads(cursor: Any) -> dict[str, str | None]:
    """Heads of Airflow's own schema (`core`) and of the FAB provider's (`fab`, None when it has none)."""
    heads: dict[str, str | None] = {}
    for name, table in (("core", "alembic_version"), ("fab", "alembic_version_fab")):
        cursor.execute("select to_regclass(%s) is not null", (f"public.{table}",))
        if cursor.fetchone()[0]:
            cursor.execute(f"select string_agg(version_num, ',' order by version_num) from {table}")
            heads[name] = cursor.fetchone()[0]
        else:
            heads[name] = None
    return heads


def airflow_version() -> str:
    """Version of the Airflow that this Python would import, without importing it."""
    try:
        return metadata.version("apache-airflow-core")
    except metadata.PackageNotFoundError:
        return metadata.version("apache-airflow")


def has_file(catalogue: Catalogue) -> str:
    """SQL condition on a row of `dag`: the DAG has a file, as far as the last look at the files tells. Never NULL."""
    there = "not is_stale" if "is_stale" in catalogue.every(DAG) else "is_active"
    return f"coalesce({there}, true)"


def users(table: Table, link: str, alias: str = "a") -> str:
    """SQL condition: the row is the user's, not of one of our own DAGs."""
    ours = f"o.dag_id like '{OURS}'"
    if link == "dag_run_id":
        return f"not exists (select 1 from dag_run o where o.id = {alias}.dag_run_id and {ours})"
    if link == "ti_id":
        return f"not exists (select 1 from task_instance o where o.id = {alias}.ti_id and {ours})"
    if link == "ti_history_id":
        by = f"o.task_instance_id = {alias}.ti_history_id"
        return f"not exists (select 1 from task_instance_history o where {by} and {ours})"
    if table.name == "trigger":
        return f"{alias}.id in (select o.trigger_id from task_instance o where o.state = 'deferred' and not {ours})"
    if table.owner:
        return f"coalesce({alias}.\"{table.owner}\", '') not like '{OURS}'"
    return "true"


def is_live(link: str, runs: str, alias: str = "a") -> str:
    """SQL condition: the row hangs on one of the live runs, whose ids the query ``runs`` gives. Never NULL."""
    of_run = f"r.id in ({runs})"
    conditions = {
        "inert": "false",
        "live": "true",
        "self": f"{alias}.id in ({runs})",
        "run": f"exists (select 1 from dag_run r where r.dag_id = {alias}.dag_id and r.run_id = {alias}.run_id "
        f"and {of_run})",
        "dag_run_id": f"exists (select 1 from dag_run r where r.id = {alias}.dag_run_id and {of_run})",
        "ti_id": "exists (select 1 from task_instance t join dag_run r on r.dag_id = t.dag_id and r.run_id = t.run_id "
        f"where t.id = {alias}.ti_id and {of_run})",
        "ti_history_id": "exists (select 1 from task_instance_history t join dag_run r on r.dag_id = t.dag_id "
        f"and r.run_id = t.run_id where t.task_instance_id = {alias}.ti_history_id and {of_run})",
        "created_dag_run_id": f"coalesce({alias}.created_dag_run_id in ({runs}), true)",
        "partition": "exists (select 1 from asset_partition_dag_run p where p.id = "
        f"{alias}.asset_partition_dag_run_id and coalesce(p.created_dag_run_id in ({runs}), true))",
    }
    return conditions[link]


def live_runs() -> str:
    """Query for the ids of the user's runs that are not over: unfinished, or with a task that is not."""
    return (
        f"select r.id from dag_run r where r.dag_id not like '{OURS}' "
        f"and coalesce(r.state, '') not in ({literals(FINISHED_RUN)}) "
        "union select r.id from task_instance t join dag_run r on r.dag_id = t.dag_id and r.run_id = t.run_id "
        f"where t.state in ({literals(UNFINISHED_TASK)}) and t.dag_id not like '{OURS}'"
    )


def running_tasks() -> str:
    """Query for the user's task instances that a process or an executor's queue holds."""
    return (
        "select dag_id, run_id, task_id, map_index, state from task_instance "
        f"where state in ({literals(IN_EXECUTOR)}) and dag_id not like '{OURS}'"
    )


def content_hash(table: Table, layer: str, columns: list[str], where: str, source: str, salt: bytes) -> str:
    """Query for the rows and the content hash (hex) of a table's layer.

    Sum over all rows of the two halves of md5(salt, the row's text), each as a signed 64-bit number: independent of the
    rows' order. Columns that differ between sites by rule are left out; of a task instance that is run again, also
    those that the rule empties (there, the target has state NULL where the source had one of RESET).
    """
    skipped = unhashed(table, layer, columns)
    in_flight = (table.name, layer) == ("task_instance", "live")
    by_rule = (*RESET_COLUMNS, "hostname", "max_tries", "try_number", "id") if in_flight else ()
    expressions = []
    for column in columns:
        if column in skipped:
            continue
        if column in by_rule:
            expressions.append(f'case when {_differs_by_rule(column)} then null else a."{column}" end')
        else:
            expressions.append(f'a."{column}"')
    digest = f"md5('{salt.hex()}' || row({', '.join(expressions)})::text)"
    return (
        "select count(*), coalesce(sum(('x' || substr(h, 1, 16))::bit(64)::bigint::numeric), 0)::text || '/' || "
        "coalesce(sum(('x' || substr(h, 17))::bit(64)::bigint::numeric), 0)::text "
        f"from (select {digest} as h from {source} a where {where}) hashed"
    )


def _differs_by_rule(column: str) -> str:
    """SQL condition: the rule `rerun` may change the column of the task instance `a`."""
    if column in (*OF_A_PROCESS, "state", "hostname", "id"):
        return is_reset("a")
    return f"({is_reset('a')} and not ({GOES_ON.format('a')}))"


def is_reset(alias: str) -> str:
    """SQL condition: the task instance is one that the rule `rerun` resets, or has been reset. Never NULL."""
    return f"({alias}.state is null or {alias}.state in ({literals(RESET)}))"
