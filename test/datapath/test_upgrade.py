"""MWAA's in-place upgrade: the owner of Airflow's tables migrates a database that has our objects in it.

Needs `newer` in MWAADR_BED: Python of the Airflow version that the database is migrated to.
"""

from __future__ import annotations

import subprocess
import unittest

from bed import BED, COLUMNS, Site
from test_roles import EARLIER, OWNERS, OfRoles


class Upgrade(OfRoles):
    def migrate(self, site: Site) -> None:
        """`airflow db migrate` as MWAA's migration does it: as the owner."""
        url = f"postgresql+psycopg2://adminuser@127.0.0.1:{BED['pgPort']}/{site.database}"
        settings = {
            "AIRFLOW_HOME": str(self.bed.folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        }
        command = [BED["newer"], "-m", "airflow", "db", "migrate"]
        ran = subprocess.run(
            command, env=site.environment() | settings, cwd=self.bed.folder, capture_output=True, text=True, check=False
        )
        self.assertEqual(ran.returncode, 0, (ran.stdout + ran.stderr)[-4000:])
        COLUMNS.clear()

    def test_it_passes_over_an_active_site_with_our_objects(self) -> None:
        """What an earlier release left is mended by a beat before; after it, the hold begins when the site loses."""
        self.bed.control(1)
        self.west.sql(EARLIER)
        self.west.sql("update mwaadr_state set role = 'active', epoch = 1")
        beat = self.west.beat()
        self.assertEqual((beat["role"], beat["hold"]["foreign"]), ("active", []))
        before = self.west.sql("select * from mwaadr_state")
        self.migrate(self.west)
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
        self.migrate(self.west)
        self.assertEqual(self.west.sql(OWNERS), [])
        self.assertEqual(self.paused(self.west), {"user_0": True})


if __name__ == "__main__":
    unittest.main()
