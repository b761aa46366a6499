"""One beat: role, hold, fence and heartbeat."""

from __future__ import annotations

import threading
import time
import unittest

from bed import Bed
from seed import digest, seed


class Canary(unittest.TestCase):
    def setUp(self) -> None:
        self.bed = Bed()
        self.addCleanup(self.bed.close)
        self.east, self.west = self.bed.sites
        seed(self.east)
        self.west.add_dag("user_0")

    def state(self, site: object) -> tuple:
        return site.sql("select epoch, role from mwaadr_state")[0]

    def fence(self, beat: dict) -> dict:
        return beat["fence"]

    def test_without_a_record_there_is_no_hold(self) -> None:
        before = digest(self.east)
        beat = self.east.beat()
        self.assertEqual((beat["role"], beat["hold"]["installed"], beat["peer"]["read"]), (None, False, "missing"))
        self.assertEqual(digest(self.east), before)

    def test_installing_on_an_active_site_touches_nothing(self) -> None:
        """The third of the first trials: no DAG is paused and no run disturbed."""
        before = digest(self.east)
        self.bed.control(0)
        beat = self.east.beat()
        self.assertEqual((beat["role"], beat["epoch"], beat["hold"]["held"]), ("active", 0, False))
        self.assertEqual(digest(self.east, "mwaadr_state"), before)
        self.east.beat()
        self.assertEqual(digest(self.east, "mwaadr_state"), before)

    def test_installing_waits_for_no_lock_for_ever(self) -> None:
        self.bed.control(0)
        blocker = self.east.blocker("lock table dag in row exclusive mode")
        threading.Timer(7, blocker.close).start()
        started = time.monotonic()
        self.assertTrue(self.east.beat()["hold"]["installed"])
        self.assertGreater(time.monotonic() - started, 5)

    def test_a_standby_is_held_against_everything(self) -> None:
        self.bed.control(0)
        beat = self.west.beat()
        self.assertEqual((beat["role"], beat["hold"]["held"], beat["hold"]["unpausedUserDags"]), ("standby", True, 0))
        self.west.sql("update dag set is_paused = false")
        self.west.add_dag("new_one", paused=False)
        self.west.add_dag("mwaadr_x", paused=False)
        paused = dict(self.west.sql("select dag_id, is_paused from dag"))
        self.assertEqual(paused, {"user_0": True, "new_one": True, "mwaadr_x": False})

    def test_a_site_that_lost_fences_itself(self) -> None:
        self.bed.control(0)
        self.east.beat()
        self.bed.control(1, "claimed", at=(1,))  # its own record still says that it is active
        self.east.insert("job", job_type="SchedulerJob", state="running", start_date="2026-11-20 00:00:00+00")
        deferred = self.east.sql("select trigger_id from task_instance where state = 'deferred' order by 1")
        beat = self.east.beat()
        self.assertEqual(self.state(self.east), (1, "standby"))
        self.assertEqual((beat["role"], beat["hold"]["unpausedUserDags"]), ("standby", 0))
        self.assertEqual((beat["fence"]["epoch"], beat["fence"]["stopped"], beat["fence"]["grade"]), (1, 1, "stopped"))
        self.assertIn("t_running", [task["taskId"] for task in beat["fence"]["startedBefore"]])
        tasks = dict(self.east.sql("select task_id, state from task_instance where run_id = 'flight'"))
        self.assertEqual((tasks["t_running"], tasks["t_queued"], tasks["t_scheduled"]), ("failed", None, None))
        self.assertEqual(tasks["t_deferred"], "deferred")
        self.assertEqual(
            self.east.sql("select trigger_id from task_instance where state = 'deferred' order by 1"), deferred
        )
        remembered = self.east.one("select detail -> 'pauseSet' from mwaadr_state")
        self.assertEqual(sorted(remembered), ["user_0", "user_1"])

    def test_a_fence_is_for_ever_the_same(self) -> None:
        self.bed.control(0)
        self.east.beat()
        self.bed.control(1, "activated")
        first = self.east.beat()["fence"]
        self.assertEqual(self.east.beat()["fence"], first)

    def test_no_beat_makes_a_standby_active(self) -> None:
        self.bed.control(0)
        self.west.beat()
        for phase in ("claimed", "activated"):
            self.bed.control(1, phase)
            self.assertEqual(self.west.beat()["role"], "standby")
        self.assertEqual(self.state(self.west), (0, "standby"))

    def test_a_site_without_state_takes_no_part_in_a_claim(self) -> None:
        self.bed.control(1, "claimed")
        self.west.beat()
        self.assertEqual(self.state(self.west), (0, "standby"), "only the activation makes it active")
        self.east.beat()
        self.assertEqual(self.state(self.east), (1, "standby"))

    def test_runs_of_ours_get_ids_of_their_own(self) -> None:
        """R5, with the migration of what ran before."""
        low = self.east.add_run("mwaadr_canary", "low", "running", execution_date="2026-10-01")
        self.bed.control(0)
        self.east.beat()
        self.assertLess(low, 2_000_000_000)
        self.assertEqual(self.east.sql("select 1 from dag_run where run_id = 'ours'"), [], "finished before the range")
        self.assertEqual(self.east.one("select id from dag_run where run_id = 'low'"), low)
        high = self.east.add_run("mwaadr_canary", "high", "success", execution_date="2026-10-02")
        self.assertGreaterEqual(high, 2_000_000_000)
        self.east.sql("update dag_run set state = 'success' where run_id = 'low'")
        self.east.beat()
        left = self.east.sql("select run_id from dag_run where dag_id = 'mwaadr_canary'")
        self.assertEqual(left, [("high",)])

    def test_the_peer_hears_it_too(self) -> None:
        self.bed.control(0)
        beat = self.east.beat()
        key = f"sites/{self.bed.name}/us-east-1/heartbeat.json"
        self.assertEqual(self.west.get(key), self.east.get(key))
        self.assertEqual(beat["peer"]["read"], "good")


if __name__ == "__main__":
    unittest.main()
