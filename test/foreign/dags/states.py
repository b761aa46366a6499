"""A task in each state that Airflow knows, for as long as the test wants it: each waits for a file of its run.

`__GATES__` is a folder outside both sites. A task of run `one` is let go by the file `one` in that folder, or by one
that is named after it.
"""

import datetime as dt
import json
import os
import time

import airflow

if airflow.__version__.startswith("3."):
    from airflow.providers.standard.operators.bash import BashOperator
    from airflow.providers.standard.sensors.python import PythonSensor
    from airflow.providers.standard.triggers.file import FileTrigger
    from airflow.sdk import DAG, BaseOperator, task
else:
    from airflow import DAG
    from airflow.decorators import task
    from airflow.models.baseoperator import BaseOperator
    from airflow.operators.bash import BashOperator
    from airflow.sensors.python import PythonSensor
    from airflow.triggers.file import FileTrigger

THREE = airflow.__version__.startswith("3.")
GATES = "__GATES__"
SITE = os.environ["AWS_REGION"]
COMMON = {
    "start_date": dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
    "catchup": False,
    "tags": ["states"],
    # Before Airflow's own examples.
    "default_args": {"priority_weight": 100},
}


def is_open(run_id, what=""):
    return os.path.exists(os.path.join(GATES, run_id + what))


def wait(run_id, what=""):
    while not is_open(run_id, what):
        time.sleep(0.5)


class Job(BaseOperator):
    """Submits a job outside, notes it there, and waits for its answer without a slot."""

    def __init__(self, what, **kwargs):
        super().__init__(**kwargs)
        self.what = what

    def execute(self, context):
        run_id = context["run_id"]
        with open(os.path.join(GATES, "submitted"), "a") as file:
            file.write(json.dumps({"at": time.time(), "site": SITE, "dag": self.dag_id, "run": run_id}) + "\n")
        trigger = FileTrigger(filepath=os.path.join(GATES, run_id + self.what), poke_interval=1)
        self.defer(trigger=trigger, method_name="answered")

    def answered(self, context, event=None):
        return "answered"


with DAG("state_running", schedule=None, **COMMON):

    @task
    def hold(run_id=None):
        wait(run_id)

    @task
    def after():
        return "after"

    hold() >> after()

with DAG("state_retry", schedule=None, **COMMON):

    @task(retries=50, retry_delay=dt.timedelta(seconds=90))
    def unlucky(run_id=None):
        if not is_open(run_id):
            raise RuntimeError("not yet")

    unlucky()

with DAG("state_reschedule", schedule=None, **COMMON):
    PythonSensor(
        task_id="look",
        python_callable=is_open,
        mode="reschedule",
        poke_interval=45,
        timeout=86_400,
    )

with DAG("state_deferred", schedule=None, **COMMON):
    Job(task_id="job", what="")

# Its job is answered while somebody else has the only slot.
with DAG("state_answered", schedule=None, **COMMON):
    Job(task_id="job", what="-answer", pool="narrow")

with DAG("state_narrow", schedule=None, **COMMON):

    @task(pool="narrow")
    def keep(run_id=None):
        wait(run_id)

    keep()

with DAG("state_mapped", schedule=None, **COMMON):

    @task
    def numbers():
        return list(range(12))

    @task(pool="mapped")
    def one(number, run_id=None):
        if number > 2:
            wait(run_id)
        return number

    one.expand(number=numbers())

with DAG("state_backfill", schedule="@daily", max_active_runs=2, **COMMON):

    @task
    def day(run_id=None):
        if run_id.startswith("backfill"):
            wait("backfill-" + run_id.split("__")[1][:7])

    day()

if not THREE:
    with DAG("state_backfiller", schedule=None, **COMMON):
        BashOperator(
            task_id="fill",
            bash_command="M={{ params.months[run_id] }}; "
            "airflow dags backfill state_backfill -s $M-01 -e $M-03 --delay-on-limit 1",
            params={"months": {"one": "2026-02", "two": "2026-03"}},
            append_env=True,
        )

# The other site has one task more (Wl2).
with DAG("state_changed", schedule=None, **COMMON):

    @task
    def gate(run_id=None):
        wait(run_id)

    @task
    def then():
        return "then"

    @task
    def only_in_the_new_file():
        return "new"

    last = gate() >> then()
    if SITE == "us-west-2":
        last >> only_in_the_new_file()

if THREE:
    from airflow.providers.standard.operators.hitl import HITLOperator

    with DAG("state_asked", schedule=None, **COMMON):
        HITLOperator(task_id="ask", subject="Shall it go on?", options=["yes", "no"])

    # It is answered while somebody else has the only slot.
    with DAG("state_told", schedule=None, **COMMON):
        HITLOperator(task_id="ask", subject="Shall it go on?", options=["yes", "no"], pool="narrow")
