"""Who is active, across crashes, delays, locks and lies: what a site believes, obeys, refuses and remembers."""

from __future__ import annotations

import json
import sys
import unittest
from typing import Any

from bed import BEAT, REGIONS, SOURCE, Site, client
from seed import digest, prepare_target, seed
from test_refusals import WithSnapshot
from two_sites import OfTwoSites, dark, eventually

sys.path.append(str(SOURCE.parent))

from mwaadr.core.aws import Reading
from mwaadr.core.errors import MdrError
from mwaadr.core.lineage import Records, require_claimed


class LateActivations(WithSnapshot):
    """Each test leaves the target as it was."""

    def setUp(self) -> None:
        self.bed.control(1, "claimed")
        self.key = f"control/{self.bed.name}.json"

    def refuses(self, expected: str, code: str = "MDR-MOVE-SUPERSEDED", outcome: str = "refused", **conf: Any) -> None:
        before = digest(self.target)
        result = self.target.run("activate", **(self.conf | conf))
        self.assertEqual((result["outcome"], result["code"]), (outcome, code), result["output"])
        self.assertIn(expected, result["message"])
        self.assertEqual(result["seconds"], {}, "it was refused before it loaded anything")
        self.assertEqual(digest(self.target), before, "the target was touched")

    def test_nothing_is_activated_that_nobody_claimed(self) -> None:
        self.bed.control(0)
        self.refuses("at epoch 0")

    def test_a_claim_that_names_no_move_lets_nothing_be_activated(self) -> None:
        for move in (None, {"id": "mv-1-aaaaaaaa", "epoch": 3}):
            self.bed.control(1, "claimed", move=move)
            self.refuses("at epoch 0")

    def test_an_epoch_of_the_other_site_is_not_activated_here(self) -> None:
        self.bed.control(2, "claimed")
        self.refuses("activates the other site", epoch=2, move="mv-2-aaaaaaaa")

    def test_another_move_than_the_one_that_claimed_is_refused(self) -> None:
        self.refuses("claims epoch 1 for mv-1-aaaaaaaa, not for mv-1-bbbbbbbb", move="mv-1-bbbbbbbb")

    def test_an_epoch_that_was_activated_before_is_refused(self) -> None:
        """The row of a database that was put back from a backup says standby, the record knows better."""
        self.bed.control(1)
        self.refuses("activated already")

    def test_a_higher_epoch_in_either_record_is_an_objection(self) -> None:
        for phase in ("claimed", "activated"):
            self.bed.control(1, "claimed")
            self.bed.control(2, phase, at=(0,))
            self.refuses("the other site is at epoch 2")
            self.bed.control(2, phase, at=(1,))
            self.refuses("this site is at epoch 2")

    def test_one_that_was_queued_for_hours_loses_against_what_came_since(self) -> None:
        """The target went dark with the run queued; the old side was made active again, and no beat has told it yet."""
        self.bed.control(2)
        self.refuses("at epoch 2")

    def test_without_its_own_record_nothing_is_activated(self) -> None:
        self.target.put(self.key, b"{")
        self.refuses("invalid", "MDR-CONTROL-INVALID", "failed")
        self.bed.control(2001, at=(1,))
        self.refuses("invalid", "MDR-CONTROL-INVALID", "failed")
        client("s3", self.target.region).delete_object(Bucket=self.target.bucket, Key=self.key)
        self.refuses("missing", "MDR-NOT-INSTALLED", "failed")

    def test_a_record_that_cannot_be_read_is_named_by_what_happened(self) -> None:
        codes = {"denied": "MDR-AWS-DENIED", "throttled": "MDR-AWS-THROTTLED", "dark": "MDR-AWS-DARK"}
        for quality, code in codes.items():
            with self.assertRaises(MdrError) as caught:
                require_claimed(Records(Reading("good", {}), Reading(quality), REGIONS, ""), 1, 1, "mv-1-aaaaaaaa")
            self.assertEqual((caught.exception.code, caught.exception.outcome), (code, "failed"))

    def test_what_is_claimed_while_it_loads_wins(self) -> None:
        before = digest(self.target)
        blocker = self.target.blocker("lock table dag in row exclusive mode")
        self.addCleanup(blocker.close)
        run_id, child = self.target.start("activate", **self.conf)
        waits = (
            "select 1 from pg_locks l join pg_stat_activity a using (pid) where l.relation = 'dag'::regclass "
            "and not l.granted and a.application_name = 'mwaadr'"
        )
        eventually(lambda: self.target.sql(waits))
        self.bed.control(2, "claimed")
        blocker.rollback()
        output = child.stdout.read()
        child.wait()
        self.target.sql("delete from dag_run where run_id = %s", run_id)
        result = json.loads(self.target.get(f"results/{self.bed.name}/{run_id}.json"))
        self.assertEqual((result["outcome"], result["code"]), ("refused", "MDR-MOVE-SUPERSEDED"), output)
        self.assertEqual(digest(self.target), before)


