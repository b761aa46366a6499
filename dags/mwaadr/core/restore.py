# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""`restore` loads the inert layer into a held standby; `activate` the live layer, and makes the standby active.

Each is one transaction in the target's metadata database, beside its running scheduler, parser and triggerer; what
must hold for these to live on (R1 to R6) is said where it is done, and in docs/data-path.md.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mwaadr.core import gates, late, manifest, report, state, versions
from mwaadr.core.catalogue import SETTINGS, Catalogue, live_runs
from mwaadr.core.config import OURS, iso
from mwaadr.core.errors import MdrError, Refused
from mwaadr.core.facts import CONFIG, DAG, REFERENCES
from mwaadr.core.lineage import read_records, require_claimed
from mwaadr.core.load import Loader
from mwaadr.core.parts import Place, fetch
from mwaadr.core.work import Job

DOWNLOADS = 4


def restore(job: Job) -> str:
    """`done` or `already`. Raises Refused with nothing touched, or MdrError with everything rolled back."""
    return _in_target(job, _Restore)


def activate(job: Job) -> str:
    """As `restore`; loads the inert layer too when it is not there yet."""
    return _in_target(job, _Activate)


def _in_target(job: Job, kind: type[_Restore]) -> str:
    # Opened at once: what signs in may be a token of minutes.
    connection = job.connect()
    folder = Path(tempfile.mkdtemp(prefix="mwaadr-"))
    try:
        return kind(job, connection, folder).run()
    finally:
        connection.close()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class _Restore:
    job: Job
    connection: Any
    folder: Path
    failed = "MDR-RESTORE-FAILED"

    def run(self) -> str:
        cursor = self.connection.cursor()
        row = state.read(cursor)
        done = self.done_before(cursor, row)
        self.connection.rollback()
        if done:
            return done
        self.early_look(row)
        with self.timed("download"):
            document, place, files = self.fetch_verified(cursor)
        catalogue = Catalogue(cursor)
        missing = self.pass_gates(cursor, catalogue, document)
        loader = Loader(cursor, catalogue, document, place, files, self.job.fernet, self.failed)
        try:
            self.transaction(cursor, loader, missing)
            self.last_look(cursor)
            cursor.execute("select clock_timestamp()")
            committed = iso(cursor.fetchone()[0])
            self.connection.commit()
        except BaseException:
            self.connection.rollback()
            raise
        self.job.result |= {"committedAt": committed, "tables": loader.checked}
        return "done"

    def layers(self, row: state.State | None) -> tuple[str, ...]:
        return ("inert",)

    def done_before(self, cursor: Any, row: state.State | None) -> str | None:
        conf = self.job.conf
        if row and row.inert_snapshot == conf["snapshot"] and row.move == conf["move"] and row.role == "standby":
            return "already"
        return None

    def early_look(self, row: state.State | None) -> None:
        """The inert layer brings nothing to life: the row alone decides whether it may be loaded."""

    def fetch_verified(self, cursor: Any) -> tuple[dict[str, Any], Place, dict[tuple[str, str], list[Path]]]:
        """Everything is downloaded and verified before the transaction opens; what lies on disk stays encrypted."""
        conf, job = self.job.conf, self.job
        bucket = job.bucket()
        document, keys = manifest.open_verified(
            bucket, job.deployment, job.site, conf["snapshot"], conf["manifestSha256"]
        )
        place = Place(bucket, job.deployment.name, conf["snapshot"], keys, document["compression"])
        layers = self.layers(state.read(cursor))
        self.connection.rollback()
        references = {table.name for table in REFERENCES}
        wanted = [entry for entry in document["tables"] if entry["layer"] in layers or entry["name"] in references]
        with ThreadPoolExecutor(DOWNLOADS) as pool:
            coming = {
                (entry["name"], entry["layer"]): [
                    pool.submit(fetch, place, entry["name"], part, self.folder) for part in entry["parts"]
                ]
                for entry in wanted
            }
            return document, place, {key: [one.result() for one in parts] for key, parts in coming.items()}

    def pass_gates(self, cursor: Any, catalogue: Catalogue, document: dict[str, Any]) -> list[str]:
        """Raises Refused; else settles what this site still believes to be in flight, and names the missing DAGs."""
        gates.require_same_airflow(cursor, catalogue, document)
        gates.require_held(cursor, self.job.conf["epoch"], document["sequences"]["dag_run"])
        gates.require_quiet(cursor)
        missing = gates.missing_dags(cursor, catalogue, document)
        gates.settle(cursor, self.job.conf["epoch"])
        self.connection.commit()
        return missing

    def begin(self, cursor: Any) -> state.State:
        """First statement: the row lock that lets one restore or activation at a time through, in order of epochs."""
        cursor.execute(SETTINGS)
        row = state.read(cursor, for_update=True)
        conf = self.job.conf
        if row is None or row.role != "standby":
            raise Refused("MDR-TARGET-UNREADY", gates.NOT_A_STANDBY)
        if row.epoch > conf["epoch"]:
            raise Refused("MDR-MOVE-SUPERSEDED", f"this site is at epoch {row.epoch}, the move at {conf['epoch']}")
        # Only now a time limit: whoever was first may take as long as it needs.
        cursor.execute(
            "set local lock_timeout = '20s'; set local statement_timeout = '30min'; "
            "set local idle_in_transaction_session_timeout = '120s'"
        )
        if self.connection.server_version >= 140000:
            # A dead client is noticed in the middle of a statement, not at its end.
            cursor.execute("set local client_connection_check_interval = '1s'")
        return row

    def transaction(self, cursor: Any, loader: Loader, missing: list[str]) -> None:
        self.begin(cursor)
        self.load_inert(loader)
        with self.timed("shortPhase"):
            self.replace_config(loader)
        cursor.execute(
            "update public.mwaadr_state set inert_snapshot = %s, move = %s, changed = now()",
            (self.job.conf["snapshot"], self.job.conf["move"]),
        )
        self.job.result["report"] = {"missingDags": missing}

    def load_inert(self, loader: Loader) -> None:
        loader.advance_sequences()
        with self.timed("clean"):
            loader.clean()
        with self.timed("copy"):
            loader.stage_references()
            loader.load_history("inert")

    def replace_config(self, loader: Loader) -> None:
        # R3: the scheduler takes slot_pool FOR UPDATE NOWAIT and starts nothing while we hold it: last, and short.
        for table in CONFIG:
            loader.replace_config(table)

    def last_look(self, cursor: Any) -> None:
        """R6: a task that was failed from outside has seconds left in which we must not commit."""
        job = self.job
        cursor.execute(
            "select state from task_instance where dag_id = %s and run_id = %s and task_id = %s",
            (job.dag_id, job.run_id, job.task_id),
        )
        states = [row[0] for row in cursor.fetchall()]
        if states != ["running"]:
            raise MdrError(self.failed, f"our own task is {states[0] if states else 'gone'}, not running: rolled back")

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        started = time.monotonic()
        try:
            yield
        finally:
            self.job.result["seconds"][name] = round(time.monotonic() - started, 2)


