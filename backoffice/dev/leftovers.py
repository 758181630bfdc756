"""Finds what a killed `up` left behind: each child, and what it started, carries a mark in its environment."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from backoffice.dev import processes

MARK = "LECTERN_SUPERVISED_IN"


def marked_processes(var_dir: Path) -> list[int]:
    """Return the pids of processes started by an `up` of this VAR_DIR that still run."""
    mark = f"{MARK}={var_dir}"
    found = _marked_on_linux(mark) if sys.platform == "linux" else _marked_by_ps(mark)
    return [pid for pid in found if pid != os.getpid()]


def stop_leftovers(var_dir: Path, *, grace: float = 5.0) -> int:
    """End all processes of a killed run, politely first; return how many there were."""
    found = marked_processes(var_dir)
    if not found:
        return 0
    _signal_all(found, signal.SIGTERM)
    if not processes.wait_until(lambda: not marked_processes(var_dir), grace):
        _signal_all(marked_processes(var_dir), signal.SIGKILL)
        processes.wait_until(lambda: not marked_processes(var_dir), grace)
    return len(found)


def _signal_all(pids: list[int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _marked_on_linux(mark: str) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def _marked_by_ps(mark: str) -> list[int]:
    listing = subprocess.run(["ps", "-axEww", "-o", "pid=,command="], check=False, capture_output=True, text=True)
    return [int(line.split()[0]) for line in listing.stdout.splitlines() if f" {mark} " in f"{line} "]
