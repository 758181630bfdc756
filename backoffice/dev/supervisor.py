"""Keeps a table of processes running: starts them in order, restarts what dies, stops all in reverse order."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Protocol

from backoffice.dev import processes
from backoffice.dev.console import Console
from backoffice.dev.processes import StartError

TICK_SECONDS = 0.1
HEARTBEAT_SECONDS = 2.0
FIRST_DELAY = 0.5
LONGEST_DELAY = 30.0
STEADY_SECONDS = 30.0
"""A process that ran so long has recovered: its next death is restarted without delay growth."""


@dataclass(frozen=True)
class ProcessSpec:
    """One row of the process table; `grace` is how many seconds it may take to finish its work after SIGTERM."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    grace: float = 10.0


class Server(Protocol):
    """An embedded server, as `PostgresServer` and `ValkeyServer` are."""

    process: subprocess.Popen[bytes] | None

    def launch(self) -> subprocess.Popen[bytes]: ...
    def stop(self) -> None: ...


class Service:
    """Something that is kept running: knows how to launch, look at and stop one process."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.restarts = 0
        self.delay = FIRST_DELAY
        self.started_at = 0.0
        self.restart_at: float | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The running or just ended process."""
        raise NotImplementedError

    def launch(self) -> None:
        """Start the process without waiting until it is ready."""
        raise NotImplementedError

    def stop(self, impatient: Callable[[], bool]) -> None:
        """Stop the process and its group; at once when `impatient()` becomes true."""
        raise NotImplementedError


class ServerService(Service):
    """An embedded server, started before the table of processes and stopped after it."""

    def __init__(self, name: str, server: Server) -> None:
        super().__init__(name)
        self.server = server

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The server's process."""
        return self.server.process

    def launch(self) -> None:
        """Start the server again; its clients reconnect by themselves."""
        self.server.launch()

    def stop(self, impatient: Callable[[], bool]) -> None:
        """Stop the server in its own careful way: data matters more than impatience."""
        self.server.stop()


class ChildService(Service):
    """One row of the process table, with its output on the terminal and in its log."""

    def __init__(self, spec: ProcessSpec, env: Mapping[str, str], cwd: Path, console: Console) -> None:
        super().__init__(spec.name)
        self.spec = spec
        self.env = {**env, **spec.env}
        self.cwd = cwd
        self.console = console
        self.log = console.log_path(spec.name)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The child's process, leader of its own group."""
        return self._process

    def launch(self) -> None:
        """Start the child and follow its output."""
        self._process = processes.spawn(self.spec.argv, env=self.env, output=subprocess.PIPE, cwd=self.cwd)
        self.console.follow(self.name, self._process, self.log)

    def stop(self, impatient: Callable[[], bool]) -> None:
        """Send SIGTERM, wait for the grace, kill what is left of the group."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            processes.wait_until(lambda: process.poll() is not None or impatient(), self.spec.grace)
            if process.poll() is None:
                self.console.say(f"{self.name} does not stop, killing it")
        processes.stop(process)


class Supervisor:
    """Runs the services until SIGINT or SIGTERM; a second signal while stopping kills instead of waiting.

    `state_file` gets a heartbeat every two seconds: time, own pid, address, and pid and restarts of each service.
    """

    def __init__(self, console: Console, state_file: Path, address: str) -> None:
        self.console = console
        self.state_file = state_file
        self.address = address
        self.services: list[Service] = []
        self.signals = 0
        self._last_heartbeat = 0.0

    def install_handlers(self) -> None:
        """Take SIGINT, SIGTERM and SIGHUP, also where the shell that started us has them ignored."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def stopping(self) -> bool:
        """Tell whether a signal has asked for the end."""
        return self.signals > 0

    def adopt(self, service: Service) -> None:
        """Put a service that somebody else starts under supervision: from now on it is stopped with the others."""
        self.services.append(service)
        service.started_at = time.monotonic()

    def add(self, service: Service) -> None:
        """Start a service and put it under supervision."""
        service.launch()
        self.adopt(service)

    def run(self, each_tick: Callable[[], None]) -> None:
        """Watch the services until a signal comes; `each_tick` is called ten times a second."""
        while not self.stopping():
            for service in self.services:
                self._look_after(service)
            self._heartbeat()
            each_tick()
            time.sleep(TICK_SECONDS)

    def stop_all(self) -> None:
        """Stop the services in reverse order."""
        if self.services:
            self.console.say("stopping (Ctrl-C again: at once)")
        for service in reversed(self.services):
            service.stop(lambda: self.signals > 1)
        self.services = []
        self.state_file.unlink(missing_ok=True)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.signals += 1

    def _look_after(self, service: Service) -> None:
        now = time.monotonic()
        if service.restart_at is not None:
            if now >= service.restart_at:
                self._restart(service)
            return
        process = service.process
        if process is None or process.poll() is None:
            return
        processes.signal_group(process.pid, signal.SIGKILL)
        if now - service.started_at > STEADY_SECONDS:
            service.delay = FIRST_DELAY
        self.console.say(f"{service.name} {describe_exit(process.returncode)}, starting it again in {service.delay} s")
        service.restart_at = now + service.delay
        service.delay = min(service.delay * 2, LONGEST_DELAY)

    def _restart(self, service: Service) -> None:
        now = time.monotonic()
        try:
            service.launch()
        except (StartError, OSError) as error:
            self.console.say(f"{service.name} cannot be started, next try in {service.delay} s: {error}")
            service.restart_at = now + service.delay
            service.delay = min(service.delay * 2, LONGEST_DELAY)
            return
        service.restart_at = None
        service.started_at = now
        service.restarts += 1
        self._last_heartbeat = 0.0

    def _heartbeat(self) -> None:
        now = time.monotonic()
        if now - self._last_heartbeat < HEARTBEAT_SECONDS:
            return
        self._last_heartbeat = now
        state = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "pid": os.getpid(),
            "address": self.address,
            "services": {
                service.name: {"pid": service.process.pid if service.process else None, "restarts": service.restarts}
                for service in self.services
            },
        }
        unfinished = self.state_file.with_suffix(".new")
        unfinished.write_text(json.dumps(state, indent=1))
        unfinished.replace(self.state_file)


def run_to_end(
    spec: ProcessSpec, *, env: Mapping[str, str], cwd: Path, console: Console, cancelled: Callable[[], bool]
) -> None:
    """Run a command that ends by itself; raise `StartError` with its last line when it fails."""
    log = console.log_path(spec.name)
    with log.open("ab") as output:
        process = processes.spawn(spec.argv, env={**env, **spec.env}, output=output, cwd=cwd)
    processes.wait_until(lambda: process.poll() is not None or cancelled(), float("inf"))
    code = processes.stop(process, (signal.SIGTERM, spec.grace))
    if code != 0 and not cancelled():
        raise StartError(f"{spec.name} {describe_exit(code)} ({processes.last_line(log)}); its log is {log}")


def describe_exit(code: int) -> str:
    """Say in words how a process ended."""
    return f"ended with {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"