class TwoAttempts(WithSnapshot):
    def waiting(self) -> int:
        return self.target.one(
            "select count(*) from pg_locks l join pg_stat_activity a using (pid) where not l.granted "
            "and a.application_name = 'mwaadr' and l.locktype = 'transactionid'"
        )

    def result(self, run_id: str) -> dict[str, Any]:
        return json.loads(self.target.get(f"results/{self.bed.name}/{run_id}.json"))

    def test_the_slower_one_ends_no_run_of_the_site_that_became_active_meanwhile(self) -> None:
        target = self.target
        holds_row = target.blocker("select 1 from mwaadr_state for update")
        self.addCleanup(holds_row.close)
        first, quick = target.start("activate", "first", **self.conf)
        eventually(lambda: self.waiting() == 1)
        # The other one stands still in its gates: somebody looks at a run of our own from before the id range.
        target.add_run("mwaadr_canary", "low", "success", execution_date="2026-10-01")
        target.sql("update dag_run set id = 999999 where run_id = 'low'")
        holds_run = target.blocker("select 1 from dag_run where id = 999999 for update")
        self.addCleanup(holds_run.close)
        second, slow = target.start("activate", "second", **self.conf)
        eventually(lambda: self.waiting() == 2)
        holds_row.rollback()
        quick.stdout.read()
        quick.wait()
        holds_run.rollback()
        slow.stdout.read()
        slow.wait()
        self.assertEqual(self.result(first)["outcome"], "done")
        self.assertEqual(self.result(second)["outcome"], "refused")
        query = "select run_id, state from dag_run where run_id in ('flight', 'waiting') order by 1"
        self.assertEqual(target.sql(query), [("flight", "running"), ("waiting", "queued")])
        self.assertEqual(target.one("select count(*) from trigger"), 2)


class ActivatedOnce(WithSnapshot):
    def test_an_activation_that_is_found_again_names_what_it_really_loaded(self) -> None:
        """Also after its row was lost. A higher claim that is void is no objection."""
        self.bed.control(3, "claimed", at=(0,), move=None, activated={"site": "us-east-1", "epoch": 0})
        first = self.target.run("activate", **self.conf)
        self.assertEqual(first["outcome"], "done", first["output"])
        other = self.conf | {"snapshot": "20261201T000000Z-e0-ffffffff"}
        again = self.target.run("activate", **other)
        told = ("snapshot", "report")
        self.assertEqual((again["outcome"], *map(again.get, told)), ("already", *map(first.get, told)))
        self.assertLessEqual(again["committedAt"], first["committedAt"])
        self.target.beat()
        self.target.sql("delete from mwaadr_state")
        self.target.beat()
        lost = self.target.run("activate", **other)
        self.assertEqual((lost["outcome"], lost["snapshot"], lost["committedAt"]), ("already", None, None))
        stranger = self.target.run("activate", **(other | {"move": "mv-1-bbbbbbbb"}))
        self.assertEqual((stranger["outcome"], stranger["code"]), ("refused", "MDR-MOVE-SUPERSEDED"))


