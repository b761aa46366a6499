# ruff: noqa: S608 - names in SQL come from facts.py, values are parameters
"""The DAG version of tasks in flight whose DAG is another one here than at the source (Airflow 3).

The scheduler gives a run the tasks that it lacks only while none of its tasks has the newest version
(`_verify_integrity_if_dag_changed`), and starts no task that has none at all (`_executable_task_instances_to_queued`,
`_enqueue_task_instances_with_queued_state`). So such tasks need a version that is not the newest, as they have after a
change of the DAG at one site. A site that has parsed only one gets a copy of it, one number below.
"""

from __future__ import annotations

from typing import Any

from mwaadr.core.catalogue import literals
from mwaadr.core.facts import FINISHED_RUN

LACKING = (
    "from task_instance t join dag_run r on r.dag_id = t.dag_id and r.run_id = t.run_id where t.dag_version_id is null "
    f"and r.state not in ({literals(FINISHED_RUN)}) and t.dag_id = any(%s)"
)


def stand_in(cursor: Any, dag_ids: list[str]) -> None:
    """In the caller's transaction, which holds the rows of these DAGs."""
    cursor.execute("select to_regclass('public.dag_version') is null")
    if cursor.fetchone()[0]:
        return
    cursor.execute(f"select distinct t.dag_id {LACKING}", (dag_ids,))
    lacking = [dag_id for (dag_id,) in cursor.fetchall()]
    cursor.execute(
        "select distinct on (dag_id) id, dag_id from dag_version where dag_id = any(%s) "
        "order by dag_id, version_number desc",
        (lacking,),
    )
    for newest, dag_id in cursor.fetchall():
        older = _older(cursor, newest) or _copy(cursor, newest)
        cursor.execute(
            f"update task_instance set dag_version_id = %s where ctid = any(array(select t.ctid {LACKING}))",
            (older, [dag_id]),
        )


def _older(cursor: Any, newest: str) -> str | None:
    cursor.execute(
        "select o.id from dag_version v join dag_version o on o.dag_id = v.dag_id join serialized_dag d "
        "on d.dag_version_id = o.id where v.id = %s and o.version_number < v.version_number "
        "order by o.version_number desc limit 1",
        (newest,),
    )
    row = cursor.fetchone()
    return row[0] if row else None


def _copy(cursor: Any, newest: str) -> str:
    """With its code and its serialized form, as pages of Airflow's show a version by them."""
    earlier = "'created_at', a.created_at - interval '1 second', 'last_updated', a.created_at - interval '1 second'"
    number = "(select min(v.version_number) - 1 from dag_version v where v.dag_id = a.dag_id)"
    cursor.execute(
        "insert into dag_version select c.* from dag_version a, lateral jsonb_populate_record(a, jsonb_build_object("
        f"'id', gen_random_uuid(), 'version_number', {number}, {earlier})) c where a.id = %s returning id",
        (newest,),
    )
    copy = cursor.fetchone()[0]
    for table in ("serialized_dag", "dag_code"):
        cursor.execute(
            f"insert into {table} select c.* from {table} a, lateral jsonb_populate_record(a, jsonb_build_object("
            f"'id', gen_random_uuid(), 'dag_version_id', %s::text, {earlier})) c where a.dag_version_id = %s",
            (copy, newest),
        )
    return copy
