"""CPU seconds of the database server and of other processes on this machine."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import text

from backoffice.db import db

PROC = Path("/proc")


def spent_on(deed: Callable[[], object]) -> float:
    """CPU seconds of this process and of the server for one deed."""
    server, mine = server_cpu_s(), time.process_time()
    deed()
    mine = time.process_time() - mine
    return mine + server_cpu_s() - server


def server_cpu_s() -> float:
    """CPU seconds of the whole server so far, those of ended connections included. The server runs on this machine."""
    backend = db.session.scalar(text("SELECT pg_backend_pid()"))
    db.session.remove()
    postmaster = _stat(str(backend))[1]
    pids = [entry.name for entry in PROC.iterdir() if entry.name.isdigit()]
    ticks = sum(sum(stat[11:13]) for pid in pids if (stat := _stat(pid)) and postmaster in (stat[1], int(pid)))
    return (ticks + sum(_stat(str(postmaster))[13:15])) / os.sysconf("SC_CLK_TCK")


def tree_cpu_s(root: int) -> float:
    """CPU seconds so far of a process and all below it, with those that have ended and been waited for."""
    stats = [stat for pid in family_of(root) if (stat := _stat(str(pid)))]
    return sum(sum(stat[11:15]) for stat in stats) / os.sysconf("SC_CLK_TCK")


def family_of(root: int) -> set[int]:
    """A process and all below it."""
    stats = {int(entry.name): stat for entry in PROC.iterdir() if entry.name.isdigit() and (stat := _stat(entry.name))}
    family, grown = {root} & stats.keys(), 0
    while grown != len(family):
        grown = len(family)
        family |= {pid for pid, stat in stats.items() if stat[1] in family}
    return family


def _stat(pid: str) -> list[int]:
    """Numbers of /proc/<pid>/stat, from the state on: [1] is the parent. Empty for a process that is gone."""
    try:
        line = (PROC / pid / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [int(part) if part.lstrip("-").isdigit() else 0 for part in line.rpartition(")")[2].split()]