class Believed(OfTwoSites):
    """What one object in S3 can do to a site."""

    def setUp(self) -> None:
        super().setUp()
        seed(self.east)
        self.bed.control(0)
        self.east.beat()
        self.before = digest(self.east)

    def stays_active(self, quality: str) -> None:
        beat = self.east.beat()
        self.assertEqual(
            (beat["role"], beat["epoch"], beat["hold"]["held"], beat["control"]),
            ("active", 0, False, {"own": quality, "peer": quality}),
        )
        self.assertEqual(digest(self.east), self.before)

    def test_a_claim_without_a_move_fences_nobody(self) -> None:
        for move in (None, "mv-1-aaaaaaaa", {}, {"id": "mv-1-aaaaaaaa", "epoch": 3}):
            with self.subTest(move):
                self.bed.control(1, "claimed", move=move)
                self.stays_active("good")
        self.bed.control(1, "claimed")
        self.assertEqual(self.east.beat()["role"], "standby")

    def test_an_epoch_that_no_deployment_reaches_counts_for_nothing(self) -> None:
        for epoch in (1001, 1_000_001, 2**53 - 1, -1):
            with self.subTest(epoch):
                self.bed.control(epoch)
                self.stays_active("invalid")
        self.bed.control(1001, "claimed", activated={"site": "us-west-2", "epoch": 0, "snapshot": None})
        self.stays_active("invalid")
        self.bed.control(999)
        self.assertEqual(self.east.beat()["epoch"], 999, "within what is believed")

    def test_a_record_of_another_site_or_deployment_counts_for_nothing(self) -> None:
        claim = self.bed.control(1, "claimed", at=())
        turned = claim["activated"] | {"site": "us-west-2"}
        for change in ({"site": "us-east-1"}, {"site": "us-west-2", "deployment": "other"}, {"activated": turned}):
            self.west.put(self.key, json.dumps(claim | {"site": "us-west-2"} | change).encode())
            beat = self.east.beat()
            self.assertEqual((beat["role"], beat["peer"]["read"]), ("active", "invalid"))


