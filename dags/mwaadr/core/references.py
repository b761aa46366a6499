# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""Maps from the source's ids of what each site makes for itself to this site's ids, as temporary tables m_<name>."""

from __future__ import annotations

from typing import Any

from mwaadr.core.catalogue import Catalogue, quoted
from mwaadr.core.facts import BY_NAME, MAPS, REFERENCE_KEYS, REFERENCES


def map_for(column: str, catalogue: Catalogue) -> str | None:
    """Name of the map for a column with such an id, None when it holds no such id."""
    return next((f"m_{name}" for name in MAPS.get(column, ()) if catalogue.has(name)), None)


def mapped(column: str, catalogue: Catalogue, layer: str) -> str | None:
    """SQL over the staged row `s` for a column with such an id, None when it holds no such id.

    What is in flight has no version rather than another one: Airflow 3 looks for tasks that a run lacks only while no
    task of it has the newest version (`_verify_integrity_if_dag_changed`), and gives it to those that have none.
    """
    named = map_for(column, catalogue)
    if not named:
        return None
    found = "same" if (named, layer) == ("m_dag_version", "live") else "dst"
    return f"(select m.{found} from {named} m where m.src = s.{column})"


def build(cursor: Any, catalogue: Catalogue) -> dict[str, int]:
    """Builds the maps from the staged reference tables; adds to this site's tables what they lack.

    What is missing here was made at the source by a running task (assets of an alias) or by an older Airflow (log
    templates), so that this site's parser would never make it. Returns how many rows were added, by table.
    """
    added: dict[str, int] = {}
    for table in REFERENCES:
        if not catalogue.has(table.name):
            continue
        if table.name == "dag_version":
            _map_versions(cursor)
        else:
            added[table.name] = _map_by_key(cursor, catalogue, table.name)
    return {name: count for name, count in added.items() if count}


def _map_by_key(cursor: Any, catalogue: Catalogue, name: str) -> int:
    stage = f"s_inert_{name}"
    key = REFERENCE_KEYS[name]
    same = " and ".join(f'a."{column}" = s."{column}"' for column in key)
    others = [column for column in catalogue.columns(BY_NAME[name]) if column != "id"]
    cursor.execute(
        f"insert into public.{name} ({quoted(others)}) select {quoted(others, 's')} from {stage} s "
        f"where not exists (select 1 from public.{name} a where {same})"
    )
    added = cursor.rowcount
    cursor.execute(
        f"create temp table m_{name} on commit drop as select s.id as src, max(a.id) as dst from {stage} s "
        f"join public.{name} a on {same} group by s.id"
    )
    cursor.execute(f"create unique index on m_{name} (src)")
    return added


def _map_versions(cursor: Any) -> None:
    """By dag_hash, since each site counts the versions of its own parses: `same`. `dst` is that, else this site's
    newest, else none. A version whose twin came later at the source only stood in for one (see versions.py): what runs
    on it lacks tasks, as what runs on none."""
    cursor.execute(
        "create temp table m_dag_version on commit drop as select m.src, "
        "case when exists (select 1 from s_inert_dag_version n where n.dag_id = m.dag_id and n.dag_hash = m.dag_hash "
        "and n.version_number > m.version_number) then null else m.same end as same, coalesce(m.same, "
        "(select v.id from dag_version v where v.dag_id = m.dag_id order by v.version_number desc limit 1)) as dst "
        "from (select s.id as src, s.dag_id, s.dag_hash, s.version_number, "
        "(select v.id from dag_version v join serialized_dag d on d.dag_version_id = v.id "
        "where v.dag_id = s.dag_id and d.dag_hash = s.dag_hash order by v.version_number desc limit 1) as same "
        "from s_inert_dag_version s) m"
    )
    cursor.execute("create unique index on m_dag_version (src)")
