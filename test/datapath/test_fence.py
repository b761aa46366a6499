"""What a site that lost does to itself, beside others who hold rows and tables."""

from __future__ import annotations

import threading
import unittest
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg2
from bed import BEAT, PATIENT_BEAT, Site, superuser
from seed import digest, seed
from two_sites import OfTwoSites, dark, eventually

HARMLESS = {"AccessShareLock", "RowShareLock", "RowExclusiveLock"}
"""What reading and writing single rows takes of a table; none of them waits for another."""


class Fences(OfTwoSites):
    def setUp(self) -> None:
        super().setUp()
        seed(self.east)
        self.bed.control(0)
        self.east.beat()

    def lock_seen(self, site: Site, during: Callable[[], Any]) -> set[str]:
        """Locks on the table `dag` that our code had or asked for, beside a scheduler that is stalled by none."""
        seen: set[str] = set()
        over = threading.Event()
        failures: list[Exception] = []

        def scheduler() -> None:
            connection = superuser(site.database)
            cursor = connection.cursor()
            cursor.execute("set lock_timeout = '1s'")
            try:
                while not over.is_set():
                    cursor.execute("select dag_id from dag where not is_paused for update skip locked")
                    over.wait(0.05)
            except psycopg2.Error as error:
                failures.append(error)
            connection.close()

        def watch() -> None:
            connection = superuser(site.database)
            cursor = connection.cursor()
            while not over.is_set():
                cursor.execute(
                    "select mode from pg_locks l join pg_stat_activity a using (pid) "
                    "where l.locktype = 'relation' and l.relation = 'dag'::regclass "
                    "and a.datname = current_database() and a.application_name = 'mwaadr'"
                )
                seen.update(mode for (mode,) in cursor.fetchall())
                over.wait(0.01)
            connection.close()

        threads = [threading.Thread(target=work) for work in (scheduler, watch)]
        for thread in threads:
            thread.start()
        try:
            during()
        finally:
            over.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [], "the scheduler was stalled")
        return seen

    def test_one_row_that_somebody_has_written_keeps_the_fence_from_that_row_alone(self) -> None:
        """Somebody of the other role, whose transaction stays open; the row is named."""
        blocker = self.east.blocker("update dag set last_parsed_time = now() where dag_id = 'user_0'")
        self.addCleanup(blocker.close)
        self.bed.control(1, "claimed")
        self.assertLessEqual(self.lock_seen(self.east, self.east.beat), HARMLESS)
        beat = self.east.heartbeat()
        read, laid = (datetime.fromisoformat(at) for at in (beat["peer"]["at"], beat["fence"]["at"]))
        self.assertLess((laid - read).total_seconds(), 1)
        self.assertEqual((beat["role"], beat["epoch"], beat["hold"]["unpausedUserDags"]), ("standby", 1, 1))
        self.assertEqual(self.paused(self.east), {"user_0": False, "user_1": True, "user_2": True})
        self.assertEqual(beat["hold"]["unpaused"], ["user_0"])
        self.assertEqual(beat["fence"]["grade"], "paused", "what is not paused may start something")
        self.assertEqual(self.detail(self.east, "pauseSet"), ["user_0", "user_1"])
        self.assertEqual(self.east.one("select state from task_instance where task_id = 't_running'"), "failed")
        blocker.commit()
        beat = self.east.beat()
        self.assertEqual((beat["hold"]["unpausedUserDags"], beat["fence"]["grade"]), (0, "stopped"))
        self.assertEqual((beat["hold"]["unpaused"], beat["fence"]["pausedTotal"]), ([], 2))

    def test_the_row_that_was_written_is_held_at_its_next_write(self) -> None:
        blocker = self.east.blocker("update dag set last_parsed_time = now() where dag_id = 'user_0'")
        self.addCleanup(blocker.close)
        self.bed.control(1)
        self.east.beat()
        blocker.commit()
        self.assertFalse(self.paused(self.east)["user_0"])
        self.east.sql("update dag set last_parsed_time = now() where dag_id = 'user_0'")
        self.assertTrue(self.paused(self.east)["user_0"])

    def test_a_beat_names_the_first_hundred_that_others_keep_unpaused(self) -> None:
        for number in range(120):
            self.east.add_dag(f"many_{number:03}")
        blocker = self.east.blocker("update dag set last_parsed_time = now()")
        self.addCleanup(blocker.close)
        self.bed.control(1)
        hold = self.east.beat()["hold"]
        self.assertEqual((hold["unpausedUserDags"], hold["unpaused"]), (122, [f"many_{n:03}" for n in range(100)]))

    def test_a_row_that_is_free_again_is_paused_within_the_same_beat(self) -> None:
        blocker = self.east.blocker("update dag set last_parsed_time = now() where dag_id = 'user_0'")
        self.addCleanup(blocker.close)
        self.bed.control(1)
        beating = threading.Thread(target=self.east.beat, args=(PATIENT_BEAT,))
        beating.start()
        eventually(lambda: self.east.heartbeat()["role"] == "standby")
        blocker.commit()
        beating.join()
        beat = self.east.heartbeat()
        self.assertEqual((beat["hold"]["unpausedUserDags"], beat["fence"]["grade"]), (0, "stopped"))

    def test_a_task_that_somebody_holds_keeps_no_other_one_alive(self) -> None:
        blocker = self.east.blocker("update task_instance set pid = 1 where task_id = 't_queued'")
        self.addCleanup(blocker.close)
        self.bed.control(1)
        beat = self.east.beat()
        self.assertEqual((beat["fence"]["stopped"], beat["fence"]["grade"]), (1, "paused"))
        self.assertEqual(self.east.one("select state from task_instance where task_id = 't_running'"), "failed")
        blocker.commit()
        beat = self.east.beat()
        self.assertEqual((beat["fence"]["takenTotal"], beat["fence"]["grade"]), (5, "stopped"))
        state = self.east.one("select state from task_instance where task_id = 't_queued'")
        self.assertEqual(state, self.east.parked)

    def test_one_that_the_scheduler_queues_at_that_moment_is_parked_when_it_is_free_again(self) -> None:
        scheduler = self.east.blocker("update task_instance set state = 'queued' where task_id = 't_scheduled'")
        self.addCleanup(scheduler.close)
        self.bed.control(1)
        self.assertEqual(self.east.beat()["fence"]["grade"], "paused")
        scheduler.commit()
        self.assertEqual(self.east.beat()["fence"]["grade"], "stopped")
        state = self.east.one("select state from task_instance where task_id = 't_scheduled'")
        self.assertEqual(state, self.east.parked)

    def test_one_that_is_laid_late_writes_nothing(self) -> None:
        self.east.sql("update mwaadr_state set epoch = 2")
        before = (
            digest(self.east),
            self.east.sql("select xmin::text from dag union all select xmin::text from mwaadr_state"),
        )
        self.assertEqual(self.late(self.east, "fence.lay(cursor, 1, None)"), "False")
        self.assertEqual(self.late(self.east, "fence.pause(cursor)"), "True")
        self.assertEqual(self.late(self.east, "fence.stop(cursor)"), "True")
        self.assertEqual(self.late(self.east, "fence.prove(cursor)"), "False")
        after = (
            digest(self.east),
            self.east.sql("select xmin::text from dag union all select xmin::text from mwaadr_state"),
        )
        self.assertEqual(after, before)

    def test_all_that_was_paused_and_stopped_is_kept_by_name_and_beats_name_the_first_hundred(self) -> None:
        for number in range(150):
            self.east.add_dag(f"many_{number:03}")
        self.east.add_run("many_000", "r", "running", execution_date="2026-11-22")
        self.east.insert("job", job_type="SchedulerJob", state="running", start_date="2026-11-20 00:00:01+00")
        for number in range(300):
            more = {"start_date": "2026-11-21"} if number % 2 == 0 else {"start_date": None}
            self.east.add_task("many_000", "r", f"t_{number:03}", ("running", "queued")[number % 2], **more)
        self.bed.control(1, "claimed")
        fence = self.east.beat()["fence"]
        self.assertEqual(len(self.detail(self.east, "pauseSet")), 152)
        stopped = {task["taskId"]: task["was"] for task in self.detail(self.east, "stopped")}
        self.assertEqual({name: stopped[name] for name in ("t_running", "t_queued", "t_scheduled", "t_000", "t_299")},
                         {"t_running": "running", "t_queued": "queued", "t_scheduled": "scheduled",
                          "t_000": "running", "t_299": "queued"})  # fmt: skip
        started = self.detail(self.east, "startedBefore")
        self.assertEqual((len(stopped), fence["takenTotal"], fence["stopped"]), (305, 305, 151))
        self.assertEqual(fence["startedBeforeTotal"], len(started))
        self.assertGreaterEqual(len(started), 150)
        self.assertEqual(fence["pausedTotal"], 152)
        self.assertEqual(fence["taken"], self.detail(self.east, "stopped")[:100])
        self.assertEqual(fence["startedBefore"], started[:100])
        self.assertEqual(
            self.late(self.east, "sorted(state.read(cursor).detail)"), "['fence', 'rowSince']", "nothing long each beat"
        )

    def test_a_dag_that_came_while_the_fence_was_laid_is_paused_and_kept_too(self) -> None:
        self.east.add_dag("late", paused=True)
        blocker = self.east.blocker("update dag set is_paused = false where dag_id = 'late'")
        self.addCleanup(blocker.close)
        self.bed.control(1)
        self.assertEqual(self.east.beat()["fence"]["pausedTotal"], 2)
        blocker.commit()
        beat = self.east.beat()
        self.assertEqual((beat["hold"]["unpausedUserDags"], beat["fence"]["pausedTotal"]), (0, 3))
        self.assertEqual(self.detail(self.east, "pauseSet"), ["user_0", "user_1", "late"])

    def test_each_fence_begins_its_lists_anew(self) -> None:
        self.bed.control(1)
        self.east.beat()
        self.east.sql("update mwaadr_state set role = 'active', epoch = 2")
        self.east.sql("update dag set is_paused = dag_id <> 'user_2' where dag_id not like 'mwaadr%%'")
        self.bed.control(3)
        self.east.beat()
        self.assertEqual(self.detail(self.east, "pauseSet"), ["user_2"])
        self.assertEqual((self.detail(self.east, "stopped"), self.detail(self.east, "fence")["takenTotal"]), (None, 0))

    def test_a_hold_that_begins_waits_for_no_row(self) -> None:
        self.west.add_dag("user_0")
        self.west.add_dag("user_1")
        self.west.beat()
        self.west.sql("delete from mwaadr_state")
        self.west.sql("update dag set is_paused = false")
        blocker = self.west.blocker("update dag set last_parsed_time = now() where dag_id = 'user_0'")
        self.addCleanup(blocker.close)
        self.assertLessEqual(self.lock_seen(self.west, self.west.beat), HARMLESS)
        self.assertEqual(self.paused(self.west), {"user_0": False, "user_1": True})
        blocker.commit()
        self.assertEqual(self.west.beat()["hold"]["unpausedUserDags"], 0)

    def test_what_was_begun_goes_on_without_any_record(self) -> None:
        blocker = self.east.blocker("update dag set last_parsed_time = now() where dag_id = 'user_0'")
        self.addCleanup(blocker.close)
        self.bed.control(1)
        self.east.beat()
        blocker.commit()
        self.east.sql("drop trigger mwaadr_hold on dag")
        for site in self.bed.sites:
            site.put(self.key, b"{")
        beat = self.east.beat()
        self.assertEqual((beat["hold"]["unpausedUserDags"], beat["hold"]["installed"]), (0, True))
        self.assertEqual(beat["fence"]["grade"], "stopped")

    def test_the_peer_hears_of_it_though_our_own_bucket_is_dark(self) -> None:
        self.bed.control(1, "claimed", at=(1,))
        before = self.east.heartbeat()
        ran = self.east.python(BEAT, MWAADR_ENDPOINTS=dark(self.east.region))
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("Could not connect", ran.stderr)
        beat = self.west.heartbeat(self.east.region)
        self.assertEqual((beat["role"], beat["epoch"], beat["fence"]["grade"]), ("standby", 1, "stopped"))
        self.assertEqual(beat["control"], {"own": "dark", "peer": "good"})
        self.assertEqual(self.east.heartbeat(), before)


if __name__ == "__main__":
    unittest.main()