class Learning(OfTwoSites):
    def setUp(self) -> None:
        super().setUp()
        self.bed.control(0)
        self.west.beat()

    def test_a_standby_learns_epochs_of_the_other_side_and_never_one_of_its_own(self) -> None:
        # (record, what west has learned from it)
        for epoch, phase, learned in (
            (1, "claimed", 0),
            (2, "claimed", 2),
            (2, "activated", 2),
            (3, "claimed", 2),
            (3, "activated", 2),
            (5, "claimed", 4),
        ):
            self.bed.control(epoch, phase)
            self.west.beat()
            self.assertEqual(self.row(self.west), (learned, "standby"), (epoch, phase))
        self.bed.control(0)
        self.east.beat()
        for epoch, phase, learned in ((1, "activated", 1), (2, "claimed", 1), (3, "claimed", 3), (4, "claimed", 3)):
            self.bed.control(epoch, phase)
            self.east.beat()
            self.assertEqual(self.row(self.east), (learned, "standby"), (epoch, phase))

    def test_one_readable_record_is_enough(self) -> None:
        self.bed.control(2, at=(0,))
        self.west.beat()
        self.assertEqual(self.row(self.west), (2, "standby"))
        client("s3", self.east.region).delete_object(Bucket=self.east.bucket, Key=self.key)
        self.bed.control(4, at=(1,))
        self.west.beat()
        self.assertEqual(self.row(self.west), (4, "standby"))

    def test_it_waits_for_no_activation_that_runs(self) -> None:
        blocker = self.west.blocker("select 1 from mwaadr_state for update")
        self.addCleanup(blocker.close)
        self.bed.control(2)
        self.assertEqual(self.late(self.west, "state.learn(cursor, 2)"), "False")
        self.assertEqual(self.west.beat()["epoch"], 0, "it ended while the row was locked")
        blocker.rollback()
        self.assertEqual(self.west.beat()["epoch"], 2)

    def test_a_beat_that_comes_late_takes_nothing_back(self) -> None:
        self.west.sql("update mwaadr_state set role = 'active', epoch = 1")
        self.assertEqual(self.late(self.west, "state.learn(cursor, 2)"), "False")
        self.assertEqual(self.row(self.west), (1, "active"))
        self.west.sql("update mwaadr_state set role = 'standby', epoch = 4")
        self.assertEqual(self.late(self.west, "state.learn(cursor, 2)"), "False")
        self.assertEqual(self.row(self.west), (4, "standby"))

    def test_what_was_learned_holds_when_all_records_are_forgotten(self) -> None:
        self.bed.control(2)
        self.west.beat()
        self.bed.control(1, "claimed")
        self.west.beat()
        conf = {"move": "mv-1-aaaaaaaa", "epoch": 1, "snapshot": "20261124T101500Z-e0-ab12cd34", "manifestSha256": ""}
        for kind in ("restore", "activate"):
            result = self.west.run(kind, **conf)
            outcome = ("refused", "MDR-MOVE-SUPERSEDED") if kind == "activate" else ("refused", "MDR-SNAPSHOT-MANIFEST")
            self.assertEqual((result["outcome"], result["code"]), outcome, result["output"])
        self.assertEqual(self.row(self.west), (2, "standby"))

    def test_a_site_that_missed_an_epoch_is_fenced_by_the_claim_that_makes_it_the_target(self) -> None:
        """West was active in 1; 2 went by unseen; 3 is claimed for west, whose tables are of 1 still."""
        self.bed.control(1)
        self.west.sql("update mwaadr_state set role = 'active', epoch = 1")
        self.bed.control(3, "claimed")
        beat = self.west.beat()
        self.assertEqual((beat["role"], beat["epoch"], beat["fence"]["epoch"]), ("standby", 2, 2))


