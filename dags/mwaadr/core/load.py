# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""Loads the layers of a snapshot into the target's tables, inside the caller's transaction."""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from typing import Any

from mwaadr.core import references, rules
from mwaadr.core.catalogue import Catalogue, content_hash, is_live, quoted, users
from mwaadr.core.copytext import RowHash, Rows, changed
from mwaadr.core.crypto import FernetBox
from mwaadr.core.errors import MdrError
from mwaadr.core.facts import (
    BY_NAME,
    HISTORY,
    JOB_IDS,
    REFERENCES,
    Table,
    unhashed,
)
from mwaadr.core.parts import PartReader, Place
from mwaadr.core.secret_columns import decrypting, encrypting

SEQUENCE_GAP = 1000
LIVE_RUNS = "select id from s_live_dag_run"
LATE = ("dataset_dag_run_queue", "asset_dag_run_queue")
"""Tables whose foreign keys lock rows of `dag`: they wait for the last, short phase."""
log = logging.getLogger("mwaadr")


class Loader:
    """One transaction's work. ``failed`` is the code of the error when the content is not what the manifest says."""

    def __init__(
        self,
        cursor: Any,
        catalogue: Catalogue,
        manifest: dict[str, Any],
        place: Place,
        files: dict[tuple[str, str], list[Path]],
        box: FernetBox,
        failed: str,
    ) -> None:
        self.cursor = cursor
        self.catalogue = catalogue
        self.manifest = manifest
        self.checked: dict[str, dict[str, Any]] = {}
        """`table/layer` → rows, hash, expected: for the result object."""
        self._place = place
        self._files = files
        self._box = box
        self._failed = failed
        self._entries = {(entry["name"], entry["layer"]): entry for entry in manifest["tables"]}

    def has(self, table: Table, layer: str) -> bool:
        return (table.name, layer) in self._entries

    def downloaded(self, layer: str) -> bool:
        """True when the parts of the layer were fetched, and not those of the references alone."""
        return all(key in self._files for key in self._entries if key[1] == layer)

    def advance_sequences(self) -> None:
        """R1: before the first row, since other sessions go on inserting, and setval is visible to them at once.

        Only upwards, and by more than anybody takes between the look and the change.
        """
        for name, highest in self.manifest["sequences"].items():
            sequence = f"pg_get_serial_sequence('public.{name}', 'id')"
            self.cursor.execute(f"select {sequence}")
            self.cursor.execute(
                f"select setval({sequence}, %s) from {self.cursor.fetchone()[0]} where last_value < %s",
                (highest + 2 * SEQUENCE_GAP, highest + SEQUENCE_GAP),
            )

    def clean(self) -> None:
        """Deletes the user's history, children first; rows of our own stay, and step aside where ids could meet."""
        for table in reversed(HISTORY):
            if not self.catalogue.has(table.name):
                continue
            if table.name == "trigger":
                self._clean_triggers()
            else:
                where = users(table, self.catalogue.link(table))
                self.cursor.execute(f"delete from public.{table.name} a where {where}")
        for name, highest in self.manifest["sequences"].items():
            if name != "dag_run":
                self.cursor.execute(
                    f"update public.{name} set id = nextval(pg_get_serial_sequence('public.{name}', 'id')) "
                    "where id <= %s",
                    (highest,),
                )

    def _clean_triggers(self) -> None:
        """Triggers of the site's own making (asset watchers, callbacks) stay; never TRUNCATE … CASCADE."""
        used = ["task_instance"] + [name for name in ("asset_watcher", "callback") if self.catalogue.has(name)]
        where = " and ".join(f"not exists (select 1 from {name} u where u.trigger_id = a.id)" for name in used)
        self.cursor.execute(f"delete from public.trigger a where {where}")

    def stage_references(self) -> None:
        for table in REFERENCES:
            if self.has(table, "inert"):
                stage = self.stage(table, "inert")
                self._check_in_sql(table, "inert", "true", stage)
        added = references.build(self.cursor, self.catalogue)
        if added:
            log.info("added what only the source had: %s", added)

    def load_history(self, layer: str) -> None:
        """All of HISTORY's tables of a layer, parents first, each checked against the manifest."""
        for table in HISTORY:
            if not self.has(table, layer) or table.name in LATE:
                continue
            if table.name == "trigger":
                self._load_triggers(table)
            elif (table.name, layer) == ("backfill", "live"):
                self._reopen_backfills(table)
            else:
                self._load(table, layer)
            if table.parent:
                # R2: the foreign key checks that follow run on plans made with the parent's statistics.
                self.cursor.execute(f"analyze public.{table.name}")
            if (table.name, layer) == ("task_instance_history", "live"):
                staged, kept = (
                    self._entries[name, "live"]["columns"] for name in ("task_instance", "task_instance_history")
                )
                rules.remember_cut_off_tries(self.cursor, self.catalogue, staged, kept)

    def load_late(self) -> dict[str, list[dict[str, Any]]]:
        """Dataset and asset queues of the DAGs that are here; returns the rows of the others, by table.

        The caller holds the lock on `dag`.
        """
        others: dict[str, list[dict[str, Any]]] = {}
        here = "exists (select 1 from dag d where d.dag_id = s.target_dag_id)"
        for name in LATE:
            table = BY_NAME[name]
            if not self.has(table, "live"):
                continue
            stage = self.stage(table, "live")
            self._check_in_sql(table, "live", "true", stage)
            self._insert(table, "live", stage, here)
            self.cursor.execute(f"select to_jsonb(x) from ({self._selected(table, 'live', stage, f'not {here}')}) x")
            others[name] = [row for (row,) in self.cursor.fetchall()]
        return others

    def stage(self, table: Table, layer: str) -> str:
        """COPY of a layer into a temporary table; returns its name."""
        entry = self._entries[table.name, layer]
        columns = entry["columns"]
        stage = f"s_{layer}_{table.name}"
        if table.types:
            self.cursor.execute(f"create temp table {stage} ({table.types}) on commit drop")
        else:
            self.cursor.execute(
                f"create temp table {stage} on commit drop as select {quoted(columns)} "
                f"from public.{table.name} with no data"
            )
        self._copy(table, layer, stage)
        return stage

    def _copy(self, table: Table, layer: str, into: str) -> None:
        entry = self._entries[table.name, layer]
        change = None
        if table.fernet:
            change = partial(changed, change=encrypting(table, entry["columns"], self._box))
        files = self._files.get((table.name, layer), [])
        reader = PartReader(self._place, table.name, files, change)
        self.cursor.copy_expert(f"copy {into} ({quoted(entry['columns'])}) from stdin", reader)
        if self.cursor.rowcount != entry["rows"]:
            self._differs(table, layer, f"{self.cursor.rowcount} rows, the manifest has {entry['rows']}")

    def _load(self, table: Table, layer: str) -> None:
        link = self.catalogue.link(table)
        expressions = self._expressions(table, layer)
        if expressions or (table.name, layer) == ("dag_run", "live"):
            stage = self.stage(table, layer)
            if (table.name, layer) == ("task_instance", "live"):
                rules.map_new_ids(self.cursor, self.catalogue)
            self._insert(table, layer, stage)
        else:
            self._copy(table, layer, f"public.{table.name}")
        where = users(table, link)
        if layer == "live":
            where += f" and {is_live(link, LIVE_RUNS)}"
        self._check_in_sql(table, layer, where, f"public.{table.name}")

    def _insert(self, table: Table, layer: str, stage: str, where: str = "true") -> None:
        columns = self._entries[table.name, layer]["columns"]
        selected = self._selected(table, layer, stage, where)
        self.cursor.execute(f"insert into public.{table.name} ({quoted(columns)}) {selected}")

    def _selected(self, table: Table, layer: str, stage: str, where: str) -> str:
        """Query for the staged rows as they are at this site."""
        columns = self._entries[table.name, layer]["columns"]
        expressions = {column: f's."{column}"' for column in columns} | self._expressions(table, layer)
        values = ", ".join(f'{expressions[column]} as "{column}"' for column in columns)
        return f"select {values} from {stage} s where {where}"

    def _expressions(self, table: Table, layer: str) -> dict[str, str]:
        """SQL over the staged row `s` for the columns that are not copied as they are."""
        out: dict[str, str] = {}
        columns = self._entries[table.name, layer]["columns"]
        for column in columns:
            mapped = references.mapped(column, self.catalogue, layer)
            if column in JOB_IDS:
                out[column] = "null"
            elif mapped:
                out[column] = mapped
            elif column == "ti_id" and layer == "live":
                out[column] = "coalesce((select m.dst from m_task_instance m where m.src = s.ti_id), s.ti_id)"
            elif column == "user_id" and self.catalogue.kind(table, column) == "int4":
                out[column] = "null"  # 2.x: refers to a user of the source
        special = {
            ("backfill", "inert"): {"completed_at": "coalesce(s.completed_at, s.updated_at)"},
            ("dag_run", "live"): {"last_scheduling_decision": "null"},
            ("task_instance", "inert"): {"trigger_id": "null"},
            ("task_instance", "live"): rules.rerun(columns),
            ("task_instance_history", "inert"): {"trigger_id": "null"},
            ("task_instance_history", "live"): {"trigger_id": "null"},
            ("trigger", "live"): {"id": "(select m.dst from m_trigger m where m.src = s.id)"},
        }
        return out | special.get((table.name, layer), {})

    def _load_triggers(self, table: Table) -> None:
        """Triggers get ids of this site, whose own watchers may have taken the source's."""
        stage = self.stage(table, "live")
        self.cursor.execute(
            "create temp table m_trigger on commit drop as select s.id as src, "
            f"nextval(pg_get_serial_sequence('public.trigger', 'id'))::int as dst from {stage} s"
        )
        self._insert(table, "live", stage)
        self.check_in_python(table, "live", "a.id in (select dst from m_trigger)")

    def _reopen_backfills(self, table: Table) -> None:
        """Until now they looked complete, so that the standby's scheduler would leave them alone."""
        stage = self.stage(table, "live")
        self._check_in_sql(table, "live", "true", stage)
        self.cursor.execute(f"update backfill b set completed_at = null from {stage} s where s.id = b.id")

    def replace_config(self, table: Table) -> None:
        """Variables, connections, pools: by their names; this site's ids, and what is named mwaadr_…, stay."""
        stage = self.stage(table, "inert")
        key = table.natural
        columns = [c for c in self._entries[table.name, "inert"]["columns"] if c not in ("id", "team_name")]
        where = users(table, "inert") + (" and a.pool <> 'default_pool'" if table.name == "slot_pool" else "")
        self.cursor.execute(
            f'delete from public.{table.name} a where {where} and a."{key}" not in (select "{key}" from {stage})'
        )
        updates = ", ".join(f'"{c}" = excluded."{c}"' for c in columns if c != key)
        self.cursor.execute(
            f"insert into public.{table.name} ({quoted(columns)}) select {quoted(columns)} from {stage} "
            f'on conflict ("{key}") do update set {updates}'
        )
        if table.fernet:
            self.check_in_python(table, "inert", users(table, "inert"))
        else:
            self._check_in_sql(table, "inert", users(table, "inert"), f"public.{table.name}")

    def _check_in_sql(self, table: Table, layer: str, where: str, source: str) -> None:
        entry = self._entries[table.name, layer]
        self.cursor.execute(content_hash(table, layer, entry["columns"], where, source, self._place.keys.content))
        self._compare(table, layer, *self.cursor.fetchone())

    def check_in_python(self, table: Table, layer: str, where: str) -> None:
        """Content check of a table with Fernet columns: over the plain text, decrypted with this site's key."""
        columns = self._entries[table.name, layer]["columns"]
        skipped = unhashed(table, layer, columns)
        hashed = RowHash(self._place.keys.content, columns, [c for c in columns if c not in skipped])
        change = decrypting(table, columns, self._box)

        def add(fields: list[bytes]) -> list[bytes]:
            hashed.add(change(fields))
            return fields

        query = f"select {quoted(columns, 'a')} from public.{table.name} a where {where}"
        self.cursor.copy_expert(f"copy ({query}) to stdout", Rows(add, len))
        self._compare(table, layer, hashed.rows, hashed.hex())

    def _compare(self, table: Table, layer: str, rows: int, found: str) -> None:
        entry = self._entries[table.name, layer]
        self.checked[f"{table.name}/{layer}"] = {"rows": rows, "hash": found, "expected": entry["hash"]}
        if (rows, found) != (entry["rows"], entry["hash"]):
            self._differs(table, layer, f"content differs ({rows} rows here, {entry['rows']} in the manifest)")

    def _differs(self, table: Table, layer: str, how: str) -> None:
        raise MdrError(self._failed, f"table {table.name}, layer {layer}: {how}; everything was rolled back")
