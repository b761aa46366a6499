"""Who is active: the control records of both sites and the role in our own database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mwaadr.core.aws import Bucket, Reading
from mwaadr.core.config import Deployment, Keys


@dataclass(frozen=True)
class Lineage:
    """The (site, epoch) that really became active; snapshots carry it."""

    site: str
    epoch: int


@dataclass(frozen=True)
class Records:
    """Both control records as one beat sees them."""

    peer: Reading
    own: Reading

    @property
    def decisive(self) -> dict[str, Any] | None:
        """The record with the higher epoch; None when neither can be read."""
        readable = [reading.value for reading in (self.own, self.peer) if reading.value]
        return max(readable, key=lambda record: record["epoch"], default=None)


def read_records(deployment: Deployment, here: int) -> Records:
    """Both records, the peer's first: what it says is what a site that comes back must know before all else."""
    key = Keys(deployment.name).control
    own, peer = deployment.sites[here], deployment.sites[1 - here]
    theirs = _checked(Bucket(peer.region, peer.bucket).look(key))
    return Records(theirs, _checked(Bucket(own.region, own.bucket).look(key)))


def _checked(reading: Reading) -> Reading:
    """A record without what we go by counts as `invalid`: a guess could fence a healthy site."""
    record = reading.value
    if record is None:
        return reading
    activated = record.get("activated")
    good = (
        record.get("phase") in ("claimed", "activated")
        and isinstance(activated, dict)
        and isinstance(activated.get("site"), str)
        and type(activated.get("epoch")) is int
        and type(record.get("epoch")) is int
    )
    return reading if good else Reading("invalid")


def winner(record: dict[str, Any]) -> int:
    """Index of the site that the record's epoch activates: even 0, odd 1."""
    return record["epoch"] % 2


def lineage_here(deployment: Deployment, here: int, cursor: Any) -> Lineage | None:
    """The lineage under which this site may take snapshots; None unless database and control records agree on it."""
    cursor.execute("select to_regclass('public.mwaadr_state') is not null")
    if not cursor.fetchone()[0]:
        return None
    cursor.execute("select epoch, role from public.mwaadr_state")
    row = cursor.fetchone()
    record = read_records(deployment, here).decisive
    if row is None or row[1] != "active" or record is None or winner(record) != here:
        return None
    # A move that was killed right after its activation may not have written so into the record yet.
    return Lineage(deployment.sites[here].region, row[0]) if record["epoch"] == row[0] else None
