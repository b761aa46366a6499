"""What a target says no to, and that it is then as it was."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from bed import Bed
from seed import digest, prepare_target, seed
from two_sites import dark, eventually


class WithSnapshot(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.bed = Bed()
        cls.addClassCleanup(cls.bed.close)
        cls.source, cls.target = cls.bed.sites
        seed(cls.source)
        prepare_target(cls.target)
        cls.bed.control(0)
        cls.source.beat()
        cls.target.beat()
        cls.snapshot = cls.source.run("snapshot")
        cls.bed.replicate()
        cls.bed.control(1, "claimed")
        cls.conf = cls.bed.conf(cls.snapshot)


class Standby(WithSnapshot):
    """Each test leaves the target as it was: that is what it tests."""

    def object_key(self, name: str) -> str:
        return next(key for key in self.target.keys("snapshots/") if name in key)

    def refuses(self, code: str, kind: str = "restore", outcome: str = "refused", **conf: object) -> str:
        before = digest(self.target)
        result = self.target.run(kind, **(self.conf | conf))
        self.assertEqual((result["outcome"], result["code"]), (outcome, code), result["output"])
        self.assertEqual(digest(self.target), before, "the target was touched")
        return result["message"]

    def test_damage_is_refused(self) -> None:
        key = self.object_key("/dag_run/inert-0001")
        good = self.target.get(key)
        with self.subTest("a flipped bit in a part"):
            self.target.put(key, good[:40] + bytes([good[40] ^ 1]) + good[41:])
            self.assertIn("dag_run/inert-0001", self.refuses("MDR-SNAPSHOT-PART"))
            self.assertIn("dag_run/inert-0001", self.refuses("MDR-SNAPSHOT-PART", "activate"))
        with self.subTest("a part in another's place"):
            manifest_key = self.object_key("manifest.json")
            manifest = json.loads(self.target.get(manifest_key))
            log = self.target.get(self.object_key("/log/inert-0001"))
            self.target.put(key, log)
            entry = next(t for t in manifest["tables"] if (t["name"], t["layer"]) == ("dag_run", "inert"))
            entry["parts"][0] |= {"bytes": len(log), "sha256": hashlib.sha256(log).hexdigest()}
            body = json.dumps(manifest).encode()
            self.refuses("MDR-SNAPSHOT-PART")
            self.target.put(key, good)
        with self.subTest("a manifest that is not the one that was verified"):
            original = self.target.get(manifest_key)
            self.target.put(manifest_key, body)
            self.refuses("MDR-SNAPSHOT-MANIFEST")
        with self.subTest("a forged manifest with its right hash"):
            self.refuses("MDR-SNAPSHOT-MANIFEST", manifestSha256=hashlib.sha256(body).hexdigest())
            self.target.put(manifest_key, original)
        with self.subTest("no such snapshot"):
            self.refuses("MDR-SNAPSHOT-MANIFEST", snapshot="20200101T000000Z-e0-00000000")

    def test_another_schema_is_refused(self) -> None:
        head = self.target.one("select version_num from alembic_version")
        self.target.sql("update alembic_version set version_num = 'of-another'")
        self.assertIn("of-another", self.refuses("MDR-AIRFLOW-VERSION"))
        self.refuses("MDR-AIRFLOW-VERSION", "activate")
        self.target.sql("update alembic_version set version_num = %s", head)

    def test_an_unready_target_is_refused(self) -> None:
        with self.subTest("a task of its own runs"):
            self.target.add_run("user_0", "own", "running", execution_date="2027-01-01")
            self.target.add_task("user_0", "own", "busy", "running")
            self.assertIn("user_0 own busy", self.refuses("MDR-TARGET-LIVE"))
            self.target.sql("delete from dag_run where run_id = 'own'")
        with self.subTest("the hold is missing"):
            self.target.sql("drop trigger mwaadr_hold on dag")
            self.refuses("MDR-TARGET-UNREADY")
            self.target.beat()
        with self.subTest("a DAG is not paused"):
            self.target.sql("alter table dag disable trigger mwaadr_hold")
            self.target.sql("update dag set is_paused = false where dag_id = 'user_0'")
            self.target.sql("alter table dag enable trigger mwaadr_hold")
            self.refuses("MDR-TARGET-UNREADY")
            self.target.sql("update dag set is_paused = true")
        with self.subTest("no DAG has been parsed"):
            column, gone = ("is_stale", True) if "is_stale" in self.target.columns("dag") else ("is_active", False)
            self.target.sql(f"update dag set {column} = %s", gone)
            self.refuses("MDR-TARGET-UNREADY")
            self.target.sql(f"update dag set {column} = %s", not gone)

    def test_content_that_differs_is_rolled_back(self) -> None:
        """Somebody's trigger changes rows on their way in: the hash sees it."""
        self.target.sql(
            "create function spoil() returns trigger language plpgsql as "
            "$$ begin new.event := 'spoilt'; return new; end $$; "
            "create trigger spoil before insert on log for each row execute function spoil()"
        )
        self.addCleanup(self.target.sql, "drop function spoil() cascade")
        self.assertIn("table log", self.refuses("MDR-RESTORE-FAILED", outcome="failed"))

    def test_the_last_look_stops_a_run_that_was_failed(self) -> None:
        """R6: marked failed by REST, the child has seconds left in which it must not commit."""
        before = digest(self.target)
        self.target.own_run("restore", "failed-by-hand")
        self.target.sql("update task_instance set state = 'failed' where run_id = 'failed-by-hand'")
        result = self.target.run("restore", "failed-by-hand", **self.conf)
        self.assertEqual((result["outcome"], result["code"]), ("failed", "MDR-RESTORE-FAILED"))
        self.assertEqual(digest(self.target), before)

    def test_the_child_dies_with_its_task(self) -> None:
        """R6: the task is killed while the child waits in its transaction; until then, nobody sees a secret in it."""
        secrets = dict.fromkeys(
            (
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
                "AIRFLOW_CONN_SHOP",
                "AIRFLOW_VAR_TOKEN",
                "DB_SECRETS",
                "FERNET_SECRET",
            ),
            "of-the-user",
        )
        # Images differ in the variable that names the environment; the child must know its site by either.
        name = f"{self.bed.name}-{self.target.region}"
        named = {"AIRFLOW_ENV_NAME": "", "MWAA__CORE__ENVIRONMENT_NAME": name}
        self.target.own_run("restore", "killed")
        blocker = self.target.blocker("select 1 from mwaadr_state for update")
        program = (
            "import json, sys; from mwaadr.core.handover import run; "
            "run('restore', dag_id='mwaadr_restore', task_id='restore', run_id='killed', conf=json.loads(sys.argv[1]))"
        )
        task = subprocess.Popen(
            [sys.executable, "-c", program, json.dumps(self.conf)],
            env=self.target.environment() | secrets | named,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        waits = (
            "select pid from pg_stat_activity where application_name = 'mwaadr' and wait_event_type = 'Lock' "
            "and datname = %s"
        )
        eventually(lambda: self.target.sql(waits, self.target.database))
        children = Path(f"/proc/{task.pid}/task/{task.pid}/children").read_text().split()
        self.assertEqual(len(children), 1)
        command = Path(f"/proc/{children[0]}/cmdline").read_text() + Path(f"/proc/{children[0]}/environ").read_text()
        self.assertNotIn(self.conf["manifestSha256"], command)
        self.assertIn(f"\0AIRFLOW_ENV_NAME={name}\0", command)
        names = {entry.split("=", 1)[0] for entry in command.split("\0")}
        self.assertLess({"PATH", "AWS_REGION", "AWS_SECRET_ACCESS_KEY", "AIRFLOW_ENV_NAME", "MWAADR_ENDPOINTS"}, names)
        hidden = ("MWAA__", "AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_", "POSTGRES_", "DB_SECRETS")
        self.assertEqual([name for name in names if name.startswith(hidden)], [])
        for secret in ("airflow-pw", self.target.fernet_key, "of-the-user"):
            self.assertNotIn(secret, command)
        before = digest(self.target)
        os.kill(task.pid, signal.SIGKILL)
        task.wait()
        eventually(lambda: not Path(f"/proc/{children[0]}/cmdline").exists())
        blocker.close()
        eventually(lambda: not self.target.sql(waits, self.target.database))
        self.assertEqual(digest(self.target), before)


class Repeated(WithSnapshot):
    def test_two_restores_give_the_same_content(self) -> None:
        # Every encryption of the same text by Fernet is another text; their content hash is over the plain one.
        salted = ("mwaadr_state", "variable", "connection")
        first = self.target.run("restore", **self.conf)
        content = digest(self.target, *salted)
        second = self.target.run("restore", **(self.conf | {"move": "mv-1-eeeeeeee"}))
        self.assertEqual((first["outcome"], second["outcome"]), ("done", "done"), second["output"])
        self.assertEqual(first["tables"], second["tables"])
        self.assertEqual(digest(self.target, *salted), content)
        again = self.target.run("restore", "again", **(self.conf | {"move": "mv-1-eeeeeeee"}))
        self.assertEqual(again["outcome"], "already")


class Unprepared(WithSnapshot):
    def test_activate_alone_loads_both_layers(self) -> None:
        result = self.target.run("activate", **self.conf)
        self.assertEqual(result["outcome"], "done", result["output"])
        query = "select dag_id, run_id, id from dag_run where dag_id not like 'mwaadr%%' order by 1, 2"
        self.assertEqual(self.target.sql(query), self.source.sql(query))


class Source(unittest.TestCase):
    """What a snapshot refuses, and who takes none."""

    def setUp(self) -> None:
        self.bed = Bed()
        self.addCleanup(self.bed.close)
        self.source, self.target = self.bed.sites
        self.source.add_dag("user_0")

    def manifests(self) -> list[str]:
        return [key for key in self.source.keys("snapshots/") if key.endswith("manifest.json")]

    def test_only_the_active_site_takes_one(self) -> None:
        self.assertEqual(self.source.run("snapshot")["outcome"], "skipped", "without a control record")
        self.bed.control(0)
        self.source.beat()
        self.target.beat()
        self.assertEqual(self.source.run("snapshot")["outcome"], "done")
        self.assertEqual(self.target.run("snapshot")["outcome"], "skipped", "a standby")
        self.bed.control(1, "claimed", at=(1,))
        self.assertEqual(self.source.run("snapshot")["outcome"], "skipped", "a site that lost, before its fence")
        self.source.beat()
        self.assertEqual(self.source.run("snapshot")["outcome"], "skipped", "a fenced site")
        self.assertEqual(len(self.manifests()), 1)

    def test_a_secret_that_cannot_be_read_is_named(self) -> None:
        self.bed.control(0)
        self.source.beat()
        cases = {
            "variable 'lost'": lambda: self.source.insert(
                "variable", key="lost", val="gAAAAAnonsense", is_encrypted=True
            ),
            "connection 'lost'": lambda: self.source.insert(
                "connection",
                conn_id="lost",
                conn_type="http",
                extra="gAAAAAx",
                is_encrypted=False,
                is_extra_encrypted=True,
            ),
            "connection 'odd'": lambda: self.source.insert(
                "connection",
                conn_id="odd",
                conn_type="http",
                login="gAAAAAx",
                is_encrypted=False,
                is_extra_encrypted=False,
            ),
        }
        for name, plant in cases.items():
            with self.subTest(name):
                plant()
                result = self.source.run("snapshot")
                self.assertEqual((result["outcome"], result["code"]), ("failed", "MDR-SNAPSHOT-SECRET"))
                self.assertIn(name, result["message"])
                self.source.sql("delete from variable; delete from connection")
        self.assertEqual(self.manifests(), [], "a snapshot without a manifest does not exist")

    def test_an_undecryptable_trigger_is_named(self) -> None:
        self.bed.control(0)
        self.source.beat()
        trigger = self.source.insert("trigger", classpath="a.T", kwargs="gAAAAAx", created_date="2026-11-20")
        self.source.add_run("user_0", "r", "running")
        self.source.add_task("user_0", "r", "wait", "deferred", trigger_id=trigger)
        for lost in ("", self.target.region):  # whose bucket cannot be tidied up
            with mock.patch.dict(os.environ, MWAADR_ENDPOINTS=dark(lost)):
                result = self.source.run("snapshot")
            self.assertEqual(result["code"], "MDR-SNAPSHOT-SECRET")
            self.assertIn(f"trigger '{trigger}'", result["message"])
            self.assertEqual(self.source.keys("snapshots/"), [], "nor is anything of it left")
        self.assertIn(f"parts of a failed snapshot stay in {self.target.bucket}", result["output"])

    def test_one_that_fails_takes_its_own_parts_away_and_nothing_else(self) -> None:
        """In both buckets, as S3 has copied them meanwhile; a site that lost its role fails right before its end."""
        self.bed.control(0)
        self.source.beat()
        self.source.run("snapshot")
        self.bed.replicate()
        good = self.source.keys("snapshots/")
        # Read once all parts are there.
        blocker = self.source.blocker("lock table alembic_version in access exclusive mode")
        self.addCleanup(blocker.close)
        run_id, child = self.source.start("snapshot")
        waits = "select 1 from pg_locks where not granted and relation = 'alembic_version'::regclass"
        eventually(lambda: self.source.sql(waits))
        self.bed.replicate()
        self.assertGreater(len(self.target.keys("snapshots/")), len(good))
        self.source.sql("update mwaadr_state set role = 'standby', epoch = 1")
        blocker.close()
        output = child.stdout.read()
        child.wait()
        result = json.loads(self.source.get(f"results/{self.bed.name}/{run_id}.json"))
        self.assertEqual(result["code"], "MDR-SNAPSHOT-FAILED", output)
        self.assertIn("lost its role", result["message"])
        self.assertEqual([site.keys("snapshots/") for site in self.bed.sites], [good, good])


if __name__ == "__main__":
    unittest.main()
