"""What the tests of the protocol share: two sites, and parts of the canary that act when the test wants it."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable
from typing import Any

from bed import BED, REGIONS, Bed, Site

INTO_THE_DATABASE = (
    "import sys\n"
    "from mwaadr.core import access, canary, fence, state; from mwaadr.core.work import connect\n"
    "found = access.find(); connection = connect(found.args, found.kwargs); cursor = connection.cursor()\n"
)
NOBODY = "http://127.0.0.1:9"


def dark(region: str) -> str:
    """MWAADR_ENDPOINTS of a site that does not reach the Region."""
    return ",".join(f"{name}={NOBODY if name == region else BED['moto']}" for name in REGIONS)


def eventually(probe: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not probe():
        if time.monotonic() > deadline:
            raise AssertionError("not in time")
        time.sleep(0.02)


class OfTwoSites(unittest.TestCase):
    def setUp(self) -> None:
        self.bed = Bed()
        self.addCleanup(self.bed.close)
        self.east, self.west = self.bed.sites
        self.key = f"control/{self.bed.name}.json"

    def row(self, site: Site) -> tuple[int, str]:
        return site.sql("select epoch, role from mwaadr_state")[0]

    def late(self, site: Site, work: str) -> str:
        """What a part of the canary does that was held up until now; returns what it returned."""
        program = f"{INTO_THE_DATABASE}print(canary._retry(connection, lambda: {work}))"
        ran = site.python(program)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        return ran.stdout.strip()

    def detail(self, site: Site, key: str) -> Any:
        return site.one("select detail -> %s from mwaadr_state", key)

    def paused(self, site: Site) -> dict[str, bool]:
        return dict(site.sql("select dag_id, is_paused from dag where dag_id not like 'mwaadr%%'"))
