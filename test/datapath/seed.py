"""A source with everything a restore can break: finished and unfinished runs, nasty values, every kind of secret."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bed import Site

NASTY = [
    "plain",
    "",
    "\\N",
    "tab\there",
    "line\nbreak\r\nand \\. end",
    "back\\slash \\\\ \\t",
    "quote ' \" ; -- /* */",
    "snow ☃ \U0001f642 \u0000".replace("\u0000", ""),
    "\x01\x02\x1f\x7f\x0b\x08\x0c",
    "gAAAAnot-a-token-but-like-one",
    "% %s {} $1",
]
DAY = "2026-11-20"
RESCHEDULE = {"start_date": DAY, "end_date": DAY, "duration": 1, "reschedule_date": DAY}
SECRETS = {"variable": "s3cr3t-of-a-variable", "password": "s3cr3t-of-a-connection", "extra": "s3cr3t-of-an-extra"}


def seed(site: Site) -> dict[str, Any]:
    """Fills a source; returns ids that the tests ask for."""
    ids: dict[str, Any] = {}
    for number in range(3):
        site.add_dag(
            f"user_{number}", paused=number == 2, next_dagrun_create_after=f"2026-12-0{number + 1} 00:00:00+00"
        )
    site.add_dag("mwaadr_canary")
    for number, value in enumerate(NASTY):
        run = f"done_{number}"
        ids[run] = site.add_run("user_0", run, "success", execution_date=f"2026-11-{number + 1:02d}")
        task = site.add_task("user_0", run, "work", "success")
        xcom = {"dag_run_id": ids[run], "dag_id": "user_0", "run_id": run, "task_id": "work", "map_index": -1}
        binary = site.columns("xcom")["value"] == "bytea"
        payload = bytes(range(256)) + value.encode() if binary else json.dumps({"v": value, "n": 0.1, "null": None})
        site.insert("xcom", **xcom, key="return_value", value=payload, timestamp="2026-11-20")
        site.insert("rendered_task_instance_fields", **xcom, rendered_fields=json.dumps({"a": value, "b": [1, 2]}))
        note = {"content": value, "created_at": "2026-11-20", "updated_at": "2026-11-20"}
        site.insert("dag_run_note", dag_run_id=ids[run], **note)
        site.insert("task_instance_note", ti_id=task, **xcom, **note)
        site.insert("log", event="success", dag_id="user_0", run_id=run, task_id="work", extra=value, dttm="2026-11-20")
        site.insert("task_fail", **xcom)
        site.insert("task_reschedule", ti_id=task, **xcom, try_number=1, **RESCHEDULE)
        site.add_variable(f"nasty_{number}", value)
    site.insert("log", event="cli_migrate", dttm="2026-11-20", extra="no dag")
    site.add_variable("secret", SECRETS["variable"])
    site.insert("variable", key="clear", val="not encrypted\tat all", is_encrypted=False)
    site.add_connection("web", SECRETS["password"], json.dumps({"token": SECRETS["extra"], "nasty": NASTY[4]}))
    site.add_connection("bare", None, None)
    site.insert("slot_pool", pool="narrow", slots=3, description="a\tb", include_deferred=True)
    site.sql("update slot_pool set slots = 77 where pool = 'default_pool'")
    _seed_flight(site, ids)
    _seed_events(site, ids)
    site.add_run("mwaadr_canary", "ours", "success")
    site.add_task("mwaadr_canary", "ours", "canary", "success")
    return ids


def _seed_flight(site: Site, ids: dict[str, Any]) -> None:
    """One run with a task in every state."""
    ids["flight"] = site.add_run("user_1", "flight", "running", execution_date="2026-11-22")
    kwargs = site.fernet.encrypt(b'{"moment": "2026-12-01"}').decode()
    trigger = site.insert("trigger", classpath="a.Trigger", kwargs=kwargs, created_date="2026-11-22", triggerer_id=3)
    plain = site.insert("trigger", classpath="b.Trigger", kwargs='{"plain": 1}', created_date="2026-11-22")
    for state in ("success", "running", "queued", "scheduled", "up_for_retry", "up_for_reschedule", None):
        identity = site.add_task("user_1", "flight", f"t_{state}", state, try_number=2, max_tries=3)
        ids[f"ti_{state}"] = identity
        place = {"dag_run_id": ids["flight"], "dag_id": "user_1", "run_id": "flight", "task_id": f"t_{state}"}
        value = b"\x00\xff" if site.columns("xcom")["value"] == "bytea" else '{"live": true}'
        site.insert("xcom", **place, map_index=-1, key="k", value=value, timestamp="2026-11-22")
        site.insert("task_reschedule", ti_id=identity, **place, map_index=-1, try_number=2, **RESCHEDULE)
    event = json.dumps({"event": {"answer": 42}})
    for state in ("queued", "scheduled"):
        more = {"try_number": 2, "max_tries": 3, "next_method": "execute_complete", "next_kwargs": event}
        site.add_task("user_1", "flight", f"t_fired_{state}", state, **more)
    site.add_task("user_1", "flight", "t_awaiting_input", "awaiting_input", next_method="execute_complete")
    site.add_task("user_1", "flight", "t_deferred", "deferred", trigger_id=trigger, next_method="execute_complete")
    site.add_task("user_1", "flight", "t_deferred_plain", "deferred", trigger_id=plain, next_method="execute_complete")
    ids["queued"] = site.add_run("user_0", "waiting", "queued", execution_date="2026-11-23")
    site.add_run("user_0", "over", "success", execution_date="2026-11-21")
    site.add_task("user_0", "over", "t_awaiting_input", "awaiting_input")


def _seed_events(site: Site, ids: dict[str, Any]) -> None:
    """One dataset that both sites know under different ids, one that only a task of the source made."""
    kind = "asset" if site.columns("asset") else "dataset"
    times = {"created_at": "2026-11-01", "updated_at": "2026-11-01"}
    for uri in ("s3://known", "s3://made-by-a-task"):
        row = {"uri": uri, "name": uri, "group": "asset", "extra": "{}", "is_orphaned": False}
        dataset = site.insert(kind, **row, **times)
        source = {
            "source_dag_id": "user_0",
            "source_run_id": "done_0",
            "source_task_id": "work",
            "source_map_index": -1,
        }
        event = site.insert(f"{kind}_event", **{f"{kind}_id": dataset}, extra="{}", timestamp="2026-11-20", **source)
        site.insert(f"dagrun_{kind}_event", dag_run_id=ids["done_1"], event_id=event)
        site.insert(f"dagrun_{kind}_event", dag_run_id=ids["flight"], event_id=event)
        queue = {f"{kind}_id": dataset, "target_dag_id": "user_2", "created_at": "2026-11-20"}
        site.insert(f"{kind}_dag_run_queue", **queue)


def prepare_target(site: Site) -> None:
    """A standby that has parsed the same DAGs, has one more, and a history and ids of its own."""
    kind = "asset" if site.columns("asset") else "dataset"
    times = {"created_at": "2026-11-01", "updated_at": "2026-11-01"}
    for uri in ("s3://other", "s3://known"):
        row = {"uri": uri, "name": uri, "group": "asset", "extra": "{}", "is_orphaned": False}
        site.insert(kind, **row, **times)
    for dag_id in ("user_2", "user_1", "user_0", "only_here", "mwaadr_restore", "mwaadr_activate"):
        site.add_dag(dag_id)
    site.add_run("user_0", "old", "success")
    site.add_task("user_0", "old", "work", "success")
    site.add_variable("gone", "must go")
    site.add_variable("mwaadr_own", "must stay")


def probe_order(site: Site) -> None:
    """Triggers that note, inside the transaction that writes, what is written when and on which statistics."""
    site.sql("create table probe (at serial, what text, on_table text, number bigint)")
    site.sql(
        """
        create function note_write() returns trigger language plpgsql as $$
        declare t text; n bigint;
        begin
          if current_setting('application_name') <> 'mwaadr' then return null; end if;
          insert into probe (what, on_table) values (tg_table_name, tg_table_name);
          if tg_table_name = 'dag_run' then
            for t in select sequencename from pg_sequences where sequencename like '%_id_seq' loop
              execute format('select last_value from public.%I', t) into n;
              insert into probe (what, on_table, number) values ('sequence', replace(t, '_id_seq', ''), n);
            end loop;
          elsif tg_table_name = 'xcom' then
            insert into probe (what, on_table, number)
              select 'analyzed', relname, reltuples from pg_class where relname in ('dag_run', 'task_instance');
          end if;
          return null;
        end $$"""
    )
    tables = ("dag_run", "task_instance", "xcom", "log", "slot_pool", "variable", "connection", "dag")
    for table in tables:
        event = f"before insert or update on {table} for each statement"
        site.sql(f"create trigger note_write {event} execute function note_write()")


def digest(site: Site, *without: str) -> str:
    """Of all rows of the user in all tables but ``without``, to see that nothing was touched."""
    tables = site.sql("select tablename from pg_tables where schemaname = 'public' order by 1")
    total = hashlib.sha256()
    for (table,) in tables:
        if table in ("job", *without):
            continue
        columns = site.columns(table)
        where = "where coalesce(dag_id, '') not like 'mwaadr%'" if "dag_id" in columns else ""
        if table == "mwaadr_state" and "changed" in columns:
            total.update(str(site.sql("select epoch, role, move, inert_snapshot, detail from mwaadr_state")).encode())
            continue
        total.update(f"{table}{site.sql(f'select t::text from {table} t {where} order by 1')}".encode())
    return total.hexdigest()
