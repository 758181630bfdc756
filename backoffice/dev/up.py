"""`up`: one command from a fresh clone to a running site. Says each step, keeps everything running, stops cleanly."""

import fcntl
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click

from backoffice.bench import NAMES
from backoffice.dev import DEMO_PASSWORD, leftovers, processes
from backoffice.dev.console import Console
from backoffice.dev.postgres import PostgresServer
from backoffice.dev.processes import StartError
from backoffice.dev.readiness import HealthCheck, Readiness
from backoffice.dev.settings import ROOT, UpSettings, child_environment
from backoffice.dev.supervisor import ChildService, ProcessSpec, ServerService, Supervisor, run_to_end
from backoffice.dev.valkey import ValkeyServer

PYTHON = sys.executable
FLASK = (PYTHON, "-m", "flask", "--app", "wsgi")
# A worker may finish what it holds; --worker-shutdown-timeout is in milliseconds.
WORKER = (PYTHON, "-m", "dramatiq", "backoffice.tasks.worker:setup", "--worker-shutdown-timeout", "25000", "-p", "1")
WORKER_GRACE = 30.0
# Who sends a file on a slow line holds a thread all the time: so many that the pages do not wait for it.
SERVER = ("-m", "gunicorn", "-k", "gthread", "-w", "2", "--threads", "32", "--no-control-socket")
MIGRATE = ProcessSpec("migrations", (*FLASK, "db", "upgrade"))
DEMO = ProcessSpec("demo-data", (*FLASK, "demo", "load"))
BENCH = ProcessSpec("bench", (*FLASK, "bench"))


@dataclass(frozen=True)
class Plan:
    """What `up` runs: commands to their end first, then processes for good; `ready` tells when the site answers."""

    steps: tuple[ProcessSpec, ...]
    processes: tuple[ProcessSpec, ...]
    ready: Readiness
    welcome: tuple[str, ...] = ()


def site_plan(settings: UpSettings) -> Plan:
    """Return the plan of the whole site."""
    return Plan(
        steps=(MIGRATE, DEMO) if settings.demo else (MIGRATE,),
        processes=(
            ProcessSpec("web", (PYTHON, *SERVER, "wsgi:app", "-b", f"127.0.0.1:{settings.port}"), grace=35.0),
            ProcessSpec(
                "worker", (*WORKER, "-t", "8", "-Q", "default"), {"dramatiq_worker_timeout": "100"}, WORKER_GRACE
            ),
            ProcessSpec(
                "worker-media", (*WORKER, "-t", "1", "-Q", "media"), {"dramatiq_queue_prefetch": "1"}, WORKER_GRACE
            ),
            ProcessSpec("provider", (PYTHON, "-m", "backoffice.integrations.payments.fake_server")),
            ProcessSpec("relay", (*FLASK, "relay")),
            ProcessSpec("scheduler", (*FLASK, "scheduler")),
        ),
        ready=HealthCheck(f"{settings.address}/healthz"),
        welcome=_logins() if settings.demo else (),
    )


def run(settings: UpSettings, plan: Plan) -> int:
    """Start everything, keep it running until SIGINT or SIGTERM, stop it; return the exit code."""
    began = time.monotonic()
    try:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        with _lock(settings):
            console = Console(settings.var_dir / "log")
            supervisor = Supervisor(console, settings.var_dir / "up.json", settings.address)
            supervisor.install_handlers()
            try:
                _start(settings, plan, console, supervisor)
                supervisor.run(_announcer(settings, plan, console, began))
            finally:
                supervisor.stop_all()
            console.say(f"stopped; the data stays in {settings.var_dir}")
    except (StartError, OSError) as error:
        click.echo(f"up: {error}", err=True)
        return 1
    return 0


def run_beside(settings: UpSettings, steps: tuple[ProcessSpec, ...], command: ProcessSpec) -> int:
    """Run the steps, then a command in the foreground, on empty servers of their own; return the command's exit code.

    The servers' data are in a folder that exists only meanwhile, so the data of `up` are not touched.
    """
    try:
        settings.var_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=settings.var_dir, prefix=f"{command.name}-") as folder:
            settings = replace(settings, var_dir=Path(folder))
            console = Console(settings.var_dir / "log")
            supervisor = Supervisor(console, settings.var_dir / "up.json", settings.address)
            supervisor.install_handlers()
            try:
                database_url, redis_url = start_servers(settings, console, supervisor)
                env = child_environment(settings, database_url=database_url, redis_url=redis_url)
                for step in steps:
                    run_to_end(step, env=env, cwd=ROOT, console=console, cancelled=supervisor.stopping)
                process = processes.spawn(command.argv, env=env, output=sys.stdout.fileno(), cwd=ROOT)
                processes.wait_until(lambda: process.poll() is not None or supervisor.stopping(), float("inf"))
                return processes.stop(process, (signal.SIGTERM, command.grace))
            finally:
                supervisor.stop_all()
    except (StartError, OSError) as error:
        click.echo(f"{command.name}: {error}", err=True)
        return 1


