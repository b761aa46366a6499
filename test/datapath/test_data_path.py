"""Snapshot, restore and activate against real databases."""

from __future__ import annotations

import hashlib
import json
import unittest
from typing import Any

from bed import Bed
from seed import prepare_target, seed


class DataPath(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.bed = Bed()
        cls.addClassCleanup(cls.bed.close)
        cls.source, cls.target = cls.bed.sites
        cls.ids = seed(cls.source)
        prepare_target(cls.target)
        cls.bed.control(0)
        cls.beats = [cls.source.beat(), cls.target.beat()]
        cls.snapshot = cls.source.run("snapshot")
        cls.bed.replicate()

    def conf(self, move: str = "mv-1-aaaaaaaa", epoch: int = 1) -> dict[str, Any]:
        body = self.source.get(f"snapshots/{self.bed.name}/{self.snapshot['snapshot']}/manifest.json")
        return {
            "move": move,
            "epoch": epoch,
            "snapshot": self.snapshot["snapshot"],
            "manifestSha256": hashlib.sha256(body).hexdigest(),
        }

    def test_1(self) -> None:
        self.assertTrue(self.snapshot["ok"], self.snapshot)
        result = self.target.run("restore", **self.conf())
        self.assertTrue(result["ok"], result)
        result = self.target.run("activate", **self.conf())
        self.assertTrue(result["ok"], result)
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    unittest.main()
