# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""Takes a snapshot: one consistent look at the metadata database, as encrypted parts, the manifest last."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any

import psycopg2

from mwaadr.core import bundle, manifest, rules, state
from mwaadr.core.aws import Bucket
from mwaadr.core.catalogue import (
    SETTINGS,
    Catalogue,
    airflow_version,
    alembic_heads,
    content_hash,
    has_file,
    is_live,
    last_given,
    live_runs,
    quoted,
    users,
)
from mwaadr.core.config import NAMED, OURS, iso
from mwaadr.core.copytext import RowHash, Rows
from mwaadr.core.crypto import FernetBox, SnapshotKeys, compression
from mwaadr.core.errors import MdrError, describe
from mwaadr.core.facts import DAG, KEEPS_NO_ID, REFERENCES, Table, unhashed
from mwaadr.core.lineage import Lineage, lineage_here
from mwaadr.core.parts import PartWriter, Place
from mwaadr.core.secret_columns import decrypting, require_no_unknown_tokens
from mwaadr.core.work import Job

log = logging.getLogger("mwaadr")


def take(job: Job) -> str:
    """`done`, or `skipped` when this site is not the active one by its database and by the control records.

    Fills the result's snapshot, epoch, tables and seconds. Raises MdrError, ClientError, BotoCoreError; what it had
    written then is taken away again.
    """
    # All connections at once: what signs in may be a token of minutes.
    with ExitStack() as undo, _connection(job) as main, _connection(job) as second:
        cursor = main.cursor()
        lineage = lineage_here(job.deployment, job.here, cursor)
        main.rollback()
        if lineage is None:
            job.result["message"] = "this site is not active: it takes no snapshot"
            return "skipped"
        _mend(main, cursor)
        _begin(cursor)
        cursor.execute("select pg_export_snapshot(), now()")
        exported, taken_at = cursor.fetchone()
        name = f"{taken_at:%Y%m%dT%H%M%SZ}-e{lineage.epoch}-{secrets.token_hex(4)}"
        job.result |= {"snapshot": name, "epoch": lineage.epoch}
        data_key, wraps = manifest.new_data_key(job.deployment, job.site, job.peer, name)
        keys = SnapshotKeys(data_key)
        place = Place(job.bucket(), job.deployment.name, name, keys, compression())
        undo.callback(place.discard, Bucket(job.peer.region, job.peer.bucket, hurried=True))
        catalogue = Catalogue(cursor)
        require_no_unknown_tokens(cursor, catalogue.columns)
        cursor.execute(live_runs())
        source = _Source(catalogue, [row[0] for row in cursor.fetchall()], job.fernet, place)

        started = time.monotonic()
        tables = _copy_all(cursor, second.cursor(), source, exported)
        job.result["seconds"]["copy"] = round(time.monotonic() - started, 2)
        job.result["tables"] = {
            f"{table['name']}/{table['layer']}": {"rows": table["rows"], "hash": table["hash"]} for table in tables
        }
        document = {
            "schemaVersion": 1,
            "id": name,
            "deployment": job.deployment.name,
            "lineage": {"site": lineage.site, "epoch": lineage.epoch},
            "previous": _previous(job, name, taken_at),
            "takenAt": iso(taken_at),
            "airflow": {"version": airflow_version(), "alembic": alembic_heads(cursor)},
            "level": "full",
            "compression": place.compression,
            "wraps": wraps,
            "tables": tables,
            "sequences": _highest_ids(cursor, catalogue),
            "lastIds": _last_ids(cursor, catalogue),
            "rowSince": state.since(cursor),
            "pauseSet": _pause_set(cursor, catalogue),
            **_in_flight(job, name, place, _runs_in_flight(cursor, source.live)),
            **_deadlines(cursor, catalogue, source.live),
            "bundle": bundle.digest(),
        }
        cursor.execute("select clock_timestamp()")
        document["completedAt"] = iso(cursor.fetchone()[0])
        main.rollback()
        _require_still(job, lineage, cursor)
        # From here on it may be a whole one, also when the answer to the last write is lost.
        undo.pop_all()
    place.bucket.put(job.keys.manifest(name), manifest.seal(document, keys), only_new=True)
    return "done"


