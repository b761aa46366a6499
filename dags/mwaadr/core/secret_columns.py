# ruff: noqa: S608 - names in SQL come from the catalogue and from facts.py, values are parameters
"""Columns that Airflow encrypts: decrypted into a snapshot's (encrypted) parts, encrypted again with the target's key.

In a part, such a column has a prefix: `E:` = was a Fernet token, the plain text follows; `P:` = was plain, follows as
it was; NULL stays NULL.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mwaadr.core.config import OURS
from mwaadr.core.copytext import NULL, decode, encode
from mwaadr.core.crypto import FernetBox
from mwaadr.core.errors import MdrError
from mwaadr.core.facts import CONFIG, Table

Change = Callable[[list[bytes]], list[bytes]]


def decrypting(table: Table, columns: list[str], box: FernetBox) -> Change:
    """Changes a row as this site's database has it into one as a part has it.

    Raises MdrError MDR-SNAPSHOT-SECRET with the row's name when a token is not of this site's key.
    """
    secret = {columns.index(c): columns.index(flag) if flag else None for c, flag in table.fernet.items()}
    name = columns.index(table.natural or "id")

    def change(fields: list[bytes]) -> list[bytes]:
        out = list(fields)
        for place, flag in secret.items():
            value = fields[place]
            if value == NULL:
                continue
            token = (fields[flag] == b"t" and value != b"") if flag is not None else not value.startswith(b"{")
            if not token:
                out[place] = b"P:" + value
                continue
            plain = box.decrypt(decode(value))
            if plain is None:
                raise MdrError(
                    "MDR-SNAPSHOT-SECRET",
                    f"{table.name} {decode(fields[name])!r}: column {columns[place]} cannot be decrypted with this "
                    "environment's Fernet key; set its value anew or delete the row",
                )
            out[place] = b"E:" + encode(plain)
        return out

    return change


def encrypting(table: Table, columns: list[str], box: FernetBox) -> Change:
    """The reverse, with the key of the site that restores. Raises MdrError when that has none but needs one."""
    secret = [columns.index(c) for c in table.fernet]

    def change(fields: list[bytes]) -> list[bytes]:
        out = list(fields)
        for place in secret:
            value = fields[place]
            if value.startswith(b"P:"):
                out[place] = value[2:]
            elif value.startswith(b"E:"):
                token = box.encrypt(decode(value[2:]))
                if token is None:
                    raise MdrError("MDR-SNAPSHOT-SECRET", "this environment has no Fernet key to encrypt secrets with")
                out[place] = token.encode()
        return out

    return change


def require_no_unknown_tokens(cursor: Any, columns_of: Callable[[Table], list[str]]) -> None:
    """Raises MdrError MDR-SNAPSHOT-SECRET when a text column that we do not know as encrypted holds a Fernet token.

    A newer Airflow may encrypt one more column; copied as it is, its value would be dead at the target.
    """
    for table in CONFIG:
        columns = columns_of(table)
        cursor.execute(
            "select column_name from information_schema.columns where table_schema = 'public' and table_name = %s "
            "and data_type in ('text', 'character varying')",
            (table.name,),
        )
        for (column,) in cursor.fetchall():
            if column not in columns:
                continue
            flag = table.fernet.get(column)
            plain = f"not coalesce({flag}, false)" if flag else "true"
            cursor.execute(
                f'select "{table.natural}" from {table.name} where "{column}" like %s and {plain} '
                f'and "{table.natural}" not like %s limit 1',
                ("gAAAAA%", OURS),
            )
            row = cursor.fetchone()
            if row:
                raise MdrError(
                    "MDR-SNAPSHOT-SECRET",
                    f"{table.name} {row[0]!r}: column {column} holds a Fernet token though it should be plain text",
                )
