# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""The state row: who this site is by its own metadata database, and what it remembers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mwaadr.core import footprint
from mwaadr.core.config import OURS
from mwaadr.core.facts import OWN_RUN_IDS

LONG = ("activation", "late", "lateQueues", "pauseSet", "startedBefore", "stopped")
"""Members of the row's detail that may have thousands of names: read when they are asked for, not at each beat."""


@dataclass(frozen=True)
class State:
    epoch: int
    role: str
    move: str | None
    inert_snapshot: str | None
    detail: dict[str, Any]


def read(cursor: Any, *, for_update: bool = False) -> State | None:
    """The row, or None when the canary has not installed it. ``for_update`` waits for whoever holds it.

    Its detail comes without the long members: see `recall`.
    """
    if "mwaadr_state" not in footprint.installed(cursor):
        return None
    lock = "for update" if for_update else ""
    cursor.execute(
        f"select epoch, role, move, inert_snapshot, detail - %s::text[] from public.mwaadr_state {lock}", (list(LONG),)
    )
    row = cursor.fetchone()
    return State(*row) if row else None


def create(cursor: Any, epoch: int, role: str) -> None:
    """Puts the row there when it is missing, in the caller's transaction. Takes no lock on a table of Airflow's."""
    if "mwaadr_state" not in footprint.installed(cursor):
        footprint.create_table(cursor)
    cursor.execute(
        "insert into public.mwaadr_state (epoch, role, detail) values (%s, %s, jsonb_build_object('rowSince', "
        """to_char(now() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) on conflict do nothing""",
        (epoch, role),
    )


def since(cursor: Any) -> str | None:
    """When the row was put there, the first one or one that came back; None for one of an earlier release."""
    return recall(cursor, "rowSince")


def learn(cursor: Any, epoch: int) -> bool:
    """A standby takes note of a higher epoch of the other site, in the caller's transaction; True when it did.

    No activation below it is committed here any more. A restore or an activation that holds the row is not waited for:
    the next beat learns it, and an activation reads the records itself.
    """
    cursor.execute(
        "update public.mwaadr_state set epoch = %s, changed = now() where one in "
        "(select one from public.mwaadr_state where role = 'standby' and epoch < %s for update skip locked)",
        (epoch, epoch),
    )
    return bool(cursor.rowcount)


def unpaused(cursor: Any) -> list[str]:
    """Ids of the user's DAGs that are not paused."""
    cursor.execute(
        "select dag_id from dag where is_paused is distinct from true and dag_id not like %s order by dag_id", (OURS,)
    )
    return [row[0] for row in cursor.fetchall()]


def recall(cursor: Any, key: str) -> Any:
    """One member of the row's detail, None when it is not there."""
    cursor.execute("select detail -> %s from public.mwaadr_state", (key,))
    row = cursor.fetchone()
    return row[0] if row else None


def remember(cursor: Any, key: str, value: Any) -> None:
    """Puts one member into the row's detail."""
    cursor.execute(
        "update public.mwaadr_state set detail = detail || %s::jsonb, changed = now()",
        (json.dumps({key: value}),),
    )


def extend(cursor: Any, key: str, values: list[Any]) -> None:
    """Adds to a list in the row's detail."""
    cursor.execute(
        "update public.mwaadr_state set changed = now(), "
        "detail = detail || jsonb_build_object(%s, coalesce(detail -> %s, '[]') || %s::jsonb)",
        (key, key, json.dumps(values)),
    )


def drop_low_own_runs(cursor: Any) -> int:
    """Migration: finished runs of our own from before the id range go, as a source may need their ids."""
    cursor.execute(
        "delete from dag_run where dag_id like %s and id < %s and state in ('success', 'failed')",
        (OURS, OWN_RUN_IDS),
    )
    return cursor.rowcount
