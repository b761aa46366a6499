"""Starts the data path as a plain child process of the task and hands it what only the task has.

The child needs no Airflow, stays small, and dies with the task. Secrets of the database and of Airflow go through its
standard input: never through arguments, environment or files, which others can read.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mwaadr.core import access, config
from mwaadr.core.crypto import fernet_keys
from mwaadr.core.errors import FAILED, MdrError

RESULT = "mwaadr-result "
WITHHELD = re.compile(r"(MWAA__|AIRFLOW__|AIRFLOW_CONN_|AIRFLOW_VAR_|POSTGRES_|DB_SECRETS|PGPASSWORD|.*FERNET)")
"""Variables of the task that its child has no use for: MWAA's and Airflow's settings, among them every secret."""
log = logging.getLogger("mwaadr")


def run(kind: str, *, dag_id: str, task_id: str, run_id: str, conf: dict[str, Any]) -> dict[str, Any]:
    """Runs one data path (a key of `work.FAILED`) to its end and returns what it put into its result object.

    Raises MdrError when the outcome is not good; the result object is then there too, unless S3 cannot be reached.
    """
    started = config.now()
    order = {"kind": kind, "dagId": dag_id, "taskId": task_id, "runId": run_id, "conf": conf, "startedAt": started}
    try:
        order["access"] = asdict(access.find())
        order["fernet"] = fernet_keys()
        result, ended = _child(order)
    except MdrError as error:
        result, ended = _lost(order, error.code, str(error)), 1
        _write(result)
    if result is None:
        result = _lost(order, FAILED[kind], f"the data path ended with {ended} and left no result")
        _write(result)
    if not result["ok"]:
        raise MdrError(result["code"], result["message"])
    return result


def _child(order: dict[str, Any]) -> tuple[dict[str, Any] | None, int]:
    # -P: a user's file in the DAGs folder must not stand in for a module of the standard library.
    command = [sys.executable, "-P", str(Path(__file__).with_name("child.py")), str(os.getpid())]
    result: dict[str, Any] | None = None
    with subprocess.Popen(  # noqa: S603 - our own file
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=_environment()
    ) as child:
        assert child.stdin, "a pipe was asked for"  # noqa: S101
        assert child.stdout, "a pipe was asked for"  # noqa: S101
        try:
            child.stdin.write(json.dumps(order))
            child.stdin.close()
        except BrokenPipeError:
            log.warning("the data path ended before it had read its order")
        for line in child.stdout:
            if line.startswith(RESULT):
                result = json.loads(line[len(RESULT) :])
            else:
                log.info("%s", line.rstrip())
    return result, child.returncode


def _environment() -> dict[str, str]:
    """The task's environment without `WITHHELD`; with which site this is, where only a withheld variable says so."""
    kept = {name: value for name, value in os.environ.items() if not WITHHELD.match(name)}
    site = kept.get("AIRFLOW_ENV_NAME") or os.environ.get("MWAA__CORE__ENVIRONMENT_NAME", "")
    return kept | {"AIRFLOW_ENV_NAME": site}


def _lost(order: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    deployment = config.load()
    return {
        "schemaVersion": 1,
        "kind": order["kind"],
        "deployment": deployment.name,
        "site": deployment.sites[deployment.index_here()].region,
        "dagRunId": order["runId"],
        "ok": False,
        "outcome": "failed",
        "code": code,
        "message": message,
        "startedAt": order["startedAt"],
        "endedAt": config.now(),
        "move": order["conf"].get("move"),
        "epoch": order["conf"].get("epoch"),
        "snapshot": order["conf"].get("snapshot"),
    }


def _write(result: dict[str, Any]) -> None:
    from mwaadr.core.aws import Bucket

    deployment = config.load()
    site = deployment.sites[deployment.index_here()]
    Bucket(site.region, site.bucket).put_json(config.Keys(deployment.name).result(result["dagRunId"]), result)
