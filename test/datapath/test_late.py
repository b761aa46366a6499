"""DAGs that the new side parses only after it became active."""

from __future__ import annotations

import unittest
from typing import Any

from bed import Bed, Site
from seed import prepare_target, seed

LATE = ("user_1", "user_2")


class Moved(unittest.TestCase):
    """`user_1` ran and has a run in flight, `user_2` was paused and has dataset events that wait for it."""

    def lose_files(self) -> None:
        """As it is at the target when the move comes."""
        raise NotImplementedError

    def setUp(self) -> None:
        self.bed = Bed()
        self.addCleanup(self.bed.close)
        self.source, self.target = self.bed.sites
        seed(self.source)
        prepare_target(self.target)
        self.lose_files()
        self.bed.control(0)
        self.source.beat()
        self.target.beat()
        snapshot = self.source.run("snapshot")
        self.bed.replicate()
        self.bed.control(1, "claimed")
        self.activated = self.target.run("activate", **self.bed.conf(snapshot))
        self.assertEqual(self.activated["outcome"], "done", self.activated["output"])
        self.bed.control(1)

    def move(self, origin: Site, target: Site, epoch: int, **more: Any) -> None:
        """By a snapshot that is taken now."""
        snapshot = origin.run("snapshot")
        self.bed.replicate()
        self.bed.control(epoch, "claimed")
        done = target.run("activate", **self.bed.conf(snapshot, f"mv-{epoch}-aaaaaaaa", epoch), **more)
        self.assertEqual(done["outcome"], "done", done["output"])

    def late(self) -> tuple[int, list[str], int, list[str]]:
        """As the next beat tells it."""
        told = self.target.beat()["late"]
        return told["total"], told["dags"], told["unpausedTotal"], told["unpaused"]

    def moved_back(self, **more: Any) -> list[tuple[str, bool]]:
        self.source.beat()
        self.move(self.target, self.source, 2, **more)
        return self.source.sql("select dag_id, is_paused from dag where dag_id like 'user%%' order by 1")

    def dags(self) -> dict[str, bool]:
        return dict(self.target.sql("select dag_id, is_paused from dag where dag_id in %s", LATE))


class DagsThatLostTheirFile(Moved):
    """They were parsed at the target once: Airflow keeps their rows."""

    def has_file(self, there: bool) -> None:
        column, value = ("is_stale", not there) if "is_stale" in self.target.columns("dag") else ("is_active", there)
        self.target.sql(f"update dag set {column} = %s where dag_id in {LATE}", value)

    def lose_files(self) -> None:
        self.has_file(False)

    def test_they_are_waited_for_until_they_are_parsed_again(self) -> None:
        self.assertEqual(self.activated["report"]["missingDags"], list(LATE))
        self.assertEqual(self.late(), (2, list(LATE), 1, ["user_1"]))
        self.assertEqual(self.dags(), dict.fromkeys(LATE, True), "a task that is scheduled would fail without its file")
        self.has_file(True)
        self.assertEqual(self.late(), (0, [], 0, []))
        self.assertEqual(self.dags(), {"user_1": False, "user_2": True})

    def test_a_move_back_knows_them_though_they_never_came(self) -> None:
        self.assertEqual(self.moved_back(), [("user_0", False), ("user_1", False), ("user_2", True)])

    def test_one_that_is_deleted_is_not_waited_for(self) -> None:
        self.target.sql("delete from task_instance where dag_id = 'user_1'")
        self.target.sql("delete from dag_run where dag_id = 'user_1'")
        for table in ("dag_version", "dag"):
            if self.target.columns(table):
                self.target.sql(f"delete from {table} where dag_id = 'user_1'")
        self.assertEqual(self.late(), (1, ["user_2"], 0, []))