def bench(settings: UpSettings, names: tuple[str, ...]) -> int:
    """Run benchmarks, all when none is named, each on servers of its own; return the worst exit code."""
    return max(run_beside(settings, (MIGRATE,), replace(BENCH, argv=(*BENCH.argv, name))) for name in names or NAMES)


def _start(settings: UpSettings, plan: Plan, console: Console, supervisor: Supervisor) -> None:
    stale = leftovers.stop_leftovers(settings.var_dir)
    if stale:
        console.say(f"stopped {stale} processes of a run that was killed")
    if not processes.port_is_free(settings.port):
        raise StartError(
            f"port {settings.port} is taken: stop what listens there, or choose another, "
            f"for example `PORT={processes.free_port()} make up`"
        )
    database_url, redis_url = start_servers(settings, console, supervisor)
    provider_url = f"http://127.0.0.1:{_remembered_port(settings.var_dir, 'provider')}"
    env = child_environment(settings, database_url=database_url, redis_url=redis_url, provider_url=provider_url)
    for step in plan.steps:
        if not supervisor.stopping():
            with console.step(step.name):
                run_to_end(step, env=env, cwd=ROOT, console=console, cancelled=supervisor.stopping)
    for spec in plan.processes:
        if not supervisor.stopping():
            supervisor.add(ChildService(spec, env, ROOT, console))
    console.say(f"started {', '.join(spec.name for spec in plan.processes)}; waiting for the first answer")


def start_servers(settings: UpSettings, console: Console, supervisor: Supervisor) -> tuple[str, str]:
    """Start the embedded servers that no URL replaces, each as a service; return both URLs."""
    database_url, redis_url = settings.database_url, settings.redis_url
    if database_url:
        console.say("PostgreSQL: the one of DATABASE_URL")
    else:
        postgres = PostgresServer(settings.var_dir / "postgres", 0, log=console.log_path("postgres"))
        postgres.stop_stale()
        supervisor.adopt(ServerService("postgres", postgres))
        postgres.port = _remembered_port(settings.var_dir, "postgres")
        with console.step(f"PostgreSQL on port {postgres.port}"):
            postgres.start(cancelled=supervisor.stopping)
        database_url = postgres.dsn
    if redis_url:
        console.say("Valkey: the one of REDIS_URL")
    else:
        valkey = ValkeyServer(settings.var_dir / "valkey", 0, log=console.log_path("valkey"))
        valkey.stop_stale()
        supervisor.adopt(ServerService("valkey", valkey))
        valkey.port = _remembered_port(settings.var_dir, "valkey")
        with console.step(f"Valkey on port {valkey.port}"):
            valkey.start(cancelled=supervisor.stopping)
        redis_url = valkey.dsn
    return database_url, redis_url


@contextmanager
def _lock(settings: UpSettings) -> Iterator[None]:
    """Hold the lock of this VAR_DIR; the kernel lets it go however this process ends."""
    with (settings.var_dir / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            pid, _, address = file.read().strip().partition(" ")
            raise StartError(
                f"already running here (pid {pid}, {address}): stop it with Ctrl-C in its terminal or `kill {pid}`"
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()} {settings.address}\n")
        file.flush()
        yield
        file.truncate(0)


def _remembered_port(var_dir: Path, name: str) -> int:
    """Return the port of the run before if it is still free, else another one, and remember it."""
    file = var_dir / "ports.json"
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    if name not in ports or not processes.port_is_free(ports[name]):
        ports[name] = processes.free_port()
        file.write_text(json.dumps(ports))
    return ports[name]


def _announcer(settings: UpSettings, plan: Plan, console: Console, began: float) -> Callable[[], None]:
    """Return what tells, once, that the site answers, and meanwhile now and then what it waits for."""
    reminder = 20.0
    told_at: float | None = began
    plan.ready.start()

    def each_tick() -> None:
        nonlocal told_at
        if told_at is None:
            return
        now = time.monotonic()
        if plan.ready.answered():
            told_at = None
            console.say(f"ready in {now - began:.1f} s: {settings.address}")
            for line in plan.welcome:
                console.say(line)
        elif now - told_at > reminder:
            told_at = now
            console.say(f"not ready yet: {plan.ready.missing()}")

    return each_tick


def _logins() -> tuple[str, ...]:
    people = ("author", "student", "moderator", "admin")
    return (f"log in as {', '.join(f'{name}@lectern.example' for name in people)} with password {DEMO_PASSWORD}",)
