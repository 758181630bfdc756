"""Runs one command on hostile input: limited, without network, and gone when the caller is gone."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

LAUNCHER = Path(__file__).with_name("launcher.py")
LAUNCHER_BROKEN = 97
MIB = 1024 * 1024
GIB = 1024 * MIB
WAKE_S = 0.2
CLOSED_PIPES_POLL_S = 0.01
STDERR_KEPT_BYTES = 64 * 1024
LINE_MAX_BYTES = MIB


class LimitExceeded(Exception):
    """The command was stopped by a limit: `limit` is one of `wall_clock`, `cpu`, `file_size`, `output`."""

    def __init__(self, limit: str, detail: str = "") -> None:
        super().__init__(f"{limit}: {detail}" if detail else limit)
        self.limit = limit


class SandboxBroken(Exception):
    """The sandbox itself could not be set up: for the operator, says nothing about the input."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one command may use. `file_bytes` is per written file; with `network_must_be_cut` a host that allows no
    network namespace is an error, without it the command runs all the same (forced demuxers still hold)."""

    wall_s: float
    cpu_s: int
    memory_bytes: int
    file_bytes: int
    open_files: int = 64
    network_must_be_cut: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """How the command ended: exit status (negative: the signal), last 64 KiB of stderr, CPU seconds."""

    returncode: int
    stderr: str
    cpu_s: float


def run(
    argv: Sequence[str],
    *,
    limits: Limits,
    cwd: Path,
    on_line: Callable[[str], None] | None = None,
    on_wake: Callable[[], None] | None = None,
) -> Finished:
    """Run `argv` (absolute program first, empty environment) and hand each line of its output to `on_line`.

    Wakes up five times a second and calls `on_wake`, so that an exception raised into the thread from outside gets
    through; whatever happens, the whole process group is dead afterwards. Raises `LimitExceeded`, `SandboxBroken`.
    """
    child = _start(argv, limits, cwd)
    output = _Output(child, on_line)
    deadline = time.monotonic() + limits.wall_s
    try:
        while not _has_ended(child.pid):
            if time.monotonic() > deadline:
                raise LimitExceeded("wall_clock", f"{limits.wall_s:g} s")
            output.read(WAKE_S)
            if on_wake is not None:
                on_wake()
        # A child of the child may hold the pipe and go on writing.
        while output.read(0) and time.monotonic() < deadline:
            pass
    finally:
        # Not reaped yet, so the number of the group cannot belong to somebody else by now.
        os.killpg(child.pid, signal.SIGKILL)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.close()
    finished = Finished(child.returncode, output.stderr(), usage.ru_utime + usage.ru_stime)
    _refuse_limits(finished, limits)
    return finished


def _start(argv: Sequence[str], limits: Limits, cwd: Path) -> "subprocess.Popen[bytes]":
    options = {
        "parent": os.getpid(),
        "network_must_be_cut": limits.network_must_be_cut,
        "rlimits": {
            "AS": (limits.memory_bytes, limits.memory_bytes),
            "CPU": (limits.cpu_s, limits.cpu_s + 2),
            "FSIZE": (limits.file_bytes, limits.file_bytes),
            "NOFILE": (limits.open_files, limits.open_files),
            "CORE": (0, 0),
        },
    }
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(options), *argv],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=cwd,
        env={},
        start_new_session=True,
    )


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _refuse_limits(finished: Finished, limits: Limits) -> None:
    if finished.returncode == LAUNCHER_BROKEN and "launcher:" in finished.stderr:
        raise SandboxBroken(finished.stderr.strip())
    if finished.returncode == -signal.SIGXFSZ:
        raise LimitExceeded("file_size", f"{limits.file_bytes} bytes")
    # The kernel counts its ticks, getrusage the time: the signal may come a moment before the figure is reached.
    by_signal = finished.returncode == -signal.SIGXCPU
    if by_signal or (finished.returncode != 0 and finished.cpu_s >= limits.cpu_s):
        raise LimitExceeded("cpu", f"{limits.cpu_s} s")


class _Output:
    """Both pipes of a child, read without blocking: lines of stdout go on, of stderr only the tail is kept."""

    def __init__(self, child: "subprocess.Popen[bytes]", on_line: Callable[[str], None] | None) -> None:
        self._stdout, self._stderr = cast(IO[bytes], child.stdout), cast(IO[bytes], child.stderr)
        self._on_line = on_line
        self._line, self._tail = b"", b""
        self._selector = selectors.DefaultSelector()
        for pipe in (self._stdout, self._stderr):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)

    def read(self, timeout_s: float) -> bool:
        """Take what is there, waiting at most `timeout_s`; False when there was nothing."""
        if not self._selector.get_map():
            time.sleep(min(timeout_s, CLOSED_PIPES_POLL_S))
            return False
        ready = self._selector.select(timeout_s)
        for key, _ in ready:
            self._take(self._stdout if key.fileobj is self._stdout else self._stderr)
        return bool(ready)

    def _take(self, pipe: IO[bytes]) -> None:
        data = os.read(pipe.fileno(), 64 * 1024)
        if not data:
            self._selector.unregister(pipe)
        if pipe is self._stderr:
            self._tail = (self._tail + data)[-STDERR_KEPT_BYTES:]
            return
        *lines, self._line = (self._line + data).split(b"\n")
        if len(self._line) > LINE_MAX_BYTES:
            raise LimitExceeded("output", f"a line over {LINE_MAX_BYTES} bytes")
        if self._on_line is not None:
            for line in lines:
                self._on_line(line.decode(errors="replace"))

    def stderr(self) -> str:
        return self._tail.decode(errors="replace")

    def close(self) -> None:
        self._selector.close()
        self._stdout.close()
        self._stderr.close()
