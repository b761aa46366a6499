"""What grows with the workload is named in part, counted, and whole in an object of its own."""

from __future__ import annotations

import json
import unittest
from typing import Any

from bed import Bed, Site
from seed import prepare_target

RUNS = 130


class ManyInFlight(unittest.TestCase):
    def setUp(self) -> None:
        self.bed = Bed()
        self.addCleanup(self.bed.close)
        self.source, self.target = self.bed.sites
        self.bed.control(0)
        self.source.beat()
        self.target.beat()
        self.source.add_dag("busy")
        prepare_target(self.target)
        self.target.add_dag("busy", paused=True)
        for number in range(RUNS):
            date = f"2026-11-20 00:{number // 60:02d}:{number % 60:02d}+00"
            self.source.add_run("busy", f"run-{number:03d}", "running", execution_date=date)
            self.source.add_task("busy", f"run-{number:03d}", "work", "running")

    def test_a_manifest_and_a_result_name_a_hundred(self) -> None:
        snapshot = self.source.run("snapshot")
        folder = f"snapshots/{self.bed.name}/{snapshot['snapshot']}"
        manifest = self.json(self.source, f"{folder}/manifest.json")
        self.assertEqual((len(manifest["inFlight"]), manifest["inFlightTotal"]), (100, RUNS))
        self.assertEqual(len(self.json(self.source, f"{folder}/in-flight.json")["inFlight"]), RUNS)

        self.bed.replicate()
        self.bed.control(1, "claimed")
        result = self.target.run("activate", **self.bed.conf(snapshot))
        self.assertEqual(result["outcome"], "done", result["output"])
        report = result["report"]
        self.assertEqual((len(report["rerun"]), len(report["runs"])), (100, 100))
        self.assertEqual((report["totals"]["rerun"], report["totals"]["runs"]), (RUNS, RUNS))
        whole = self.json(self.target, report["whole"])["report"]
        self.assertEqual([task["runId"] for task in whole["rerun"]], [f"run-{number:03d}" for number in range(RUNS)])
        self.assertEqual(report["unpaused"], whole["unpaused"])

    def json(self, site: Site, key: str) -> Any:
        return json.loads(site.get(key))
