"""Child processes that leave nothing behind, and what can be known of a process from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launcher.py")
POLL = 0.02
"""Seconds between two looks at something that is being waited for."""


class StartError(Exception):
    """Something cannot be started; the text is one line for the person at the terminal and says what to do."""


def spawn(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    output: int | IO[bytes],
    cwd: Path | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in its own session; on Linux it gets `death_signal` when this process dies, however it dies.

    Call it from the main thread only: Linux sends the signal when the *thread* that started the child ends.
    """
    launcher = [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), str(int(death_signal))]
    return subprocess.Popen(
        [*launcher, *argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Poll until the condition holds (True) or the time is over (False)."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(POLL)
    return True


def signal_group(group: int, number: int) -> None:
    """Send a signal to a process group; one that is gone already is fine."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def stop(process: subprocess.Popen[bytes], *steps: tuple[int, float]) -> int:
    """Send the signals one after the other, each with its grace in seconds, then kill the whole group.

    The group is killed even after a clean exit: a program may have left children of its own. Returns the exit code.
    """
    for number, grace in steps:
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace)
    signal_group(process.pid, signal.SIGKILL)
    return process.wait()


def command_line(pid: int) -> str:
    """Return the command line of a process, empty when there is no such process or it may not be read."""
    if sys.platform == "linux":
        with suppress(OSError):
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
        return ""
    argv = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    listing = subprocess.run(argv, check=False, capture_output=True, text=True)
    return listing.stdout.strip()


def working_in(folder: Path) -> list[int]:
    """Return the pids of processes whose working folder this is; empty where that cannot be known (not Linux)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder:
                found.append(int(process.name))
    return found


def kill_stale_server(pid: int, *, program: str, data_dir: Path, number: int, grace: float) -> bool:
    """Stop a server that an earlier, killed run left behind; True when there was one.

    A pid may belong to somebody else by now: only a process that runs `program` on `data_dir` is touched.
    """

    def runs() -> bool:
        line = command_line(pid)
        return program in line and str(data_dir) in line

    if not runs():
        return False
    for step, seconds in ((number, grace), (signal.SIGKILL, 5.0)):
        with suppress(ProcessLookupError):
            os.kill(pid, step)
        if wait_until(lambda: not runs(), seconds):
            return True
    raise StartError(f"{program} of an earlier run (pid {pid}) does not stop; end it and start again")


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def last_line(log: Path) -> str:
    """Return the last non-empty line of a log file, for an error message; empty when there is none."""
    with suppress(OSError):
        lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1].strip() if lines else ""
    return ""
