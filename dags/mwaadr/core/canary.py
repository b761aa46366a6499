"""One beat of a site: obey the control records, keep the hold, say how it is.

Order matters. A site that comes back makes up all missed runs within seconds of its start, so the first act is to read
the peer's control record, and if this site lost, the fence is laid before anything else is written.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import access, config, fence, footprint, late, origin, rulings, state
from mwaadr.core.aws import Bucket
from mwaadr.core.config import taken_at
from mwaadr.core.errors import describe
from mwaadr.core.heartbeat import Heartbeats
from mwaadr.core.lineage import Records, read_records
from mwaadr.core.work import bounded, connect

TRIES = 5
SECONDS_TO_HOLD = 5
"""For so long a beat waits, before it says how it is, for what others hold while it pauses and stops."""
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
        records = obey(connection, cursor, deployment, here, records)
        if records.uninstalling and _look(connection, cursor) is None:
            log.info("our part of the metadata database was removed: no beat tells of this site any more")
            return
        write = Heartbeats(deployment, here, records, found.way)
        row = write.both(connection, cursor)
        started = time.monotonic()
        while row and _unproven(row) and time.monotonic() - started < fence.SECONDS_TO_DIE + SECONDS_TO_HOLD:
            time.sleep(1)
            _pause_and_stop_free(connection, cursor)
            if _once(connection, lambda: fence.prove(cursor)):
                row = write.both(connection, cursor)
    finally:
        connection.close()
    if write.failure:
        raise write.failure


def obey(connection: Any, cursor: Any, deployment: config.Deployment, here: int, records: Records) -> Records:
    """Brings role and hold in line with the control records; returns those as this site believes them.

    Without any record the role stays what it is, and a site that has none takes none.
    """
    row = _look(connection, cursor)
    records = records.believed(row.epoch) if row else records
    record = records.ruling
    if record is None:
        log.warning("no control record can be read: own %s, peer %s", records.own.quality, records.peer.quality)
    elif row is None:
        if records.uninstalling:
            return records  # it was removed, not lost
        _recover(connection, cursor, deployment, here, records)
    else:
        _follow(connection, cursor, row, record, rulings.learned(record["epoch"], here))
    row = _look(connection, cursor)
    if row is None:
        return records
    if row.role == "standby":
        _pause_and_stop(connection, cursor)
    came = _come_up(connection, cursor) if row.role == "active" else []
    if came:
        log.info("parsed since the move, and now as they were at the other site: %s", ", ".join(came))
    if _install(connection, cursor) and row.role == "standby":
        _pause_and_stop(connection, cursor)  # what was unpaused before the hold was there
    _once(connection, lambda: state.drop_low_own_runs(cursor))
    return records


def _follow(connection: Any, cursor: Any, row: state.State, record: dict[str, Any], epoch: int) -> None:
    """``epoch`` is the other site's: an active site is fenced by it, a standby learns it."""
    if row.epoch >= epoch:
        return
    if row.role == "standby":
        _once(connection, lambda: state.learn(cursor, epoch))
    elif _retry(connection, lambda: fence.lay(cursor, epoch, _went_on_from(record, epoch))):
        log.warning("this site lost epoch %s: fenced", epoch)


def _recover(connection: Any, cursor: Any, deployment: config.Deployment, here: int, records: Records) -> None:
    """A site without a row: new, or one that lost it. A default role would stop a healthy site, or let a standby run.

    A site that was active once, and is not any more, may have work that runs: it is fenced in the same transaction.
    One that should be active and has another database than its snapshots were taken of becomes a standby of its own
    epoch, with which nobody is active: its next snapshot would be of a database that lacks what they hold.
    """
    beats, proven, complete = _evidence(deployment, here, records)
    found = rulings.recovered(records.readable, deployment.regions, here, beats, proven)
    record = records.ruling
    if not found or not record:
        return
    # The peer's record alone may be an old one, of before this site was ever active.
    is_old = records.own.value is None and found["activated"] < 0
    may_be_active = record["epoch"] % 2 == here or is_old
    if not complete and found["role"] == "standby" and may_be_active:
        log.warning("our own bucket does not say whether this site is active: looking again")
        return
    fenced = found["role"] == "standby" and found["activated"] >= 0
    # Without a beat it was uninstalled, or never installed: what was made since is the team's own.
    lost = found["role"] == "active" and bool(beats)
    if lost and _is_another_database(connection, cursor, deployment, here, found["epoch"], records):
        found = found | {"role": "standby"}

    def install() -> None:
        if fenced:
            state.create(cursor, found["activated"], "active")
            fence.lay(cursor, found["epoch"], _went_on_from(record, found["epoch"]))
        else:
            state.create(cursor, found["epoch"], found["role"])

    _retry(connection, install)
    log.warning("installed our part of the metadata database, role %s, epoch %s", found["role"], found["epoch"])