class _Activate(_Restore):
    failed = "MDR-ACTIVATE-FAILED"
    before: state.State | None = None
    """The row as it was when the transaction began."""

    def layers(self, row: state.State | None) -> tuple[str, ...]:
        return ("live",) if row and row.inert_snapshot == self.job.conf["snapshot"] else ("inert", "live")

    def done_before(self, cursor: Any, row: state.State | None) -> str | None:
        """An activation whose task died after its commit is found again by its epoch, with what it really loaded."""
        conf = self.job.conf
        if row is None or row.epoch < conf["epoch"]:
            return None
        before = state.recall(cursor, "activation")
        if row.epoch == conf["epoch"] and row.role == "active":
            if before and before["move"] == conf["move"]:
                self.job.result |= {name: before[name] for name in ("snapshot", "committedAt", "report")}
                return "already"
            if not before:  # the row was lost since, and came back: only its claim still says which move it was
                self.require_claimed(row)
                self.job.result["snapshot"] = None
                return "already"
        if row.epoch == conf["epoch"] and row.role == "standby":
            return None  # fenced at this very epoch: `begin` refuses
        raise Refused(
            "MDR-MOVE-SUPERSEDED", f"this site is at epoch {row.epoch} ({row.role}), the move at {conf['epoch']}"
        )

    def early_look(self, row: state.State | None) -> None:
        """No hour of loading for a move that is over."""
        self.require_claimed(row)

    def require_claimed(self, row: state.State | None) -> None:
        """Who may trigger a DAG may trigger this one, and a run may have been queued for hours: the records decide.

        The peer is not waited for long: most often it is lost.
        """
        job, conf = self.job, self.job.conf
        records = read_records(job.deployment, job.here, hurried=True)
        require_claimed(records.believed(row.epoch) if row else records, job.here, conf["epoch"], conf["move"])

    def begin(self, cursor: Any) -> state.State:
        row = self.before = super().begin(cursor)
        # What an earlier activation waited for is over: the hold would pause what this one unpauses.
        cursor.execute(
            "update public.mwaadr_state set epoch = %s, role = 'active', move = %s, changed = now(), "
            "detail = detail - '{late,lateQueues}'::text[] where epoch < %s",
            (self.job.conf["epoch"], self.job.conf["move"], self.job.conf["epoch"]),
        )
        if not cursor.rowcount:
            raise Refused("MDR-MOVE-SUPERSEDED", f"this site lost epoch {self.job.conf['epoch']} already")
        return row

    def transaction(self, cursor: Any, loader: Loader, missing: list[str]) -> None:
        row = self.begin(cursor)
        if row.inert_snapshot == self.job.conf["snapshot"]:
            loader.advance_sequences()
            # What somebody triggered by hand on the held site: it never ran, and is not part of the snapshot.
            cursor.execute(f"delete from dag_run where id in ({live_runs()})")
            loader.stage_references()
        else:
            self.require_inert_parts(loader)
            self.load_inert(loader)
        with self.timed("live"):
            loader.load_history("live")
        with self.timed("shortPhase"):
            # The parser locks rows of `dag` in its own order: ours, one by one, would deadlock with it.
            gates.lock_dags(cursor)
            if row.inert_snapshot != self.job.conf["snapshot"]:
                self.replace_config(loader)
            queues = loader.load_late()
            late.keep(cursor, loader.catalogue, missing, self.set_dags(cursor, loader), queues)
            cursor.execute("select array_agg(distinct dag_id) from s_live_dag_run")
            versions.stand_in(cursor, cursor.fetchone()[0] or [])
        done = report.of_activation(cursor, loader.catalogue, missing)
        self.job.result["report"] = done
        cursor.execute("update public.mwaadr_state set inert_snapshot = null, changed = now()")
        conf = self.job.conf
        cursor.execute("select clock_timestamp()")
        before = {"move": conf["move"], "snapshot": conf["snapshot"], "committedAt": iso(cursor.fetchone()[0])}
        state.remember(cursor, "activation", before | {"report": done})

    def last_look(self, cursor: Any) -> None:
        """What was claimed while this one was loading wins."""
        self.require_claimed(self.before)
        super().last_look(cursor)

    def require_inert_parts(self, loader: Loader) -> None:
        """The parts were chosen before the row was locked; another restore may have come between."""
        if not loader.downloaded("inert"):
            raise MdrError(self.failed, "another restore replaced the inert layer in the meantime; start again")

    def set_dags(self, cursor: Any, loader: Loader) -> str:
        """The pause set and the next runs; returns where they are staged. DAGs that the source does not know stay
        paused."""
        stage = loader.stage(DAG, "live")
        # What a move had paused by REST before the snapshot was taken is nobody's wish.
        ours = self.job.conf.get("unpause", [])
        cursor.execute(f"update {stage} set is_paused = false where dag_id = any(%s)", (ours,))
        columns = [c for c in loader.catalogue.columns(DAG) if c != "dag_id"]
        cursor.execute(
            f"update dag d set {', '.join(f'{c} = s.{c}' for c in columns)} from {stage} s where s.dag_id = d.dag_id "
            "and d.dag_id not like %s",
            (OURS,),
        )
        here, there = (", ".join(f"{alias}.{c}" for c in columns) for alias in ("d", "s"))
        cursor.execute(
            f"select count(*) from dag d join {stage} s on s.dag_id = d.dag_id "
            f"where row({here}) is distinct from row({there})"
        )
        differing = cursor.fetchone()[0]
        if differing:
            raise MdrError(self.failed, f"{differing} rows of dag did not take the snapshot's values; rolled back")
        return stage
