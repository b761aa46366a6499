"""A small bookshop's data platform: what an Airflow DAG of each kind needs from a disaster recovery.

`__START__` is replaced at deployment by the first slot of the cron DAG; the file is the same at both sites.
"""

import datetime as dt
import hashlib
import time

import airflow

if airflow.__version__.startswith("3."):
    from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
    from airflow.sdk import DAG, Asset, Connection, Variable, task

    def wait(task_id: str, seconds: int):
        return TimeDeltaSensor(task_id=task_id, delta=dt.timedelta(seconds=seconds), deferrable=True)
else:
    from airflow import DAG
    from airflow import Dataset as Asset
    from airflow.decorators import task
    from airflow.hooks.base import BaseHook
    from airflow.models import Variable
    from airflow.sensors.time_delta import TimeDeltaSensorAsync

    class Connection:
        @staticmethod
        def get(conn_id: str):
            return BaseHook.get_connection(conn_id)

    def wait(task_id: str, seconds: int):
        return TimeDeltaSensorAsync(task_id=task_id, delta=dt.timedelta(seconds=seconds))


START = dt.datetime.fromisoformat("__START__")
CATALOG = Asset("bookshop://catalog")
PRICES = Asset("bookshop://prices")
COMMON = {"start_date": START, "catchup": False, "tags": ["bookshop"]}

with DAG("orders_ingest", schedule="* * * * *", start_date=START, catchup=True, max_active_runs=1, tags=["bookshop"]):

    @task(pool="warehouse")
    def load(run_id=None):
        return {"orders": 40, "run": run_id}

    load()

with DAG("catalog_refresh", schedule=None, **COMMON):

    @task(outlets=[CATALOG])
    def catalog():
        return "catalog"

    catalog()

with DAG("prices_refresh", schedule=None, **COMMON):

    @task(outlets=[PRICES])
    def prices():
        return "prices"

    prices()

with DAG("recommendations", schedule=[CATALOG, PRICES], **COMMON):

    @task
    def recommend():
        return "recommended"

    recommend()

with DAG("invoices", schedule=None, **COMMON):

    @task
    def customers():
        return [3, 5, 7]

    @task
    def invoice(books: int):
        return books * 12

    @task
    def total(amounts):
        return sum(amounts)

    total(invoice.expand(books=customers()))

with DAG("partner_delivery", schedule=None, **COMMON):

    @task
    def delivered():
        return "delivered"

    wait("await_partner", 130) >> delivered()

with DAG("fx_rates", schedule=None, **COMMON):

    @task(retries=2, retry_delay=dt.timedelta(seconds=75))
    def fetch(ti=None):
        if ti.try_number < 2:
            raise RuntimeError("the rates service answered 503")
        return "rates"

    fetch()

with DAG("nightly_report", schedule=None, **COMMON):

    @task
    def gather():
        return "gathered"

    @task
    def crunch(ti=None):
        # Long at the first try, so that the Region can be lost in the middle of it.
        time.sleep(600 if ti.try_number < 2 else 1)
        return "crunched"

    @task
    def publish():
        return "published"

    gather() >> crunch() >> publish()

with DAG("legacy_export", schedule="* * * * *", **COMMON):

    @task
    def export():
        return "exported"

    export()

with DAG("secrets_check", schedule=None, **COMMON):

    @task
    def fingerprint():
        """Proves that secrets can be read here without telling them."""
        warehouse = Connection.get("warehouse")
        text = "|".join(
            [Variable.get("payment_api_key"), str(warehouse.password), str(warehouse.extra_dejson["token"])]
        )
        return hashlib.sha256(text.encode()).hexdigest()

    fingerprint()
