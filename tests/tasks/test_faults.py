"""Nothing lost and nothing twice when processes are killed in the middle of their work: T-1, T-2, T-4."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from backoffice.access import Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.outbox import Event, emit
from tests.conftest import redis_url
from tests.factories.courses import live_course
from tests.factories.people import make_cast

ROOT = Path(__file__).parents[2]
PYTHON = sys.executable
COMMANDS = {
    "relay": (PYTHON, "-m", "flask", "--app", "tests.tasks.house:create_app", "relay"),
    "worker": (PYTHON, "-m", "dramatiq", "tests.tasks.house:setup", "-p", "1", "-t", "4", "-Q", "default"),
    "scheduler": (PYTHON, "-m", "flask", "--app", "wsgi", "scheduler"),
}
PATIENCE_SECONDS = 60


class House:
    """The processes, each in a group of its own that can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        current = settings()
        self.folder = folder
        self.env = os.environ | {
            "DATABASE_URL": current.database_url,
            "REDIS_URL": redis_url(),
            "SECRET_KEY": current.secret_key,
            "ENVIRONMENT": "test",
            "VAR_DIR": str(current.var_dir),
            "TASK_LEASE_SECONDS": "1",
            "TASK_ATTEMPTS": "100",
            "dramatiq_worker_timeout": "100",
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        """Start a process; its output goes to a file beside the test."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                COMMANDS[name], cwd=ROOT, env=self.env, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self, name: str) -> None:
        """kill -9 of the whole group, and nothing is told to anybody."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture
def house(committed_app: Flask, tmp_path: Path) -> Iterator[House]:
    """The running house on a database of its own."""
    made = House(tmp_path)
    for name in COMMANDS:
        made.start(name)
    yield made
    for name in list(made.running):
        made.kill(name)


@operation
def tell(*, actor: Actor, course_id: int) -> None:
    """Emit one event."""
    emit(Event.COURSE_BLOCKED, course_id=course_id)


def number(query: str) -> int:
    """One number from the database as it is committed now."""
    with db.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one() or 0)


def wait_until(condition: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, f"{what}: still not so after {PATIENCE_SECONDS} s"
        time.sleep(0.1)


def done() -> int:
    return number("SELECT count(*) FROM delivery WHERE done_at IS NOT NULL")


def run(house: House, *, events: int, kills: list[str], seed: int) -> None:
    """Emit the events in as many bursts as there are kills; kill each time while the burst is at work."""
    chance = random.Random(seed)
    owner = make_cast().owner
    course = live_course(owner)
    told = 0
    for turn, victim in enumerate(kills, start=1):
        before = done()
        while told < events * turn // len(kills):
            tell(actor=owner, course_id=course.id)
            told += 1
        # The kill falls somewhere into the work on this burst, not into an idle moment or a start.
        wait_until(lambda before=before: done() > before, "work on the burst has begun")  # type: ignore[misc]
        time.sleep(chance.uniform(0, 0.1))
        house.kill(victim)
        house.start(victim)
    wait_until(lambda: done() == events, "all deliveries are done")
    wait_until(lambda: number("SELECT count(*) FROM course_delta") == 0, "all counters are folded")
    assert number("SELECT sum(students_count) FROM course") == events
    assert number("SELECT count(*) FROM delivery") == events
    assert number("SELECT count(*) FROM delivery WHERE parked_at IS NOT NULL") == 0


def test_t1_killed_processes_lose_nothing_and_do_nothing_twice(house: House) -> None:
    run(house, events=60, kills=["worker", "relay", "scheduler", "worker"], seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3))
def test_t1_soak_of_many_kills(house: House, seed: int) -> None:
    chance = random.Random(seed)
    run(house, events=900, kills=[chance.choice(list(COMMANDS)) for _ in range(30)], seed=seed)
