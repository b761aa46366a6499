"""The ground of the data path's tests: real databases with Airflow's schema, S3 and KMS of two Regions, no Airflow.

Given by whoever starts the tests in MWAADR_BED, as JSON: `pgPort` (a server that trusts the superuser `postgres` on the
loopback), `template` (a migrated database with MWAA's two roles, see test/sandbox/database-roles.ts), `moto` (address
of S3 and KMS).
"""

from __future__ import annotations

import atexit
import base64
import compileall
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from functools import cache, cached_property
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import boto3
import psycopg2
import warm
from cryptography.fernet import Fernet

BED = json.loads(os.environ["MWAADR_BED"])
SOURCE = Path(os.environ.get("MWAADR_DAGS", Path(__file__).resolve().parents[2] / "dags")) / "mwaadr"
ACCOUNT = "111122223333"
REGIONS = ("us-east-1", "us-west-2")
COLUMNS: dict[str, dict[str, str]] = {}
# No process has to die here, and what is locked stays locked.
BEAT = "from mwaadr.core import canary, fence; fence.SECONDS_TO_DIE = 0; canary.SECONDS_TO_HOLD = 0.5; canary.beat()"
PATIENT_BEAT = BEAT.replace("SECONDS_TO_HOLD = 0.5", "SECONDS_TO_HOLD = 4")
os.environ.setdefault("AWS_ACCESS_KEY_ID", "AKIATEST000000000000")
os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "nobody-checks-it")
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["MWAADR_ENDPOINTS"] = ",".join(f"{region}={BED['moto']}" for region in REGIONS)


@cache
def client(service: str, region: str) -> Any:
    return boto3.client(service, region_name=region, endpoint_url=BED["moto"])


