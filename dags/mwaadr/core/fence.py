# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""What a site does to itself once another has a higher epoch: no user DAG starts any more, and what runs is ended."""

from __future__ import annotations

from typing import Any

from mwaadr.core import state
from mwaadr.core.catalogue import literals
from mwaadr.core.config import OURS, iso
from mwaadr.core.facts import CUT_OFF, NOT_BEGUN

SECONDS_TO_DIE = 30
"""A task whose state was taken from it is killed at its next heartbeat; seen after 8 to 10 s."""


def lay(cursor: Any, epoch: int, since: str | None) -> bool:
    """Role and pauses, in the caller's transaction; False when a later epoch had done it.

    ``since``: when the snapshot was taken that the other site goes on from; what started later is worth a name.

    Ending the tasks is a transaction of its own (`stop`): a scheduler that holds rows of tasks and wants one of `dag`
    would deadlock with one transaction that wants both.
    """
    unpaused = state.pause_all(cursor)
    cursor.execute(
        "update public.mwaadr_state set role = 'standby', epoch = %s, inert_snapshot = null, changed = now() "
        "where role = 'active' and epoch < %s",
        (epoch, epoch),
    )
    if not cursor.rowcount:
        return False
    cursor.execute("select clock_timestamp()")
    at = iso(cursor.fetchone()[0])
    record = {"epoch": epoch, "at": at, "since": since, "grade": "paused", "startedBefore": [], "stopped": 0}
    state.remember(cursor, "fence", record)
    state.remember(cursor, "pauseSet", unpaused)
    return True


def stop(cursor: Any, fence: dict[str, Any]) -> dict[str, Any]:
    """Ends the user's tasks, in the caller's transaction; returns the fence's record as it is now. Safe to repeat.

    Nothing is done unless this site is a standby now: an activation may have come since the caller looked. Who holds
    the state row is a restore or an activation that has found no task here; the next beat looks again, as a restore
    keeps the row for as long as it copies.

    Running ones become failed, which makes their processes be killed; queued and scheduled ones lose their state, with
    which no worker begins them. Deferred ones stay: their triggers are at most looking, and taking one away would make
    it cancel the very external job that the other site goes on with. Runs get a scheduling decision far ahead: the
    scheduler's timer for paused DAGs would else judge them and call their failure callbacks.
    """
    cursor.execute("select 1 from public.mwaadr_state where role = 'standby' for update skip locked")
    if not cursor.fetchone():
        return fence
    cursor.execute(
        "select dag_id, run_id, task_id, map_index, start_date from task_instance where dag_id not like %s "
        "and start_date < %s "
        "and start_date >= greatest(%s, (select max(start_date) from job where job_type = 'SchedulerJob')) "
        "order by start_date",
        (OURS, fence["at"], fence["since"]),
    )
    known = {tuple(task[name] for name in ("dagId", "runId", "taskId", "mapIndex")) for task in fence["startedBefore"]}
    started = [
        {"dagId": dag_id, "runId": run_id, "taskId": task_id, "mapIndex": index, "startedAt": iso(at)}
        for dag_id, run_id, task_id, index, at in cursor.fetchall()
        if (dag_id, run_id, task_id, index) not in known
    ]
    cursor.execute(
        f"update task_instance set state = 'failed', end_date = now() where state in ({literals(CUT_OFF)}) "
        "and dag_id not like %s",
        (OURS,),
    )
    stopped = cursor.rowcount
    cursor.execute(
        f"update task_instance set state = null where state in ({literals(NOT_BEGUN)}) and dag_id not like %s",
        (OURS,),
    )
    cursor.execute(
        "update dag_run set last_scheduling_decision = '2100-01-01' where dag_id not like %s "
        "and state in ('running', 'queued') and last_scheduling_decision is distinct from '2100-01-01'",
        (OURS,),
    )
    first = "stopAt" not in fence
    now = fence | {"startedBefore": fence["startedBefore"] + started, "stopped": fence["stopped"] + stopped}
    if first or stopped:
        cursor.execute("select clock_timestamp()")
        now |= {"stopAt": iso(cursor.fetchone()[0]), "grade": "paused"}
    if now != fence:
        state.remember(cursor, "fence", now)
    return now


def is_over(cursor: Any, fence: dict[str, Any]) -> bool:
    """True when every task that was stopped is seen to have ended.

    Airflow 2 has a row in `job` for each running task's process; Airflow 3 has none, there the time to die must pass.
    """
    if "stopAt" not in fence:
        return False
    if not fence["stopped"]:
        return True
    cursor.execute(
        "select clock_timestamp() > %s::timestamptz + %s * interval '1 second'", (fence["stopAt"], SECONDS_TO_DIE)
    )
    if cursor.fetchone()[0]:
        return True
    cursor.execute(
        "select count(*) filter (where j.state = 'running'), count(*) from job j where j.job_type = 'LocalTaskJob' "
        "and j.dag_id not like %s and j.latest_heartbeat > %s::timestamptz - interval '1 minute'",
        (OURS, fence["stopAt"]),
    )
    running, every = cursor.fetchone()
    return bool(every) and not running


def proven(cursor: Any, fence: dict[str, Any]) -> dict[str, Any]:
    """The fence's record with the grade `stopped`."""
    now = fence | {"grade": "stopped"}
    state.remember(cursor, "fence", now)
    return now
