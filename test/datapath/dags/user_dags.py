"""Airflow DAGs of a user: one for each thing that a move can break (safe mode wants the words airflow and dag)."""

import os
import time
from datetime import UTC, datetime, timedelta

try:  # Airflow 3
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
    from airflow.sdk import DAG, Asset

    WAIT = {"deferrable": True}
except ImportError:
    from airflow import DAG
    from airflow import Dataset as Asset
    from airflow.operators.bash import BashOperator
    from airflow.operators.python import PythonOperator
    from airflow.sensors.time_delta import TimeDeltaSensorAsync as TimeDeltaSensor

    WAIT = {}

START = datetime(2026, 11, 24, tzinfo=UTC)
ONE, TWO = Asset("s3://datapath/one"), Asset("s3://datapath/two")


def flaky(ti=None):
    if ti.try_number < 2:
        raise RuntimeError("the first try fails")
    return "ok"


with DAG("cron", schedule="* * * * *", start_date=START, catchup=False, max_active_runs=2):
    BashOperator(task_id="stamp", bash_command="echo {{ run_id }}")

with DAG("producer_one", schedule=None, start_date=START):
    BashOperator(task_id="one", bash_command="echo one", outlets=[ONE])

with DAG("producer_two", schedule=None, start_date=START):
    BashOperator(task_id="two", bash_command="echo two", outlets=[TWO])

with DAG("consumer", schedule=[ONE, TWO], start_date=START):
    BashOperator(task_id="consume", bash_command="echo consumed")

with DAG("deferred", schedule=None, start_date=START):
    TimeDeltaSensor(task_id="wait", delta=timedelta(seconds=100), **WAIT) >> BashOperator(
        task_id="after", bash_command="echo after"
    )

with DAG("line", schedule=None, start_date=START):
    first = PythonOperator(task_id="first", python_callable=lambda: "kept")
    slow = PythonOperator(task_id="slow", python_callable=lambda: time.sleep(45), retries=0)
    last = BashOperator(task_id="last", bash_command="echo {{ ti.xcom_pull(task_ids='first') }}")
    first >> slow >> last

with DAG("retry", schedule=None, start_date=START):
    PythonOperator(task_id="flaky", python_callable=flaky, retries=1, retry_delay=timedelta(seconds=60))

with DAG("stays_paused", schedule="* * * * *", start_date=START, catchup=False):
    BashOperator(task_id="never", bash_command="echo never")

# A new DAG that asks to run at once, also on a standby.
with DAG("eager", schedule="* * * * *", start_date=START, catchup=False, is_paused_upon_creation=False):
    BashOperator(task_id="eager", bash_command=f"echo {os.getpid()}")
