"""The data path's process: reads its order, does the work, writes the result object and says what is in it."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from botocore.exceptions import BotoCoreError, ClientError

from mwaadr.core import config
from mwaadr.core.aws import Bucket, mdr_error
from mwaadr.core.crypto import FernetBox
from mwaadr.core.errors import FAILED, MdrError, describe

log = logging.getLogger("mwaadr")


@dataclass
class Job:
    """What a data path works with."""

    kind: str
    dag_id: str
    task_id: str
    run_id: str
    conf: dict[str, Any]
    deployment: config.Deployment
    here: int
    connect: Callable[[], Any]
    fernet: FernetBox
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def site(self) -> config.Site:
        return self.deployment.sites[self.here]

    @property
    def peer(self) -> config.Site:
        return self.deployment.sites[1 - self.here]

    @property
    def keys(self) -> config.Keys:
        return config.Keys(self.deployment.name)

    def bucket(self) -> Bucket:
        return Bucket(self.site.region, self.site.bucket)


def main() -> int:
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(message)s")
    logging.getLogger("botocore").setLevel(logging.WARNING)
    order = json.load(sys.stdin)
    deployment = config.load()
    access = order["access"]
    job = Job(
        kind=order["kind"],
        dag_id=order["dagId"],
        task_id=order["taskId"],
        run_id=order["runId"],
        conf=order["conf"],
        deployment=deployment,
        here=deployment.index_here(),
        connect=lambda: connect(access["args"], access["kwargs"]),
        fernet=FernetBox(order["fernet"]),
    )
    job.result = {
        "schemaVersion": 1,
        "kind": job.kind,
        "deployment": deployment.name,
        "site": job.site.region,
        "dagRunId": job.run_id,
        "ok": False,
        "outcome": "failed",
        "code": None,
        "message": None,
        "startedAt": order["startedAt"],
        "committedAt": None,
        "snapshot": job.conf.get("snapshot"),
        "epoch": job.conf.get("epoch"),
        "move": job.conf.get("move"),
        "dbAccess": access["way"],
        "tables": {},
        "seconds": {},
    }
    perform(job)
    job.result["endedAt"] = config.now()
    keep_short(job)
    job.bucket().put_json(job.keys.result(job.run_id), job.result)
    sys.stdout.write(f"mwaadr-result {json.dumps(job.result)}\n")
    return 0 if job.result["ok"] else 1


def perform(job: Job) -> None:
    """Does the work and puts outcome, code and message into the result; raises nothing that has a place there."""
    try:
        if job.kind == "snapshot":
            from mwaadr.core.snapshot import take as work
        elif job.kind == "restore":
            from mwaadr.core.restore import restore as work
        elif job.kind == "activate":
            from mwaadr.core.restore import activate as work
        else:
            from mwaadr.core.uninstall import uninstall as work
        outcome = work(job)
    except MdrError as error:
        job.result |= {"outcome": error.outcome, "code": error.code, "message": str(error)}
    except (ClientError, BotoCoreError) as error:
        known = mdr_error(error, f"{job.kind} was stopped by AWS")
        job.result |= {"outcome": "failed", "code": known.code, "message": str(known)}
    except Exception as error:  # the outermost layer: everything becomes a result, with the trace in the task's log
        if not isinstance(error, psycopg2.Error):  # whose text may quote rows
            log.exception("%s failed", job.kind)
        job.result |= {"outcome": "failed", "code": FAILED[job.kind], "message": describe(error)}
    else:
        job.result |= {"ok": True, "outcome": outcome}
    log.info("%s: %s %s", job.kind, job.result["outcome"], job.result["message"] or "")


def keep_short(job: Job) -> None:
    """Leaves the first of each long list in the report, and the number of all; the whole is an object of its own."""
    report = job.result.get("report") or {}
    totals = {name: len(rows) for name, rows in report.items() if isinstance(rows, list)}
    if all(total <= config.NAMED for total in totals.values()):
        return
    key = job.keys.whole_report(job.run_id)
    short = {name: rows[: config.NAMED] for name, rows in report.items() if name in totals}
    job.result["report"] = report | short | {"totals": totals, "whole": key}
    try:
        job.bucket().put_json(key, {"schemaVersion": 1, "dagRunId": job.run_id, "report": report})
    except (ClientError, BotoCoreError) as error:
        # What was done counts more than its names.
        job.result["report"]["whole"] = None
        log.warning("the whole report was not written: %s", error)


def connect(args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A connection of our own. Raises MdrError MDR-DB-ACCESS when the database does not let us in."""
    extra = {"application_name": "mwaadr", "connect_timeout": 10, "keepalives_idle": 10}
    try:
        return psycopg2.connect(*args, **(extra | kwargs))
    except psycopg2.OperationalError as error:
        raise MdrError("MDR-DB-ACCESS", f"the metadata database does not let the task in: {describe(error)}") from None


def bounded(connection: Any, work: Callable[[], Any], wait: str) -> Any:
    """Runs ``work`` in a transaction of its own, in which no lock is waited for longer than ``wait``."""
    with connection, connection.cursor() as settings:
        settings.execute("set local lock_timeout = %s; set local statement_timeout = '30s'", (wait,))
        return work()
