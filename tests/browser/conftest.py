"""A whole house for browser tests: the servers, web, workers, relay and scheduler of `make up`, and a Chromium."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.conftest import ROOT, free_port

READY_SECONDS = 300
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def chromium() -> str | None:
    """Path of the machine's Chromium; the setting CHROMIUM names another one."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(frozen=True)
class House:
    """A running house: its address, and commands in its surroundings."""

    address: str
    var_dir: Path
    supervisor_pid: int

    def flask(self, *arguments: str) -> str:
        """Run `flask ...` with the settings of this house; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "backoffice", "flask", *arguments],
            cwd=ROOT,
            env=os.environ | {"VAR_DIR": str(self.var_dir)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the house's database answers."""
        environment = json.loads((self.var_dir / "environment.json").read_text())
        url = environment["DATABASE_URL"].replace("postgresql+psycopg", "postgresql")
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchall()

    def patient_rows(self, query: str) -> list[tuple[Any, ...]]:
        """The same while the database is being killed and started again."""
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                return self.rows(query)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, query
                time.sleep(0.2)

    def wait_for(self, query: str, value: object) -> None:
        """Wait until the query's one value is this."""
        deadline = time.monotonic() + READY_SECONDS
        while (found := self.patient_rows(query)[0][0]) != value:
            assert time.monotonic() < deadline, f"{query}: {found}"
            time.sleep(0.2)

    def service_pid(self, name: str) -> int:
        """The process that the supervisor runs now under this name."""
        return int(json.loads((self.var_dir / "up.json").read_text())["services"][name]["pid"])

    def wait_until_ready(self) -> None:
        """Wait until everything answers."""
        deadline = time.monotonic() + READY_SECONDS
        while not _ready(self.address):
            assert time.monotonic() < deadline
            time.sleep(0.3)


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310
            return int(answer.status) == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`up` on a port and a folder of its own, with the demo shop."""
    var_dir = tmp_path_factory.mktemp("house")
    port = free_port()
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    log = (var_dir / "up.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "backoffice", "up"],
        cwd=ROOT,
        env=environment | {"PORT": str(port), "VAR_DIR": str(var_dir), "DEMO": "1", "TASK_LEASE_SECONDS": "20"},
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not _ready(address):
            alive = process.poll() is None and time.monotonic() < deadline
            assert alive, (var_dir / "up.log").read_text()[-4000:]
            time.sleep(0.3)
        yield House(address, var_dir, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    if chromium() is None:
        warnings.warn("NO CHROMIUM: the browser tests are skipped", stacklevel=1)
        pytest.skip("no Chromium on this machine: install it to run the browser tests")
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium(), args=BROWSER_FLAGS)
        yield made
        made.close()


@pytest.fixture
def new_page(house: House, browser: Browser):  # type: ignore[no-untyped-def]
    """Make a page of another person: a context of its own. Fails the test when a page reports an error of its own."""
    expect.set_options(timeout=20_000)
    contexts = []
    problems: list[str] = []

    def make(width: int = 1280) -> Page:
        context = browser.new_context(base_url=house.address, locale="en-US", viewport={"width": width, "height": 900})
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("dialog", lambda dialog: dialog.accept())
        return page

    yield make
    for context in contexts:
        context.close()
    assert problems == []
