"""Who is active, as far as control records, beats and snapshots say it.

Pure: dicts as they come out of JSON go in and come out, nothing is imported from outside. The action decides the same
in TypeScript (action/src/domain/), and a test compares the two. `here` is the index of a site: 0 has the even epochs,
1 the odd ones.
"""

from __future__ import annotations

import re
from typing import Any

HIGHEST_EPOCH = 1_000_000
LEAP = 1_000
"""So many epochs no deployment goes through unseen: a record that is further ahead was not written by the action."""
SNAPSHOT_ID = re.compile(r"\d{8}T\d{6}Z-e(\d{1,7})-[0-9a-f]{8}", re.ASCII)
OPENED_OF_EACH = 2
OPENED = 6
"""So many manifests of one epoch, and of all, are opened in search of one that proves something."""


def checked(record: Any) -> dict[str, Any] | None:
    """The record itself; None unless it has all that we go by, within its bounds: a guess could stop a healthy site."""
    if not isinstance(record, dict):
        return None
    activated = record.get("activated")
    good = (
        isinstance(record.get("site"), str)
        and record.get("phase") in ("claimed", "activated")
        and isinstance(activated, dict)
        and isinstance(activated.get("site"), str)
        and _is_epoch(activated.get("epoch"))
        and _is_epoch(record.get("epoch"))
        and activated["epoch"] <= record["epoch"] <= activated["epoch"] + LEAP
        # Who edits the epoch alone must not thereby stop the site that is active.
        and (record["phase"] == "claimed" or activated["epoch"] == record["epoch"])
    )
    return record if good else None


def is_of_its_site(record: dict[str, Any], regions: tuple[str, ...]) -> bool:
    """True when what was activated last is the site of its epoch: a record that says else is damaged."""
    activated = record["activated"]
    return bool(activated["site"] == regions[activated["epoch"] % 2])


def leaps(record: dict[str, Any], epoch: int) -> bool:
    """True when the record is further ahead of a site at ``epoch`` than any honest one can be."""
    return bool(record["epoch"] > epoch + LEAP)


def effective(record: dict[str, Any]) -> dict[str, Any]:
    """The record as it counts: a claim that names no move of its epoch by an id is void, what was activated remains."""
    if record["phase"] == "activated" or _claiming_move(record) is not None:
        return record
    return {**record, "epoch": record["activated"]["epoch"], "phase": "activated"}


def ruling(records: list[dict[str, Any]], regions: list[str] | tuple[str, str]) -> dict[str, Any] | None:
    """The record that all go by, as it counts: the highest epoch's; of equal ones that of the site it activates.

    ``regions`` are those of site 0 and site 1. None without records.
    """
    return max(
        (effective(record) for record in records),
        key=lambda record: (record["epoch"], record["site"] == regions[record["epoch"] % 2]),
        default=None,
    )


def learned(epoch: int, here: int) -> int:
    """The highest epoch of the *other* side that is known once ``epoch`` was read; -1 when there is none.

    A site never takes an epoch of its own side from a record: the activation that is to come would be refused by it.
    """
    return epoch if epoch % 2 != here else epoch - 1


def refusal(own: dict[str, Any] | None, peer: dict[str, Any] | None, here: int, epoch: int, move: str) -> str | None:
    """Why an activation of ``epoch`` by ``move`` may not be committed at the site ``here``; None when it may.

    ``own`` and ``peer`` are the records of this site and of the other one, None when they cannot be read. The other
    site may be lost, so its record only has to raise no objection.
    """
    if epoch % 2 != here:
        return f"epoch {epoch} activates the other site"
    if own is None:
        return "the control record of this site cannot be read"
    own = effective(own)
    if own["epoch"] != epoch:
        return f"the control record of this site is at epoch {own['epoch']}, the move at {epoch}"
    claiming = _claiming_move(own)
    if claiming is None:
        return f"the control record of this site claims nothing: epoch {epoch} is activated already"
    if claiming.get("id") != move:
        return f"the control record of this site claims epoch {epoch} for {claiming.get('id')}, not for {move}"
    if peer is not None and effective(peer)["epoch"] > epoch:
        return f"the control record of the other site is at epoch {effective(peer)['epoch']}, the move at {epoch}"
    return None


