"""From a change's commit to the start of the actor that hears of it, with a real relay and a real worker (T-1)."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import text

from backoffice.access import VISITOR, Actor, Role
from backoffice.bench.report import Measure
from backoffice.db import db
from backoffice.operations import accounts
from backoffice.queries import health
from backoffice.queries.viewers import user_id_by_email

RATE_PER_SECOND = 20
SECONDS = 15
WARM_UP_EVENTS = 40
GOAL_MS = 100.0
PATIENCE_S = 60.0
PROCESSES = (
    ("-m", "flask", "--app", "wsgi", "relay"),
    ("-m", "dramatiq", "backoffice.tasks.worker:setup", "-p", "1", "-t", "8", "-Q", "default"),
)
# Counted from the event's row, hence a little before its commit: the figure flatters nobody.
_LATENCIES = text(
    "SELECT count(*) AS events, count(d.started_at) AS started,"
    " percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM d.started_at - e.created_at)) * 1000 AS p95_ms"
    " FROM outbox_event e LEFT JOIN delivery d ON d.event_id = e.id WHERE e.id > :first"
)
_NEWEST = text("SELECT coalesce(max(id), 0) FROM outbox_event")


def measure() -> Measure:
    """The 95th percentile at a steady 20 events per second."""
    person = _unconfirmed()
    with _processes():
        _wait_for_heartbeats()
        _emit(person, WARM_UP_EVENTS)
        first = db.session.scalar(_NEWEST)
        _emit(person, RATE_PER_SECOND * SECONDS)
        p95_ms = _wait_for_starts(first)
    return Measure(
        name="event_latency",
        value=round(p95_ms, 1),
        unit="ms",
        goal=f"p95 < {GOAL_MS:g} ms",
        ok=p95_ms < GOAL_MS,
        compared_with=f"commit to start of the actor, {RATE_PER_SECOND} events/s for {SECONDS} s, nothing else running",
    )


def _unconfirmed() -> Actor:
    email = f"bench-{uuid4().hex[:12]}@lectern.example"
    accounts.register(actor=VISITOR, email=email, password=uuid4().hex, name="Bench", locale="en")
    user_id = user_id_by_email(email)
    db.session.remove()
    return Actor(user_id=user_id, roles=frozenset({Role.STUDENT}))


@contextmanager
def _processes() -> Iterator[None]:
    started = [
        subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for arguments in PROCESSES
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _wait_for_heartbeats() -> None:
    deadline = time.monotonic() + PATIENCE_S
    while {"relay", "worker:default"} & set(health.missing()):
        if time.monotonic() > deadline:
            raise RuntimeError("relay or worker did not start")
        time.sleep(0.2)
        db.session.remove()
    db.session.remove()


def _emit(person: Actor, events: int) -> None:
    began = time.monotonic()
    for number in range(events):
        time.sleep(max(0.0, began + number / RATE_PER_SECOND - time.monotonic()))
        accounts.ask_confirmation(actor=person)


def _wait_for_starts(first: int | None) -> float:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        row = db.session.execute(_LATENCIES, {"first": first}).one()
        db.session.remove()
        if row.started == row.events:
            return float(row.p95_ms)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{row.events - row.started} of {row.events} events were not heard")
        time.sleep(0.2)
