"""Whether this is the database that this site's snapshots were taken of: an environment made anew has another.

In one database no sequence ever goes back. A table of which a snapshot has an id that was never given out here is of
another database, and so is the row that once was here: it does not come back. Any bucket may prove it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import rulings
from mwaadr.core.aws import Bucket
from mwaadr.core.catalogue import Catalogue, last_given
from mwaadr.core.config import Deployment, Keys

log = logging.getLogger("mwaadr")


@dataclass(frozen=True)
class Found:
    """A snapshot that this database has to know, and the Region whose bucket tells of it."""

    manifest: dict[str, Any]
    region: str


def newest_of(deployment: Deployment, here: int, epoch: int, records: list[dict[str, Any]]) -> Found | None:
    """The newest whole snapshot of the lineage of ``epoch``: in our own bucket, or else in the peer's.

    Where none is, or tells anything, the one that a record names as what the activation of ``epoch`` was made from: it
    was loaded here. None when there is none, and when that cannot be told: what is not known makes no other database.
    """
    own, peer = deployment.sites[here], deployment.sites[1 - here]
    buckets = (Bucket(own.region, own.bucket), Bucket(peer.region, peer.bucket, hurried=True))
    for bucket in buckets:
        newest = _newest_in(bucket, deployment, epoch)
        if newest is not None:
            return Found(newest, bucket.region)
    for name in rulings.made_from(records, epoch):
        for bucket in buckets:
            reading = bucket.look(Keys(deployment.name).manifest(name))
            if reading.value and rulings.proven_by(name, reading.value, deployment.name, deployment.regions) >= 0:
                return Found(reading.value, bucket.region)
    return None


def _newest_in(bucket: Bucket, deployment: Deployment, epoch: int) -> dict[str, Any] | None:
    keys = Keys(deployment.name)
    try:
        names = bucket.newest(keys.snapshots, "")
    except (ClientError, BotoCoreError, OSError) as error:
        log.warning("the bucket in %s does not name its snapshots: %s", bucket.region, error)
        return None
    for name in rulings.taken_in(names, epoch):
        reading = bucket.look(keys.manifest(name))
        if reading.quality == "missing":
            continue  # it was killed before it was whole
        if rulings.proven_by(name, reading.value, deployment.name, deployment.regions) == epoch:
            return reading.value
        log.warning("the manifest of %s in %s cannot be read (%s)", name, bucket.region, reading.quality)
        return None
    return None


def never_given_out(cursor: Any, manifest: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Tables of which the snapshot has an id that this database never gave out: that id, and the highest that it did.

    Empty when this may be the database that it was taken of.
    """
    told = manifest.get("sequences")
    if not isinstance(told, dict):
        return {}
    catalogue = Catalogue(cursor)
    found = {}
    for table in catalogue.tables():
        highest = told.get(table.name)
        if type(highest) is not int or not catalogue.serial(table):
            continue
        given = last_given(cursor, table)
        if given is not None and given < highest:
            found[table.name] = (highest, given)
    return found