def _mend(connection: Any, cursor: Any) -> None:
    """Before the look, so that the snapshot has it; it can wait when there is no time for it."""
    try:
        with connection:
            cursor.execute("set local lock_timeout = '2s'; set local statement_timeout = '30s'")
            mended = rules.mend(cursor)
        if mended:
            log.info("%d task instances got the host and user that an earlier move had emptied", mended)
    except psycopg2.Error as error:
        log.warning("task instances of earlier moves are not mended yet: %s", describe(error))


@contextmanager
def _connection(job: Job) -> Iterator[Any]:
    connection = job.connect()
    try:
        yield connection
    finally:
        connection.close()


def _begin(cursor: Any, exported: str | None = None) -> None:
    cursor.execute("set transaction isolation level repeatable read, read only")
    if exported:
        cursor.execute("set transaction snapshot %s", (exported,))
    cursor.execute(f"{SETTINGS}; set local lock_timeout = '20s'; set local statement_timeout = '30min'")


class _Source:
    """Copies tables of one consistent look; shared by the readers, each with its own connection."""

    def __init__(self, catalogue: Catalogue, live: list[int], box: FernetBox, place: Place) -> None:
        self.catalogue = catalogue
        self.live = live
        self._box = box
        self._place = place
        self._runs = f"select unnest('{{{','.join(map(str, live))}}}'::int[])"

    def copy(self, cursor: Any, table: Table, layer: str) -> dict[str, Any]:
        """Uploads the rows of a table's layer; returns their entry in the manifest."""
        columns = self.catalogue.columns(table)
        link = self.catalogue.link(table)
        live = is_live(link, self._runs)
        if (table.name, layer) == ("backfill", "live"):
            live = "a.completed_at is null"
        where = f"{users(table, link)} and {'' if layer == 'live' else 'not '}({live})"
        if (table.name, layer) == ("backfill", "inert"):
            where = users(table, link)
        source = table.select or f"public.{table.name}"
        query = f"select {quoted(columns, 'a')} from {source} a where {where}"
        writer = PartWriter(self._place, table.name, layer)
        if table.fernet:
            skipped = unhashed(table, layer, columns)
            hashed = RowHash(self._place.keys.content, columns, [c for c in columns if c not in skipped])
            change = decrypting(table, columns, self._box)

            def change_and_hash(fields: list[bytes]) -> list[bytes]:
                out = change(fields)
                hashed.add(out)
                return out

            cursor.copy_expert(f"copy ({query}) to stdout", Rows(change_and_hash, writer.write))
            rows, digest = hashed.rows, hashed.hex()
        else:
            cursor.copy_expert(f"copy ({query}) to stdout", writer)
            cursor.execute(content_hash(table, layer, columns, where, source, self._place.keys.content))
            rows, digest = cursor.fetchone()
        writer.flush()
        copied = sum(part["rows"] for part in writer.parts)
        if copied != rows:
            raise MdrError("MDR-SNAPSHOT-FAILED", f"{table.name}: {copied} rows copied, {rows} counted")
        entry = {"name": table.name, "layer": layer, "columns": columns, "rows": rows, "hash": digest}
        return entry | {"parts": writer.parts}


def _copy_all(cursor: Any, other: Any, source: _Source, exported: str) -> list[dict[str, Any]]:
    """All tables by two connections that share one look; returns the manifest's entries in the facts' order."""
    cursor.execute("select relname, relpages from pg_class where relnamespace = 'public'::regnamespace")
    pages = dict(cursor.fetchall())
    order = [(table, layer) for table in source.catalogue.tables() for layer in source.catalogue.layers(table)]
    if source.catalogue.has("backfill"):
        order.append((next(t for t, _ in order if t.name == "backfill"), "live"))
    waiting: SimpleQueue[tuple[Table, str]] = SimpleQueue()
    for item in sorted(order, key=lambda item: -pages.get(item[0].name, 0)):
        waiting.put(item)  # the largest first, so that no reader is left alone with it at the end
    done: dict[tuple[str, str], dict[str, Any]] = {}
    failures: list[BaseException] = []

    def work(own: Any) -> None:
        try:
            while not failures:
                table, layer = waiting.get_nowait()
                done[table.name, layer] = source.copy(own, table, layer)
        except Empty:
            pass
        except BaseException as error:
            failures.append(error)

    _begin(other, exported)
    thread = threading.Thread(target=work, args=(other,))
    thread.start()
    work(cursor)
    thread.join()
    if failures:
        raise failures[0]
    return [done[table.name, layer] for table, layer in order]


