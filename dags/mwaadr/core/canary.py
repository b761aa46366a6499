# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""One beat of a site: obey the control records, keep the hold, say how it is.

Order matters. A site that comes back makes up all missed runs within seconds of its start, so the first act is to read
the peer's control record, and if this site lost, the fence is laid before anything else is written.
"""

from __future__ import annotations

import logging
import time
from typing import Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import access, bundle, config, fence, state
from mwaadr.core.aws import Bucket
from mwaadr.core.catalogue import airflow_version, live_runs, running_tasks
from mwaadr.core.config import taken_at
from mwaadr.core.lineage import Records, read_records
from mwaadr.core.work import connect

TRIES = 5
log = logging.getLogger("mwaadr")


def beat() -> None:
    """Raises MdrError without a way into the database, ClientError or BotoCoreError when our own bucket fails."""
    deployment = config.load()
    here = deployment.index_here()
    records = read_records(deployment, here)
    found = access.find()
    connection = connect(found.args, found.kwargs)
    try:
        cursor = connection.cursor()
        obey(connection, cursor, records, here)
        write = _Heartbeats(deployment, here, records, found.way)
        row = write.both(connection, cursor)
        while row and _unproven(row) and write.age() < fence.SECONDS_TO_DIE + 5:
            time.sleep(1)
            with connection:
                over = fence.is_over(cursor, row.detail["fence"])
                if over:
                    fence.proven(cursor, row.detail["fence"])
            if over:
                row = write.both(connection, cursor)
    finally:
        connection.close()


def obey(connection: Any, cursor: Any, records: Records, here: int) -> None:
    """Brings role and hold in line with the control records; without any record, changes nothing."""
    before = state.read(cursor)
    connection.rollback()
    record = (records.believed(before.epoch) if before else records).ruling
    if record is None:
        log.warning("no control record can be read: own %s, peer %s", records.own.quality, records.peer.quality)
        return
    lost = record["epoch"] % 2 != here
    _retry(connection, lambda: _install(cursor, record, lost, here))
    row = state.read(cursor)
    connection.rollback()
    if row and lost and row.role == "active" and record["epoch"] > row.epoch:
        if _retry(connection, lambda: fence.lay(cursor, record["epoch"], _went_on_from(record))):
            log.warning("this site lost epoch %s: fenced", record["epoch"])
        row = state.read(cursor)
        connection.rollback()
    if row and row.role == "standby" and "fence" in row.detail:
        now = row.detail["fence"]
        _retry(connection, lambda: fence.stop(cursor, now))
    with connection:
        state.drop_low_own_runs(cursor)


def _install(cursor: Any, record: dict[str, Any], lost: bool, here: int) -> bool:
    """The role comes from the record: a default would stop a healthy active site, or let a standby run."""
    became = record["activated"]
    active = not lost and record["phase"] == "activated" and became["epoch"] % 2 == here
    row = state.read(cursor)
    if row:
        active = row.role == "active"
    # A site that is about to be activated must have an epoch below the one that does it.
    epoch = became["epoch"] if not lost and record["phase"] == "claimed" else record["epoch"]
    done = state.install(cursor, epoch, "active" if active else "standby")
    if done:
        log.warning("installed our part of the metadata database, role %s", "active" if active else "standby")
    return done


def _went_on_from(record: dict[str, Any]) -> str | None:
    """When the snapshot was taken that the winner was or will be made from; None when the record names none.

    What it says there decides no more than which tasks are named, so damage there must not keep the fence away.
    """
    done = record["activated"]["epoch"] == record["epoch"]
    try:
        return taken_at((record["activated"] if done else record["move"])["snapshot"])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _retry(connection: Any, work: Any) -> Any:
    """Runs ``work`` in a transaction of its own with bounded waits for locks; what cannot be had now is tried again."""
    for attempt in range(TRIES):
        try:
            with connection, connection.cursor() as settings:
                settings.execute("set local lock_timeout = '5s'; set local statement_timeout = '30s'")
                return work()
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
            if attempt == TRIES - 1:
                raise
            log.warning("a lock was not to be had in time, trying again")
    raise AssertionError("unreachable")


def _unproven(row: state.State) -> bool:
    return row.role == "standby" and row.detail.get("fence", {}).get("grade") == "paused"


class _Heartbeats:
    """Writes this site's heartbeat into both buckets, our own first."""

    def __init__(self, deployment: config.Deployment, here: int, records: Records, way: str) -> None:
        self._deployment = deployment
        self._here = here
        self._records = records
        self._way = way
        self._started = time.monotonic()
        self._read_at = config.now()

    def age(self) -> float:
        """Seconds since the beat began."""
        return time.monotonic() - self._started

    def both(self, connection: Any, cursor: Any) -> state.State | None:
        """Returns the state row that the beat tells of; raises when our own bucket cannot be written."""
        own, peer = self._deployment.sites[self._here], self._deployment.sites[1 - self._here]
        key = config.Keys(self._deployment.name).heartbeat(own.region)
        row = state.read(cursor)
        hold = _hold(cursor, row)
        connection.rollback()
        bucket = Bucket(own.region, own.bucket)
        body = self._body(own, row, hold, bucket)
        bucket.put_json(key, body)
        try:
            Bucket(peer.region, peer.bucket, hurried=True).put_json(key, body)
        except (ClientError, BotoCoreError, OSError) as error:
            log.warning("the peer's bucket did not take the heartbeat: %s", error)
        return row

    def _body(self, own: config.Site, row: state.State | None, hold: dict[str, Any], bucket: Bucket) -> dict[str, Any]:
        peer = self._records.peer
        laid = row.detail.get("fence") if row and row.role == "standby" else None
        told = ("epoch", "at", "grade", "startedBefore", "stopped")
        return {
            "schemaVersion": 1,
            "deployment": self._deployment.name,
            "site": own.region,
            "environment": own.environment,
            "at": config.now(),
            "airflowVersion": airflow_version(),
            "role": row.role if row else None,
            "epoch": row.epoch if row else None,
            "peer": {"read": peer.quality, "epoch": peer.value["epoch"] if peer.value else None, "at": self._read_at},
            "control": {"own": self._records.own.quality, "peer": peer.quality},
            "hold": hold,
            "fence": {name: laid[name] for name in told} if laid else None,
            "snapshot": _newest(bucket, config.Keys(self._deployment.name)),
            "bundle": bundle.digest(),
            "dbAccess": self._way,
        }


def _hold(cursor: Any, row: state.State | None) -> dict[str, Any]:
    installed = set(state.TRIGGERS) <= state.installed(cursor)
    cursor.execute(
        "select count(*), count(*) filter (where not is_paused) from dag where dag_id not like %s", (config.OURS,)
    )
    user_dags, unpaused = cursor.fetchone()
    standby = row is not None and row.role == "standby"
    # What a fence left unfinished stays so until it is restored over, and does nothing.
    live = f"select distinct dag_id, run_id from ({running_tasks()}) tasks" if standby else live_runs()
    cursor.execute(f"select count(*) from ({live}) live")
    return {
        "installed": installed,
        "held": installed and standby,
        "unpausedUserDags": unpaused,
        "liveUserRuns": cursor.fetchone()[0],
        "userDags": user_dags,
    }


def _newest(bucket: Bucket, keys: config.Keys) -> dict[str, str] | None:
    """The newest snapshot in our own bucket that is complete by its manifest, of the last week."""
    week = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 7 * 86400))
    for name in bucket.newest(keys.snapshots, week):
        if bucket.exists(keys.manifest(name)):
            return {"newest": name, "takenAt": taken_at(name)}
    return None