class LostRows(OfTwoSites):
    """The state row of a site is gone."""

    def setUp(self) -> None:
        super().setUp()
        self.beats = f"sites/{self.bed.name}/{self.west.region}/heartbeat.json"

    def forget(self, *sites: Site) -> None:
        """The beats of west that these sites keep."""
        for site in sites:
            client("s3", site.region).delete_object(Bucket=site.bucket, Key=self.beats)

    def recovers(self, site: Site, epoch: int, role: str) -> dict[str, Any]:
        site.sql("delete from mwaadr_state")
        beat = site.beat()
        self.assertEqual(self.row(site), (epoch, role))
        return beat

    def test_one_that_was_activated_while_its_record_still_claims_is_known_by_its_beat(self) -> None:
        self.bed.control(1)
        self.west.beat()
        self.bed.control(1, "claimed")
        self.recovers(self.west, 1, "active")
        self.forget(self.west)
        self.recovers(self.west, 1, "active")
        self.forget(self.east)
        self.recovers(self.west, 1, "active")

    def test_by_its_snapshots_too(self) -> None:
        self.bed.control(1, "claimed")
        self.west.beat()
        name = "20261124T101500Z-e1-ab12cd34"
        manifest = f"snapshots/{self.bed.name}/{name}/manifest.json"
        self.west.put(f"snapshots/{self.bed.name}/{name}/log/inert-0001", b"")
        self.recovers(self.west, 0, "standby")
        for nothing in (b"{", b"{}"):
            self.west.put(manifest, nothing)
            self.recovers(self.west, 0, "standby")
        lineage = {"site": self.west.region, "epoch": 1}
        self.west.put(manifest, json.dumps({"id": name, "deployment": self.bed.name, "lineage": lineage}).encode())
        self.recovers(self.west, 1, "active")

    def test_an_epoch_that_was_only_claimed_comes_back_as_what_was_before(self) -> None:
        self.bed.control(0)
        self.west.beat()
        self.bed.control(1, "claimed")
        self.assertIsNone(self.recovers(self.west, 0, "standby")["fence"])
        self.bed.control(3, "claimed")
        self.recovers(self.west, 2, "standby")

    def test_what_it_obeyed_comes_back_though_the_records_are_of_long_ago(self) -> None:
        self.bed.control(1)
        self.west.beat()
        self.bed.control(2)
        self.west.beat()
        self.bed.control(1)
        self.recovers(self.west, 2, "standby")

    def test_a_site_that_lost_meanwhile_is_fenced(self) -> None:
        seed(self.east)
        self.bed.control(0)
        self.east.beat()
        self.bed.control(1, "claimed")
        beat = self.recovers(self.east, 1, "standby")
        self.assertEqual((beat["fence"]["epoch"], beat["fence"]["stopped"], beat["fence"]["grade"]), (1, 1, "stopped"))
        self.assertEqual(self.detail(self.east, "pauseSet"), ["user_0", "user_1"])

    def test_a_site_whose_own_bucket_is_dark_is_not_guessed_to_be_a_standby(self) -> None:
        self.bed.control(1)
        self.west.beat()
        self.bed.control(1, "claimed")
        self.forget(self.east)
        self.west.sql("delete from mwaadr_state")
        ran = self.west.python(BEAT, MWAADR_ENDPOINTS=dark(self.west.region))
        self.assertNotEqual(ran.returncode, 0)
        self.assertEqual(self.west.sql("select 1 from mwaadr_state"), [])
        self.west.beat()
        self.assertEqual(self.row(self.west), (1, "active"))

    def test_a_site_that_lost_is_a_standby_whatever_its_own_bucket_says(self) -> None:
        seed(self.east)
        self.bed.control(0)
        self.east.beat()
        self.bed.control(1)
        self.east.sql("delete from mwaadr_state")
        self.east.python(BEAT, MWAADR_ENDPOINTS=dark(self.east.region))
        self.assertEqual(self.row(self.east), (1, "standby"))

    def test_an_old_record_of_the_peer_alone_makes_no_standby(self) -> None:
        """West was active before it lost its row; the peer, dark for long, has heard of nothing."""
        self.bed.control(1)
        self.west.beat()
        self.forget(self.east)
        self.bed.control(0, at=(0,))
        self.west.sql("delete from mwaadr_state")
        self.west.python(BEAT, MWAADR_ENDPOINTS=dark(self.west.region))
        self.assertEqual(self.west.sql("select 1 from mwaadr_state"), [])
        self.west.beat()
        self.assertEqual(self.row(self.west), (1, "active"))