@cache
def compiled() -> Path:
    """Our DAGs with their byte code, that every bed copies and no process makes anew."""
    folder = Path(tempfile.mkdtemp(prefix="mwaadr-compiled-"))
    atexit.register(shutil.rmtree, folder)
    ignored = shutil.ignore_patterns("__pycache__", "deployment.json")
    copy = Path(shutil.copytree(SOURCE, folder / "mwaadr", ignore=ignored))
    # By what a file says, since the copies of it have other times.
    compileall.compile_dir(copy, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return copy


def superuser(database: str = "postgres") -> Any:
    connection = psycopg2.connect(host="127.0.0.1", port=BED["pgPort"], user="postgres", dbname=database)
    connection.autocommit = True
    return connection


class Bed:
    """One deployment of two sites with fresh databases, buckets and keys."""

    def __init__(self) -> None:
        self.name = f"t{uuid.uuid4().hex[:10]}"
        self.folder = Path(tempfile.mkdtemp(prefix="mwaadr-test-"))
        self.dags = self.folder / "dags"
        shutil.copytree(compiled(), self.dags / "mwaadr")
        sites = []
        for region in REGIONS:
            bucket = f"{self.name}-{region}"
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            client("s3", region).create_bucket(Bucket=bucket, **where)
            key = client("kms", region).create_key()["KeyMetadata"]["Arn"]
            site = {"region": region, "account": ACCOUNT, "environment": f"{self.name}-{region}", "dagsPath": "dags"}
            sites.append(site | {"dagsBucket": "none", "drBucket": bucket, "keyArn": key})
        self.deployment = {
            "schemaVersion": 1,
            "deployment": self.name,
            "airflowVersion": BED["template"],
            "sites": sites,
            "snapshot": {"everySeconds": 60},
            "canary": {"everySeconds": 15},
        }
        (self.dags / "mwaadr" / "deployment.json").write_text(json.dumps(self.deployment))
        self.sites = [Site(self, index) for index in (0, 1)]

    def close(self) -> None:
        for site in self.sites:
            site.close()
        shutil.rmtree(self.folder)

    def control(
        self, epoch: int, phase: str = "activated", *, at: tuple[int, ...] = (0, 1), **more: Any
    ) -> dict[str, Any]:
        """Writes the control record of the sites ``at`` as the action would; returns it as it is but for its site."""
        claimed = phase == "claimed"
        activated = epoch - 1 if claimed else epoch
        snapshot = f"20261101T000000Z-e{activated}-00000000"
        move = {
            "id": f"mv-{epoch}-aaaaaaaa",
            "kind": "failover",
            "from": REGIONS[1 - epoch % 2],
            "to": REGIONS[epoch % 2],
            "epoch": epoch,
            "snapshot": snapshot,
            "step": "claimed",
            "startedAt": "2026-11-24T00:00:00.000Z",
            "reason": "a test",
            "actor": "nobody",
            "fence": None,
        }
        record = {
            "schemaVersion": 1,
            "deployment": self.name,
            "epoch": epoch,
            "phase": phase,
            "activated": {
                "site": REGIONS[activated % 2],
                "epoch": activated,
                "at": "2026-11-24T00:00:00.000Z",
                "snapshot": None,
            },
            "move": move if claimed else None,
            "lease": None,
            "debts": [],
            "updatedAt": "2026-11-24T00:00:00.000Z",
            "nonce": "00000000",
            **more,
        }
        for index in at:
            self.sites[index].put(f"control/{self.name}.json", json.dumps(record | {"site": REGIONS[index]}).encode())
        return record

    def conf(self, snapshot: dict[str, Any], move: str = "mv-1-aaaaaaaa", epoch: int = 1) -> dict[str, Any]:
        """The conf with which the action starts a restore or an activation of a snapshot's result."""
        name = snapshot["snapshot"]
        body = self.sites[0].get(f"snapshots/{self.name}/{name}/manifest.json")
        return {"move": move, "epoch": epoch, "snapshot": name, "manifestSha256": hashlib.sha256(body).hexdigest()}

    def replicate(self) -> None:
        """Copies every snapshot object that the other site has not, or has otherwise, to it."""
        for source, target in (self.sites, self.sites[::-1]):
            there = target.etags("snapshots/")
            for key, etag in source.etags("snapshots/").items():
                if there.get(key) != etag:
                    origin = {"Bucket": source.bucket, "Key": key}
                    client("s3", target.region).copy_object(Bucket=target.bucket, Key=key, CopySource=origin)


class Site:
    def __init__(self, bed: Bed, index: int) -> None:
        self.bed = bed
        self.index = index
        self.region = REGIONS[index]
        self.bucket = f"{bed.name}-{self.region}"
        self.name = f"{bed.name}_{index}"
        self.user = "airflow_user"
        self.runs = 0
        self._new_key()

    def _new_key(self) -> None:
        self.fernet_key = base64.urlsafe_b64encode(os.urandom(32)).decode()
        self.fernet = Fernet(self.fernet_key.encode())

    @property
    def database(self) -> str:
        """Name of the database, which is made when somebody first asks for it: many tests have one site only."""
        _ = self.connection
        return self.name

    @cached_property
    def connection(self) -> Any:
        """What tests do, Airflow does: as the role that its processes sign in with."""
        admin = superuser()
        admin.cursor().execute(f'create database {self.name} owner adminuser template "{BED["template"]}"')
        admin.cursor().execute(f"grant all on database {self.name} to airflow_user")
        admin.close()
        connection = superuser(self.name)
        connection.cursor().execute("set role airflow_user; set timezone = 'UTC'")
        return connection

    def create_anew(self) -> None:
        """The environment is deleted and comes back under its name: an empty database, another Fernet key."""
        self.close()
        self.runs = 0
        self._new_key()

    def close(self) -> None:
        if "connection" not in vars(self):
            return
        self.connection.close()
        del self.connection
        admin = superuser()
        admin.cursor().execute(f"drop database {self.name} with (force)")
        admin.close()

    def sql(self, text: str, *params: Any) -> list[tuple[Any, ...]]:
        cursor = self.connection.cursor()
        cursor.execute(text, params or None)
        return cursor.fetchall() if cursor.description else []

    def one(self, text: str, *params: Any) -> Any:
        return self.sql(text, *params)[0][0]

    def session(self, user: str) -> Any:
        """Signed in as ``user``: `set role` by a superuser would let it be more than it is."""
        connection = psycopg2.connect(host="127.0.0.1", port=BED["pgPort"], user=user, dbname=self.database)
        connection.autocommit = True
        return connection

    def blocker(self, text: str, user: str = "adminuser") -> Any:
        """A session that holds what ``text`` locks until it is closed."""
        connection = self.session(user)
        connection.autocommit = False
        connection.cursor().execute(text)
        return connection

    def columns(self, table: str) -> dict[str, str]:
        """Names and types; asked once, as no test changes a table of Airflow's."""
        if table not in COLUMNS:
            found = self.sql(
                "select column_name, udt_name from information_schema.columns where table_schema = 'public' "
                "and table_name = %s order by ordinal_position",
                table,
            )
            COLUMNS[table] = dict(found)
        return COLUMNS[table]

    def insert(self, table: str, **values: Any) -> Any:
        """Inserts a row of what the table has; unknown columns are left out, so that one text serves all versions."""
        columns = self.columns(table)
        if not columns:
            return None
        used = {name: value for name, value in values.items() if name in columns}
        names = ", ".join(f'"{name}"' for name in used)
        marks = ", ".join(f"%s::{columns[name]}" for name in used)
        back = " returning id" if "id" in columns else ""
        rows = self.sql(f"insert into {table} ({names}) values ({marks}){back}", *used.values())
        return rows[0][0] if rows else None

    def access(self) -> dict[str, Any]:
        kwargs = {
            "host": "127.0.0.1",
            "port": BED["pgPort"],
            "user": self.user,
            "password": "airflow-pw",
            "dbname": self.database,
        }
        return {"way": "test", "args": [], "kwargs": kwargs}

    def environment(self) -> dict[str, str]:
        login = json.dumps({"username": self.user, "password": "airflow-pw"})
        return {
            **os.environ,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AIRFLOW_ENV_NAME": f"{self.bed.name}-{self.region}",
            "MWAA__DB__POSTGRES_HOST": "127.0.0.1",
            "MWAA__DB__POSTGRES_PORT": str(BED["pgPort"]),
            "MWAA__DB__POSTGRES_DB": self.database,
            "MWAA__DB__CREDENTIALS": login,
            "MWAA__DB__POSTGRES_SSLMODE": "prefer",
            "AIRFLOW__CORE__FERNET_KEY": self.fernet_key,
            "PYTHONPATH": str(self.bed.dags),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def beat(self, program: str = BEAT) -> dict[str, Any]:
        """One beat of the canary as its task does it; returns the heartbeat in our own bucket."""
        ran = self.python(program)
        if ran.returncode:
            raise AssertionError(ran.stderr)
        return self.heartbeat()

    def heartbeat(self, of: str | None = None) -> dict[str, Any]:
        """The last beat in our bucket, our own or that of the Region ``of``."""
        return json.loads(self.get(f"sites/{self.bed.name}/{of or self.region}/heartbeat.json"))

    def python(self, program: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs a program as a task of this site would."""
        return warm.run(program, self.environment() | environment)

    def own_run(self, kind: str, run_id: str) -> None:
        """The DAG run and the running task instance that the data path looks for before it commits."""
        self.runs += 1
        date = f"2026-12-01 00:00:{self.runs:02d}+00"
        self.add_run(f"mwaadr_{kind}", run_id, "running", execution_date=date)
        self.add_task(f"mwaadr_{kind}", run_id, kind, "running")

    def start(self, kind: str, run_id: str | None = None, **conf: Any) -> tuple[str, subprocess.Popen[str]]:
        """Starts a data path as its task would."""
        run_id, order = self.order(kind, run_id, conf)
        child = subprocess.Popen(
            [sys.executable, "-P", str(self.child), str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment_of_a_child(),
        )
        child.stdin.write(order)
        child.stdin.close()
        return run_id, child

    def run(self, kind: str, run_id: str | None = None, **conf: Any) -> dict[str, Any]:
        """Runs a data path to its end; returns the result object in S3."""
        run_id, order = self.order(kind, run_id, conf)
        output = warm.run_child(self.child, order, self.environment_of_a_child()).stdout
        self.sql(
            "update task_instance set state = 'success' where dag_id = %s and run_id = %s", f"mwaadr_{kind}", run_id
        )
        self.sql("update dag_run set state = 'success' where dag_id = %s and run_id = %s", f"mwaadr_{kind}", run_id)
        try:
            result = json.loads(self.get(f"results/{self.bed.name}/{run_id}.json"))
        except Exception as error:
            raise AssertionError(f"no result object: {output}") from error
        result["output"] = output
        return result

    def order(self, kind: str, run_id: str | None, conf: dict[str, Any]) -> tuple[str, str]:
        """The run that a data path belongs to, and what its task tells it."""
        run_id = run_id or f"{kind}-{self.runs + 1}"
        if not self.sql("select 1 from dag_run where dag_id = %s and run_id = %s", f"mwaadr_{kind}", run_id):
            self.own_run(kind, run_id)
        order = {
            "kind": kind,
            "dagId": f"mwaadr_{kind}",
            "taskId": kind,
            "runId": run_id,
            "conf": conf,
            "startedAt": "2026-11-24T00:00:00.000Z",
            "access": self.access(),
            "fernet": [self.fernet_key],
        }
        return run_id, json.dumps(order)

    @property
    def child(self) -> Path:
        return self.bed.dags / "mwaadr/core/child.py"

    def environment_of_a_child(self) -> dict[str, str]:
        """What it has from its task; secrets come through the pipe."""
        return {k: v for k, v in self.environment().items() if not k.startswith(("MWAA__", "AIRFLOW__"))}

    def keys(self, prefix: str) -> list[str]:
        return list(self.etags(prefix))

    def etags(self, prefix: str) -> dict[str, str]:
        pages = client("s3", self.region).get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", [])}

    def get(self, key: str) -> bytes:
        return client("s3", self.region).get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def put(self, key: str, body: bytes) -> None:
        client("s3", self.region).put_object(Bucket=self.bucket, Key=key, Body=body)

    def add_dag(self, dag_id: str, *, paused: bool = False, **more: Any) -> None:
        if "bundle_name" in self.columns("dag") and not self.sql("select 1 from dag_bundle where name = 'dags-folder'"):
            self.insert("dag_bundle", name="dags-folder", active=True)
        self.insert(
            "dag",
            **{
                "dag_id": dag_id,
                "is_paused": paused,
                "is_active": True,
                "is_stale": False,
                "is_subdag": False,
                "exceeds_max_non_backfill": False,
                "fileloc": f"/usr/local/airflow/dags/{dag_id}.py",
                "bundle_name": "dags-folder",
                "max_active_tasks": 16,
                "max_consecutive_failed_dag_runs": 0,
                "has_task_concurrency_limits": False,
                "fail_fast": False,
                "timetable_type": "cron",
                "timetable_partitioned": False,
                "timetable_periodic": True,
                "partition_mapper_info": "{}",
                **more,
            },
        )
        self.add_version(dag_id)

    def parse_dag(self, dag_id: str) -> None:
        """One that has a row already, whose file has come (back)."""
        there = "is_stale = false" if "is_stale" in self.columns("dag") else "is_active = true"
        path = f"/usr/local/airflow/dags/{dag_id}.py"
        self.sql(f"update dag set {there}, fileloc = %s where dag_id = %s", path, dag_id)
        self.add_version(dag_id)

    def add_version(self, dag_id: str) -> None:
        if "created_dag_version_id" in self.columns("dag_run"):
            version = str(uuid.uuid4())
            times = {"created_at": "2026-11-01", "last_updated": "2026-11-01"}
            self.insert("dag_version", id=version, version_number=1, dag_id=dag_id, bundle_name="dags-folder", **times)
            self.insert(
                "serialized_dag",
                id=str(uuid.uuid4()),
                dag_id=dag_id,
                data="{}",
                dag_hash=f"hash-{dag_id}",
                dag_version_id=version,
                **times,
            )

    def version_of(self, dag_id: str) -> str | None:
        if "dag_version_id" not in self.columns("task_instance"):
            return None
        rows = self.sql("select id from dag_version where dag_id = %s order by version_number desc", dag_id)
        return rows[0][0] if rows else None

    def add_run(self, dag_id: str, run_id: str, state: str, **more: Any) -> int:
        when = more.pop("when", "2026-11-20 00:00:00+00")
        templates = self.sql("select max(id) from log_template")
        return self.insert(
            "dag_run",
            **{
                "dag_id": dag_id,
                "run_id": run_id,
                "state": state,
                "run_type": "manual",
                "execution_date": more.pop("execution_date", "2026-11-20 00:00:00+00"),
                "logical_date": None,
                "run_after": when,
                "start_date": when,
                "clear_number": 0,
                "dag_hash": "hash-of-the-source",
                "span_status": "ended",
                "log_template_id": templates[0][0],
                "created_dag_version_id": self.version_of(dag_id),
                "conf": b"\x80\x05}\x94." if self.columns("dag_run")["conf"] == "bytea" else "{}",
                "creating_job_id": 7,
                **more,
            },
        )

    def add_task(self, dag_id: str, run_id: str, task_id: str, state: str | None, **more: Any) -> str:
        identity = str(uuid.uuid4())
        self.insert(
            "task_instance",
            **{
                "id": identity,
                "dag_id": dag_id,
                "run_id": run_id,
                "task_id": task_id,
                "map_index": -1,
                "state": state,
                "try_number": 1,
                "max_tries": 0,
                "pool": "default_pool",
                "pool_slots": 1,
                "span_status": "ended",
                "start_date": "2026-11-20 00:00:01+00",
                "hostname": "worker",
                "unixname": "airflow",
                "pid": 4711,
                "executor_config": b"\x80\x05}\x94.",
                "queued_by_job_id": 7,
                "job_id": 8,
                "dag_version_id": self.version_of(dag_id),
                **more,
            },
        )
        return identity

    @property
    def parked(self) -> str | None:
        """The state of a task that a fence has kept from beginning."""
        return None if self.columns("dag_version") else "scheduled"

    def add_variable(self, key: str, value: str) -> None:
        self.insert("variable", key=key, val=self.fernet.encrypt(value.encode()).decode(), is_encrypted=True)

    def add_connection(self, conn_id: str, password: str | None, extra: str | None) -> None:
        def token(text: str | None) -> str | None:
            return text and self.fernet.encrypt(text.encode()).decode()

        self.insert(
            "connection",
            conn_id=conn_id,
            conn_type="http",
            host="example.invalid",
            password=token(password),
            extra=token(extra),
            is_encrypted=bool(password),
            is_extra_encrypted=bool(extra),
        )

    def variable(self, key: str) -> str:
        return self.fernet.decrypt(self.one("select val from variable where key = %s", key).encode()).decode()
