"""More tasks than there are slots, in a file that takes its time: a worker of Airflow 2 has a task queued meanwhile."""

import datetime as dt
import time

import airflow

if airflow.__version__.startswith("3."):
    from airflow.sdk import DAG, task
else:
    from airflow import DAG
    from airflow.decorators import task

time.sleep(2)

with DAG(
    "state_queued",
    schedule=None,
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    max_active_tasks=160,
    tags=["states"],
):

    @task
    def many():
        return list(range(150))

    @task
    def short(number):
        return number

    short.expand(number=many())
