"""`up` with tiny processes: it restarts what dies, refuses what cannot work in one clear line, and leaves nothing."""

import contextlib
import http.server
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from backoffice.dev import leftovers, processes
from backoffice.dev.processes import StartError
from backoffice.dev.readiness import HealthCheck
from backoffice.dev.settings import ROOT, UpSettings, remembered_environment

FAKE_SITE = Path(__file__).with_name("fake_site.py")
PATIENCE = 60.0


class Site:
    """One VAR_DIR and the runs of `up` on it."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir
        self.port = processes.free_port()
        self.runs: list[subprocess.Popen[bytes]] = []
        self.external = {"DATABASE_URL": "postgresql://nowhere/none", "REDIS_URL": "redis://nowhere/0"}

    def up(self, *kinds: str, start: str = 'exec "$@"', **environ: str) -> subprocess.Popen[bytes]:
        """Start `up` without waiting for it; `start` is how the shell starts it."""
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(self.port), "VAR_DIR": str(self.var_dir)}
        env = {name: value for name, value in env.items() if name not in self.external} | self.external | environ
        run = subprocess.Popen(
            ["sh", "-c", start, "sh", sys.executable, FAKE_SITE, *kinds],
            env=env,
            stdout=(self.var_dir.parent / f"out-{len(self.runs)}").open("wb"),
            stderr=(self.var_dir.parent / f"err-{len(self.runs)}").open("wb"),
            start_new_session=True,
        )
        self.runs.append(run)
        return run

    def refused(self, *kinds: str, **environ: str) -> str:
        """Start `up` where it must be refused; return what it says."""
        assert self.up(*kinds, **environ).wait(PATIENCE) == 1
        said = self.errors()
        assert said.count("\n") == 1, said
        return said

    def output(self) -> str:
        """What the last run has printed."""
        return (self.var_dir.parent / f"out-{len(self.runs) - 1}").read_text()

    def errors(self) -> str:
        """What the last run has printed as errors."""
        return (self.var_dir.parent / f"err-{len(self.runs) - 1}").read_text()

    def services(self) -> dict[str, Any]:
        """Return the services of the last heartbeat."""
        with contextlib.suppress(FileNotFoundError):
            services: dict[str, Any] = json.loads((self.var_dir / "up.json").read_text())["services"]
            return services
        return {}

    def wait_for(self, text: str) -> None:
        """Wait until the last run has printed the text."""
        assert processes.wait_until(lambda: text in self.output(), PATIENCE), self.output() + self.errors()

    def wait_for_services(self, count: int) -> dict[str, Any]:
        """Wait until that many services run and have said that they are there."""
        assert processes.wait_until(lambda: len(self.services()) == count, PATIENCE), self.output() + self.errors()
        return self.services()

    def restarted(self, name: str) -> bool:
        """Tell whether a service has been restarted."""
        return bool(self.services().get(name, {}).get("restarts"))

    def leaves_nothing(self) -> bool:
        """Tell whether all processes are gone."""
        return processes.wait_until(lambda: not leftovers.marked_processes(self.var_dir), PATIENCE)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "var")
    yield site
    for run in site.runs:
        if run.poll() is None:
            run.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(30)
            run.kill()
            run.wait()
    leftovers.stop_leftovers(site.var_dir)


def test_steps_are_said_and_the_welcome_comes_when_ready(site: Site) -> None:
    site.up("sleeper")
    site.wait_for("sleeper-0    | here")
    for said in ("DATABASE_URL", "REDIS_URL", "prepare (", "started sleeper-0"):
        assert said in site.output()
    assert "welcome" not in site.output()
    (site.var_dir / "ready").touch()
    site.wait_for("welcome")
    assert f"http://127.0.0.1:{site.port}" in site.output()
    assert (site.var_dir / "log" / "sleeper-0.log").read_text() == "here\n"
    assert (site.var_dir / "log" / "prepare.log").read_text() == "prepared\n"


def test_a_killed_process_is_restarted_and_its_children_are_killed(site: Site) -> None:
    site.up("parent", "sleeper")
    pid = site.wait_for_services(2)["parent-0"]["pid"]
    assert processes.wait_until(lambda: len(leftovers.marked_processes(site.var_dir)) == 3, PATIENCE)
    (grandchild,) = {*leftovers.marked_processes(site.var_dir)} - {s["pid"] for s in site.services().values()}
    os.kill(pid, signal.SIGKILL)
    assert processes.wait_until(lambda: site.restarted("parent-0"), PATIENCE)
    assert site.services()["parent-0"]["pid"] != pid
    assert grandchild not in leftovers.marked_processes(site.var_dir)
    assert "parent-0 was killed by SIGKILL, starting it again in 0.5 s" in site.output()
    assert not site.restarted("sleeper-1")


def test_a_process_that_never_starts_is_tried_ever_more_slowly(site: Site) -> None:
    site.up("crasher")
    site.wait_for("crasher-0 ended with 3, starting it again in 0.5 s")
    site.wait_for("crasher-0 ended with 3, starting it again in 1.0 s")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_all_in_reverse_order(site: Site, number: int) -> None:
    # A shell may start its background jobs with SIGINT ignored; `up` and its children must not inherit that.
    run = site.up("polite", "stubborn", "parent", "polite", start='trap "" INT; exec "$@"')
    site.wait_for("polite-0     | interrupt is True")
    site.wait_for("polite-3     | interrupt is True")
    site.wait_for("stubborn-1   | here")
    run.send_signal(number)
    assert run.wait(PATIENCE) == 0
    assert leftovers.marked_processes(site.var_dir) == []
    said = site.output()
    assert said.index("polite-3     | bye") < said.index("stubborn-1 does not stop") < said.index("polite-0     | bye")
    assert "the data stays" in said
    assert site.errors() == ""


def test_a_second_up_is_refused(site: Site) -> None:
    run = site.up("sleeper")
    before = site.wait_for_services(1)
    said = site.refused("sleeper")
    assert f"pid {run.pid}, http://127.0.0.1:{site.port}" in said
    assert site.services() == before


def test_a_taken_port_is_refused_before_anything_starts(site: Site) -> None:
    with socket.create_server(("127.0.0.1", site.port)):
        said = site.refused("sleeper", DATABASE_URL="", REDIS_URL="")
    assert f"port {site.port} is taken" in said
    assert "PORT=" in said
    assert not (site.var_dir / "postgres").exists()
    assert not (site.var_dir / "log" / "prepare.log").exists()


def test_a_failing_step_stops_the_start(site: Site) -> None:
    said = site.refused("sleeper", PREPARE="raise SystemExit('the migration is wrong')")
    assert "prepare ended with 1 (the migration is wrong)" in said
    assert "prepare.log" in said
    assert "started" not in site.output()


@pytest.mark.parametrize(("name", "value"), [("PORT", "abc"), ("PORT", "70000"), ("DEMO", "perhaps")])
def test_a_senseless_setting_is_refused(name: str, value: str) -> None:
    with pytest.raises(StartError, match=f"{name} must be"):
        UpSettings.read({name: value})


@pytest.mark.skipif(sys.platform != "linux", reason="children are tied to their parent on Linux only")
def test_a_killed_up_leaves_nothing(site: Site) -> None:
    run = site.up("sleeper", "polite")
    site.wait_for("polite-1     | interrupt")
    run.kill()
    assert site.leaves_nothing()


def test_what_a_killed_up_left_is_stopped_by_the_next_start(site: Site) -> None:
    run = site.up("stubborn")
    site.wait_for("stubborn-0   | here")
    stubborn = site.wait_for_services(1)["stubborn-0"]["pid"]
    run.kill()
    run.wait()
    assert leftovers.marked_processes(site.var_dir) == [stubborn]
    site.up("sleeper")
    site.wait_for("stopped 1 processes of a run that was killed")
    site.wait_for("sleeper-0    | here")
    assert stubborn not in leftovers.marked_processes(site.var_dir)


def test_killed_servers_come_back_and_keep_their_data_over_a_restart(site: Site) -> None:
    site.external = {"DATABASE_URL": "", "REDIS_URL": ""}
    run = site.up("sleeper")
    before = site.wait_for_services(3)
    env = json.loads((site.var_dir / "environment.json").read_text())
    with psycopg.connect(env["DATABASE_URL"].replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    with redis.Redis.from_url(env["REDIS_URL"]) as client:
        client.set("kept", "yes")
        client.waitaof(1, 0, 10_000)
    for name in ("postgres", "valkey"):
        os.kill(before[name]["pid"], signal.SIGKILL)
        assert processes.wait_until(lambda name=name: site.restarted(name), PATIENCE)  # type: ignore[misc]
    assert kept(env)
    run.send_signal(signal.SIGINT)
    assert run.wait(PATIENCE) == 0
    assert all(processes.command_line(site_service["pid"]) == "" for site_service in before.values())

    run = site.up("sleeper")
    site.wait_for_services(3)
    again = json.loads((site.var_dir / "environment.json").read_text())
    assert again == env
    assert kept(again)
    run.kill()
    run.wait()
    site.up("sleeper")
    site.wait_for("started sleeper-0")
    assert kept(json.loads((site.var_dir / "environment.json").read_text()))


def kept(env: dict[str, str]) -> bool:
    """Tell whether both servers answer, within a while, and have the data of the test."""

    def both() -> bool:
        with contextlib.suppress(psycopg.Error, redis.RedisError):
            with psycopg.connect(env["DATABASE_URL"].replace("+psycopg", "")) as connection:
                connection.execute("SELECT n FROM kept")
            with redis.Redis.from_url(env["REDIS_URL"]) as client:
                return bool(client.get("kept") == b"yes")
        return False

    return processes.wait_until(both, PATIENCE)


def test_a_command_beside_gets_servers_of_its_own(site: Site) -> None:
    site.external = {"DATABASE_URL": "", "REDIS_URL": ""}
    assert site.up().wait(PATIENCE) == 7
    assert "привет\n" in site.output()
    assert list(site.var_dir.iterdir()) == []
    assert leftovers.marked_processes(site.var_dir) == []


def test_secrets_are_made_once_and_private(site: Site) -> None:
    site.up("sleeper")
    site.wait_for_services(1)
    key = site.var_dir / "secret_key"
    assert len(key.read_text()) == 64
    assert key.stat().st_mode & 0o077 == 0
    assert (site.var_dir / "environment.json").stat().st_mode & 0o077 == 0
    remembered = remembered_environment(site.var_dir)
    assert remembered["SECRET_KEY"] == os.environ.get("SECRET_KEY", key.read_text())
    assert remembered["VAR_DIR"] == os.environ.get("VAR_DIR", str(site.var_dir))


def test_settings_of_a_place_where_up_never_ran_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="start `make up` first"):
        remembered_environment(tmp_path)


def test_health_check_waits_for_200_and_says_what_is_missing() -> None:
    healthy = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if healthy.is_set() else 503)
            self.end_headers()
            self.wfile.write(b"relay: silent")

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Keep the test's output clean."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        check = HealthCheck(f"http://127.0.0.1:{server.server_address[1]}/healthz")
        check.start()
        assert processes.wait_until(lambda: "relay: silent" in check.missing(), PATIENCE)
        assert not check.answered()
        healthy.set()
        assert processes.wait_until(check.answered, PATIENCE)
        server.shutdown()


def test_health_check_of_nobody_says_so() -> None:
    check = HealthCheck(f"http://127.0.0.1:{processes.free_port()}/healthz")
    check.start()
    assert processes.wait_until(lambda: "does not answer" in check.missing(), PATIENCE)