def recovered(
    records: list[dict[str, Any]],
    regions: list[str] | tuple[str, str],
    here: int,
    beats: list[dict[str, Any]],
    proven: list[int],
) -> dict[str, Any] | None:
    """Role and epoch of a site whose row was lost: `{"role", "epoch", "activated"}`; None without any record.

    ``beats``: this site's own ones, wherever they were kept; ``proven``: epochs of snapshots, told by `proven_by`.
    `activated` is the highest epoch in which this site is known to have been active (-1: none), by a record, by a beat,
    or by a snapshot, as only an active site takes any. An epoch of its own that was only claimed proves nothing.
    """
    rules = ruling(records, regions)
    if rules is None:
        return None
    limit = rules["epoch"] + LEAP
    known = [(b.get("role"), b["epoch"]) for b in beats if _is_epoch(b.get("epoch")) and b["epoch"] <= limit]
    proofs = [record["activated"]["epoch"] for record in records]
    proofs += [epoch for role, epoch in known if role == "active"] + [epoch for epoch in proven if epoch <= limit]
    mine = [epoch for epoch in proofs if epoch % 2 == here]
    obeyed = [epoch for role, epoch in known if role == "standby" and epoch % 2 != here]
    activated = max(mine, default=-1)
    theirs = max([learned(rules["epoch"], here), *obeyed])
    active = activated > theirs
    return {
        "role": "active" if active else "standby",
        "epoch": activated if active else theirs,
        "activated": activated,
    }


def worth_opening(
    snapshots: list[str], records: list[dict[str, Any]], regions: list[str] | tuple[str, str], here: int
) -> list[str]:
    """The few snapshots that would tell more of the site ``here`` than the records do, the highest epoch first.

    ``snapshots``: ids, newest first. What lies too far above the ruling record was not written by us.
    """
    rules = ruling(records, regions)
    if rules is None:
        return []
    above = max((r["activated"]["epoch"] for r in records if r["activated"]["epoch"] % 2 == here), default=-1)
    found: dict[int, list[str]] = {}
    for name in snapshots:
        epoch = _taken_in(name)
        if epoch is not None and epoch % 2 == here and above < epoch <= rules["epoch"] + LEAP:
            found.setdefault(epoch, []).append(name)
    return [name for epoch in sorted(found, reverse=True) for name in found[epoch][:OPENED_OF_EACH]][:OPENED]


def taken_in(snapshots: list[str], epoch: int) -> list[str]:
    """Those of ``snapshots`` that were taken in ``epoch`` by their ids, in the same order."""
    return [name for name in snapshots if _taken_in(name) == epoch]


def made_from(records: list[dict[str, Any]], epoch: int) -> list[str]:
    """The snapshots that ``records`` name as what the activation of ``epoch`` was made from."""
    named = {r["activated"].get("snapshot") for r in records if r["activated"]["epoch"] == epoch}
    return sorted(name for name in named if isinstance(name, str) and _taken_in(name) is not None)


def proven_by(name: str, manifest: dict[str, Any] | None, deployment: str, regions: list[str] | tuple[str, str]) -> int:
    """The epoch in which the site was active that took this snapshot; -1 unless its manifest says what its id says."""
    epoch = _taken_in(name)
    if manifest is None or epoch is None:
        return -1
    lineage = {"site": regions[epoch % 2], "epoch": epoch}
    said = (manifest.get("id"), manifest.get("deployment"), manifest.get("lineage"))
    return epoch if said == (name, deployment, lineage) else -1


def _taken_in(snapshot: str) -> int | None:
    match = SNAPSHOT_ID.fullmatch(snapshot)
    return int(match[1]) if match else None


def _claiming_move(record: dict[str, Any]) -> dict[str, Any] | None:
    """The move for which a record claims its epoch; None when it claims none."""
    move = record.get("move")
    if record["phase"] != "claimed" or not isinstance(move, dict) or not isinstance(move.get("id"), str):
        return None
    return move if type(move.get("epoch")) is int and move["epoch"] == record["epoch"] else None


def _is_epoch(value: Any) -> bool:
    return type(value) is int and 0 <= value <= HIGHEST_EPOCH
