"""The removal of what is ours: nothing of it stays, Airflow lives on, and at no time does a standby run anything."""

from __future__ import annotations

import subprocess
import sys
import threading
import unittest
from typing import Any

from bed import BEAT, BED, REGIONS, Site, superuser
from test_roles import EARLIER, OfRoles
from two_sites import eventually

ID = "un-0a0a0a0a"
OF_US = ("canary", "snapshot", "restore", "activate", "uninstall")
# All that a database has beside rows, with its owners and rights.
CATALOGUE = """
select 'class ' || relname || ' ' || relkind::text || ' ' || relowner::regrole::text || coalesce(relacl::text, '')
  from pg_class where relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
  and relkind <> 't' and relname not like 'pg\\_%%'
union all select 'function ' || proname || ' ' || prosrc from pg_proc where pronamespace = 'public'::regnamespace
union all select 'trigger ' || tgname || ' ' || tgrelid::regclass::text from pg_trigger where not tgisinternal
union all select 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') from pg_namespace
  where nspname not like 'pg\\_%%'
union all select 'default ' || defaclobjtype::text || ' ' || defaclacl::text from pg_default_acl
union all select 'depends ' || count(*) from pg_shdepend
  where dbid = (select oid from pg_database where datname = current_database())
order by 1
"""
TRIGGERS = "select tgname::text from pg_trigger where not tgisinternal order by 1"
DYING = """
import os, psycopg2
from mwaadr.core import access, config, uninstall, work
found, left = access.find(), {left}
class Mortal(psycopg2.extensions.cursor):
    def execute(self, text, *args):
        global left
        left -= text.split()[0] in ("lock", "update", "drop", "delete")
        if left < 0: os._exit(9)
        return super().execute(text, *args)
deployment = config.load()
job = work.Job("uninstall", "mwaadr_uninstall", "uninstall", "r", {{"uninstall": "{id}"}}, deployment,
    deployment.index_here(), lambda: psycopg2.connect(*found.args, **found.kwargs, cursor_factory=Mortal), None)
print(uninstall.uninstall(job))
"""


class OfUninstall(OfRoles):
    def setUp(self) -> None:
        super().setUp()
        for site in (self.east, self.west):
            for dag_id in ("user_0", "user_1") if site is self.east else ("user_1",):
                site.add_dag(dag_id, paused=dag_id == "user_1")
            for name in OF_US:
                if not site.sql("select 1 from dag where dag_id = %s", f"mwaadr_{name}"):
                    site.add_dag(f"mwaadr_{name}")

    def ask(self, epoch: int = 0, **more: Any) -> None:
        self.bed.control(epoch, **({"uninstall": {"id": ID, "since": "2026-11-24T00:00:00.000Z"}} | more))

    def uninstall(self, site: Site, **conf: Any) -> dict[str, Any]:
        return site.run("uninstall", **({"uninstall": ID, "task": "remove"} | conf))

    def unpause_beside_the_hold(self) -> None:
        admin = superuser(self.west.database)
        admin.cursor().execute(
            "alter table dag disable trigger mwaadr_hold; update dag set is_paused = false; "
            "alter table dag enable trigger mwaadr_hold"
        )
        admin.close()

    def catalogue(self, site: Site) -> list[str]:
        return [line for (line,) in site.sql(CATALOGUE)]


