"""A role that may not sign in any more once a run's connections are open, as when its token has run out."""

from __future__ import annotations

import json
import unittest
from typing import Any

from bed import Site, superuser
from test_refusals import WithSnapshot
from two_sites import eventually


class SignsInAtItsStart(WithSnapshot):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.role = f"{cls.bed.name}_tasks"
        cls.admin = superuser()
        cls.addClassCleanup(cls.admin.close)
        cls.alter("create role {} in role adminuser")
        cls.addClassCleanup(cls.alter, "drop role {}")

    @classmethod
    def alter(cls, statement: str) -> None:
        cls.admin.cursor().execute(statement.format(cls.role))

    def signs_in_once(self, site: Site, kind: str, connections: int, hold: str, **conf: Any) -> None:
        self.alter("alter role {} login")
        site.user = self.role
        self.addCleanup(setattr, site, "user", "airflow_user")
        blocker = site.blocker(hold)
        self.addCleanup(blocker.close)
        run_id, child = site.start(kind, **conf)
        eventually(
            lambda: site.one("select count(*) from pg_stat_activity where usename = %s", self.role) == connections
        )
        self.alter("alter role {} nologin")
        blocker.close()
        output = child.stdout.read()
        child.wait()
        result = json.loads(site.get(f"results/{self.bed.name}/{run_id}.json"))
        self.assertEqual((result["outcome"], result["code"]), ("done", None), output)

    def test_a_snapshot(self) -> None:
        self.bed.control(0)
        # The first table of all that it reads.
        self.signs_in_once(self.source, "snapshot", 2, "lock table variable in access exclusive mode")

    def test_a_restore_and_an_activation(self) -> None:
        self.bed.control(1, "claimed")
        for kind in ("restore", "activate"):
            self.signs_in_once(self.target, kind, 1, "select 1 from mwaadr_state for update", **self.conf)


class SoDoesAStranger(SignsInAtItsStart):
    """A role that may write Airflow's tables, and is no member of their owner."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.alter("revoke adminuser from {}")
        for site in cls.bed.sites:
            there = superuser(site.database)
            cls.addClassCleanup(there.close)
            cls.addClassCleanup(there.cursor().execute, f"drop owned by {cls.role}")
            for kind in ("tables", "sequences"):
                there.cursor().execute(f"grant all on all {kind} in schema public to {cls.role}")


if __name__ == "__main__":
    unittest.main()
