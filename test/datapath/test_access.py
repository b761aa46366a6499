"""How connection parameters come from the task's process to the data path's, and what does not leak on the way."""

from __future__ import annotations

import json
import subprocess
import sys
import unittest

from bed import Bed

FIND = """
import json
from dataclasses import asdict
from mwaadr.core.access import find
print(json.dumps(asdict(find())))
"""
INJECT = """
from sqlalchemy import event
from sqlalchemy.engine import Engine
@event.listens_for(Engine, "do_connect")
def token(dialect, record, cargs, cparams):
    assert cparams["host"] == "127.0.0.1" and cparams["user"] == "airflow_user"
    cparams["password"] = "airflow-pw"
"""
OPEN = """
import psycopg2
from sqlalchemy import event
from sqlalchemy.engine import Engine
@event.listens_for(Engine, "do_connect")
def own(dialect, record, cargs, cparams):
    return psycopg2.connect(**(cparams | {"password": "airflow-pw"}))
"""


class Access(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.bed = Bed()
        cls.addClassCleanup(cls.bed.close)
        cls.site = cls.bed.sites[0]

    def find(self, *, before: str = "", remove: tuple[str, ...] = (), **variables: str) -> dict:
        env = {name: value for name, value in self.site.environment().items() if not name.startswith(remove or "\0")}
        program = [sys.executable, "-W", "ignore", "-c", before + "\n" + FIND]
        ran = subprocess.run(program, env=env | variables, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise AssertionError(ran.stderr)
        return json.loads(ran.stdout.splitlines()[-1])

    def wrong_password(self, password: str) -> dict[str, str]:
        return {"MWAA__DB__CREDENTIALS": json.dumps({"username": "airflow_user", "password": password})}

    def test_mwaas_variables_come_first_and_passwords_survive(self) -> None:
        for password in ("plain", "with @:/?#[]%20 \"quotes' and ü", "%s%%"):
            found = self.find(**self.wrong_password(password))
            self.assertEqual((found["way"], found["kwargs"]["password"]), ("mwaa-env", password))

    def test_a_listener_that_injects_a_token_is_heard(self) -> None:
        """As MWAA signs in: the password in the environment is of no use, a token takes its place."""
        found = self.find(before=INJECT, **self.wrong_password("expired"))
        self.assertEqual(found["kwargs"]["password"], "airflow-pw")

    def test_a_listener_that_opens_the_connection_itself_is_heard(self) -> None:
        found = self.find(before=OPEN, **self.wrong_password("expired"))
        self.assertEqual((found["kwargs"]["password"], found["kwargs"]["user"]), ("airflow-pw", "airflow_user"))

    def test_the_older_images_variables_are_known(self) -> None:
        env = self.site.environment()
        older = {
            "DB_SECRETS": env["MWAA__DB__CREDENTIALS"],
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": "6543",
            "POSTGRES_DB": "x",
        }
        found = self.find(remove=("MWAA__",), **older)
        self.assertEqual((found["way"], str(found["kwargs"]["port"])), ("db-secrets", "6543"))

    def test_no_way_in_is_an_error_with_its_code(self) -> None:
        """As Airflow 3 does it: its supervisor hides the address after the task's process has Airflow's settings."""
        hide = (
            "import os, airflow.settings\n"
            "os.environ['AIRFLOW__DATABASE__SQL_ALCHEMY_CONN'] = 'airflow-db-not-allowed:///'"
        )
        with self.assertRaisesRegex(AssertionError, "no address of the metadata database"):
            self.find(before=hide, remove=("MWAA__",), AIRFLOW_HOME=str(self.bed.folder))

    def test_a_token_reaches_the_child_which_connects_at_once(self) -> None:
        """The whole way: listener in the task's process, snapshot in the child's."""
        self.bed.control(0)
        self.site.beat()
        self.site.own_run("snapshot", "by-token")
        program = INJECT + (
            "\nfrom mwaadr.core.handover import run\n"
            "r = run('snapshot', dag_id='mwaadr_snapshot', task_id='snapshot', run_id='by-token', conf={})\n"
            "assert r['outcome'] == 'done', r\n"
        )
        env = self.site.environment() | self.wrong_password("expired")
        ran = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True, check=False)
        self.assertEqual(ran.returncode, 0, ran.stderr)


if __name__ == "__main__":
    unittest.main()
