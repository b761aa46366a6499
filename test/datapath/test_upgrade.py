"""MWAA's in-place upgrade: the owner of Airflow's tables migrates a database that has our objects in it.

Needs `newer` in MWAADR_BED: Python of the Airflow version that the database is migrated to.
"""

from __future__ import annotations

import subprocess
import unittest

import test_late
from bed import BED, COLUMNS, Bed, Site
from test_roles import EARLIER, OWNERS, OfRoles


def migrate(bed: Bed, site: Site) -> None:
    """`airflow db migrate` as MWAA's migration does it: as the owner."""
    url = f"postgresql+psycopg2://adminuser@127.0.0.1:{BED['pgPort']}/{site.database}"
    settings = {
        "AIRFLOW_HOME": str(bed.folder),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
    }
    command = [BED["newer"], "-m", "airflow", "db", "migrate"]
    ran = subprocess.run(
        command, env=site.environment() | settings, cwd=bed.folder, capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise AssertionError((ran.stdout + ran.stderr)[-4000:])
    COLUMNS.clear()


class Upgrade(OfRoles):
    def test_it_passes_over_an_active_site_with_our_objects(self) -> None:
        """What an earlier release left is mended by a beat before; after it, the hold begins when the site loses."""
        self.bed.control(1)
        self.west.sql(EARLIER)
        self.west.sql("update mwaadr_state set role = 'active', epoch = 1")
        beat = self.west.beat()
        self.assertEqual((beat["role"], beat["hold"]["foreign"]), ("active", []))
        before = self.west.sql("select * from mwaadr_state")
        migrate(self.bed, self.west)
        self.assertEqual(self.west.sql("select * from mwaadr_state"), before, "readable by the tasks' role")
        self.assertEqual(self.paused(self.west), {"user_0": False})
        self.owned_by("adminuser")
        self.bed.control(2)
        beat = self.west.beat()
        self.assertEqual((beat["role"], beat["hold"]["held"], beat["hold"]["foreign"]), ("standby", True, []))
        self.serves("adminuser", "airflow_user")

    def test_it_passes_over_a_site_that_was_uninstalled(self) -> None:
        self.bed.control(0)
        self.west.beat()
        self.bed.control(0, uninstall={"id": "un-0a0a0a0a"})
        result = self.west.run("uninstall", uninstall="un-0a0a0a0a", task="remove")
        self.assertEqual(result["outcome"], "done", result["output"])
        migrate(self.bed, self.west)
        self.assertEqual(self.west.sql(OWNERS), [])
        self.assertEqual(self.paused(self.west), {"user_0": True})


class DagsThatWaitForTheirFile(test_late.Moved):
    """What was kept under Airflow 2 serves under Airflow 3."""

    def lose_files(self) -> None:
        self.target.sql("delete from serialized_dag where dag_id in %s", test_late.LATE)
        self.target.sql("delete from dag where dag_id in %s", test_late.LATE)

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(COLUMNS.clear)
        for site in (self.target, self.source):
            # Its migration cannot read what the seed has put there.
            site.sql("delete from xcom")
            migrate(self.bed, site)

    def test_they_come_up(self) -> None:
        for dag_id in test_late.LATE:
            self.target.parse_dag(dag_id)
        self.assertEqual(self.late(), (0, [], 0, []))
        self.assertEqual(self.dags(), {"user_1": False, "user_2": True})
        queued = "select distinct target_dag_id from asset_dag_run_queue"
        self.assertEqual(self.target.sql(queued), [("user_2",)])

    def test_they_hold_up_no_move(self) -> None:
        self.assertEqual(self.moved_back(), [("user_0", False), ("user_1", False), ("user_2", True)])


if __name__ == "__main__":
    unittest.main()
