"""The five disaster recovery DAGs of mwaa-dr-action: canary, snapshot, restore, activate, uninstall.

Airflow finds DAG files by the words "dag" and "airflow"; all else of ours is in core/, which .airflowignore hides.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

try:  # Airflow 3
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk import DAG
except ImportError:
    from airflow import DAG
    from airflow.operators.python import PythonOperator

from mwaadr.core import config

# A missing deployment.json becomes an import error that says what to do.
DEPLOYMENT = config.load()


def canary(**_: Any) -> None:
    from mwaadr.core.canary import beat

    beat()


def data_path(kind: str, **context: Any) -> dict[str, Any]:
    """What the result object says in short; the whole is in S3."""
    from mwaadr.core.handover import run

    dag_run = context["dag_run"]
    result = run(
        kind,
        dag_id=dag_run.dag_id,
        task_id=context["ti"].task_id,
        run_id=dag_run.run_id,
        conf=dict(dag_run.conf or {}),
    )
    return {key: result.get(key) for key in ("ok", "outcome", "snapshot", "epoch", "committedAt", "seconds")}


def dag(name: str, every: int | None, *, at_once: int, limit: timedelta, retries: int = 0) -> DAG:
    """One of our DAGs: unpaused from its first parse, and queued before any task of the user."""
    with DAG(
        f"mwaadr_{name}",
        schedule=timedelta(seconds=every) if every else None,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        is_paused_upon_creation=False,
        max_active_runs=at_once,
        default_args={"weight_rule": "absolute", "priority_weight": 1_000_000},
        tags=["mwaadr"],
    ) as made:
        PythonOperator(
            task_id=name,
            python_callable=canary if name == "canary" else data_path,
            op_kwargs={} if name == "canary" else {"kind": name},
            execution_timeout=limit,
            retries=retries,
            retry_delay=timedelta(seconds=2),
        )
    return made


# Tried again at once: when a site comes back, what a task needs (Airflow 3's API server) may not be there yet, and the
# fence must not wait for the next beat. More than one at once: Airflow takes minutes to see that a run whose worker was
# killed is dead (`scheduler_zombie_task_threshold`, `task_instance_heartbeat_timeout`), and a site that comes back must
# not work on, unfenced, for so long.
dag("canary", DEPLOYMENT.canary_seconds, at_once=3, limit=timedelta(minutes=2), retries=5)
dag("snapshot", DEPLOYMENT.snapshot_seconds, at_once=1, limit=timedelta(hours=2))
# More than one, so that a hung run does not keep the next move out; the state row lets one at a time through.
dag("restore", None, at_once=3, limit=timedelta(hours=6))
dag("activate", None, at_once=3, limit=timedelta(hours=6))
dag("uninstall", None, at_once=3, limit=timedelta(hours=1))
