"""Imports a DAGs folder as Airflow's DAG processor would and says what it saw, one JSON object a line.

Python, because only a real Airflow can say what it makes of a DAG file. Nothing is judged here: domain/dag-findings.ts
does that.

DAG files are somebody's unreviewed code. Each is imported in a child of its own, forked from this process after it has
imported Airflow, so that a file which hangs, exits, crashes, forks, prints without end or deletes its folder is a line
of the report and never its end.

    check_dags.py <dags folder> <seconds a file may take> <file descriptor for the lines>
"""

from __future__ import annotations

import contextlib
import ctypes
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
from pathlib import Path
from typing import Any

HERE = str(Path(__file__).parent)
sys.path.insert(0, HERE)
from check_dags_watch import BLOCK_DATABASE, DAG_BAG, Watch, first, import_file  # noqa: E402

# Nothing of ours may stand where a DAG file looks for a module of its own.
sys.path.remove(HERE)

GRACE = 2.0
"""Seconds after Airflow's own limit: its alarm names the line that hangs, a kill cannot."""
MAX_OUTPUT = 2_000
MAX_MESSAGE = 4_000_000
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


def prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


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
    except BaseException:
        traceback.print_exc()
        os._exit(1)
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
        children = Path(f"/proc/self/task/{os.getpid()}/children")
        while left := children.read_text().split():
            for orphan in map(int, left):
                os.kill(orphan, signal.SIGKILL)
                os.waitpid(orphan, 0)
    return status


def has_ended(pid: int) -> bool:
    """Whether it is a zombie, left to be waited for."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def check_file(path: str, watch: Watch, limit: float, control: int) -> dict[str, Any]:
    """One file in one child: its answer, or how it ended without one."""
    if not os.path.isfile(path):
        # Airflow would say nothing at all of it.
        return {"ended": "vanished", "seconds": 0, "output": ""}
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
    how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
    if not ended:
        how = "late" if late else "an answer that is not ours"
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
                    output = (output + data)[-MAX_OUTPUT:]
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


def pre_import(files: list[str]) -> None:
    """Imports Airflow's own modules that the files name, once for all children, as Airflow's DAG processor does."""
    iter_airflow_imports = first((("airflow.utils.file", "iter_airflow_imports"),))
    for module in {name for path in files for name in iter_airflow_imports(path)}:
        # What is wrong with a file is found when it is imported; not every name is a module's.
        with contextlib.suppress(Exception):
            importlib.import_module(module)


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
    watch.start()
    files = dag_files(root)
    tell("airflow", version=airflow.__version__, root=root, files=[path.removeprefix(watch.root) for path in files])
    pre_import(files)
    for path in files:
        name = path.removeprefix(watch.root)
        tell("begin", file=name)
        tell("file", file=name, **check_file(path, watch, limit, control))
    tell("end")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
