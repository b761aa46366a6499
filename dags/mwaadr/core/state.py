# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""Our footprint in the metadata database: the state row, the hold and the id range of our own runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mwaadr.core.config import OURS
from mwaadr.core.facts import OWN_RUN_IDS

TABLE = """
create table public.mwaadr_state (
  one boolean primary key default true check (one),
  epoch bigint not null,
  role text not null check (role in ('active', 'standby')),
  move text,
  inert_snapshot text,
  changed timestamptz not null default now(),
  detail jsonb not null default '{}'
)
"""

# No user DAG can be unpaused by anything (parser, UI, REST, CLI) while the role is standby, nor one that comes late at an
# active site. Without its table the trigger lets all pass: a scheduler that cannot write `dag` would never schedule the
# beat that brings the table back.
HOLD = rf"""
create or replace function public.mwaadr_hold() returns trigger language plpgsql as $$
begin
  if new.is_paused is distinct from true and new.dag_id not like '{OURS}'
     and exists (select 1 from public.mwaadr_state where role = 'standby' or detail -> 'late' ? new.dag_id) then
    new.is_paused := true;
  end if;
  return new;
exception when undefined_table then
  return new;
end $$;
drop trigger if exists mwaadr_hold on public.dag;
create trigger mwaadr_hold before insert or update on public.dag
  for each row execute function public.mwaadr_hold();
"""

# Runs of our own have ids that no user's run ever gets, so a source's ids can always be kept, in both directions.
RUN_ID = rf"""
create sequence if not exists public.mwaadr_run_id_seq as integer minvalue {OWN_RUN_IDS} start {OWN_RUN_IDS} cycle;
create or replace function public.mwaadr_run_id() returns trigger language plpgsql as $$
begin
  new.id := nextval('public.mwaadr_run_id_seq');
  return new;
end $$;
drop trigger if exists mwaadr_run_id on public.dag_run;
create trigger mwaadr_run_id before insert on public.dag_run
  for each row when (new.dag_id like '{OURS}') execute function public.mwaadr_run_id();
"""

TRIGGERS = {"mwaadr_hold": HOLD, "mwaadr_run_id": RUN_ID}

LONG = ("activation", "late", "lateQueues", "pauseSet", "startedBefore", "stopped")
"""Members of the row's detail that may have thousands of names: read when they are asked for, not at each beat."""


@dataclass(frozen=True)
class State:
    epoch: int
    role: str
    move: str | None
    inert_snapshot: str | None
    detail: dict[str, Any]


def installed(cursor: Any) -> set[str]:
    """Which of the table and the two triggers are there."""
    cursor.execute(
        "select relname from pg_class where oid = to_regclass('public.mwaadr_state') "
        "union select tgname from pg_trigger where not tgisinternal and tgenabled <> 'D' and tgname = any(%s)",
        (list(TRIGGERS),),
    )
    return {row[0] for row in cursor.fetchall()}


def read(cursor: Any, *, for_update: bool = False) -> State | None:
    """The row, or None when the canary has not installed it. ``for_update`` waits for whoever holds it.

    Its detail comes without the long members: see `recall`.
    """
    if "mwaadr_state" not in installed(cursor):
        return None
    lock = "for update" if for_update else ""
    cursor.execute(
        f"select epoch, role, move, inert_snapshot, detail - %s::text[] from public.mwaadr_state {lock}", (list(LONG),)
    )
    row = cursor.fetchone()
    return State(*row) if row else None


def create(cursor: Any, epoch: int, role: str) -> None:
    """Puts the row there when it is missing, in the caller's transaction. Takes no lock on a table of Airflow's."""
    if "mwaadr_state" not in installed(cursor):
        cursor.execute(TABLE)
    cursor.execute(
        "insert into public.mwaadr_state (epoch, role) values (%s, %s) on conflict do nothing", (epoch, role)
    )


def missing_triggers(cursor: Any) -> list[str]:
    """Names in `TRIGGERS`. To install one locks `dag` or `dag_run` for an instant, so whoever does bounds the wait and
    holds no row of ours meanwhile: who has that may want `dag` next."""
    there = installed(cursor)
    return [name for name in TRIGGERS if name not in there]


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
