# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""What a site does to itself once another has a higher epoch: no user DAG starts any more, and what runs is ended.

Three transactions, the one that matters first: the role, with which nothing can be unpaused any more; the pauses; the
tasks. The first waits for nobody but a writer of our own row. The others take our row and then rows of Airflow's, and
wait for none of these: what somebody holds is left out and met at the next look. So a transaction that stays open
keeps out no more than the rows it has written, no scheduler waits behind us for a table, and a deadlock cannot come
about: whoever waits for one of our rows waits for somebody who waits for nothing.
"""

from __future__ import annotations

from typing import Any

from mwaadr.core import state
from mwaadr.core.catalogue import literals
from mwaadr.core.config import NAMED, OURS, iso
from mwaadr.core.facts import CUT_OFF, NOT_BEGUN

SECONDS_TO_DIE = 30
"""A task whose state was taken from it is killed at its next heartbeat; seen after 8 to 10 s."""
BLANK: dict[str, Any] = {
    "grade": "paused",
    "pausedTotal": 0,
    "startedBefore": [],
    "startedBeforeTotal": 0,
    "stopped": 0,
    "taken": [],
    "takenTotal": 0,
}
PARKED = "parked by mwaadr"
FAR_AHEAD = "2100-01-01"
"""A scheduling decision at which no scheduler looks again."""


def lay(cursor: Any, epoch: int, since: str | None) -> bool:
    """The role, in the caller's transaction; False, with nothing written, unless this site is active below ``epoch``.

    ``since``: when the snapshot was taken that the other site goes on from; what started later is worth a name.

    Which DAGs were not paused is read without a lock and kept: whoever makes this site active again needs it.
    """
    cursor.execute(
        "update public.mwaadr_state set role = 'standby', epoch = %s, inert_snapshot = null, changed = now(), "
        "detail = detail - '{startedBefore,stopped}'::text[] where role = 'active' and epoch < %s",
        (epoch, epoch),
    )
    if not cursor.rowcount:
        return False
    unpaused = state.unpaused(cursor)
    cursor.execute("select clock_timestamp()")
    at = iso(cursor.fetchone()[0])
    state.remember(cursor, "fence", {**BLANK, "epoch": epoch, "at": at, "since": since, "pausedTotal": len(unpaused)})
    state.remember(cursor, "pauseSet", unpaused)
    return True


def pause(cursor: Any) -> bool:
    """Pauses the user's DAGs of a standby, in the caller's transaction; False when somebody holds one of them.

    Nothing is done unless this site is a standby now: an activation may have come since the caller looked. Who holds
    the state row is a restore or an activation; the next beat looks again. What was missed when the fence was laid,
    as its transaction was still open, is added to the pause set.
    """
    cursor.execute("select detail ? 'fence' from public.mwaadr_state where role = 'standby' for update skip locked")
    row = cursor.fetchone()
    if not row:
        return True
    cursor.execute(
        "with free as (select dag_id from dag where is_paused is distinct from true and dag_id not like %s "
        "for no key update skip locked) "
        "update dag set is_paused = true from free where dag.dag_id = free.dag_id returning dag.dag_id",
        (OURS,),
    )
    paused = {dag_id for (dag_id,) in cursor.fetchall()}
    missed = sorted(paused - set(state.recall(cursor, "pauseSet") or [])) if paused and row[0] else []
    if missed:
        state.extend(cursor, "pauseSet", missed)
        cursor.execute(
            "update public.mwaadr_state set detail = "
            "jsonb_set(detail, '{fence,pausedTotal}', to_jsonb(jsonb_array_length(detail -> 'pauseSet')))"
        )
    return not state.unpaused(cursor)


def stop(cursor: Any) -> bool:
    """Ends the user's tasks of a fenced site, in the caller's transaction; False when somebody holds one of them.

    Safe to repeat. Nothing is done unless this site is a standby now, as in `pause`: a restore has found no task here.

    Running ones become failed, which makes their processes be killed; queued and scheduled ones are parked, so that no
    worker begins them when their message comes up in its queue. Deferred ones stay: their triggers are at most looking,
    and taking one away would make it cancel the very external job that the other site goes on with. Runs get a
    scheduling decision far ahead: the scheduler's timer for paused DAGs would else judge them and call their failure
    callbacks.
    """
    before = _held_fence(cursor)
    if before is None:
        return True
    fence = dict(before)
    if fence["grade"] != "stopped":
        _name_started(cursor, fence)
    taken = _take_states(cursor)
    stopped = sum(task["was"] in CUT_OFF for task in taken)
    fence["stopped"] += stopped
    fence["takenTotal"] += len(taken)
    fence["taken"] = (fence["taken"] + taken)[:NAMED]
    if taken:
        state.extend(cursor, "stopped", taken)
    if stopped or "stopAt" not in fence:
        cursor.execute("select clock_timestamp()")
        fence |= {"stopAt": iso(cursor.fetchone()[0]), "grade": "paused"}
    if fence != before:
        state.remember(cursor, "fence", fence)
    cursor.execute(
        f"select exists (select 1 from task_instance where {_unstopped(cursor)} "
        f"and dag_id not like %s) or exists (select 1 from dag_run where {_undecided()})",
        (OURS, OURS),
    )
    return not cursor.fetchone()[0]


def prove(cursor: Any) -> bool:
    """Gives the fence the grade `stopped`, in the caller's transaction, once all that was stopped is seen to have
    ended and nothing can start any more; True when it did."""
    fence = _held_fence(cursor)
    if fence is None or fence["grade"] == "stopped" or "stopAt" not in fence or state.unpaused(cursor):
        return False
    cursor.execute(f"select 1 from task_instance where {_unstopped(cursor)} and dag_id not like %s limit 1", (OURS,))
    if cursor.fetchone() or not _have_ended(cursor, fence):
        return False
    state.remember(cursor, "fence", fence | {"grade": "stopped"})
    return True


def _held_fence(cursor: Any) -> dict[str, Any] | None:
    """The fence of a standby, whose row is then ours; None without one, and while somebody else has the row."""
    cursor.execute(
        "select detail -> 'fence' from public.mwaadr_state where role = 'standby' and detail ? 'fence' "
        "for update skip locked"
    )
    row = cursor.fetchone()
    return BLANK | row[0] if row else None


def _name_started(cursor: Any, fence: dict[str, Any]) -> None:
    """Names what started between this site's return and its fence: the other site may run it, too."""
    cursor.execute(
        "select dag_id, run_id, task_id, map_index, start_date from task_instance where dag_id not like %s "
        "and start_date < %s "
        "and start_date >= greatest(%s, (select max(start_date) from job where job_type = 'SchedulerJob')) "
        # What a restore has brought started elsewhere.
        "and exists (select 1 from public.mwaadr_state where inert_snapshot is null) order by start_date",
        (OURS, fence["at"], fence["since"]),
    )
    rows = cursor.fetchall()
    known = {
        tuple(task[name] for name in ("dagId", "runId", "taskId", "mapIndex"))
        for task in state.recall(cursor, "startedBefore") or []
    }
    started = [
        {"dagId": dag_id, "runId": run_id, "taskId": task_id, "mapIndex": index, "startedAt": iso(at)}
        for dag_id, run_id, task_id, index, at in rows
        if (dag_id, run_id, task_id, index) not in known
    ]
    if started:
        state.extend(cursor, "startedBefore", started)
        fence["startedBefore"] = (fence["startedBefore"] + started)[:NAMED]
        fence["startedBeforeTotal"] += len(started)


