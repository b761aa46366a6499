# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""What an activation did, by name, for the result object."""

from __future__ import annotations

from typing import Any

from mwaadr.core.catalogue import Catalogue, has_file, literals
from mwaadr.core.config import OURS, iso
from mwaadr.core.facts import CUT_OFF, UNFINISHED_TASK

CONTINUED = tuple(state for state in UNFINISHED_TASK if state not in CUT_OFF)


def of_activation(cursor: Any, catalogue: Catalogue, missing: list[str]) -> dict[str, Any]:
    """Before the commit, inside the transaction: reads what was staged and what `dag` says now."""
    there = has_file(catalogue)
    return {
        "rerun": _tasks(cursor, CUT_OFF),
        "continued": _tasks(cursor, CONTINUED),
        "runs": _rows(cursor, "select dag_id, run_id from s_live_dag_run order by 1, 2", ("dagId", "runId")),
        "unpaused": _count(cursor, f"{there} and not is_paused"),
        "paused": _count(cursor, f"{there} and is_paused"),
        "missingDags": missing,
        "nextRuns": _next_runs(cursor, there),
    }


def _tasks(cursor: Any, states: tuple[str, ...]) -> list[dict[str, Any]]:
    query = (
        "select dag_id, run_id, task_id, map_index, state from s_live_task_instance "
        f"where state in ({literals(states)}) order by 1, 2, 3, 4"
    )
    return _rows(cursor, query, ("dagId", "runId", "taskId", "mapIndex", "was"))


def _rows(cursor: Any, query: str, names: tuple[str, ...]) -> list[dict[str, Any]]:
    cursor.execute(query)
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _count(cursor: Any, where: str) -> int:
    cursor.execute(f"select count(*) from dag where {where} and dag_id not like %s", (OURS,))
    return cursor.fetchone()[0]


def _next_runs(cursor: Any, there: str) -> list[dict[str, Any]]:
    cursor.execute(
        f"select dag_id, next_dagrun_create_after from dag where {there} and not is_paused and dag_id not like %s "
        "and next_dagrun_create_after is not null order by 2, 1",
        (OURS,),
    )
    return [{"dagId": dag_id, "at": iso(at)} for dag_id, at in cursor.fetchall()]
