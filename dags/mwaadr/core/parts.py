"""Parts of a snapshot: cut, packed, sealed and uploaded on one side; fetched, verified and unpacked on the other."""

from __future__ import annotations

import hashlib
import io
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag

from mwaadr.core.aws import Bucket, quality
from mwaadr.core.config import Keys
from mwaadr.core.crypto import SnapshotKeys, compress, decompress
from mwaadr.core.errors import MdrError, Refused

RAW_BYTES = 16 * 1024 * 1024
"""Size of a part before compression; parts are cut at rows, so a row that is larger makes a larger part."""
KEYS_AT_ONCE = 1000
"""S3's limit for DeleteObjects."""
log = logging.getLogger("mwaadr")


@dataclass(frozen=True)
class Place:
    """Where parts of one snapshot go to or come from."""

    bucket: Bucket
    deployment: str
    snapshot: str
    keys: SnapshotKeys
    compression: str
    written: list[str] = field(default_factory=list)
    """Keys of the parts that were written, or may have been."""

    def key(self, table: str, part: str) -> str:
        return Keys(self.deployment).part(self.snapshot, table, part)

    def associated(self, table: str, part: str) -> str:
        """Associated data of the encryption: a part is worth nothing in another part's place."""
        return f"{self.deployment}/{self.snapshot}/{table}/{part}"

    def put(self, table: str, part: str, sealed: bytes) -> str:
        """Returns the SHA-256 as hex. Raises ClientError or BotoCoreError."""
        key = self.key(table, part)
        self.written.append(key)
        return self.bucket.put(key, sealed)

    def discard(self, peer: Bucket) -> None:
        """Takes away what was written, and what S3 has copied of it to ``peer``; as far as that goes, without an error.

        A copy that S3 has still to make comes later and stays.
        """
        for bucket in (self.bucket, peer):
            for first in range(0, len(self.written), KEYS_AT_ONCE):
                objects = [{"Key": key} for key in self.written[first : first + KEYS_AT_ONCE]]
                try:
                    told = bucket.s3.delete_objects(Bucket=bucket.name, Delete={"Objects": objects, "Quiet": True})
                    failures = [f"{failure['Key']}: {failure['Code']}" for failure in told.get("Errors", [])]
                except (ClientError, BotoCoreError, OSError) as error:
                    failures = [str(error)]
                if failures:
                    log.warning("parts of a failed snapshot stay in %s: %s", bucket.name, failures[0])


class PartWriter:
    """File for ``copy_expert(… TO STDOUT)``: takes rows, uploads parts. Holds one part in memory."""

    def __init__(self, place: Place, table: str, layer: str) -> None:
        self._place = place
        self._table = table
        self._layer = layer
        self._rows: list[bytes] = []
        self._size = 0
        self.parts: list[dict[str, Any]] = []

    def write(self, row: bytes) -> int:
        """Takes one whole row; libpq gives a text-mode COPY row by row."""
        self._rows.append(row)
        self._size += len(row)
        if self._size >= RAW_BYTES:
            self.flush()
        return len(row)

    def flush(self) -> None:
        """Uploads what is held; does nothing when nothing is. Raises ClientError or BotoCoreError."""
        if not self._rows:
            return
        name = f"{self._layer}-{len(self.parts) + 1:04d}"
        packed = compress(b"".join(self._rows), self._place.compression)
        sealed = self._place.keys.seal(packed, self._place.associated(self._table, name))
        digest = self._place.put(self._table, name, sealed)
        self.parts.append({"name": name, "rows": len(self._rows), "bytes": len(sealed), "sha256": digest})
        self._rows = []
        self._size = 0


def fetch(place: Place, table: str, part: dict[str, Any], folder: Path) -> Path:
    """Downloads a part as it is (encrypted) and verifies it wholly: size, SHA-256, seal and place.

    Raises Refused MDR-SNAPSHOT-PART when it is missing or not what the manifest says.
    """
    name = part["name"]
    try:
        sealed = place.bucket.get(place.key(table, name))
    except Exception as error:
        if quality(error) == "missing":
            raise Refused("MDR-SNAPSHOT-PART", f"part {table}/{name} of {place.snapshot} is missing") from None
        raise
    if len(sealed) != part["bytes"] or hashlib.sha256(sealed).hexdigest() != part["sha256"]:
        raise Refused("MDR-SNAPSHOT-PART", f"part {table}/{name} of {place.snapshot} is not what the manifest says")
    _open(place, table, name, sealed)
    file = folder / f"{table}.{name}"
    file.write_bytes(sealed)
    return file


def _open(place: Place, table: str, name: str, sealed: bytes) -> bytes:
    try:
        return place.keys.open(sealed, place.associated(table, name))
    except InvalidTag:
        raise Refused(
            "MDR-SNAPSHOT-PART", f"part {table}/{name} of {place.snapshot} was not written by its snapshot"
        ) from None


class PartReader(io.RawIOBase):
    """File for ``copy_expert(… FROM STDIN)``: the rows of a table's layer, unpacked part by part.

    ``change`` is applied to each row's line, if given. Raises MdrError when a row cannot be changed.
    """

    def __init__(
        self, place: Place, table: str, files: list[Path], change: Callable[[bytes], bytes] | None = None
    ) -> None:
        super().__init__()
        self._chunks = self._unpacked(place, table, files, change)
        self._rest = memoryview(b"")

    @staticmethod
    def _unpacked(
        place: Place, table: str, files: list[Path], change: Callable[[bytes], bytes] | None
    ) -> Iterator[bytes]:
        for file in files:
            name = file.name[len(table) + 1 :]
            raw = decompress(_open(place, table, name, file.read_bytes()), place.compression)
            if change is None:
                yield raw
            else:
                yield from (change(line) for line in raw.splitlines(keepends=True))

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; psycopg2 asks for 8 KiB at a time and takes b'' as the end."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        if size < 0:
            raise MdrError("MDR-INTERNAL", "parts are read piece by piece")
        piece = bytes(self._rest[:size])
        self._rest = self._rest[size:]
        return piece
