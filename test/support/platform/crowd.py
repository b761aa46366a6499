"""A hundred tasks of one pool, and two that keep a slot until they are let go; a ledger outside both sites."""

import datetime as dt
import json
import os
import pathlib
import time

import airflow

if airflow.__version__.startswith("3."):
    from airflow.sdk import DAG, task
else:
    from airflow import DAG
    from airflow.decorators import task

FOLDER = pathlib.Path("__FOLDER__")


def note(what, number):
    line = {"what": what, "number": number, "site": os.environ["AWS_REGION"], "at": time.time()}
    with open(FOLDER / "ledger", "a") as file:
        file.write(json.dumps(line) + "\n")


def dag(name):
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return DAG(name, schedule=None, start_date=start, max_active_tasks=200, is_paused_upon_creation=True)


with dag("crowd"):

    @task(pool="crowd", retries=0)
    def one(number):
        note("begun", number)
        note("done", number)

    one.expand(number=list(range(100)))

with dag("blockers"):

    @task(retries=0)
    def hold(number):
        note("holds", number)
        while not (FOLDER / f"go-{number}").exists():
            time.sleep(0.2)

    hold.expand(number=[1, 2])
