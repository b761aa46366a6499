"""One beat: role, hold, fence and heartbeat."""

from __future__ import annotations

import json
import threading
import time
import unittest
import uuid

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
        """No DAG is paused and no run disturbed."""
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

    def test_a_dag_without_a_file_counts_neither_in_the_beat_nor_in_the_snapshot(self) -> None:
        """Its row stays as it was. It must not hide that all that can run is paused."""
        self.bed.control(0)
        self.east.beat()
        self.east.add_dag("retired", is_active=False, is_stale=True)
        self.east.sql("update dag set is_paused = true where dag_id like 'user_%%'")
        hold = self.east.beat()["hold"]
        self.assertEqual((hold["unpausedUserDags"], hold["userDags"]), (0, 3))
        snapshot = self.east.run("snapshot")["snapshot"]
        shown = json.loads(self.east.get(f"snapshots/{self.bed.name}/{snapshot}/manifest.json"))["pauseSet"]
        self.assertEqual(shown, {"unpaused": [], "paused": ["user_0", "user_1", "user_2"]})

    def test_a_snapshot_counts_the_deadlines_of_runs_in_flight_as_it_does_not_hold_them(self) -> None:
        self.bed.control(0)
        self.east.beat()
        times = {"created_at": "2026-11-20", "last_updated_at": "2026-11-20", "deadline_time": "2027-01-01"}
        for run, missed in (("flight", False), ("flight", True), ("done_0", False)):
            callback = {"id": str(uuid.uuid4()), "type": "triggerer", "fetch_method": "import_path", "data": "{}"}
            of = self.east.insert("callback", **callback, priority_weight=1, created_at="2026-11-20")
            row = {"id": str(uuid.uuid4()), "missed": missed, "callback_id": of, **times}
            self.east.insert(
                "deadline", **row, dagrun_id=self.east.one(f"select id from dag_run where run_id = '{run}'")
            )
        snapshot = self.east.run("snapshot")["snapshot"]
        shown = json.loads(self.east.get(f"snapshots/{self.bed.name}/{snapshot}/manifest.json"))
        self.assertEqual(shown.get("deadlines"), 1 if self.east.columns("deadline") else None)

    def test_a_standby_counts_also_the_unpaused_without_a_file_as_it_may_come_back(self) -> None:
        self.bed.control(0)
        self.west.beat()
        self.west.add_dag("retired", is_active=False, is_stale=True)
        blocker = self.west.blocker("alter table dag disable trigger mwaadr_hold")
        blocker.cursor().execute("update dag set is_paused = false where dag_id = 'retired'")
        blocker.cursor().execute("alter table dag enable trigger mwaadr_hold")
        blocker.commit()
        held = self.west.blocker("select 1 from dag where dag_id = 'retired' for update")
        hold = self.west.beat()["hold"]
        held.close()
        blocker.close()
        self.assertEqual((hold["unpausedUserDags"], hold["unpaused"]), (1, ["retired"]))

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
        parked = self.east.parked
        self.assertEqual((tasks["t_running"], tasks["t_queued"], tasks["t_scheduled"]), ("failed", parked, parked))
        self.assertEqual(tasks["t_deferred"], "deferred")
        self.assertEqual(
            self.east.sql("select trigger_id from task_instance where state = 'deferred' order by 1"), deferred
        )
        remembered = self.east.one("select detail -> 'pauseSet' from mwaadr_state")
        self.assertEqual(sorted(remembered), ["user_0", "user_1"])

    def test_what_the_fence_left_unfinished_is_not_live(self) -> None:
        """Its runs stay `running` for ever, as nobody ends them; a standby with them is in order."""
        self.bed.control(0)
        self.assertGreater(self.east.beat()["hold"]["liveUserRuns"], 0)
        self.bed.control(1)
        self.assertEqual(self.east.beat()["hold"]["liveUserRuns"], 0)
        self.assertGreater(self.east.one("select count(*) from dag_run where state = 'running'"), 0)

    def test_what_a_process_or_a_queue_holds_is_live_on_a_standby(self) -> None:
        self.bed.control(0)
        self.west.add_run("user_0", "idle", "running", execution_date="2027-01-01")
        self.west.add_task("user_0", "idle", "waits", "deferred")
        self.assertEqual(self.west.beat()["hold"]["liveUserRuns"], 0)
        for day, status in enumerate(("running", "queued", "restarting"), 1):
            self.west.add_run("user_0", status, "running", execution_date=f"2027-02-0{day}")
            self.west.add_task("user_0", status, "one", status)
            self.west.add_task("user_0", status, "two", status)
            self.assertEqual(self.west.beat()["hold"]["liveUserRuns"], day)

    def test_a_lost_row_comes_back_with_the_records_role(self) -> None:
        self.bed.control(0)
        for site, role in ((self.east, "active"), (self.west, "standby")):
            site.beat()
            site.sql("delete from mwaadr_state")
            site.sql("update dag set is_paused = false where dag_id = 'user_0'")
            beat = site.beat()
            self.assertEqual((beat["role"], beat["epoch"], beat["hold"]["held"]), (role, 0, role == "standby"))
            site.sql("update dag set is_paused = false where dag_id = 'user_0'")
            self.assertEqual(site.one("select is_paused from dag where dag_id = 'user_0'"), role == "standby")

    def test_a_lost_table_stops_no_scheduler_and_comes_back(self) -> None:
        """The scheduler must be able to write `dag`, or the beat that heals would never be scheduled."""
        self.bed.control(0)
        for site, role in ((self.east, "active"), (self.west, "standby")):
            site.add_dag("mwaadr_x")
            site.beat()
            site.sql("drop table mwaadr_state")
            site.sql("update dag set next_dagrun = now(), is_paused = false")
            site.add_dag("user_9")
            beat = site.beat()
            self.assertEqual((beat["role"], beat["hold"]["held"]), (role, role == "standby"))
            self.assertEqual(site.one("select is_paused from dag where dag_id = 'user_9'"), role == "standby")

    def stop_again(self) -> None:
        """The last transaction of the fence, late."""
        program = (
            "from mwaadr.core import access, canary, fence; from mwaadr.core.work import connect\n"
            "found = access.find(); connection = connect(found.args, found.kwargs); cursor = connection.cursor()\n"
            "canary._retry(connection, lambda: fence.stop(cursor))"
        )
        ran = self.east.python(program)
        self.assertEqual(ran.returncode, 0, ran.stderr)

    def test_a_late_fence_ends_nothing_on_a_site_that_was_activated(self) -> None:
        self.bed.control(0)
        self.east.beat()
        self.bed.control(1)
        self.east.beat()
        again = "update task_instance set state = 'running' where task_id = 't_running'"
        self.east.sql(again)
        self.east.sql("update mwaadr_state set role = 'active', epoch = 2")
        before = digest(self.east)
        self.stop_again()
        self.assertEqual(digest(self.east), before)
        self.east.sql("update mwaadr_state set role = 'standby', epoch = 3")
        self.stop_again()
        self.assertEqual(self.east.one("select state from task_instance where task_id = 't_running'"), "failed")

    def test_a_beat_waits_for_no_restore(self) -> None:
        """A restore holds the state row for as long as it copies; it found the site quiet: there is nothing to end."""
        self.bed.control(0)
        self.east.beat()
        self.bed.control(1)
        self.east.beat()
        blocker = self.east.blocker("select 1 from mwaadr_state for update")
        self.addCleanup(blocker.close)
        started = time.monotonic()
        self.assertEqual(self.east.beat()["role"], "standby")
        self.assertLess(time.monotonic() - started, 5)

    def test_a_damaged_record_is_one_that_cannot_be_read(self) -> None:
        self.bed.control(0)
        self.east.beat()
        key = f"control/{self.bed.name}.json"
        good = self.bed.control(1, "claimed", at=()) | {"site": "us-west-2"}
        for body in (
            b"{",
            b"\xff\xfe",
            b"[]",
            b"{}",
            json.dumps(good | {"epoch": "1"}).encode(),
            json.dumps(good | {"phase": "?"}).encode(),
            json.dumps(good | {"phase": "activated"}).encode(),
            json.dumps(good | {"activated": good["activated"] | {"site": "us-west-2", "epoch": 3}}).encode(),
            json.dumps(good | {"activated": None}).encode(),
        ):
            with self.subTest(body):
                self.west.put(key, body)
                beat = self.east.beat()
                self.assertEqual(
                    (beat["role"], beat["peer"]["read"], beat["peer"]["epoch"]), ("active", "invalid", None)
                )
        self.east.put(key, b"{")
        beat = self.east.beat()
        self.assertEqual((beat["role"], beat["control"]), ("active", {"own": "invalid", "peer": "invalid"}))
        damaged = json.dumps(good | {"move": {"id": "mv-1-aaaaaaaa", "epoch": 1, "snapshot": "not-an-id"}}).encode()
        self.west.put(key, damaged)
        self.assertEqual(self.east.beat()["role"], "standby", "the epoch and its move are all that a fence needs")

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
