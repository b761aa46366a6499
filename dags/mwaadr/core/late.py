# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""DAGs of the snapshot that had no file here when this site became active: they come up as they were at the source.

A first row would get Airflow's defaults: what ran would stand still with all its runs, and what was paused might start.
So its pause state is kept in the state row (`late`), with the dataset or asset events that wait for it (`lateQueues`),
and the beat after its parse gives them back. Until then it has a row like any DAG whose file is gone, with the next run
of the snapshot; without one REST of Airflow 3 cannot answer for a run of it. The hold keeps that paused, as the
scheduler starts what is `scheduled` of a DAG without a file, too, and each such try fails.
"""

from __future__ import annotations

import json
from typing import Any

from mwaadr.core import state, versions
from mwaadr.core.catalogue import Catalogue, has_file, quoted
from mwaadr.core.config import OURS

WITHOUT_FILE = {
    "is_active": False,
    "is_stale": True,
    "is_paused": True,
    "fileloc": "",
    "relative_fileloc": "",
    "description": None,
    "dag_display_name": None,
    "last_parsed_time": None,
}


def keep(
    cursor: Any, catalogue: Catalogue, missing: list[str], dags: str, queues: dict[str, list[dict[str, Any]]]
) -> None:
    """In the activation's transaction. ``missing``: those that had a file at the source; ``dags``: the staged rows of
    `dag`; ``queues``: table → rows without a DAG."""
    cursor.execute(
        f"select s.dag_id, coalesce(s.is_paused, true), to_jsonb(s) from {dags} s "
        f"left join dag d on d.dag_id = s.dag_id where (d.dag_id is null or not {has_file(catalogue)}) "
        "and s.dag_id not like %s",
        (OURS,),
    )
    rows = cursor.fetchall()
    state.remember(cursor, "late", {dag_id: _kept(paused, dag_id in missing) for dag_id, paused, _ in rows})
    state.remember(cursor, "lateQueues", queues)
    cursor.execute("update dag set is_paused = true where dag_id = any(%s)", ([dag_id for dag_id, _, _ in rows],))
    # What a row must have is taken from one of ours; the parser writes all of it anew.
    cursor.execute(
        "insert into dag select n.* from dag o, jsonb_each(%s) e, jsonb_populate_record(o, e.value || %s) n "
        "where o.dag_id = (select min(dag_id) from dag where dag_id like %s) "
        "and not exists (select 1 from dag d where d.dag_id = e.key)",
        (json.dumps({dag_id: row for dag_id, _, row in rows}), json.dumps(WITHOUT_FILE), OURS),
    )


def _kept(paused: bool, had_file: bool) -> dict[str, bool]:
    """One that had lost its file at the source, too, is not waited for; but it comes up as it was if its file does."""
    return {"is_paused": paused} if had_file else {"is_paused": paused, "gone": True}


def waited_for(cursor: Any) -> dict[str, bool]:
    """DAGs of the move that wait for their file → whether they were paused. One that somebody deleted does not."""
    late = {dag_id: kept for dag_id, kept in (state.recall(cursor, "late") or {}).items() if "gone" not in kept}
    cursor.execute("select dag_id from dag where dag_id = any(%s)", (list(late),))
    return {dag_id: late[dag_id]["is_paused"] for (dag_id,) in cursor.fetchall()}


def come_up(cursor: Any) -> list[str]:
    """Gives the DAGs that were parsed since what was kept for them, in the caller's transaction; returns their ids.

    Whom the parser holds is met at the next beat.
    """
    cursor.execute(
        "select detail -> 'late', detail -> 'lateQueues' from public.mwaadr_state "
        "where role = 'active' and detail -> 'late' <> '{}' for update skip locked"
    )
    row = cursor.fetchone()
    if not row:
        return []
    late, queues = row
    cursor.execute(
        f"select dag_id from dag where dag_id = any(%s) and {has_file(Catalogue(cursor))} "
        "for no key update skip locked",
        (list(late),),
    )
    here = sorted(dag_id for (dag_id,) in cursor.fetchall())
    if not here:
        return []
    # First of all, as the hold keeps paused what stands here.
    state.remember(cursor, "late", {dag_id: kept for dag_id, kept in late.items() if dag_id not in here})
    cursor.execute(
        "update dag set is_paused = (%s::jsonb -> dag_id ->> 'is_paused')::boolean where dag_id = any(%s)",
        (json.dumps(late), here),
    )
    versions.stand_in(cursor, here)
    for table, rows in (queues or {}).items():
        _queue(cursor, table, [kept for kept in rows if kept["target_dag_id"] in here])
    kept = {name: [one for one in rows if one["target_dag_id"] not in here] for name, rows in (queues or {}).items()}
    state.remember(cursor, "lateQueues", kept)
    return here


def _queue(cursor: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """Puts back the events that wait for these DAGs, as far as their dataset or asset is still known."""
    if not rows:
        return
    kind = table.removesuffix("_dag_run_queue")
    cursor.execute("select to_regclass(%s) is null", (f"public.{table}",))
    if cursor.fetchone()[0]:
        # Kept under Airflow 2, which calls an asset a dataset; an upgrade keeps their ids.
        kind, table = "asset", "asset_dag_run_queue"
        rows = [{name.replace("dataset_id", "asset_id"): value for name, value in row.items()} for row in rows]
    columns = quoted(list(rows[0]), "r")
    cursor.execute(
        f"insert into public.{table} ({quoted(list(rows[0]))}) select {columns} "
        f"from jsonb_populate_recordset(null::public.{table}, %s::jsonb) r "
        f"where exists (select 1 from {kind} k where k.id = r.{kind}_id) on conflict do nothing",
        (json.dumps(rows),),
    )
