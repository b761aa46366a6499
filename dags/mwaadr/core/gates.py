# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""What must be true of a target before its metadata is replaced; nothing here changes a user's row but `settle`."""

from __future__ import annotations

from typing import Any

import psycopg2

from mwaadr.core import footprint, state
from mwaadr.core.catalogue import Catalogue, airflow_version, alembic_heads, has_file, live_runs, running_tasks
from mwaadr.core.config import OURS
from mwaadr.core.errors import MdrError, Refused
from mwaadr.core.facts import OWN_RUN_IDS

NOT_A_STANDBY = "this site became active, or lost its state row, in the meantime"


def require_same_airflow(cursor: Any, catalogue: Catalogue, manifest: dict[str, Any]) -> None:
    """Raises Refused MDR-AIRFLOW-VERSION unless version, schema heads and columns are those of the snapshot."""
    theirs, ours = manifest["airflow"], {"version": airflow_version(), "alembic": alembic_heads(cursor)}
    if theirs != ours:
        raise Refused("MDR-AIRFLOW-VERSION", f"the snapshot is of {_named(theirs)}, this site runs {_named(ours)}")
    known = {table.name: table for table in catalogue.tables()}
    for entry in manifest["tables"]:
        table = known.get(entry["name"])
        lost = set(entry["columns"]) - set(catalogue.columns(table) if table else [])
        if lost:
            raise Refused("MDR-AIRFLOW-VERSION", f"table {entry['name']} has no {', '.join(sorted(lost))} here")


def _named(airflow: dict[str, Any]) -> str:
    heads = airflow["alembic"]
    return f"Airflow {airflow['version']} (schema {heads['core']}, FAB {heads['fab']})"


def require_held(cursor: Any, epoch: int, highest_run: int) -> None:
    """Raises Refused MDR-TARGET-UNREADY unless this site is a held standby, MDR-MOVE-SUPERSEDED beyond our epoch.

    ``highest_run`` is the highest id among the snapshot's runs.
    """
    there = footprint.installed(cursor)
    row = state.read(cursor)
    if row is None or not set(footprint.TRIGGERS) <= there:
        raise Refused("MDR-TARGET-UNREADY", "the canary has not installed the hold here yet; wait for its next beat")
    if row.epoch > epoch:
        raise Refused("MDR-MOVE-SUPERSEDED", f"this site is at epoch {row.epoch}, the move at {epoch}")
    if row.role != "standby":
        raise Refused(
            "MDR-TARGET-UNREADY", f"this site is still active (epoch {row.epoch}): its canary has not fenced it"
        )
    cursor.execute("select count(*) from dag where is_paused is distinct from true and dag_id not like %s", (OURS,))
    unpaused = cursor.fetchone()[0]
    if unpaused:
        raise Refused("MDR-TARGET-UNREADY", f"{unpaused} user DAGs are not paused here though the site is a standby")
    state.drop_low_own_runs(cursor)
    cursor.execute(
        "select dag_id || ' ' || run_id from dag_run where dag_id like %s and id < %s and id <= %s",
        (OURS, OWN_RUN_IDS, highest_run),
    )
    low = [name for (name,) in cursor.fetchall()]
    if low:
        raise Refused(
            "MDR-TARGET-UNREADY",
            f"unfinished runs of our own have ids that the snapshot needs: {', '.join(low)}; try again after their end",
        )


def require_quiet(cursor: Any) -> None:
    """Raises Refused MDR-TARGET-LIVE while a process or an executor's queue still holds a task of the user."""
    cursor.execute(f"{running_tasks()} limit 5")
    rows = cursor.fetchall()
    if rows:
        names = ", ".join(
            f"{dag_id} {run_id} {task_id}[{index}] {status}" for dag_id, run_id, task_id, index, status in rows
        )
        raise Refused("MDR-TARGET-LIVE", f"tasks of this site still run: {names}")


