"""Programs in processes of their own, forked from one that has already imported the large libraries they need.

A beat takes 0.3 s and its imports 0.45 s; the tests have some hundred beats, and as many data paths.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import boto3
import cryptography.fernet
import cryptography.hazmat.primitives.ciphers.aead  # noqa: F401 - warm
import sqlalchemy
from botocore.loaders import JSONFileLoader

# The descriptions of AWS's services are large, and every process would read them anew.
_read = cache(JSONFileLoader().load_file)
JSONFileLoader.load_file = lambda _, path: _read(path)
for service in ("s3", "kms"):
    boto3.client(service, region_name="us-east-1")
sqlalchemy.create_engine("postgresql+psycopg2://")

SERVER = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload([__name__])


def run(program: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs Python text as ``python -c`` would, with this environment alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "program.py").write_text(program)
        return _run(folder, folder / "program.py", environment)


def run_child(script: Path, order: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs the data path's entry as its task would; what it writes comes as one stream."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "in").write_text(order)
        (folder / "err").symlink_to("out")
        return _run(folder, script, environment)


def _run(folder: Path, script: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    process = SERVER.Process(target=_child, args=(folder, script, environment))
    process.start()
    process.join()
    out, err = ((folder / stream).read_text() for stream in ("out", "err"))
    return subprocess.CompletedProcess(str(script), process.exitcode, out, err)


def _child(folder: Path, script: Path, environment: dict[str, str]) -> None:
    if (folder / "in").exists():
        os.dup2(os.open(folder / "in", os.O_RDONLY), 0)
    for number, stream in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / stream, os.O_CREAT | os.O_WRONLY | os.O_APPEND), number)
    # Forkserver gives a child an empty standard input.
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:0] = environment["PYTHONPATH"].split(os.pathsep)
    sys.dont_write_bytecode = True
    sys.argv = [str(script), str(os.getppid())]
    runpy.run_path(str(script), run_name="__main__")