class Removal(OfUninstall):
    def test_nothing_of_ours_is_left_at_either_site(self) -> None:
        before = [self.catalogue(site) for site in self.bed.sites]
        for site in self.bed.sites:
            site.beat()
        self.assertNotEqual([self.catalogue(site) for site in self.bed.sites], before)
        self.ask()
        for site, role in ((self.east, "active"), (self.west, "standby")):
            result = self.uninstall(site)
            self.assertEqual((result["outcome"], result["removed"]["role"]), ("done", role), result["output"])
        self.assertEqual([self.catalogue(site) for site in self.bed.sites], before)
        self.assertEqual(self.paused(self.east), {"user_0": False, "user_1": True})
        self.assertEqual(self.paused(self.west), {"user_0": True, "user_1": True})

    def test_the_users_dags_can_be_unpaused_again(self) -> None:
        self.west.beat()
        self.ask()
        self.uninstall(self.west)
        self.west.sql("update dag set is_paused = false where dag_id = 'user_0'")
        self.assertEqual(self.paused(self.west), {"user_0": False, "user_1": True})

    def test_what_is_not_paused_at_a_standby_is_paused_with_the_end_of_the_hold(self) -> None:
        self.west.beat()
        self.unpause_beside_the_hold()
        self.ask()
        result = self.uninstall(self.west)
        self.assertEqual(result["removed"]["pausedTotal"], 2)
        self.assertEqual(self.paused(self.west), {"user_0": True, "user_1": True})
        self.assertFalse(self.west.one("select is_paused from dag where dag_id = 'mwaadr_canary'"))

    def test_said_again_it_finds_nothing(self) -> None:
        self.west.beat()
        self.ask()
        self.uninstall(self.west)
        self.assertEqual(self.uninstall(self.west)["outcome"], "already")

    def test_dags_that_never_came_are_named(self) -> None:
        self.east.beat()
        self.east.sql("""update mwaadr_state set detail = '{"late": {"b": {}, "a": {}}}'""")
        self.ask()
        self.assertEqual(self.uninstall(self.east)["removed"]["late"], {"total": 2, "dags": ["a", "b"]})

    def test_our_finished_runs_go_and_the_users_stay(self) -> None:
        self.east.beat()
        for dag_id in ("mwaadr_canary", "user_0"):
            self.east.add_run(dag_id, "old", "success")
            self.east.add_task(dag_id, "old", "t", "success")
        self.ask()
        self.uninstall(self.east, task="remove")
        self.assertEqual(self.east.sql("select dag_id, run_id from dag_run where run_id = 'old'"), [("user_0", "old")])
        self.assertEqual(self.east.sql("select dag_id from task_instance where run_id = 'old'"), [("user_0",)])

    def test_a_beat_brings_nothing_back_until_the_uninstall_is_taken_back(self) -> None:
        self.west.beat()
        self.ask()
        self.uninstall(self.west)
        after = self.catalogue(self.west)
        told = self.west.heartbeat()
        self.assertEqual(self.west.beat(), told, "no beat is told")
        self.assertEqual(self.catalogue(self.west), after)
        self.bed.control(0)
        self.assertEqual((self.west.beat()["role"], self.west.heartbeat()["hold"]["held"]), ("standby", True))

    def test_a_move_on_from_it_fences_the_site_that_was_emptied(self) -> None:
        self.east.beat()
        self.ask()
        self.uninstall(self.east)
        self.bed.control(1, at=(1,))
        self.assertEqual(self.east.beat()["role"], "standby")
        self.assertEqual(self.paused(self.east), {"user_0": True, "user_1": True})

    def test_before_it_is_removed_a_site_obeys_and_is_held_as_ever(self) -> None:
        self.ask()
        self.assertEqual(self.east.python(BEAT).returncode, 0)
        self.assertEqual(self.east.sql(TRIGGERS), [], "nothing is installed for what is leaving")
        self.bed.control(0)
        self.east.beat()
        self.ask()
        self.east.sql("drop trigger mwaadr_hold on dag")
        self.assertTrue(self.east.beat()["hold"]["installed"])
        self.bed.control(1, uninstall={"id": ID})
        self.assertEqual(self.east.beat()["fence"]["epoch"], 1)

    def test_what_a_beat_puts_back_that_had_looked_before_is_removed_too(self) -> None:
        self.west.beat()
        before = self.catalogue(self.west)
        self.ask()
        self.west.add_run("mwaadr_canary", "slow", "running")
        self.west.add_task("mwaadr_canary", "slow", "canary", "running")
        found: list[dict[str, Any]] = []
        removal = threading.Thread(target=lambda: found.append(self.uninstall(self.west)))
        other = self.west.session("airflow_user").cursor()
        removal.start()

        def is_gone() -> bool:
            other.execute(
                "select coalesce(to_regclass('public.mwaadr_state'), to_regclass('public.mwaadr_run_id_seq'))"
            )
            return other.fetchone()[0] is None

        eventually(is_gone)
        other.execute(EARLIER)
        other.execute("update task_instance set state = 'success' where run_id = 'slow'")
        removal.join()
        self.assertEqual(found[0]["outcome"], "done", found[0]["output"])
        self.assertNotEqual(self.catalogue(self.west), before)
        self.assertEqual([line for line in self.catalogue(self.west) if "mwaadr" in line], [])

    def waiting(self, site: Site, why: str) -> Any:
        """A removal that has said that it waits."""
        _, child = site.start("uninstall", uninstall=ID, task="remove")
        self.assertTrue(any(f"waiting: {why}" in line for line in child.stdout), "it did not wait")
        return child

    def ends(self, child: Any) -> None:
        output = child.stdout.read()
        self.assertEqual(child.wait(), 0, output)

    def test_it_waits_for_who_keeps_a_row_of_dag(self) -> None:
        self.west.beat()
        self.ask()
        blocker = self.west.blocker("select 1 from dag where dag_id = 'user_0' for update")
        child = self.waiting(self.west, "LockNotAvailable")
        blocker.close()
        self.ends(child)
        self.assertEqual(self.west.sql(TRIGGERS), [])

    def test_it_waits_for_a_snapshot_and_stalls_nobody_meanwhile(self) -> None:
        self.east.beat()
        self.ask()
        self.east.add_run("mwaadr_snapshot", "long", "running")
        self.east.add_task("mwaadr_snapshot", "long", "snapshot", "running")
        child = self.waiting(self.east, "one of our other DAGs is at work")
        self.east.sql("set lock_timeout = '500ms'")
        self.east.sql("update dag set last_parsed_time = now()")
        self.assertEqual(self.row(self.east), (0, "active"))
        self.east.sql("update task_instance set state = 'success' where run_id = 'long'")
        self.ends(child)
        self.assertEqual(self.east.sql(TRIGGERS), [])