def _take_states(cursor: Any) -> list[dict[str, Any]]:
    """Takes the states of the user's tasks that nobody holds; returns the tasks with what they were."""
    same = " and ".join(f"t.{column} = free.{column}" for column in ("dag_id", "run_id", "task_id", "map_index"))
    cut_off = f"free.state in ({literals(CUT_OFF)})"
    parked, mark = ("'scheduled'", f"'{PARKED}'") if _is_2(cursor) else ("null", "t.external_executor_id")
    cursor.execute(
        "with free as (select dag_id, run_id, task_id, map_index, state from task_instance "
        f"where {_unstopped(cursor)} and dag_id not like %s for no key update skip locked) "
        f"update task_instance t set state = case when {cut_off} then 'failed' else {parked} end, "
        f"external_executor_id = case when {cut_off} then t.external_executor_id else {mark} end, "
        f"end_date = case when {cut_off} then now() else t.end_date end from free where {same} returning free.*",
        (OURS,),
    )
    taken = [
        {"dagId": dag_id, "runId": run_id, "taskId": task_id, "mapIndex": index, "was": was}
        for dag_id, run_id, task_id, index, was in sorted(cursor.fetchall())
    ]
    cursor.execute(
        f"with free as (select id from dag_run where {_undecided()} for no key update skip locked) "
        "update dag_run r set last_scheduling_decision = %s from free where r.id = free.id",
        (OURS, FAR_AHEAD),
    )
    return taken


def _is_2(cursor: Any) -> bool:
    cursor.execute("select to_regclass('public.dag_version') is null")
    return bool(cursor.fetchone()[0])


def _unstopped(cursor: Any) -> str:
    """SQL condition: a task that runs, or that a worker or the scheduler may still begin.

    A worker of Airflow 2 begins a task without a state, too (`RUNNABLE_STATES` in ti_deps/dependencies_states.py), and
    none that is scheduled; as its DAG is paused the scheduler leaves that alone, but for one that it was about to
    queue: hence the mark of those that are parked. With Airflow 3 a task without a state is refused to the worker
    (409), and the scheduler fails a scheduled one whose message ends.
    """
    parked = (
        f"state = 'scheduled' and external_executor_id is not distinct from '{PARKED}'" if _is_2(cursor) else "false"
    )
    return f"(state in ({literals(CUT_OFF + NOT_BEGUN)}) and not ({parked}))"


def _undecided() -> str:
    """SQL condition with one parameter: a user's run that a scheduler may still judge."""
    return (
        "dag_id not like %s and state in ('running', 'queued') "
        f"and last_scheduling_decision is distinct from '{FAR_AHEAD}'"
    )


def _have_ended(cursor: Any, fence: dict[str, Any]) -> bool:
    """True when every task that was stopped is seen to have ended.

    Airflow 2 has a row in `job` for each running task's process; Airflow 3 has none, there the time to die must pass.
    """
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
