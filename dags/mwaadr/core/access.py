"""The way into the metadata database, found in the task's own process.

MWAA's images may sign in with a token that a `do_connect` listener of SQLAlchemy's Engine puts in place of the
password; that listener lives in the processes of Airflow, not in a plain child. So the task builds the URL, lets the
listeners work, and takes what would have gone to the driver. (python/mwaa/config/rds_iam_patch.py of
amazon-mwaa-docker-images)
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool

from mwaadr.core.errors import MdrError


@dataclass(frozen=True)
class Access:
    """Arguments for ``psycopg2.connect``, good for some minutes; ``way`` is the `dbAccess` of docs/formats.md."""

    way: str
    args: list[Any]
    kwargs: dict[str, Any]


class _Captured(Exception):  # noqa: N818 - control flow, not an error
    def __init__(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        super().__init__()
        self.parameters = (args, kwargs)


def find() -> Access:
    """Raises MdrError MDR-DB-ACCESS when there is no way in. Opens no connection unless a listener does."""
    way, url = _url(os.environ)
    args, kwargs = _capture(url)
    return Access(way, args, kwargs)


def _url(env: Mapping[str, str]) -> tuple[str, URL]:
    if "MWAA__DB__CREDENTIALS" in env and "MWAA__DB__POSTGRES_HOST" in env:
        return "mwaa-env", _from_parts(env["MWAA__DB__CREDENTIALS"], env, "MWAA__DB__POSTGRES_", "SSLMODE")
    try:
        from mwaa.config.database import get_db_connection_string  # type: ignore[import-not-found]

        return "mwaa-config", make_url(get_db_connection_string())
    except ImportError:
        pass
    if "DB_SECRETS" in env and "POSTGRES_HOST" in env:
        return "db-secrets", _from_parts(env["DB_SECRETS"], env, "POSTGRES_", "SSL_MODE")
    from airflow.configuration import conf

    text = conf.get("database", "sql_alchemy_conn", fallback="")
    # Airflow 3 hides the address from tasks behind a scheme that no driver knows.
    if text.startswith("postgresql"):
        return "airflow-conf", make_url(text)
    raise MdrError(
        "MDR-DB-ACCESS",
        "the task finds no address of the metadata database: neither MWAA__DB__*, mwaa.config.database, DB_SECRETS nor "
        "Airflow's configuration has one; this MWAA image gives its workers no way in",
    )


def _from_parts(credentials: str, env: Mapping[str, str], prefix: str, sslmode: str) -> URL:
    login = json.loads(credentials)
    mode = env.get(prefix + sslmode)
    return URL.create(
        "postgresql+psycopg2",
        username=login["username"],
        password=login["password"],
        host=env[prefix + "HOST"],
        port=int(env.get(prefix + "PORT") or 5432),
        database=env.get(prefix + "DB") or "AirflowMetadata",
        query={"sslmode": mode} if mode else {},
    )


def _capture(url: URL) -> tuple[list[Any], dict[str, Any]]:
    engine = create_engine(url, poolclass=NullPool)

    # Listeners of the class Engine are called before those of one engine, so this one sees what they made of it.
    @event.listens_for(engine, "do_connect")
    def _last(_dialect: Any, _record: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
        raise _Captured(list(args), dict(kwargs))

    try:
        connection = engine.raw_connection()
    except _Captured as captured:
        return captured.parameters
    # A listener opened the connection itself: its own parameters are the ones that work.
    try:
        info = connection.dbapi_connection.info
        kwargs = {key: value for key, value in info.dsn_parameters.items() if value and key != "krbsrvname"}
        return [], kwargs | {"password": info.password}
    finally:
        connection.close()
