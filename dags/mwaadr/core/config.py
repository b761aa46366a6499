"""What deployment.json says, and which of its sites this environment is (docs/formats.md)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mwaadr.core.errors import MdrError

PACKAGE = Path(__file__).resolve().parent.parent
DAGS_FOLDER = PACKAGE.parent
FILE = PACKAGE / "deployment.json"
OURS = r"mwaadr\_%"
"""LIKE pattern of the ids of our own DAGs, and of variables, connections and pools that belong to one site."""


@dataclass(frozen=True)
class Site:
    region: str
    account: str
    """Whose the buckets of this Region are."""
    environment: str
    bucket: str
    """The DR bucket."""
    key_arn: str


@dataclass(frozen=True)
class Deployment:
    name: str
    airflow_version: str
    sites: tuple[Site, Site]
    snapshot_seconds: int
    canary_seconds: int

    @property
    def regions(self) -> tuple[str, str]:
        """Of site 0 and of site 1."""
        one, two = self.sites
        return one.region, two.region

    def index_here(self, env: Mapping[str, str] = os.environ) -> int:
        """0 or 1: the site of this environment, by Region, and by environment name where both share one.

        Raises MdrError MDR-NOT-INSTALLED when neither fits.
        """
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
        name = env.get("AIRFLOW_ENV_NAME") or env.get("MWAA__CORE__ENVIRONMENT_NAME")
        same = [index for index, site in enumerate(self.sites) if site.region == region]
        if len(same) > 1:
            same = [index for index in same if self.sites[index].environment == name]
        if len(same) != 1:
            known = ", ".join(f"{site.environment} in {site.region}" for site in self.sites)
            raise MdrError("MDR-NOT-INSTALLED", f"this environment ({name} in {region}) is not a site: {known}")
        return same[0]


def load(path: Path = FILE) -> Deployment:
    """The deployment. Raises MdrError MDR-NOT-INSTALLED when the file is missing or not one of schema version 1."""
    if not path.exists():
        raise MdrError(
            "MDR-NOT-INSTALLED",
            f"{path} is missing: run the operation `install` of mwaa-dr-action, which writes it beside these DAGs",
        )
    data = json.loads(path.read_text())
    if data.get("schemaVersion") != 1:
        raise MdrError("MDR-NOT-INSTALLED", f"{path} is of schema version {data.get('schemaVersion')}, we read 1")
    one, two = (Site(s["region"], s["account"], s["environment"], s["drBucket"], s["keyArn"]) for s in data["sites"])
    return Deployment(
        name=data["deployment"],
        airflow_version=data["airflowVersion"],
        sites=(one, two),
        snapshot_seconds=data["snapshot"]["everySeconds"],
        canary_seconds=data["canary"]["everySeconds"],
    )


class Keys:
    """Keys of objects in a DR bucket; the same derivations as action/src/domain/names.ts."""

    def __init__(self, deployment: str) -> None:
        self.control = f"control/{deployment}.json"
        self.snapshots = f"snapshots/{deployment}/"
        self._deployment = deployment

    def heartbeat(self, region: str) -> str:
        return f"sites/{self._deployment}/{region}/heartbeat.json"

    def manifest(self, snapshot: str) -> str:
        return f"{self.snapshots}{snapshot}/manifest.json"

    def part(self, snapshot: str, table: str, part: str) -> str:
        return f"{self.snapshots}{snapshot}/{table}/{part}"

    def result(self, run_id: str) -> str:
        return f"results/{self._deployment}/{re.sub(r'[^A-Za-z0-9._-]', '_', run_id)}.json"

    def whole_report(self, run_id: str) -> str:
        return f"{self.result(run_id).removesuffix('.json')}.whole.json"

    def in_flight(self, snapshot: str) -> str:
        return f"{self.snapshots}{snapshot}/in-flight.json"


NAMED = 100
"""So many names of a list that grows with the workload go into what is read often: a heartbeat, a manifest, a result.
All of them are kept elsewhere: in the state row, or in an object of their own."""


def taken_at(snapshot: str) -> str:
    """When a snapshot was taken, to the second, by its id."""
    stamp = datetime.strptime(snapshot.partition("-")[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return iso(stamp)


def iso(time: datetime) -> str:
    """UTC, ISO 8601 with Z, milliseconds."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def now() -> str:
    return iso(datetime.now(UTC))