class Killed(OfUninstall):
    def test_at_any_statement_that_changes_something_the_next_run_ends_the_same_and_the_standby_never_runs(
        self,
    ) -> None:
        clean = self.catalogue(self.west)
        deaths = 0
        while True:
            self.bed.control(0)
            self.west.beat()
            self.unpause_beside_the_hold()
            self.ask()
            ran = self.west.python(DYING.format(left=deaths, id=ID))
            held = ("mwaadr_hold",) in self.west.sql(TRIGGERS)
            self.assertTrue(held or self.paused(self.west)["user_0"], "one transaction")
            self.west.sql("update dag set is_paused = is_paused")
            self.assertTrue(self.paused(self.west)["user_0"])
            if ran.returncode == 0:
                break
            self.assertEqual(ran.returncode, 9, ran.stderr)
            deaths += 1
            self.assertIn(self.uninstall(self.west)["outcome"], ("done", "already"))
            self.assertEqual(self.catalogue(self.west), clean)
        self.assertEqual(deaths, 7)
        self.assertEqual(self.catalogue(self.west), clean)


class Refusals(OfUninstall):
    def refused(self, site: Site, code: str, **conf: Any) -> str:
        before = self.whole(site)
        result = self.uninstall(site, **conf)
        self.assertEqual((result["ok"], result["code"]), (False, code), result["output"])
        self.assertEqual(self.whole(site), before)
        return result["message"]

    def whole(self, site: Site) -> tuple[Any, ...]:
        return self.catalogue(site), self.paused(site), self.row(site)

    def test_unless_both_records_ask_for_it(self) -> None:
        self.west.beat()
        self.refused(self.west, "MDR-CONTROL-CONFLICT")
        self.ask(at=(1,))
        self.assertIn(REGIONS[0], self.refused(self.west, "MDR-CONTROL-CONFLICT"))
        self.ask()
        self.refused(self.west, "MDR-CONTROL-CONFLICT", uninstall="un-ffffffff")
        self.refused(self.west, "MDR-CONTROL-CONFLICT", uninstall=None)

    def test_while_a_move_is_claimed(self) -> None:
        self.west.beat()
        self.ask(1, phase="claimed")
        self.refused(self.west, "MDR-MOVE-OTHER")

    def test_when_the_database_is_of_another_mind(self) -> None:
        self.east.beat()
        self.west.beat()
        self.ask(1)
        self.refused(self.east, "MDR-TARGET-UNREADY")
        self.refused(self.west, "MDR-TARGET-UNREADY")

    def test_a_look_says_so_too_and_removes_nothing(self) -> None:
        self.west.beat()
        before = self.catalogue(self.west)
        result = self.uninstall(self.west, task="look")
        self.assertEqual((result["ok"], result["outcome"]), (True, "skipped"))
        self.assertEqual(self.catalogue(self.west), before)
        self.bed.control(1)
        self.refused(self.west, "MDR-TARGET-UNREADY", task="look")

    def test_a_record_that_cannot_be_read_removes_nothing(self) -> None:
        self.west.beat()
        self.ask()
        self.east.put(self.key, b"{}")
        self.assertIn(REGIONS[0], self.refused(self.west, "MDR-CONTROL-INVALID"))

    def test_a_role_that_may_not_remove_it_says_which_and_what_to_do(self) -> None:
        self.west.beat()
        self.west.user = stranger = self.new_role()
        self.ask()
        for task in ("look", "remove"):
            with self.subTest(task):
                message = self.refused(self.west, "MDR-DB-ACCESS", task=task)
                self.assertIn(f"the role {stranger} may not remove mwaadr_hold", message)
                self.assertIn(f"grant adminuser to {stranger}", message)
        admin = superuser()
        admin.cursor().execute(f"grant adminuser to {stranger}")
        admin.close()
        self.assertEqual(self.uninstall(self.west)["outcome"], "done", "its cure cures")

    def test_a_stranger_removes_what_it_has_made_itself(self) -> None:
        self.west.user = self.new_role()
        clean = self.catalogue(self.west)
        self.west.beat()
        self.ask()
        self.assertEqual(self.uninstall(self.west)["outcome"], "done")
        self.assertEqual(self.catalogue(self.west), clean)


