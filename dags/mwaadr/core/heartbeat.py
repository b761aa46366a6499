# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""How a site is, told to both buckets (docs/formats.md)."""

from __future__ import annotations

import logging
import time
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import bundle, footprint, late, state
from mwaadr.core.aws import Bucket
from mwaadr.core.catalogue import Catalogue, airflow_version, has_file, live_runs, running_tasks
from mwaadr.core.config import NAMED, OURS, Deployment, Keys, Site, now, taken_at
from mwaadr.core.lineage import Records

UNTOLD = ("since", "stopAt")
"""What a fence's record has for ourselves alone."""
log = logging.getLogger("mwaadr")


class Heartbeats:
    """Writes this site's heartbeat into both buckets, our own first; what failed there is kept in ``failure``."""

    def __init__(self, deployment: Deployment, here: int, records: Records, way: str) -> None:
        self._deployment = deployment
        self._here = here
        self._records = records
        self._way = way
        self.failure: ClientError | BotoCoreError | OSError | None = None

    def both(self, connection: Any, cursor: Any) -> state.State | None:
        """Returns the state row that the beat tells of. The peer gets it though our own bucket fails: who watches this
        site from there must not take it for a dead one."""
        own, peer = self._deployment.sites[self._here], self._deployment.sites[1 - self._here]
        key = Keys(self._deployment.name).heartbeat(own.region)
        row = state.read(cursor)
        catalogue = Catalogue(cursor)
        hold = _hold(cursor, row, catalogue)
        waited_for = late.waited_for(cursor) if row and row.role == "active" else {}
        connection.rollback()
        self.failure = None
        body = self._body(own, row, hold, waited_for)
        try:
            Bucket(own.region, own.bucket).put_json(key, body)
        except (ClientError, BotoCoreError, OSError) as error:
            log.warning("our own bucket did not take the heartbeat: %s", error)
            self.failure = error
        try:
            Bucket(peer.region, peer.bucket, hurried=True).put_json(key, body)
        except (ClientError, BotoCoreError, OSError) as error:
            log.warning("the peer's bucket did not take the heartbeat: %s", error)
        return row

    def _body(
        self, own: Site, row: state.State | None, hold: dict[str, Any], waited_for: dict[str, bool]
    ) -> dict[str, Any]:
        peer = self._records.peer
        at_work = sorted(dag_id for dag_id, is_paused in waited_for.items() if not is_paused)
        laid = row.detail.get("fence") if row and row.role == "standby" else None
        return {
            "schemaVersion": 1,
            "deployment": self._deployment.name,
            "site": own.region,
            "environment": own.environment,
            "at": now(),
            "airflowVersion": airflow_version(),
            "role": row.role if row else None,
            "epoch": row.epoch if row else None,
            "peer": {
                "read": peer.quality,
                "epoch": peer.value["epoch"] if peer.value else None,
                "at": self._records.at,
            },
            "control": {"own": self._records.own.quality, "peer": peer.quality},
            "hold": hold,
            "fence": {name: value for name, value in laid.items() if name not in UNTOLD} if laid else None,
            "late": {
                "total": len(waited_for),
                "dags": sorted(waited_for)[:NAMED],
                "unpausedTotal": len(at_work),
                "unpaused": at_work[:NAMED],
            },
            "snapshot": self._newest(own),
            "bundle": bundle.digest(),
            "dbAccess": self._way,
        }

    def _newest(self, own: Site) -> dict[str, str] | None:
        """The newest snapshot in our own bucket that is complete by its manifest, of the last week."""
        keys = Keys(self._deployment.name)
        bucket = Bucket(own.region, own.bucket)
        week = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 7 * 86400))
        try:
            for name in bucket.newest(keys.snapshots, week):
                if bucket.exists(keys.manifest(name)):
                    return {"newest": name, "takenAt": taken_at(name)}
        except (ClientError, BotoCoreError, OSError) as error:
            log.warning("our own bucket does not name its snapshots: %s", error)
            self.failure = error
        return None


def _hold(cursor: Any, row: state.State | None, catalogue: Catalogue) -> dict[str, Any]:
    installed = set(footprint.TRIGGERS) <= footprint.installed(cursor)
    cursor.execute(
        f"select count(*), count(*) filter (where not coalesce(is_paused, true)) from dag "
        f"where {has_file(catalogue)} and dag_id not like %s",
        (OURS,),
    )
    user_dags, unpaused = cursor.fetchone()
    standby = row is not None and row.role == "standby"
    # The hold is of every row, whether it has a file now or may get it back.
    free = state.unpaused(cursor) if standby else []
    # What a fence left unfinished stays so until it is restored over, and does nothing.
    live = f"select distinct dag_id, run_id from ({running_tasks()}) tasks" if standby else live_runs()
    cursor.execute(f"select count(*) from ({live}) live")
    return {
        "installed": installed,
        "held": installed and standby,
        "unpausedUserDags": len(free) if standby else unpaused,
        "liveUserRuns": cursor.fetchone()[0],
        "userDags": user_dags,
        "unpaused": free[:NAMED],
        "foreign": footprint.foreign(cursor),
    }
