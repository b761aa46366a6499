# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""The rule `rerun` for task instances in flight, as SQL over the staged rows `s`.

A copied `running` or `queued` row hangs for ever. A try that had begun keeps its number and gives the task one more;
one that had not begun gives its number back, as the scheduler counts it again. One that had begun and waits for its
slot, with the event of its trigger or the answer of a human, is scheduled with both. Deferred and waiting ones go on as
they were.
"""

from __future__ import annotations

import getpass
from typing import Any

from mwaadr.core import references
from mwaadr.core.catalogue import Catalogue, literals, quoted
from mwaadr.core.facts import (
    BY_NAME,
    CUT_OFF,
    GOES_ON,
    JOB_IDS,
    NOT_BEGUN,
    OF_A_PROCESS,
    RESET,
    RESET_COLUMNS,
)


def rerun(columns: list[str]) -> dict[str, str]:
    """Column of task_instance → SQL for its value at the target."""
    reset, cut = f"s.state in ({literals(RESET)})", f"s.state in ({literals(CUT_OFF)})"
    goes_on = GOES_ON.format("s")
    not_begun = f"s.state in ({literals(NOT_BEGUN)}) and not ({goes_on})"
    out = {
        c: f'case when {reset if c in OF_A_PROCESS else f"{reset} and not ({goes_on})"} then null else s."{c}" end'
        for c in RESET_COLUMNS
        if c in columns
    }
    out["state"] = f"case when {goes_on} then 'scheduled' when {reset} then null else s.state end"
    out["hostname"] = f"case when {reset} then '' else s.hostname end"
    out["max_tries"] = f"case when {cut} then s.max_tries + 1 else s.max_tries end"
    out["try_number"] = f"case when {not_begun} then greatest(s.try_number - 1, 0) else s.try_number end"
    trigger = "(select m.dst from m_trigger m where m.src = s.trigger_id)"
    out["trigger_id"] = f"case when s.state = 'deferred' then {trigger} end"
    if "id" in columns:
        # 3.x: a new id, as Airflow itself gives every next try: no process that knows the old one can touch it.
        out["id"] = "coalesce((select m.dst from m_task_instance m where m.src = s.id), s.id)"
    return out


def map_new_ids(cursor: Any, catalogue: Catalogue) -> None:
    """The map m_task_instance of what `rerun` gives a new id; nothing in versions whose task instances have none."""
    if catalogue.kind(BY_NAME["task_instance"], "id"):
        cursor.execute(
            "create temp table m_task_instance on commit drop as select s.id as src, gen_random_uuid() as dst "
            f"from s_live_task_instance s where s.state in ({literals(RESET)})"
        )
        cursor.execute("create unique index on m_task_instance (src)")


def remember_cut_off_tries(cursor: Any, catalogue: Catalogue, staged: list[str], kept: list[str]) -> None:
    """Adds the tries that were cut off to the history, as Airflow's own TaskInstanceHistory.record_ti would keep them.

    ``staged``: columns of the staged task instances; ``kept``: those of the history.
    """
    columns = [column for column in kept if column in staged and column != "id"]
    values = {column: f's."{column}"' for column in columns}
    values |= dict.fromkeys(JOB_IDS, "null") | {"trigger_id": "null", "state": "'failed'"}
    values |= {"end_date": "now()", "duration": "extract(epoch from now() - s.start_date)"}
    # Its run is in flight: one try with the newest version, and Airflow looks for no tasks that the run lacks.
    mapped = references.mapped("dag_version_id", catalogue, "live")
    if mapped:
        values["dag_version_id"] = mapped
    if "task_instance_id" in kept:
        columns = [*columns, "task_instance_id"]
        values["task_instance_id"] = "s.id"
    cursor.execute(
        f"insert into task_instance_history ({quoted(columns)}) select {', '.join(values[c] for c in columns)} "
        f"from s_live_task_instance s where s.state in ({literals(CUT_OFF)}) on conflict do nothing"
    )


def mend(cursor: Any) -> int:
    """Gives task instances that earlier releases reset what `rerun` keeps; returns how many. Skips what is locked."""
    cursor.execute(
        "update task_instance t set hostname = coalesce(t.hostname, ''), unixname = coalesce(t.unixname, %s) from "
        "(select ctid from task_instance where hostname is null or unixname is null for no key update skip locked) f "
        "where t.ctid = f.ctid",
        (getpass.getuser(),),
    )
    return cursor.rowcount