class Airflow(OfUninstall):
    """What Airflow itself says afterwards, of the version that the schema is of."""

    def airflow(self, *arguments: str) -> None:
        url = f"postgresql+psycopg2://adminuser@127.0.0.1:{BED['pgPort']}/{self.west.database}"
        settings = {
            "AIRFLOW_HOME": str(self.bed.folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.bed.folder / "none"),
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        }
        ran = subprocess.run(
            [sys.executable, *arguments],
            env=self.west.environment() | settings,
            cwd=self.bed.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(ran.returncode, 0, (ran.stdout + ran.stderr)[-4000:])

    def rows_of_ours(self) -> dict[str, int]:
        """Table → rows that name one of our DAGs, without the audit log, which Airflow keeps."""
        tables = self.west.sql(
            "select c.table_name from information_schema.columns c join information_schema.tables t "
            "using (table_schema, table_name) where c.table_schema = 'public' and c.column_name = 'dag_id' "
            "and t.table_type = 'BASE TABLE' and c.table_name <> 'log'"
        )
        counts = {t: self.west.one(f"select count(*) from {t} where dag_id like 'mwaadr%%'") for (t,) in tables}
        return {table: count for table, count in counts.items() if count}

    def test_it_migrates_checks_and_forgets_our_dags(self) -> None:
        self.west.beat()
        self.west.add_run("mwaadr_canary", "old", "success")
        self.ask()
        self.uninstall(self.west)
        self.assertNotEqual(self.rows_of_ours(), {})
        # What both REST and `airflow dags delete` call.
        deletion = "from airflow.api.common.delete_dag import delete_dag"
        self.airflow("-c", f"{deletion}\nfor name in {OF_US}: delete_dag(f'mwaadr_{{name}}')")
        self.assertEqual(self.rows_of_ours(), {})
        self.airflow("-m", "airflow", "db", "check-migrations", "--migration-wait-timeout", "5")
        self.airflow("-m", "airflow", "db", "migrate")
        self.assertEqual(self.paused(self.west), {"user_0": True, "user_1": True})


if __name__ == "__main__":
    unittest.main()
