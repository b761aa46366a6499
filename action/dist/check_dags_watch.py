"""What one DAG file does while it is imported, and what Airflow makes of it. Beside check_dags.py, which starts it."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import os
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

# Where the generations of Airflow keep the same thing; the first one that exists is taken.
DAG_BAG = (("airflow.dag_processing.dagbag", "DagBag"), ("airflow.models.dagbag", "DagBag"))
DAG = (("airflow.sdk", "DAG"), ("airflow.models.dag", "DAG"))
SERIALIZER = (
    ("airflow.serialization.serialized_objects", "DagSerialization"),
    ("airflow.serialization.serialized_objects", "SerializedDAG"),
)
EMPTY_OPERATOR = (
    ("airflow.providers.standard.operators.empty", "EmptyOperator"),
    ("airflow.operators.empty", "EmptyOperator"),
)
# What most files load late; loaded once for all of them.
WARM = (
    ("airflow.sdk.definitions.decorators", "task"),
    ("airflow.providers.standard.decorators.python", "python_task"),
    ("airflow.decorators.python", "python_task"),
)
# What the DAG processor of Airflow 3 calls before it imports a file.
BLOCK_DATABASE = (("airflow.sdk.execution_time.supervisor", "block_orm_access"),)
# Every one that exists is watched: class, method, what it reads.
READERS = (
    ("airflow.models.variable", "Variable", "get", "variable"),
    ("airflow.sdk", "Variable", "get", "variable"),
    ("airflow.models.connection", "Connection", "get_connection_from_secrets", "connection"),
    ("airflow.sdk", "Connection", "get", "connection"),
)

PLACEHOLDER = "placeholder"
MAX_TEXT = 20_000
MAX_READS = 50
NOW = {"now", "utcnow", "today", "days_ago"}


def first(candidates: tuple[tuple[str, str], ...]) -> Any:
    """The first of the named things that this Airflow has, or None."""
    for module, name in candidates:
        with contextlib.suppress(ImportError, AttributeError):
            return getattr(importlib.import_module(module), name)
    return None


class Watch:
    """What the file under import did: the DAGs it made and what it read, each with its place in the DAGs folder."""

    def __init__(self, root: str) -> None:
        self.root = os.path.join(root, "")
        self.file = ""
        self.made: list[dict[str, Any]] = []
        self.reads: list[dict[str, Any]] = []

    def place(self) -> dict[str, Any] | None:
        """The innermost line of the file itself, else of the DAGs folder, that we are called from."""
        frame = sys._getframe(1)
        inner = None
        while frame is not None:
            name = frame.f_code.co_filename
            if name == self.file:
                return {"file": name.removeprefix(self.root), "line": frame.f_lineno}
            if inner is None and name.startswith(self.root):
                inner = {"file": name.removeprefix(self.root), "line": frame.f_lineno}
            frame = frame.f_back
        return inner

    def read(self, kind: str, name: str, *, answered: bool) -> None:
        place = self.place()
        entry = {"kind": kind, "name": name[:200], "answered": answered, **(place or {})}
        if place is not None and entry not in self.reads and len(self.reads) < MAX_READS:
            self.reads.append(entry)

    def start(self) -> None:
        """Before the first file, and once: the children inherit it, and every module that it imports."""
        self.dags()
        self.readers()
        self.database()
        for late in WARM:
            first((late,))
        with contextlib.suppress(Exception), first(DAG)("warm_up", schedule=None) as dag:
            first(EMPTY_OPERATOR)(task_id="warm_up")
            first(SERIALIZER).to_dict(dag)

    def dags(self) -> None:
        """Remembers where each DAG is made."""
        dag = first(DAG)
        original = dag.__init__

        @functools.wraps(original)
        def init(made: Any, *args: Any, **kwargs: Any) -> None:
            original(made, *args, **kwargs)
            place = self.place()
            if place is not None:
                self.made.append({"dagId": str(made.dag_id), **place})

        dag.__init__ = init

    def readers(self) -> None:
        """Answers for Variables and Connections, which are not here, and notes who asked."""
        for module, name, method, kind in READERS:
            owner = first(((module, name),))
            if owner is not None:
                setattr(owner, method, staticmethod(self.answer(kind, owner)))

    def answer(self, kind: str, owner: Any) -> Callable[..., Any]:
        def variable(key: str, *args: Any, **kwargs: Any) -> Any:
            default = [*args[:1], *(kwargs[name] for name in ("default", "default_var") if name in kwargs)]
            self.read(kind, key, answered=bool(default))
            if default:
                return default[0]
            return defaultdict(lambda: PLACEHOLDER) if kwargs.get("deserialize_json") else PLACEHOLDER

        def connection(conn_id: str, *_: Any, **__: Any) -> Any:
            self.read(kind, conn_id, answered=False)
            return owner(conn_id=conn_id, conn_type="generic", host=PLACEHOLDER)

        return variable if kind == "variable" else connection

    def database(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        @event.listens_for(Engine, "do_connect")
        def connect(*_: Any) -> None:
            self.read("database", "", answered=False)

    def network(self) -> None:
        """Refuses connections: no answer of another machine may decide what a DAG file is. No file can undo it."""

        def audit(event: str, arguments: tuple[Any, ...]) -> None:
            if event == "socket.getaddrinfo":
                host = arguments[0]
            elif event == "socket.connect" and isinstance(arguments[1], tuple):
                host = arguments[1][0]
            else:
                return
            host = host.decode(errors="replace") if isinstance(host, bytes) else str(host)
            self.read("network", host, answered=False)
            raise PermissionError(f"no network in the DAG check: {host}")

        sys.addaudithook(audit)


def moving_start_dates(path: str) -> Iterator[int]:
    """Lines of a start_date that is another one at each parse."""
    with open(path, encoding="utf-8") as source:
        tree = ast.parse(source.read())
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.keyword) and node.arg == "start_date":
            values = [node.value]
        elif isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            values = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "start_date"]
        for value in values:
            calls = [call.func for call in ast.walk(value) if isinstance(call, ast.Call)]
            names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
            if names & NOW:
                yield value.lineno


def import_file(path: str, watch: Watch) -> dict[str, Any]:
    """Runs in the child."""
    watch.file = path
    errors: list[str] = []
    dags: list[Any] = []
    bag = first(DAG_BAG)(dag_folder=watch.root, collect_dags=False)
    started = time.monotonic()
    try:
        dags = bag.process_file(path, only_if_updated=False)
        errors = list(bag.import_errors.values())
    # Also what is no Exception: sys.exit() in a DAG file ends the DAG processor's child without a word.
    except BaseException:
        errors = [traceback.format_exc()]
    seconds = time.monotonic() - started
    serializer = first(SERIALIZER)
    for dag in dags:
        try:
            serializer.to_dict(dag)
        except Exception as error:
            errors.append(f"{dag.dag_id}: {type(error).__name__}: {error}")
    with contextlib.suppress(OSError, ValueError, SyntaxError, RecursionError):
        dates = [{"file": path.removeprefix(watch.root), "line": line} for line in moving_start_dates(path)]
        return answer_of(watch, dags, errors, seconds, dates)
    return answer_of(watch, dags, errors, seconds, [])


def answer_of(watch: Watch, dags: list[Any], errors: list[str], seconds: float, dates: list[Any]) -> dict[str, Any]:
    return {
        "seconds": round(seconds, 3),
        "dags": [
            {"dagId": dag.dag_id, "tasks": len(dag.tasks), "unpaused": dag.is_paused_upon_creation is False}
            for dag in dags
        ],
        "made": watch.made,
        # The end of a traceback says most.
        "errors": [error[-MAX_TEXT:] for error in errors],
        "reads": watch.reads,
        "movingStartDates": dates,
    }