class DagsThatComeLate(Moved):
    """They were never parsed at the target."""

    def lose_files(self) -> None:
        for table in ("serialized_dag", "dag_version", "dag"):
            if "dag_id" in self.target.columns(table):
                self.target.sql(f"delete from {table} where dag_id in {LATE}")

    def waiting(self) -> list[tuple[str, str]]:
        kind = "asset" if self.source.columns("asset") else "dataset"
        query = f"select d.uri, q.target_dag_id from {kind}_dag_run_queue q join {kind} d on d.id = q.{kind}_id"
        return sorted(self.target.sql(query))

    def parse(self) -> None:
        """Airflow leaves the pause of a row that is there alone, and takes all else from the file."""
        for dag_id in LATE:
            self.target.parse_dag(dag_id)

    def test_each_comes_up_as_it_was_at_the_source(self) -> None:
        self.assertEqual(self.late(), (2, list(LATE), 1, ["user_1"]))
        self.parse()
        self.assertEqual(self.dags(), dict.fromkeys(LATE, True), "what was paused must not start before the next beat")
        self.assertEqual(self.late(), (0, [], 0, []))
        self.assertEqual(self.dags(), {"user_1": False, "user_2": True})
        query = "select next_dagrun_create_after from dag where dag_id = 'user_1'"
        self.assertEqual(self.target.one(query), self.source.one(query))
        self.assertEqual(self.waiting(), [("s3://known", "user_2"), ("s3://made-by-a-task", "user_2")])
        self.assertEqual(self.target.one("select state from dag_run where run_id = 'flight'"), "running")
        if self.target.columns("dag_version"):
            numbers = (
                "select distinct v.version_number from task_instance t "
                "left join dag_version v on v.id = t.dag_version_id where (t.run_id, t.dag_id) = ('flight', 'user_1')"
            )
            self.assertEqual(self.target.sql(numbers), [(0,)], "none that is not the newest: no task of it would start")

    def test_rest_has_a_row_of_each_that_no_scheduler_looks_at(self) -> None:
        column, value = ("is_stale", True) if "is_stale" in self.target.columns("dag") else ("is_active", False)
        query = f"select dag_id, {column}, is_paused, fileloc from dag where dag_id in %s order by 1"
        self.assertEqual(self.target.sql(query, LATE), [(dag_id, value, True, "") for dag_id in LATE])

    def test_what_waits_for_them_goes_with_the_next_move(self) -> None:
        kind = "asset" if self.source.columns("asset") else "dataset"
        query = f"select target_dag_id from {kind}_dag_run_queue order by 1"
        before = self.source.sql(query)
        self.assertIn(("user_2",), before)
        self.moved_back()
        self.assertEqual(self.source.sql(query), before)

    def test_one_that_was_deleted_at_both_sites_stays_deleted(self) -> None:
        tables = ("task_instance", "dag_run", "serialized_dag", "dag_version", "dag")
        for site in (self.target, self.source):
            for table in tables:
                if "dag_id" in site.columns(table):
                    site.sql(f"delete from {table} where dag_id = 'user_2'")
        self.assertEqual(self.moved_back(), [("user_0", False), ("user_1", False)])

    def test_one_whose_row_was_deleted_comes_up_as_it_was_too(self) -> None:
        self.target.sql("delete from dag where dag_id in %s", LATE)
        self.target.add_dag("user_1", paused=True)
        self.target.add_dag("user_2", paused=False)
        self.target.beat()
        self.assertEqual(self.dags(), {"user_1": False, "user_2": True})

    def test_from_then_on_their_pauses_are_the_users(self) -> None:
        self.parse()
        self.target.beat()
        self.target.sql("update dag set is_paused = not is_paused where dag_id in %s", LATE)
        self.target.beat()
        self.assertEqual(self.dags(), {"user_1": True, "user_2": False})

    def test_one_that_the_parser_holds_comes_at_the_next_beat(self) -> None:
        self.parse()
        parser = self.target.blocker("select 1 from dag where dag_id = 'user_1' for update")
        self.assertEqual(self.late(), (1, ["user_1"], 1, ["user_1"]))
        self.assertEqual(self.dags(), dict.fromkeys(LATE, True))
        parser.close()
        self.target.beat()
        self.assertEqual(self.dags(), {"user_1": False, "user_2": True})

    def test_what_a_move_had_paused_before_the_snapshot_comes_up_unpaused(self) -> None:
        self.assertEqual(
            self.moved_back(unpause=["user_2", "unknown"]), [("user_0", False), ("user_1", False), ("user_2", False)]
        )

    def test_a_move_back_knows_them_though_they_never_came(self) -> None:
        self.assertEqual(self.moved_back(), [("user_0", False), ("user_1", False), ("user_2", True)])

    def test_a_snapshot_between_the_parser_and_the_next_beat_has_them_as_they_were(self) -> None:
        self.parse()
        self.assertEqual(self.moved_back(), [("user_0", False), ("user_1", False), ("user_2", True)])

    def test_one_that_came_while_the_site_was_a_standby_again_stops_no_later_move(self) -> None:
        self.moved_back()
        self.bed.control(2)
        self.target.beat()
        self.parse()
        self.target.beat()
        self.move(self.source, self.target, 3)
        self.assertEqual(self.dags(), {"user_1": False, "user_2": True})