def missing_dags(cursor: Any, catalogue: Catalogue, manifest: dict[str, Any]) -> list[str]:
    """Ids of the source's DAGs that this site has not parsed. Raises Refused MDR-TARGET-UNREADY when it has none."""
    cursor.execute(f"select dag_id from dag where {has_file(catalogue)}")
    here = {row[0] for row in cursor.fetchall()}
    wanted = manifest["pauseSet"]["unpaused"] + manifest["pauseSet"]["paused"]
    missing = sorted(set(wanted) - here)
    if wanted and len(missing) == len(wanted):
        raise Refused("MDR-TARGET-UNREADY", "this site has parsed none of the source's DAGs")
    return missing


def settle(cursor: Any, epoch: int) -> int:
    """Ends what a site that was active once still believes to be in flight; its own short transaction, before ours.

    Of a standby only, whose row it holds: an activation may have come since the role was read, and what it has brought
    must live. Who restores or activates is waited for, as long as it takes. Raises Refused MDR-TARGET-UNREADY.

    Rows of runs that scheduler and triggerer look at must not vanish under them (StaleDataError ends the process), so
    they are first made uninteresting: the runs fail, with a scheduling decision far ahead, that the scheduler's timer
    for paused DAGs passes over; deferred tasks stay `deferred` but lose trigger and time-out: the triggerer drops a
    trigger whose row is gone, and as the task's state is still `deferred`, the triggers' own `safe_to_cancel` keeps
    them from cancelling the external job, which the other site goes on with. Returns the number of runs.
    """
    cursor.execute(
        "select 1 from public.mwaadr_state where role = 'standby' and epoch <= %s for update",
        (epoch,),
    )
    if not cursor.fetchone():
        raise Refused("MDR-TARGET-UNREADY", NOT_A_STANDBY)
    cursor.execute("set local lock_timeout = '5s'; set local statement_timeout = '30s'")
    cursor.execute(f"select array(({live_runs()}))")
    runs = cursor.fetchone()[0]
    if not runs:
        return 0
    hanging = "(dag_id, run_id) in (select dag_id, run_id from dag_run where id = any(%s))"
    cursor.execute(
        f"select array(select trigger_id from task_instance where {hanging} and trigger_id is not null)", (runs,)
    )
    triggers = cursor.fetchone()[0]
    cursor.execute(f"update task_instance set trigger_id = null, trigger_timeout = null where {hanging}", (runs,))
    cursor.execute("delete from trigger where id = any(%s)", (triggers,))
    cursor.execute(
        "update dag_run set state = 'failed', end_date = coalesce(end_date, now()), "
        "last_scheduling_decision = '2100-01-01' where id = any(%s)",
        (runs,),
    )
    return len(runs)


def lock_dags(cursor: Any) -> None:
    """Raises MdrError MDR-ACTIVATE-FAILED, with the sessions, when somebody keeps rows of `dag` locked for longer
    than the caller's lock_timeout; a parser does not."""
    cursor.execute("savepoint before_dags")
    try:
        cursor.execute("lock table public.dag in exclusive mode")
    except psycopg2.errors.LockNotAvailable as error:
        cursor.execute("rollback to before_dags")
        cursor.execute(
            "select distinct format('pid %s (%s, %s, transaction since %s)', a.pid, "
            "coalesce(nullif(a.application_name, ''), 'no application name'), a.state, a.xact_start::timestamp(0)) "
            "from pg_locks l join pg_stat_activity a on a.pid = l.pid "
            "where l.granted and a.pid <> pg_backend_pid() and l.relation = 'public.dag'::regclass "
            "and l.mode <> 'AccessShareLock' order by 1 limit 5"
        )
        holders = ", ".join(text for (text,) in cursor.fetchall()) or "a session that has ended since"
        raise MdrError(
            "MDR-ACTIVATE-FAILED",
            f"rows of the table dag are kept locked by {holders}: end that session, or wait until it has ended",
        ) from error
    cursor.execute("release before_dags")
