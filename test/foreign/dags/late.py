"""Cannot be imported at one site until a file is there (Wl6)."""

import datetime as dt
import os

import airflow

if airflow.__version__.startswith("3."):
    from airflow.sdk import DAG, task
else:
    from airflow import DAG
    from airflow.decorators import task

if os.environ["AWS_REGION"] == "us-west-2" and not os.path.exists("__GATES__/late"):
    raise ImportError("what this needs is not installed yet")

COMMON = {"start_date": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "catchup": False, "tags": ["states"]}

with DAG("late_working", schedule="* * * * *", **COMMON):

    @task
    def work():
        return "work"

    work()

with DAG("late_paused", schedule="* * * * *", is_paused_upon_creation=False, **COMMON):

    @task
    def rest():
        return "rest"

    rest()
