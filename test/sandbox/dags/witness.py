"""A DAG whose one task says what a task of the sandbox sees, by writing it where only its Region's role would."""

import json
import os
from datetime import datetime

import boto3
import psycopg2
from botocore.config import Config

try:
    from airflow.sdk import dag, task
except ImportError:
    from airflow.decorators import dag, task


def client_of(service, region):
    endpoints = dict(pair.split("=", 1) for pair in os.environ["MWAADR_ENDPOINTS"].split(","))
    config = Config(inject_host_prefix=False, s3={"addressing_style": "path"})
    return boto3.client(service, region_name=region, endpoint_url=endpoints[region], config=config)


def database_owner():
    login = json.loads(os.environ["MWAA__DB__CREDENTIALS"])
    place = {name: os.environ[f"MWAA__DB__POSTGRES_{name.upper()}"] for name in ("host", "port")}
    connection = psycopg2.connect(
        dbname=os.environ["MWAA__DB__POSTGRES_DB"], user=login["username"], password=login["password"], **place
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        return cursor.fetchone()


@dag(schedule=None, start_date=datetime(2026, 1, 1), catchup=False)
def witness():
    @task
    def testify():
        region = os.environ["AWS_REGION"]
        account = client_of("sts", region).get_caller_identity()["Account"]
        seen = {
            "environment": os.environ["AIRFLOW_ENV_NAME"],
            "home": os.environ["AIRFLOW_HOME"],
            "database": database_owner(),
            "has Fernet key": "FernetKey" in json.loads(os.environ["MWAA__CORE__FERNET_KEY"]),
        }
        bucket = f"mwaadr-{account}-{region}"
        client_of("s3", region).put_object(Bucket=bucket, Key="evidence/witness.json", Body=json.dumps(seen))

    testify()


witness()
