# ruff: noqa: S608 - names in SQL come from here and from the database's catalogue, values are parameters
"""What we make in the metadata database: a table, a sequence, two functions, two triggers, and to whom they belong.

MWAA has two roles: the owner of Airflow's tables, who migrates them, and one that everything else signs in as, which
may or may not be a member of the first. Whichever writes `dag`, our triggers must let it; whichever upgrades MWAA, our
objects must not be in its way. So all belongs to the owner of `dag` as far as we may give it to him, who may write
`dag` may use it, and the triggers' functions work with the rights of their own owner, not of whoever fires them.
"""

from __future__ import annotations

import logging
from typing import Any

import psycopg2

from mwaadr.core.config import OURS
from mwaadr.core.errors import MdrError, Refused, describe
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

# One that was lost goes on behind the runs that are there.
SEQUENCE = f"""
create sequence public.mwaadr_run_id_seq as integer minvalue {OWN_RUN_IDS} start {OWN_RUN_IDS} cycle;
select setval('public.mwaadr_run_id_seq', coalesce(max(id), {OWN_RUN_IDS}), max(id) is not null)
  from public.dag_run where id >= {OWN_RUN_IDS};
"""

FUNCTIONS = {
    # No user DAG can be unpaused by anything (parser, UI, REST, CLI) while the role is standby, nor one that comes late
    # at an active site. What it lacks, lets all pass: a scheduler that cannot write `dag` would never schedule the beat
    # that mends it.
    "mwaadr_hold": rf"""
begin
  if new.is_paused is distinct from true and new.dag_id not like '{OURS}'
     and exists (select 1 from public.mwaadr_state where role = 'standby' or detail -> 'late' ? new.dag_id) then
    new.is_paused := true;
  end if;
  return new;
exception when undefined_table or insufficient_privilege then
  return new;
end """,
    # Runs of our own have ids that no user's run ever gets, so a source's ids can always be kept, in both directions.
    "mwaadr_run_id": """
begin
  new.id := nextval('public.mwaadr_run_id_seq');
  return new;
exception when undefined_table or insufficient_privilege then
  return new;
end """,
}

TRIGGERS = {
    "mwaadr_hold": """
drop trigger if exists mwaadr_hold on public.dag;
create trigger mwaadr_hold before insert or update on public.dag
  for each row execute function public.mwaadr_hold();
""",
    "mwaadr_run_id": rf"""
drop trigger if exists mwaadr_run_id on public.dag_run;
create trigger mwaadr_run_id before insert on public.dag_run
  for each row when (new.dag_id like '{OURS}') execute function public.mwaadr_run_id();
""",
}

_OBJECTS = """
with owner as (select relowner as role from pg_class where oid = 'public.dag'::regclass),
objects as (
  select case relkind when 'S' then 'sequence' else 'table' end as kind, oid, relname::text as name, relowner as role
  from pg_class where oid in (to_regclass('public.mwaadr_state'), to_regclass('public.mwaadr_run_id_seq'))
  union all select 'function', oid, proname, proowner
  from pg_proc where pronamespace = 'public'::regnamespace and proname in ('mwaadr_hold', 'mwaadr_run_id')
)
"""
WAIT = "100ms"
"""Whoever writes `dag` waits behind us for so long, while we wait for our own table."""
log = logging.getLogger("mwaadr")


def installed(cursor: Any) -> set[str]:
    """Which of the table and the two triggers are there.

    Raises MdrError MDR-DB-ACCESS when the table is, but not for the role that we signed in as.
    """
    cursor.execute(
        "select relname, has_table_privilege(oid, 'select') and has_table_privilege(oid, 'update'), "
        "current_user, relowner::regrole::text from pg_class where oid = to_regclass('public.mwaadr_state') "
        "union all select tgname, true, null, null "
        "from pg_trigger where not tgisinternal and tgenabled <> 'D' and tgname = any(%s)",
        (list(TRIGGERS),),
    )
    rows = cursor.fetchall()
    for name, is_ours, role, owner in rows:
        if not is_ours:
            raise MdrError(
                "MDR-DB-ACCESS",
                f"the role {role} may not use {name}, which belongs to {owner}: let the canary beat as {owner} again, "
                f"or grant all on {name} to {role}",
            )
    return {row[0] for row in rows}


def missing_triggers(cursor: Any) -> list[str]:
    """Names in `TRIGGERS`. To install one locks `dag` or `dag_run` for an instant, so whoever does bounds the wait and
    holds no row of ours meanwhile: who has that may want `dag` next."""
    there = installed(cursor)
    return [name for name in TRIGGERS if name not in there]


def foreign(cursor: Any) -> list[str]:
    """Names of what does not belong to the owner of `dag`."""
    cursor.execute(f"{_OBJECTS} select name from objects, owner where objects.role <> owner.role order by name")
    return [name for (name,) in cursor.fetchall()]