class ARowThatSomebodyKeeps(Moved):
    def lose_files(self) -> None:
        """None of them."""

    def test_is_named_with_who_keeps_it(self) -> None:
        self.source.beat()
        snapshot = self.target.run("snapshot")
        self.bed.replicate()
        self.bed.control(2, "claimed")
        parser = self.source.blocker("select 1 from dag where dag_id = 'user_1' for update")
        done = self.source.run("activate", **self.bed.conf(snapshot, "mv-2-aaaaaaaa", 2))
        parser.close()
        self.assertEqual((done["outcome"], done["code"]), ("failed", "MDR-ACTIVATE-FAILED"), done["output"])
        self.assertRegex(done["message"], r"rows of the table dag are kept locked by pid \d+ \(.*idle in transaction")
        again = self.source.run("activate", **self.bed.conf(snapshot, "mv-2-aaaaaaaa", 2))
        self.assertEqual(again["outcome"], "done", again["output"])


class RunsOfAChangedDag(unittest.TestCase):
    """Airflow 3: what waits on a version that only stands in gets its new tasks after the way back, too."""

    def test_there_and_back_they_are_on_no_newest_version(self) -> None:
        bed = Bed()
        self.addCleanup(bed.close)
        source, target = bed.sites
        seed(source)
        prepare_target(target)
        if "dag_version_id" not in source.columns("task_instance"):
            self.assertFalse(source.columns("dag_version"))
            return
        source.add_run("user_0", "waits", "queued", run_type="scheduled", when="2026-11-22 00:00:00+00")
        source.add_task("user_0", "waits", "job", None)
        target.sql("update serialized_dag set dag_hash = 'changed' where dag_id = 'user_0'")
        bed.control(0)
        source.beat()
        target.beat()
        for epoch, (origin, here) in enumerate(((source, target), (target, source)), 1):
            snapshot = origin.run("snapshot")
            bed.replicate()
            bed.control(epoch, "claimed")
            done = here.run("activate", **bed.conf(snapshot, f"mv-{epoch}-aaaaaaaa", epoch))
            self.assertEqual(done["outcome"], "done", done["output"])
            bed.control(epoch)
            source.sql("update serialized_dag set dag_hash = 'changed' where dag_id = 'user_0'")
            source.beat()
        query = (
            "select v.version_number = (select max(n.version_number) from dag_version n where n.dag_id = t.dag_id) "
            "from task_instance t left join dag_version v on v.id = t.dag_version_id where t.run_id = 'waits'"
        )
        self.assertEqual(source.sql(query), [(False,)])


class DagsWithoutAFileAtTheSource(unittest.TestCase):
    """Retired, or broken just now: their history and their runs move all the same."""

    def test_they_have_a_row_are_not_waited_for_and_come_up_as_they_were(self) -> None:
        bed = Bed()
        self.addCleanup(bed.close)
        source, target = bed.sites
        seed(source)
        prepare_target(target)
        gone = {"is_stale": True, "is_active": False}
        for dag_id, paused in (("broken", False), ("retired", True)):
            source.add_dag(dag_id, paused=paused, **gone)
            source.add_run(dag_id, "long_ago", "success")
        bed.control(0)
        source.beat()
        target.beat()
        snapshot = source.run("snapshot")
        bed.replicate()
        bed.control(1, "claimed")
        done = target.run("activate", **bed.conf(snapshot))
        self.assertEqual(done["outcome"], "done", done["output"])
        bed.control(1)
        pauses = "select dag_id, is_paused from dag where dag_id in ('broken', 'retired') order by 1"
        self.assertEqual(target.sql(pauses), [("broken", True), ("retired", True)])
        self.assertEqual(target.beat()["late"]["total"], 0)
        target.parse_dag("broken")
        target.beat()
        self.assertEqual(target.sql(pauses), [("broken", False), ("retired", True)])
