"""Takes everything of ours out of the metadata database of one site.

A standby is left with DAGs that are paused, and with no hold: both in one transaction, so that at no time nothing keeps
them from running beside the other site's. Safe to repeat; killed anywhere, the next run ends the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import psycopg2

from mwaadr.core import footprint, state
from mwaadr.core.catalogue import literals
from mwaadr.core.config import NAMED, OURS, now
from mwaadr.core.errors import MdrError, Refused, describe
from mwaadr.core.facts import CUT_OFF, FINISHED_RUN
from mwaadr.core.lineage import read_records, require_record
from mwaadr.core.work import Job, bounded

PATIENCE = 900
"""Seconds for which a run waits for our other DAGs, and for who keeps a table locked."""
PAUSE = 3
WAIT = "2s"
"""Whoever writes `dag` or `dag_run` waits behind us for so long at each try."""
HOLD = ("mwaadr_hold", "mwaadr_state")
RUN_IDS = ("mwaadr_run_id", "mwaadr_run_id_seq")
"""Two transactions: Airflow locks `dag` and `dag_run` in both orders."""
AT_WORK = ("mwaadr_snapshot", "mwaadr_restore", "mwaadr_activate")
"""They keep our table, for minutes."""
log = logging.getLogger("mwaadr")


def uninstall(job: Job) -> str:
    """`done`, or `already` when nothing of ours was there. Fills the result's removed and committedAt. With the conf
    ``task`` = `look` nothing is removed, and what would be refused is: `skipped`.

    Raises Refused with nothing touched, MdrError MDR-TIMEOUT when others kept what had to be locked.
    """
    connection = job.connect()
    try:
        return _Uninstall(job, connection).run()
    finally:
        connection.close()


class _Uninstall:
    def __init__(self, job: Job, connection: Any) -> None:
        self.job = job
        self.connection = connection
        self.cursor = connection.cursor()
        self.until = time.monotonic() + PATIENCE
        self.role, self.epoch = _asked(job)

    def run(self) -> str:
        was_there = self.look(lambda: footprint.present(self.cursor))
        self.look(lambda: footprint.require_removable(self.cursor))
        self.look(self.require_role)
        if self.job.conf.get("task") == "look":
            return "skipped"
        self.wait_while("one of our other DAGs is at work", lambda: self.running(AT_WORK))
        self.forget_runs()
        self.remove()
        # A beat that had looked before our commit may put back what it then misses.
        beats = self.look(lambda: self.running(("mwaadr_canary",)))
        self.wait_while("a beat has not ended", lambda: beats & self.running(("mwaadr_canary",)))
        if self.look(lambda: footprint.present(self.cursor)):
            self.remove()
        self.job.result["committedAt"] = now()
        return "done" if was_there else "already"

    def remove(self) -> None:
        self.when_free(self.let_go)
        self.when_free(lambda: footprint.remove(self.cursor, RUN_IDS))

    def let_go(self) -> None:
        """The pauses and the hold. Our row comes first, as with all who change it, then `dag`, then our table."""
        self.role, self.epoch = _asked(self.job)  # who is active may have changed while we waited
        row = self.require_role(for_update=True)
        self.cursor.execute("lock table public.dag in access exclusive mode")
        late = sorted(state.recall(self.cursor, "late") or []) if row and self.role == "active" else []
        unpaused = state.unpaused(self.cursor) if self.role == "standby" else []
        if unpaused:
            self.cursor.execute("update public.dag set is_paused = true where dag_id = any(%s)", (unpaused,))
        footprint.remove(self.cursor, HOLD)
        if row or unpaused:
            self.job.result["removed"] = {
                "role": self.role,
                "pausedTotal": len(unpaused),
                "late": {"total": len(late), "dags": late[:NAMED]},
            }

    def require_role(self, *, for_update: bool = False) -> state.State | None:
        """Raises Refused MDR-TARGET-UNREADY when the database is of another mind than the control records."""
        row = state.read(self.cursor, for_update=for_update)
        if row and (row.role != self.role or (row.role == "active" and row.epoch != self.epoch)):
            raise Refused(
                "MDR-TARGET-UNREADY",
                f"by the control records this site is {self.role} (epoch {self.epoch}), by its own database it is "
                f"{row.role} (epoch {row.epoch}): run `check` until both agree",
            )
        return row

    def running(self, dags: tuple[str, ...]) -> set[tuple[str, str, int]]:
        """Tries of our own DAGs that a process holds."""
        self.cursor.execute(
            "select dag_id, run_id, try_number from task_instance "  # noqa: S608 - states are of facts.py
            f"where dag_id = any(%s) and state in ({literals(CUT_OFF)})",
            (list(dags),),
        )
        return set(self.cursor.fetchall())

    def forget_runs(self) -> None:
        """Months of beats: Airflow deletes a DAG with all its runs in one request, which has 10 s."""
        self.cursor.execute(
            f"delete from dag_run where dag_id like %s and state in ({literals(FINISHED_RUN)})",  # noqa: S608
            (OURS,),
        )
        self.connection.commit()

    def look(self, ask: Callable[[], Any]) -> Any:
        answer = ask()
        self.connection.rollback()
        return answer

    def wait_while(self, what: str, ask: Callable[[], Any]) -> None:
        while self.look(ask):
            self.rest(what)

    def when_free(self, work: Callable[[], Any]) -> None:
        while True:
            try:
                return bounded(self.connection, work, WAIT)
            except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected) as error:
                self.rest(describe(error))

    def rest(self, why: str) -> None:
        if time.monotonic() > self.until:
            raise MdrError("MDR-TIMEOUT", f"still after {PATIENCE} s: {why}; let it end, and run again")
        log.info("waiting: %s", why)
        time.sleep(PAUSE)


def _asked(job: Job) -> tuple[str, int]:
    """Role and epoch of this site by the control records, of which both have to ask for this uninstall, but for a look.

    Raises Refused MDR-CONTROL-CONFLICT or MDR-MOVE-OTHER; MdrError when one of them cannot be read.
    """
    records = read_records(job.deployment, job.here)
    for reading, index in ((records.own, job.here), (records.peer, 1 - job.here)):
        region = records.regions[index]
        record = require_record(reading, region, "without both nothing is removed")
        asked = (record.get("uninstall") or {}).get("id")
        if job.conf.get("task") != "look" and (asked is None or asked != job.conf.get("uninstall")):
            raise Refused("MDR-CONTROL-CONFLICT", f"the control record of {region} does not ask for this uninstall")
    ruling = records.ruling
    assert ruling, "both were read"  # noqa: S101
    if ruling["phase"] != "activated":
        raise Refused("MDR-MOVE-OTHER", f"epoch {ruling['epoch']} is claimed: a move has to be finished first")
    active = ruling["epoch"] % 2 == job.here
    return ("active" if active else "standby"), ruling["epoch"]
