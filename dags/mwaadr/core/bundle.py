"""Digest of the user's DAG files, to see whether both sites have the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

from mwaadr.core.config import DAGS_FOLDER, PACKAGE


def digest(folder: Path = DAGS_FOLDER) -> str:
    """SHA-256 (hex) over the lines `<path> <SHA-256 of the file>`, sorted by path, of all files below the DAGs folder.

    Left out: our own folder, byte code, and links that lead nowhere.
    """
    total = hashlib.sha256()
    files = (path for path in folder.rglob("*") if path.is_file() and not _skipped(path, folder))
    for path in sorted(files, key=lambda path: path.relative_to(folder).as_posix().encode()):
        inner = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()} {inner}\n".encode())
    return total.hexdigest()


def _skipped(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return parts[0] == PACKAGE.name or "__pycache__" in parts