def _highest_ids(cursor: Any, catalogue: Catalogue) -> dict[str, int]:
    """Highest id of the user's rows by table, where ids are kept: the target moves its sequences past them."""
    highest = {}
    for table in catalogue.tables():
        if catalogue.serial(table) and table.name not in KEEPS_NO_ID and table not in REFERENCES:
            where = users(table, catalogue.link(table))
            cursor.execute(f"select coalesce(max(a.id), 0) from public.{table.name} a where {where}")
            highest[table.name] = cursor.fetchone()[0]
    return highest


def _last_ids(cursor: Any, catalogue: Catalogue) -> dict[str, int]:
    """The last id that was given out, by table: in one database it never goes back, whatever rows are deleted."""
    serial = [table for table in catalogue.tables() if catalogue.serial(table) and table.name not in KEEPS_NO_ID]
    given = {table.name: last_given(cursor, table) for table in serial}
    return {name: last for name, last in given.items() if last is not None}


def _pause_set(cursor: Any, catalogue: Catalogue) -> dict[str, list[str]]:
    """Ids of the user's DAGs that have a file, or had one at the site before and are waited for, by pause state."""
    cursor.execute(
        f"select coalesce(is_paused, true), dag_id from {DAG.select} d where {has_file(catalogue)} "
        "and dag_id not like %s order by dag_id",
        (OURS,),
    )
    rows = cursor.fetchall()
    return {
        "unpaused": [dag_id for paused, dag_id in rows if not paused],
        "paused": [dag_id for paused, dag_id in rows if paused],
    }


def _in_flight(job: Job, name: str, place: Place, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The first of the runs, and how many there are; all of them in an object beside the parts when they are many."""
    if len(runs) > NAMED:
        key = job.keys.in_flight(name)
        place.written.append(key)
        place.bucket.put_json(key, {"schemaVersion": 1, "snapshot": name, "inFlight": runs})
    return {"inFlight": runs[:NAMED], "inFlightTotal": len(runs)}


def _runs_in_flight(cursor: Any, live: list[int]) -> list[dict[str, Any]]:
    cursor.execute(
        "select r.dag_id, r.run_id, r.state, coalesce(t.state, 'none'), count(t.task_id) from dag_run r "
        "left join task_instance t on t.dag_id = r.dag_id and t.run_id = r.run_id "
        "where r.id = any(%s) group by 1, 2, 3, 4 order by 1, 2",
        (live,),
    )
    runs: dict[tuple[str, str], dict[str, Any]] = {}
    for dag_id, run_id, run_state, task_state, count in cursor.fetchall():
        run = runs.setdefault((dag_id, run_id), {"dagId": dag_id, "runId": run_id, "state": run_state, "tasks": {}})
        if count:
            run["tasks"][task_state] = count
    return list(runs.values())


def _deadlines(cursor: Any, catalogue: Catalogue, live: list[int]) -> dict[str, int]:
    """Of runs in flight (Airflow 3): their callbacks belong to the site, so that no snapshot holds them."""
    if not catalogue.has("deadline"):
        return {}
    cursor.execute("select count(*) from deadline where not missed and dagrun_id = any(%s)", (live,))
    return {"deadlines": cursor.fetchone()[0]}


def _previous(job: Job, name: str, taken_at: Any) -> str | None:
    """The newest complete snapshot before this one, if there is one of the last week."""
    bucket = job.bucket()
    since = f"{taken_at - timedelta(days=7):%Y%m%dT%H%M%SZ}"
    older = (found for found in bucket.newest(job.keys.snapshots, since) if found < name)
    return next((found for found in older if bucket.exists(job.keys.manifest(found))), None)


def _require_still(job: Job, before: Lineage, cursor: Any) -> None:
    """A fence laid while we copied makes this snapshot one of a dead branch: it gets no manifest."""
    if lineage_here(job.deployment, job.here, cursor) != before:
        raise MdrError("MDR-SNAPSHOT-FAILED", "this site lost its role while the snapshot was taken")