def present(cursor: Any) -> list[str]:
    """Names of all that is there of ours, without the triggers, which go with their functions."""
    cursor.execute(f"{_OBJECTS} select name from objects order by name")
    return [name for (name,) in cursor.fetchall()]


def require_removable(cursor: Any) -> None:
    """Raises Refused MDR-DB-ACCESS unless the role that we signed in as may take away all that is there."""
    cursor.execute(
        f"{_OBJECTS} select name, role::regrole::text, current_user from objects where not pg_has_role(role, 'usage') "
        "order by name"
    )
    rows = cursor.fetchall()
    if rows:
        names = ", ".join(name for name, _, _ in rows)
        owners = ", ".join(sorted({owner for _, owner, _ in rows}))
        raise Refused(
            "MDR-DB-ACCESS",
            f"the role {rows[0][2]} may not remove {names}: only {owners} may; "
            f"grant {owners} to {rows[0][2]}, or let Airflow's tasks sign in as {owners}, and run again",
        )


def remove(cursor: Any, names: tuple[str, ...]) -> None:
    """Takes away those of ``names`` that are there, a function with its trigger, in the caller's transaction."""
    cursor.execute(f"{_OBJECTS} select kind, name from objects where name = any(%s) order by kind", (list(names),))
    for kind, name in cursor.fetchall():
        # Who owns a function may take its trigger along, though the table be another role's.
        cursor.execute(f"drop {kind} public.{name} {'cascade' if kind == 'function' else ''}")


def create_table(cursor: Any) -> None:
    """Raises MdrError MDR-DB-ACCESS when the role may create nothing here."""
    try:
        cursor.execute(TABLE)
    except psycopg2.errors.InsufficientPrivilege as error:
        raise MdrError("MDR-DB-ACCESS", f"our table cannot be created: {describe(error)}") from None
    mend(cursor)


def mend(cursor: Any) -> None:
    """Brings sequence, functions, owners and rights in order, in the caller's transaction; writes only what is wrong.

    Takes no lock on a table of Airflow's; raises LockNotAvailable when our own table is in use. What the role may not
    do is logged and left: `foreign` names it, and `installed` says when it keeps us out.
    """
    cursor.execute(f"set local lock_timeout = '{WAIT}'")
    for statement in _definitions(cursor):
        _try(cursor, statement)
    cursor.execute(
        f"{_OBJECTS} select kind, name, owner.role::regrole::text from objects, owner "
        # To try what it may not do would fill the server's log, beat by beat.
        "where objects.role <> owner.role and pg_has_role(objects.role, 'usage') and pg_has_role(owner.role, 'member')"
    )
    for kind, name, owner in cursor.fetchall():
        _try(cursor, f"alter {kind} public.{name} owner to {owner}")
    cursor.execute(
        f"{_OBJECTS}, writers as (select role from owner union select grantee from pg_class, aclexplode(relacl) "
        "where pg_class.oid = 'public.dag'::regclass and privilege_type = 'UPDATE' and grantee <> 0) "
        "select kind, name, writers.role::regrole::text from objects, writers "
        "where kind <> 'function' and pg_has_role(objects.role, 'usage') and not case kind when 'table' "
        "then has_table_privilege(writers.role, oid, 'select') and has_table_privilege(writers.role, oid, 'update') "
        "else has_sequence_privilege(writers.role, oid, 'usage') end"
    )
    for kind, name, role in cursor.fetchall():
        _try(cursor, f"grant all on {kind} public.{name} to {role}")


def _definitions(cursor: Any) -> list[str]:
    """Statements for what is not there: the sequence, and functions, also those of another release that are ours."""
    cursor.execute(
        f"{_OBJECTS} select name, prosrc, prosecdef, pg_has_role(role, 'usage') "
        "from objects left join pg_proc on kind = 'function' and pg_proc.oid = objects.oid"
    )
    there = {name: (body, definer, ours) for name, body, definer, ours in cursor.fetchall()}
    wrong = [] if "mwaadr_run_id_seq" in there else [SEQUENCE]
    for name, body in FUNCTIONS.items():
        source, definer, ours = there.get(name, (None, False, True))
        if ours and not (definer and source == body):
            wrong.append(
                f"create or replace function public.{name}() returns trigger language plpgsql "
                f"security definer set search_path = pg_catalog, pg_temp as $${body}$$"
            )
    return wrong


def _try(cursor: Any, statement: str) -> None:
    cursor.execute("savepoint attempt")
    try:
        cursor.execute(statement)
    except psycopg2.errors.InsufficientPrivilege as error:
        cursor.execute("rollback to savepoint attempt")
        log.warning("a part of ours in the metadata database stays as it is: %s", describe(error))
