"""Who is active: the control records of both sites and the role in our own database."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from mwaadr.core import rulings, state
from mwaadr.core.aws import CODES, Bucket, Reading
from mwaadr.core.config import Deployment, Keys, now
from mwaadr.core.errors import MdrError, Refused


@dataclass(frozen=True)
class Lineage:
    """The (site, epoch) that really became active; snapshots carry it."""

    site: str
    epoch: int


@dataclass(frozen=True)
class Records:
    """Both control records as they were read; what `rulings.checked` does not take has the quality `invalid`."""

    peer: Reading
    own: Reading
    regions: tuple[str, str]
    at: str
    """When the reading began."""

    @property
    def readable(self) -> list[dict[str, Any]]:
        return [reading.value for reading in (self.own, self.peer) if reading.value]

    @property
    def uninstalling(self) -> bool:
        """True when the record that both go by says that our part of the databases is being removed."""
        return bool(self.ruling and self.ruling.get("uninstall"))

    @property
    def ruling(self) -> dict[str, Any] | None:
        """The record that both sites go by; None when neither can be read."""
        return rulings.ruling(self.readable, self.regions)

    def believed(self, epoch: int) -> Records:
        """The same for a site at ``epoch``: a record that leaps ahead of it is `invalid`."""
        own, peer = (
            Reading("invalid") if reading.value and rulings.leaps(reading.value, epoch) else reading
            for reading in (self.own, self.peer)
        )
        return replace(self, own=own, peer=peer)


def read_records(deployment: Deployment, here: int, *, hurried: bool = False) -> Records:
    """Both records, the peer's first: what it says is what a site that comes back must know before all else.

    ``hurried``: the peer, which may be lost, has 3 s to answer.
    """
    at = now()
    theirs = _read(deployment, 1 - here, hurried=hurried)
    return Records(theirs, _read(deployment, here), deployment.regions, at)


def _read(deployment: Deployment, index: int, *, hurried: bool = False) -> Reading:
    site = deployment.sites[index]
    reading = Bucket(site.region, site.bucket, hurried=hurried).look(Keys(deployment.name).control)
    record = reading.value
    if record is None:
        return reading
    # Records are never copied between buckets: each is of its own site, which decides between equal epochs.
    own = record.get("site") == site.region and record.get("deployment") == deployment.name
    good = own and rulings.checked(record) and rulings.is_of_its_site(record, deployment.regions)
    return reading if good else Reading("invalid")


def require_claimed(records: Records, here: int, epoch: int, move: str) -> None:
    """Raises Refused MDR-MOVE-SUPERSEDED unless the records let ``move`` activate ``epoch`` here.

    When our own record cannot be read, raises MdrError with the code of what happened: nobody said no.
    """
    own = require_record(records.own, records.regions[here], "without its claim nothing is activated")
    why = rulings.refusal(own, records.peer.value, here, epoch, move)
    if why is not None:
        raise Refused("MDR-MOVE-SUPERSEDED", why)


def require_record(reading: Reading, region: str, why: str) -> dict[str, Any]:
    """The record that was read. Raises MdrError with the code of what happened when there is none: nobody said no."""
    if reading.value is None:
        codes = CODES | {"missing": "MDR-NOT-INSTALLED", "invalid": "MDR-CONTROL-INVALID"}
        raise MdrError(
            codes[reading.quality], f"the control record of {region} cannot be read ({reading.quality}): {why}"
        )
    return reading.value


def lineage_here(deployment: Deployment, here: int, cursor: Any) -> Lineage | None:
    """The lineage under which this site may take snapshots; None unless database and control records agree on it."""
    row = state.read(cursor)
    if row is None or row.role != "active" or row.epoch % 2 != here:
        return None
    record = read_records(deployment, here).believed(row.epoch).ruling
    # A move that was killed right after its activation may not have written so into the record yet.
    if record is None or record["epoch"] != row.epoch:
        return None
    return Lineage(deployment.sites[here].region, row.epoch)