class AnotherDatabase(OfTwoSites):
    """The active site lost its row. Its snapshots tell whether it lost all the rest with it."""

    def setUp(self) -> None:
        super().setUp()
        seed(self.east)
        self.bed.control(0)
        self.east.beat()
        self.west.beat()
        self.snapshot = self.east.run("snapshot")
        self.assertEqual(self.snapshot["outcome"], "done", self.snapshot["output"])
        self.manifest = f"snapshots/{self.bed.name}/{self.snapshot['snapshot']}/manifest.json"

    def beats(self, site: Site) -> tuple[dict[str, Any], str]:
        """A beat, and what it logged."""
        ran = site.python(f"import logging; logging.basicConfig()\n{BEAT}")
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return site.heartbeat(), ran.stderr

    def newer(self, name: str, body: bytes | None) -> None:
        """Puts a newer snapshot there, without a manifest when ``body`` is None."""
        folder = f"snapshots/{self.bed.name}/{name}"
        self.east.put(f"{folder}/log/inert-0001", b"")
        if body is not None:
            self.east.put(f"{folder}/manifest.json", body)

    def test_one_made_anew_after_an_uninstall_is_the_teams_own(self) -> None:
        for site in (self.east, self.west):
            for region in ("us-east-1", "us-west-2"):
                key = f"sites/{self.bed.name}/{region}/heartbeat.json"
                client("s3", site.region).delete_object(Bucket=site.bucket, Key=key)
        self.east.create_anew()
        self.east.add_dag("user_0")
        self.assertEqual(self.beats(self.east)[0]["role"], "active")
        self.assertFalse(self.paused(self.east)["user_0"])

    def test_an_environment_made_anew_is_a_standby_until_a_failover_to_it_restores_it(self) -> None:
        self.east.create_anew()
        for number in range(3):
            self.east.add_dag(f"user_{number}")
        beat, log = self.beats(self.east)
        self.assertEqual((beat["role"], beat["epoch"], beat["hold"]["held"]), ("standby", 0, True))
        self.assertEqual((beat["fence"], beat["hold"]["unpausedUserDags"]), (None, 0))
        self.assertIn(f"this is not the database of snapshot {self.snapshot['snapshot']} ", log)
        self.assertIn("run failover to us-east-1", log)
        self.assertEqual(self.east.run("snapshot")["outcome"], "skipped")
        self.assertEqual(self.beats(self.east)[0]["role"], "standby", "for ever")
        self.east.sql("delete from mwaadr_state")
        self.assertEqual(self.beats(self.east)[0]["role"], "standby", "as often as the row is lost")

        self.bed.control(2, "claimed", activated={"site": "us-east-1", "epoch": 0, "snapshot": None})
        self.east.beat()
        for kind in ("restore", "activate"):
            result = self.east.run(kind, **self.bed.conf(self.snapshot, "mv-2-aaaaaaaa", 2))
            self.assertEqual(result["outcome"], "done", result["output"])
        self.assertEqual(self.row(self.east), (2, "active"))
        self.assertEqual(self.east.variable("secret"), "s3cr3t-of-a-variable")
        self.assertEqual(self.east.one("select count(*) from dag_run where run_id like 'done_%%'"), 11)
        self.assertEqual(self.paused(self.east), {"user_0": False, "user_1": False, "user_2": True})

    def activate_the_west(self) -> None:
        self.bed.replicate()
        prepare_target(self.west)
        self.bed.control(1, "claimed")
        self.west.beat()
        self.assertEqual(self.west.run("activate", **self.bed.conf(self.snapshot))["outcome"], "done")

    def test_one_that_lost_nothing_but_its_row_is_active(self) -> None:
        self.east.sql("delete from mwaadr_state")
        beat, log = self.beats(self.east)
        self.assertEqual((beat["role"], beat["epoch"], beat["hold"]["held"]), ("active", 0, False))
        self.assertNotIn("not the database", log)

    def test_rows_that_were_deleted_since_make_no_other_database(self) -> None:
        self.east.sql("delete from log; delete from dag_run where run_id like 'done_%%'")
        self.east.sql("drop table mwaadr_state")
        self.assertEqual(self.beats(self.east)[0]["role"], "active")

    def test_a_restored_site_that_loses_its_row_is_active_though_its_sequences_are_its_own(self) -> None:
        self.activate_the_west()
        self.bed.control(1)
        self.assertEqual(self.west.run("snapshot")["outcome"], "done")
        self.west.sql("delete from mwaadr_state")
        self.assertEqual(self.beats(self.west)[0]["role"], "active")

    def test_the_newest_whole_snapshot_of_the_lineage_is_asked_and_no_other(self) -> None:
        self.newer("20991124T101500Z-e0-ab12cd34", None)
        self.newer("20991124T101500Z-e2-ab12cd34", b"{")
        self.east.create_anew()
        self.assertEqual(self.beats(self.east)[0]["role"], "standby")

    def test_what_is_not_known_makes_no_other_database(self) -> None:
        self.east.create_anew()
        good = json.loads(self.east.get(self.manifest))
        name = "20991124T101500Z-e0-ab12cd34"
        named = good | {"id": name}
        for body in (
            b"{",
            json.dumps(good).encode(),
            json.dumps(named | {"sequences": None}).encode(),
            json.dumps(named | {"sequences": {"log": "9", "dag_run": True, "no_table": 9, "dag": 9}}).encode(),
        ):
            with self.subTest(body[:40]):
                self.newer(name, body)
                self.assertEqual(self.beats(self.east)[0]["role"], "active")
                self.east.sql("delete from mwaadr_state")
        self.newer(name, json.dumps(named).encode())
        self.assertEqual(self.beats(self.east)[0]["role"], "standby")

    def test_without_a_snapshot_in_its_own_bucket_the_peers_proves_it(self) -> None:
        """The environment and the DR bucket are made anew: that region is rebuilt, and its control record too."""
        self.bed.replicate()
        for key in self.east.keys(""):
            client("s3", self.east.region).delete_object(Bucket=self.east.bucket, Key=key)
        self.bed.control(0)
        self.east.create_anew()
        beat, log = self.beats(self.east)
        self.assertEqual((beat["role"], beat["epoch"]), ("standby", 0))
        self.assertIn("run failover to us-west-2", log)
        self.assertEqual(self.east.run("snapshot")["outcome"], "skipped")

    def test_a_damaged_manifest_of_its_own_does_not_hide_what_the_peers_bucket_proves(self) -> None:
        self.bed.replicate()
        self.east.put(self.manifest, b"{")
        self.east.create_anew()
        self.assertEqual(self.beats(self.east)[0]["role"], "standby")

    def test_without_a_snapshot_in_any_bucket_that_answers_the_records_decide(self) -> None:
        self.bed.replicate()
        client("s3", self.east.region).delete_object(Bucket=self.east.bucket, Key=self.manifest)
        self.east.create_anew()
        ran = self.east.python(BEAT, MWAADR_ENDPOINTS=dark(self.west.region))
        self.assertEqual((ran.returncode, self.row(self.east)), (0, (0, "active")))

    def test_made_anew_before_its_first_snapshot_it_lacks_what_its_activation_loaded(self) -> None:
        self.activate_the_west()
        made = {"site": "us-west-2", "epoch": 1, "at": "2026-11-24T00:00:00.000Z"}
        self.bed.control(1, activated=made | {"snapshot": self.snapshot["snapshot"]})
        self.west.beat()
        self.west.sql("delete from mwaadr_state")
        self.assertEqual(self.beats(self.west)[0]["role"], "active", "what it lost is its row alone")
        self.west.create_anew()
        beat, log = self.beats(self.west)
        self.assertEqual((beat["role"], beat["epoch"]), ("standby", 1))
        self.assertIn(f"this is not the database of snapshot {self.snapshot['snapshot']} ", log)

    def test_a_snapshot_tells_what_was_given_out_and_since_when_the_row_stands(self) -> None:
        first = json.loads(self.east.get(self.manifest))
        self.assertLessEqual(first["rowSince"], first["takenAt"])
        self.assertTrue(
            all(first["lastIds"][name] >= top for name, top in first["sequences"].items()), first["lastIds"]
        )
        self.east.sql("delete from log")
        self.east.sql("delete from mwaadr_state")
        self.east.beat()
        name = self.east.run("snapshot")["snapshot"]
        second = json.loads(self.east.get(f"snapshots/{self.bed.name}/{name}/manifest.json"))
        self.assertGreater(second["rowSince"], first["takenAt"])
        self.assertEqual((second["sequences"]["log"], second["lastIds"]["log"]), (0, first["lastIds"]["log"]))


if __name__ == "__main__":
    unittest.main()
