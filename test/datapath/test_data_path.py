"""Snapshot, restore and activate against real databases with Airflow's schema."""

from __future__ import annotations

import json
import unittest

from bed import Bed
from seed import NASTY, SECRETS, digest, prepare_target, probe_order, seed


class Moved(unittest.TestCase):
    """A whole move: what the source had is at the target, what is the target's own is still there."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.bed = Bed()
        cls.addClassCleanup(cls.bed.close)
        cls.source, cls.target = cls.bed.sites
        cls.ids = seed(cls.source)
        prepare_target(cls.target)
        cls.bed.control(0)
        cls.source.beat()
        cls.target.beat()
        if "dag_version_id" in cls.source.columns("task_instance"):
            cls.source.sql("update serialized_dag set dag_hash = 'of a file that has changed' where dag_id = 'user_1'")
        cls.source.sql("update task_instance set hostname = null, unixname = null where run_id = 'done_3'")
        cls.snapshot = cls.source.run("snapshot")
        cls.bed.replicate()
        probe_order(cls.target)
        cls.restored = cls.target.run("restore", **cls.bed.conf(cls.snapshot))
        cls.between = {
            "live runs": cls.target.one("select count(*) from dag_run where state not in ('success', 'failed')"),
            "live tasks": cls.target.one("select count(*) from task_instance where state is distinct from 'success'"),
            "triggers": cls.target.one("select count(*) from trigger"),
            "unpaused": cls.target.one("select count(*) from dag where not is_paused and dag_id not like 'mwaadr%%'"),
        }
        cls.order = [
            table for (table,) in cls.target.sql("select what from probe where what <> 'analyzed' order by at")
        ]
        cls.analyzed = dict(cls.target.sql("select on_table, number from probe where what = 'analyzed'"))
        cls.sequences = dict(cls.target.sql("select on_table, number from probe where what = 'sequence'"))
        cls.target.sql("truncate probe")
        cls.bed.control(1, "claimed")
        cls.activated = cls.target.run("activate", **cls.bed.conf(cls.snapshot))
        cls.live_order = [t for (t,) in cls.target.sql("select what from probe where number is null order by at")]

    def test_every_step_is_done(self) -> None:
        for result in (self.snapshot, self.restored, self.activated):
            self.assertEqual((result["outcome"], result["code"]), ("done", None), result["output"])

    def test_every_tables_content_is_the_manifests(self) -> None:
        checked = self.restored["tables"] | self.activated["tables"]
        for name, table in checked.items():
            self.assertEqual(table["hash"], table["expected"], name)
        self.assertEqual(set(checked), set(self.snapshot["tables"]) - {"dag/live"})

    def test_nasty_values_survive(self) -> None:
        kind = self.source.columns("xcom")["value"]
        for number, value in enumerate(NASTY):
            run = f"done_{number}"
            for query in (
                f"select value{'::text' if kind == 'jsonb' else ''} from xcom where run_id = %s",
                "select extra from log where run_id = %s",
                "select rendered_fields::text from rendered_task_instance_fields where run_id = %s",
                "select n.content from dag_run_note n join dag_run r on r.id = n.dag_run_id where r.run_id = %s",
            ):
                found, sent = self.target.one(query, run), self.source.one(query, run)
                self.assertEqual(bytes(found) if kind == "bytea" and "xcom" in query else found,
                                 bytes(sent) if kind == "bytea" and "xcom" in query else sent, query)  # fmt: skip
            self.assertEqual(self.target.variable(f"nasty_{number}"), value)

    def test_null_stays_null_and_empty_stays_empty(self) -> None:
        bare = self.target.sql("select password, extra, login from connection where conn_id = 'bare'")
        self.assertEqual(bare, [(None, None, None)])
        self.assertEqual(self.target.one("select extra from log where run_id = 'done_1'"), "")

    def test_secrets_are_encrypted_with_the_targets_key(self) -> None:
        password, extra = self.target.sql("select password, extra from connection where conn_id = 'web'")[0]
        self.assertEqual(self.target.fernet.decrypt(password.encode()).decode(), SECRETS["password"])
        self.assertEqual(json.loads(self.target.fernet.decrypt(extra.encode()))["token"], SECRETS["extra"])
        self.assertEqual(self.target.variable("secret"), SECRETS["variable"])
        self.assertEqual(self.target.one("select val from variable where key = 'clear'"), "not encrypted\tat all")

    def test_config_is_replaced_and_what_is_ours_stays(self) -> None:
        self.assertEqual(self.target.sql("select 1 from variable where key = 'gone'"), [])
        self.assertEqual(self.target.variable("mwaadr_own"), "must stay")
        pools = dict(self.target.sql("select pool, slots from slot_pool"))
        self.assertEqual(pools, {"default_pool": 77, "narrow": 3})

    def test_runs_keep_the_sources_ids(self) -> None:
        query = "select dag_id, run_id, id from dag_run where dag_id not like 'mwaadr%%' order by 1, 2"
        self.assertEqual(self.target.sql(query), self.source.sql(query))

    def test_what_runs_on_a_dag_version_that_is_unknown_here_has_one_before_the_newest(self) -> None:
        """Wl2: Airflow 3 gives a run its new tasks only when no task of it has this site's newest version, and starts
        none that has no version."""
        if "dag_version_id" not in self.source.columns("task_instance"):
            query = "select run_id, dag_hash from dag_run where dag_id = 'user_1'"
            self.assertEqual(self.target.sql(query), [("flight", "hash-of-the-source")])
            return
        query = (
            "select distinct r.run_id, r.created_dag_version_id::text, t.dag_version_id::text from dag_run r "
            "join task_instance t on t.dag_id = r.dag_id and t.run_id = r.run_id "
            "where r.dag_id = 'user_1' or r.run_id = 'done_0' order by 1"
        )
        known = str(self.target.version_of("user_0"))
        (older, number, code, newest), *more = self.target.sql(
            "select v.id::text, v.version_number, s.dag_hash, "
            "(select max(n.version_number) from dag_version n where n.dag_id = v.dag_id) from dag_version v "
            "join serialized_dag s on s.dag_version_id = v.id where v.dag_id = 'user_1' order by v.version_number"
        )
        self.assertEqual((number, code, newest, len(more)), (0, "hash-user_1", 1, 1))
        self.assertEqual(self.target.sql(query), [("done_0", known, known), ("flight", None, older)])
        tries = "select distinct dag_version_id::text from task_instance_history where dag_id = 'user_1'"
        self.assertEqual(self.target.sql(tries), [(None,)])

    def test_datasets_are_mapped_and_what_the_target_lacks_is_added(self) -> None:
        kind = "asset" if self.source.columns("asset") else "dataset"
        query = (
            f"select d.uri, e.source_run_id, array_agg(l.dag_run_id order by l.dag_run_id) from {kind}_event e "
            f"join {kind} d on d.id = e.{kind}_id join dagrun_{kind}_event l on l.event_id = e.id "
            "group by 1, 2 order by 1"
        )
        self.assertEqual(self.target.sql(query), self.source.sql(query))
        query = (
            f"select d.uri, q.target_dag_id from {kind}_dag_run_queue q join {kind} d on d.id = q.{kind}_id order by 1"
        )
        self.assertEqual(self.target.sql(query), self.source.sql(query))

    def test_nothing_live_is_in_a_standby(self) -> None:
        """R4."""
        self.assertEqual(self.between, dict.fromkeys(self.between, 0))

    def test_sequences_are_ahead_before_the_first_row(self) -> None:
        """R1."""
        for table, highest in self.manifest()["sequences"].items():
            if table in self.sequences:
                self.assertGreater(self.sequences[table], highest, table)
        self.assertIn("log", self.sequences)

    def test_parents_are_analyzed_before_their_children_come(self) -> None:
        """R2: the statistics that a foreign key check plans with, as they are inside the transaction."""
        runs = self.target.one("select count(*) from dag_run where run_id like 'done%%'")
        self.assertGreaterEqual(self.analyzed["dag_run"], runs)
        self.assertGreaterEqual(self.analyzed["task_instance"], runs)

    def test_what_others_lock_is_written_last(self) -> None:
        """R3."""
        late = {"slot_pool", "variable", "connection", "dag"}
        first_late = min(self.order.index(table) for table in late if table in self.order)
        self.assertEqual([table for table in self.order[first_late:] if table not in late], [])
        self.assertNotIn("dag", self.order)
        queues = ("dag", "dataset_dag_run_queue", "asset_dag_run_queue")
        # Tasks of this very transaction get a DAG version then, which nobody else sees yet.
        later = [t for t in self.live_order[self.live_order.index("dag") :] if t not in queues]
        self.assertIn(later, ([], ["task_instance"]))
        self.assertIn("task_instance", self.live_order[: self.live_order.index("dag")])

    def test_our_own_runs_have_ids_of_their_own(self) -> None:
        """R5."""
        ours = self.target.sql("select id from dag_run where dag_id like 'mwaadr%%'")
        self.assertGreaterEqual(len(ours), 2)
        self.assertGreaterEqual(min(identity for (identity,) in ours), 2_000_000_000)
        self.assertLess(self.target.add_run("user_0", "after", "success", execution_date="2027-01-01"), 2_000_000_000)
        self.target.sql("delete from dag_run where run_id = 'after'")

    def test_tasks_in_flight_go_on_by_rule(self) -> None:
        query = "select task_id, state, try_number, max_tries, pid, hostname from task_instance where run_id = 'flight'"
        tasks = {row[0]: row[1:] for row in self.target.sql(query)}
        self.assertEqual(tasks["t_running"], (None, 2, 4, None, ""))
        self.assertEqual(tasks["t_queued"], (None, 1, 3, None, ""))
        self.assertEqual(tasks["t_scheduled"], (None, 1, 3, None, ""))
        for state in ("success", "up_for_retry", "up_for_reschedule", "deferred", "awaiting_input"):
            self.assertEqual(tasks[f"t_{state}"][0], state)
        self.assertEqual(tasks["t_None"][0], None)
        history = self.target.sql(
            "select task_id, try_number, state from task_instance_history where run_id = 'flight'"
        )
        self.assertEqual(history, [("t_running", 2, "failed")])
        self.assertEqual(self.target.one("select count(*) from task_reschedule"), len(NASTY) + 7)

    def test_a_task_that_had_begun_and_waits_for_its_slot_keeps_its_event_and_its_try(self) -> None:
        """Wl4: else it would submit its work a second time, or ask a human again who has answered."""
        query = (
            "select task_id, state, try_number, max_tries, next_method, next_kwargs::text, start_date, pid, hostname "
            "from task_instance where task_id like 't_fired%%' order by 1"
        )
        source = {row[0]: row[2:7] for row in self.source.sql(query)}
        found = self.target.sql(query)
        self.assertEqual(
            [row[:2] for row in found], [(f"t_fired_{was}", "scheduled") for was in ("queued", "scheduled")]
        )
        for row in found:
            self.assertEqual(row[2:7], source[row[0]])
            self.assertIn("42", row[5])
            self.assertEqual(row[7:], (None, ""))

    def test_no_task_instance_is_without_what_airflows_rest_must_answer(self) -> None:
        """Wl3: REST of 2.x answers 500 for one without host or user; also when an earlier move has left such rows."""
        for site in (self.source, self.target):
            query = "select dag_id, run_id, task_id from task_instance where hostname is null or unixname is null"
            self.assertEqual(site.sql(query), [])
        self.assertEqual(self.target.one("select unixname from task_instance where task_id = 't_running'"), "airflow")

    def test_deferred_tasks_have_their_triggers(self) -> None:
        rows = self.target.sql(
            "select t.classpath, t.kwargs, t.triggerer_id from trigger t "
            "join task_instance i on i.trigger_id = t.id order by 1"
        )
        self.assertEqual([row[0] for row in rows], ["a.Trigger", "b.Trigger"])
        self.assertEqual(self.target.fernet.decrypt(rows[0][1].encode()), b'{"moment": "2026-12-01"}')
        self.assertEqual(rows[1][1:], ('{"plain": 1}', None))

    def test_the_pause_set_is_the_sources_and_the_unknown_stays_paused(self) -> None:
        paused = dict(self.target.sql("select dag_id, is_paused from dag where dag_id not like 'mwaadr%%'"))
        self.assertEqual(paused, {"user_0": False, "user_1": False, "user_2": True, "only_here": True})

    def test_the_report_names_what_it_touched(self) -> None:
        report = self.activated["report"]
        self.assertEqual([task["taskId"] for task in report["rerun"]], ["t_running"])
        self.assertEqual({task["was"] for task in report["continued"]},
                         {"queued", "scheduled", "deferred", "awaiting_input", "up_for_retry",
                          "up_for_reschedule"})  # fmt: skip
        self.assertEqual([run["runId"] for run in report["runs"]], ["over", "waiting", "flight"])
        self.assertEqual((report["unpaused"], report["paused"], report["missingDags"]), (2, 2, []))

    def test_no_secret_is_in_clear_in_any_object(self) -> None:
        bodies = [self.source.get(key) for key in self.source.keys("")] + [
            self.target.get(k) for k in self.target.keys("")
        ]
        for secret in (*SECRETS.values(), self.source.fernet_key, self.target.fernet_key, "airflow-pw"):
            self.assertFalse([1 for body in bodies if secret.encode() in body], secret)

    def test_an_activation_is_found_again_by_its_epoch(self) -> None:
        again = self.target.run("activate", **self.bed.conf(self.snapshot))
        self.assertEqual((again["ok"], again["outcome"], again["report"]), (True, "already", self.activated["report"]))

    def test_a_lower_epoch_changes_nothing(self) -> None:
        before = digest(self.target)
        zombie = self.target.run("activate", **self.bed.conf(self.snapshot, move="mv-0-cccccccc", epoch=0))
        self.assertEqual((zombie["outcome"], zombie["code"]), ("refused", "MDR-MOVE-SUPERSEDED"))
        late = self.target.run("restore", **self.bed.conf(self.snapshot, move="mv-1-dddddddd"))
        self.assertEqual((late["outcome"], late["code"]), ("refused", "MDR-TARGET-UNREADY"))
        self.assertEqual(digest(self.target), before)

    def manifest(self) -> dict:
        return json.loads(self.source.get(f"snapshots/{self.bed.name}/{self.snapshot['snapshot']}/manifest.json"))


if __name__ == "__main__":
    unittest.main()
