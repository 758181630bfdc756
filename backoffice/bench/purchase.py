"""The purchase with all its checks, event and timeline against the least SQL that a correct one needs (M-3, M-10)."""

import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from backoffice.access import Actor, Role
from backoffice.bench import shop
from backoffice.bench.cpu import server_cpu_s
from backoffice.bench.report import Measure
from backoffice.config import settings
from backoffice.operations import purchases

CLIENTS = 4
ALTERNATIONS = 4
SECONDS = 4.0
GOAL_PERCENT = 6.0
YARDSTICK = Path(__file__).with_name("minimal_purchase.sql")
# As many as the yardstick makes.
YARDSTICK_STUDENTS, YARDSTICK_AUTHORS, FIRST_AUTHOR = 10_000, 500, 1_000_001


@dataclass(frozen=True, slots=True)
class Round:
    """One way, measured once: how many purchases, and the CPU seconds of clients and server for them."""

    done: int
    cpu_s: float

    @property
    def per_cpu_second(self) -> float:
        """Purchases per CPU second."""
        return self.done / self.cpu_s


def measure() -> Measure:
    """Share of the yardstick's purchases per CPU second, medians of alternating rounds."""
    shop.seed()
    with psycopg.connect(_dsn(), autocommit=True) as connection:
        connection.execute(YARDSTICK.read_text())
    ours: list[float] = []
    least: list[float] = []
    for number in range(ALTERNATIONS):
        least.append(_round("yardstick", number).per_cpu_second)
        ours.append(_round("operation", number).per_cpu_second)
    percent = 100 * statistics.median(ours) / statistics.median(least)
    return Measure(
        name="purchase",
        value=round(percent, 1),
        unit="% of the yardstick's purchases per CPU second",
        goal=f">= {GOAL_PERCENT:g} %",
        ok=percent >= GOAL_PERCENT,
        compared_with=(
            f"minimal_purchase.sql: {statistics.median(least):.0f} per CPU second, ours "
            f"{statistics.median(ours):.0f}, {CLIENTS} clients, medians of {ALTERNATIONS} alternations"
        ),
    )


def _round(way: str, number: int) -> Round:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "bench-client", way]
    server = server_cpu_s()
    clients = [
        subprocess.Popen([*command, str(number * CLIENTS + client)], stdout=subprocess.PIPE, text=True)
        for client in range(CLIENTS)
    ]
    lines = [client.communicate()[0].split() for client in clients]
    return Round(
        done=sum(int(done) for done, _cpu in lines),
        cpu_s=sum(float(cpu) for _done, cpu in lines) + server_cpu_s() - server,
    )


def client(way: str, number: int) -> tuple[int, float]:
    """What one client process does: buy for some seconds; returns how often, and its own CPU seconds."""
    if way == "yardstick":
        with psycopg.connect(_dsn(), autocommit=True, options="-c search_path=yardstick") as connection:
            return _repeat(lambda turn: _least(connection))
    pairs = shop.pairs(number, clients=CLIENTS * ALTERNATIONS)
    return _repeat(lambda turn: _ours(*pairs[turn]))


def _repeat(deed: Callable[[int], object]) -> tuple[int, float]:
    done, cpu, ends = 0, time.process_time(), time.monotonic() + SECONDS
    while time.monotonic() < ends:
        deed(done)
        done += 1
    return done, time.process_time() - cpu


def _least(connection: psycopg.Connection) -> None:
    student = random.randint(1, YARDSTICK_STUDENTS)  # noqa: S311
    author = FIRST_AUTHOR + random.randrange(YARDSTICK_AUTHORS)  # noqa: S311
    connection.execute("SELECT yardstick.purchase(%s, %s, %s, %s)", (uuid4(), student, author, shop.PRICE_MINOR))


def _ours(student_id: int, course_id: int) -> None:
    actor = Actor(user_id=student_id, roles=frozenset({Role.STUDENT}))
    purchases.buy(actor=actor, course_id=course_id, shown_price_minor=shop.PRICE_MINOR)


def _dsn() -> str:
    return settings().database_url.replace("postgresql+psycopg", "postgresql")
