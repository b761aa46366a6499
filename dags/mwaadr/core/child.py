"""Entry of the data path's process; see handover.py. Argument: the process id of the task that started it."""

import ctypes
import os
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_the_task(task: int) -> None:
    """A task that is killed must not leave a child behind that commits later."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != task:  # it had died before we asked
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    die_with_the_task(int(sys.argv[1]))
    # Last in the path: what the user has in the DAGs folder hides nothing.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    from mwaadr.core.work import main

    sys.exit(main())
