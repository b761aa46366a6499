"""Rows of PostgreSQL's COPY text format, where single columns have to be changed or authenticated in Python.

Format: https://www.postgresql.org/docs/current/sql-copy.html ("Text Format"): tab between columns, one line a row,
backslash escapes, ``\\N`` for NULL.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence

NULL = b"\\N"
_ESCAPE = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_UNESCAPE = {value[1]: key for key, value in _ESCAPE.items()}


def encode(value: str) -> bytes:
    """One column's text as COPY writes it."""
    if not any(character in value for character in _ESCAPE):
        return value.encode()
    return "".join(_ESCAPE.get(character, character) for character in value).encode()


def decode(field: bytes) -> str:
    """The column's text; only what COPY TO writes is understood (no octal or hex escapes)."""
    text = field.decode()
    if "\\" not in text:
        return text
    first, *rest = text.split("\\")
    out = [first]
    literal = False
    for piece in rest:
        if literal:  # the backslash before this piece was itself escaped
            out.append(piece)
            literal = False
        elif piece:
            out.append(_UNESCAPE.get(piece[0], piece[0]) + piece[1:])
        else:
            out.append("\\")
            literal = True
    return "".join(out)


class Rows:
    """File for ``copy_expert(… TO STDOUT)`` that hands each row, changed, to ``sink``.

    libpq gives a text-mode COPY row by row, and psycopg2 passes each on as one ``write``.
    """

    def __init__(self, change: Callable[[list[bytes]], list[bytes]], sink: Callable[[bytes], object]) -> None:
        self._change = change
        self._sink = sink

    def write(self, line: bytes) -> int:
        self._sink(changed(line, self._change))
        return len(line)


def changed(line: bytes, change: Callable[[list[bytes]], list[bytes]]) -> bytes:
    """The row with its columns changed; ``line`` ends with a newline."""
    return b"\t".join(change(line[:-1].split(b"\t"))) + b"\n"


class RowHash:
    """Content hash of rows whose Fernet columns differ between sites: it is taken over plain text, so in Python.

    Sum over all rows, modulo 2^128, of the first 16 bytes of HMAC-SHA256(salt, row): independent of the rows' order.
    """

    def __init__(self, salt: bytes, columns: Sequence[str], used: Iterable[str]) -> None:
        wanted = set(used)
        self._places = [place for place, column in enumerate(columns) if column in wanted]
        self._salt = salt
        self._sum = 0
        self.rows = 0

    def add(self, fields: Sequence[bytes]) -> None:
        row = b"\t".join(fields[place] for place in self._places)
        digest = hmac.new(self._salt, row, hashlib.sha256).digest()
        self._sum = (self._sum + int.from_bytes(digest[:16], "big")) % (1 << 128)
        self.rows += 1

    def hex(self) -> str:
        return f"{self._sum:032x}"
