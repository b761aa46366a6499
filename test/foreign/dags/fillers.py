"""So many DAGs that Airflow's lists have more than one page: their names lie before those of ours, or behind them."""

import datetime as dt

import airflow

if airflow.__version__.startswith("3."):
    from airflow.sdk import DAG, task
else:
    from airflow import DAG
    from airflow.decorators import task

for number in range(int("__COUNT__")):
    with DAG(
        f"__FIRST__filler_{number:03d}",
        schedule=None,
        start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        tags=["filler"],
    ) as dag:

        @task
        def nothing():
            return None

        nothing()
    globals()[dag.dag_id] = dag
