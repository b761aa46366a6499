"""Imports a DAGs folder as Airflow's DAG processor would and says what it saw, one JSON object a line.

Python, because only a real Airflow can say what it makes of a DAG file. Nothing is judged here: domain/dag-check.ts does.

DAG files are somebody's unreviewed code. Each is imported in a child of its own, forked from this process after it has
imported Airflow, so that a file which hangs, exits, crashes, forks, prints without end or deletes its folder is a line of
the report and never its end.

    check_dags.py <dags folder> <seconds a file may take> <file descriptor for the lines>
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import functools
import importlib
import json
import os
import resource
import selectors
import signal
import sys
import tempfile
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
# What the DAG processor of Airflow 3 calls before it imports a file.
BLOCK_DATABASE = (("airflow.sdk.execution_time.supervisor", "block_orm_access"),)
# Every one that exists is watched: class, method, what it reads.
READERS = (
    ("airflow.models.variable", "Variable", "get", "variable"),
    ("airflow.sdk", "Variable", "get", "variable"),
    ("airflow.models.connection", "Connection", "get_connection_from_secrets", "connection"),
    ("airflow.sdk", "Connection", "get", "connection"),
)

GRACE = 2.0
"""Seconds after Airflow's own limit: its alarm names the line that hangs, a kill cannot."""
PLACEHOLDER = "placeholder"
MAX_TEXT = 8_000
MAX_READS = 50
MAX_MESSAGE = 4_000_000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
NOW = {"now", "utcnow", "today", "days_ago"}


def first(candidates: tuple[tuple[str, str], ...]) -> Any:
    """The first of the named things that this Airflow has, or None."""
    for module, name in candidates:
        with contextlib.suppress(ImportError, AttributeError):
            return getattr(importlib.import_module(module), name)
    return None


def prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


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


def child(path: str, watch: Watch, answer: int, output: int, control: int) -> None:
    """The forked process: never returns."""
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setsid()
        os.close(control)
        for descriptor in (1, 2):
            os.dup2(output, descriptor)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.chdir(tempfile.mkdtemp())
        watch.network()
        block = first(BLOCK_DATABASE)
        if block is not None:
            block()
        text = json.dumps(import_file(path, watch)) + "\n"
        data = text.encode()
        while data:
            data = data[os.write(answer, data) :]
    finally:
        os._exit(0)


def kill_family(pid: int) -> int:
    """Ends the child, its group and whatever it left behind; answers the child's wait status."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    # As a subreaper we inherit what has left the group.
    with contextlib.suppress(OSError):
        while left := open(f"/proc/self/task/{os.getpid()}/children").read().split():
            for orphan in map(int, left):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)
    return status


def has_ended(pid: int) -> bool:
    """Whether it is a zombie, left to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def check_file(path: str, watch: Watch, limit: float, control: int) -> dict[str, Any]:
    """One file in one child: its answer, or how it ended without one."""
    answer_in, answer_out = os.pipe()
    output_in, output_out = os.pipe()
    started = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(answer_in)
        os.close(output_in)
        child(path, watch, answer_out, output_out, control)
    os.close(answer_out)
    os.close(output_out)
    answer, output, late = listen(pid, answer_in, output_in, started + limit + GRACE)
    ended = has_ended(pid)
    status = kill_family(pid)
    os.close(answer_in)
    os.close(output_in)
    if answer is not None:
        return answer
    code = os.waitstatus_to_exitcode(status)
    how = "late" if late or not ended else f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    seconds = round(time.monotonic() - started, 3)
    return {"ended": how, "seconds": seconds, "output": output.decode(errors="replace")}


def listen(pid: int, answer_in: int, output_in: int, deadline: float) -> tuple[dict[str, Any] | None, bytes, bool]:
    """The child's answer if it gives one, the end of its output, and whether its time was over."""
    answer = output = b""
    with selectors.DefaultSelector() as selector:
        for source in (answer_in, output_in):
            os.set_blocking(source, False)
            selector.register(source, selectors.EVENT_READ)
        while time.monotonic() < deadline:
            ended = has_ended(pid)
            for key, _ in selector.select(0 if ended else 0.05):
                data = os.read(key.fd, 1 << 16)
                if not data:
                    selector.unregister(key.fd)
                elif key.fd == output_in:
                    output = (output + data)[-MAX_TEXT // 4 :]
                else:
                    answer += data
            if answer.endswith(b"\n") or len(answer) > MAX_MESSAGE:
                break
            if ended:
                return None, output, False
            if not selector.get_map():
                time.sleep(0.02)
        else:
            return None, output, True
    with contextlib.suppress(ValueError):
        return json.loads(answer), output, False
    return None, output, False


def dag_files(root: str) -> list[str]:
    """The files that Airflow's own search takes for DAG files (.airflowignore, safe mode), none of them imported."""
    files: list[str] = []
    bag = first(DAG_BAG)(dag_folder=root, collect_dags=False)
    bag.process_file = lambda path, **_: files.append(str(path)) or []
    bag.collect_dags(root)
    return sorted(files)


def main(folder: str, limit: float, control: int) -> None:
    os.set_inheritable(control, False)
    root = os.path.realpath(folder)
    prctl(PR_SET_CHILD_SUBREAPER, 1)

    def tell(event: str, **more: Any) -> None:
        data = (json.dumps({"event": event, **more}) + "\n").encode()
        while data:
            data = data[os.write(control, data) :]

    try:
        import airflow
    except ImportError as error:
        tell("no-airflow", message=str(error))
        return
    # As Airflow's own processes have it: DAG files import each other from the folder's top.
    if root not in sys.path:
        sys.path.append(root)
    watch = Watch(root)
    watch.dags()
    watch.readers()
    watch.database()
    first(SERIALIZER)
    files = dag_files(root)
    tell("airflow", version=airflow.__version__, root=root, files=[path.removeprefix(watch.root) for path in files])
    for path in files:
        name = path.removeprefix(watch.root)
        tell("begin", file=name)
        tell("file", file=name, **check_file(path, watch, limit, control))
    tell("end")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