def _is_another_database(
    connection: Any, cursor: Any, deployment: config.Deployment, here: int, epoch: int, records: Records
) -> bool:
    """True when it is known not to be the one of ``epoch``: what was taken of that, or loaded into it, is not here."""
    newest = origin.newest_of(deployment, here, epoch, records.readable)
    if newest is None:
        return False
    try:
        lacking = _retry(connection, lambda: origin.never_given_out(cursor, newest.manifest))
    except psycopg2.Error as error:
        log.warning("the sequences of this database cannot be read: %s", describe(error))
        return False
    if not lacking:
        return False
    log.warning(
        "this is not the database of snapshot %s (%s): it stays a standby, and nobody is active; "
        "run failover to %s, which restores it",
        newest.manifest["id"],
        ", ".join(f"{table} has ids up to {there} there, {given} here" for table, (there, given) in lacking.items()),
        newest.region,
    )
    return True


def _evidence(
    deployment: config.Deployment, here: int, records: Records
) -> tuple[list[dict[str, Any]], list[int], bool]:
    """Our own beats, and the epochs that snapshots in our bucket prove beyond ``records``.

    False when our own bucket did not tell all of it.
    """
    own, peer = deployment.sites[here], deployment.sites[1 - here]
    keys = config.Keys(deployment.name)
    bucket = Bucket(own.region, own.bucket)
    last = bucket.look(keys.heartbeat(own.region))
    copy = Bucket(peer.region, peer.bucket, hurried=True).look(keys.heartbeat(own.region))
    beats = [reading.value for reading in (last, copy) if reading.value and reading.value.get("site") == own.region]
    try:
        names = bucket.newest(keys.snapshots, "")
    except (ClientError, BotoCoreError, OSError) as error:
        log.warning("our own bucket does not name its snapshots: %s", error)
        return beats, [], False
    worth = rulings.worth_opening(names, records.readable, deployment.regions, here)
    opened = [(name, bucket.look(keys.manifest(name))) for name in worth]
    proven = [rulings.proven_by(name, reading.value, deployment.name, deployment.regions) for name, reading in opened]
    told = all(reading.quality in ("good", "missing", "invalid") for reading in (last, *(found for _, found in opened)))
    return beats, proven, told


def _went_on_from(record: dict[str, Any], epoch: int) -> str | None:
    """When the snapshot was taken that ``epoch`` was or will be made from; None when the record does not say it.

    What it says there decides no more than which tasks are named, so damage there must not keep the fence away.
    """
    for made in (record["activated"], record.get("move")):
        try:
            if made["epoch"] == epoch:
                return taken_at(made["snapshot"])
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
    return None


def _look(connection: Any, cursor: Any) -> state.State | None:
    row = state.read(cursor)
    connection.rollback()
    return row


def _pause_and_stop(connection: Any, cursor: Any) -> None:
    """Until nothing is left to do, for some seconds: what others hold then is left to the next look."""
    until = time.monotonic() + SECONDS_TO_HOLD
    while not _pause_and_stop_free(connection, cursor):
        if time.monotonic() > until:
            log.warning("others hold what has to be paused or stopped here: it is looked at again")
            return
        time.sleep(0.25)


def _pause_and_stop_free(connection: Any, cursor: Any) -> bool:
    """One look at the pauses and at the tasks; False when something is left that somebody else holds."""
    paused = _once(connection, lambda: fence.pause(cursor))
    return bool(_once(connection, lambda: fence.stop(cursor)) and paused)


def _install(connection: Any, cursor: Any) -> bool:
    """True when a trigger was missing. Each is in a transaction of its own: others lock the tables in another order."""
    if _once(connection, lambda: footprint.mend(cursor) or True) is None:
        log.warning("our table is in use: a later beat mends what belongs to it")
    missing = footprint.missing_triggers(cursor)
    connection.rollback()
    for name in missing:
        try:
            _retry(connection, lambda name=name: cursor.execute(footprint.TRIGGERS[name]))
        except psycopg2.errors.LockNotAvailable:
            log.warning("somebody keeps a table locked: a later beat installs %s", name)
        except psycopg2.errors.InsufficientPrivilege as error:
            log.warning("the role that we signed in as may not install %s: %s", name, describe(error))
    return bool(missing)


def _retry(connection: Any, work: Callable[[], Any]) -> Any:
    """Runs ``work`` in a transaction of its own with bounded waits for locks; what cannot be had now is tried again."""
    for attempt in range(TRIES):
        try:
            return bounded(connection, work, "5s")
        except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
            if attempt == TRIES - 1:
                raise
            log.warning("a lock was not to be had in time, trying again")
    raise AssertionError("unreachable")


def _once(connection: Any, work: Callable[[], Any]) -> Any:
    """As `_retry`, for what is repeated anyway: waits a second at most; None when the lock was not to be had."""
    try:
        return bounded(connection, work, "1s")
    except (psycopg2.errors.LockNotAvailable, psycopg2.errors.DeadlockDetected):
        return None


def _come_up(connection: Any, cursor: Any) -> list[str]:
    """What goes wrong here must not cost the heartbeat: a site that works would look dead."""
    try:
        return _once(connection, lambda: late.come_up(cursor)) or []
    except psycopg2.Error:
        connection.rollback()
        log.exception("DAGs that were parsed since the move do not come up")
        return []


def _unproven(row: state.State) -> bool:
    return row.role == "standby" and row.detail.get("fence", {}).get("grade") == "paused"
