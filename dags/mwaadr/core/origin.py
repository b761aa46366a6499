# ruff: noqa: S608 - names in SQL come from the catalogue
"""Whether this is the database that this site's snapshots were taken of: an environment made anew has another.

In one database no sequence ever goes back. A table of which the newest snapshot has an id that was never given out here
is of another database, and so is the row that once was here: it does not come back.
"""

from __future__ import annotations

import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import rulings
from mwaadr.core.aws import Bucket
from mwaadr.core.catalogue import Catalogue
from mwaadr.core.config import Deployment, Keys

log = logging.getLogger("mwaadr")


def newest_of(deployment: Deployment, here: int, epoch: int) -> dict[str, Any] | None:
    """The manifest of the newest whole snapshot of the lineage of ``epoch`` in our own bucket.

    None when there is none, and when that cannot be told: what is not known makes no other database.
    """
    site = deployment.sites[here]
    keys = Keys(deployment.name)
    bucket = Bucket(site.region, site.bucket)
    try:
        names = bucket.newest(keys.snapshots, "")
    except (ClientError, BotoCoreError, OSError) as error:
        log.warning("our own bucket does not name its snapshots: %s", error)
        return None
    for name in rulings.taken_in(names, epoch):
        reading = bucket.look(keys.manifest(name))
        if reading.quality == "missing":
            continue  # it was killed before it was whole
        if rulings.proven_by(name, reading.value, deployment.name, deployment.regions) == epoch:
            return reading.value
        log.warning("the manifest of %s cannot be read (%s)", name, reading.quality)
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
        cursor.execute("select pg_get_serial_sequence(%s, 'id')", (f"public.{table.name}",))
        sequence = cursor.fetchone()[0]
        if sequence is None:
            continue
        cursor.execute(f"select last_value - (not is_called)::int from {sequence}")
        given = cursor.fetchone()[0]
        if given < highest:
            found[table.name] = (highest, given)
    return found
