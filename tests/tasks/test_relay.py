"""The relay against a broker and a database that go away and come back (T-1)."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from dramatiq import Message
from flask import Flask
from sqlalchemy import text

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.outbox import Event, emit
from backoffice.tasks import relay
from backoffice.tasks.broker import SafeRedisBroker, message, sending_broker
from backoffice.tasks.process import heartbeat
from backoffice.tasks.registry import REGISTRY, ActorFunction
from backoffice.tasks.routes import ROUTES
from tests.conftest import redis_url
from tests.factories.people import make_cast

EVENT = Event.COURSE_BLOCKED
ACTOR = ActorFunction("test.heard", lambda course_id: None, "default", False, None)
PATIENCE_SECONDS = 30
NOBODY_LISTENS = "redis://127.0.0.1:1/0"


@operation
def tell(*, actor: Actor) -> None:
    """Emit one event."""
    emit(EVENT, course_id=1)


@pytest.fixture
def broker(committed_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SafeRedisBroker]:
    """A broker on an empty Redis database of this test; its actor alone hears the event."""
    monkeypatch.setitem(ROUTES, EVENT, (ACTOR,))
    monkeypatch.setitem(REGISTRY, ACTOR.name, ACTOR)
    made = sending_broker(redis_url())
    made.client.flushdb()
    yield made
    made.client.flushdb()


@contextmanager
def relaying(broker: SafeRedisBroker) -> Iterator[None]:
    """A relay that runs in a thread meanwhile."""
    stopped = threading.Event()
    arguments = {"lease": 60, "stopped": stopped}
    thread = threading.Thread(target=relay.run, args=(db.engine, broker), kwargs=arguments)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def number(query: str) -> int:
    with db.engine.connect() as connection:
        return int(connection.execute(text(query)).scalar_one() or 0)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def waiting(broker: SafeRedisBroker) -> int:
    return broker.client.llen("dramatiq:default")  # type: ignore[return-value]


def test_t1_the_bell_brings_an_event_to_the_queue(broker: SafeRedisBroker) -> None:
    with relaying(broker):
        tell(actor=make_cast().owner)
        wait_until(lambda: waiting(broker) == 1)
    (content,) = broker.client.hvals("dramatiq:default.msgs")  # type: ignore[misc]
    sent = Message.decode(content)
    assert sent.actor_name == ACTOR.name
    assert sent.args == (number("SELECT id FROM delivery"),)


def test_t1_a_broker_that_was_away_gets_what_it_missed(broker: SafeRedisBroker) -> None:
    tell(actor=make_cast().owner)
    with relaying(sending_broker(NOBODY_LISTENS)):
        wait_until(lambda: number("SELECT count(*) FROM delivery WHERE sends = 0") == 1)
    with relaying(broker):
        wait_until(lambda: waiting(broker) == 1)


def test_t1_a_relay_whose_connection_was_cut_connects_again(broker: SafeRedisBroker) -> None:
    relays = "datname = current_database() AND query LIKE '%UPDATE delivery%' AND pid <> pg_backend_pid()"
    with relaying(broker):
        wait_until(lambda: number(f"SELECT count(*) FROM pg_stat_activity WHERE {relays}") == 1)
        assert number(f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {relays}") == 1
        tell(actor=make_cast().owner)
        wait_until(lambda: waiting(broker) == 1)


def test_t1_two_relays_send_each_event_once(broker: SafeRedisBroker) -> None:
    owner = make_cast().owner
    with relaying(broker), relaying(broker):
        for _ in range(20):
            tell(actor=owner)
        wait_until(lambda: number("SELECT count(*) FROM outbox_event WHERE expanded_at IS NULL") == 0)
    assert waiting(broker) == 20
    assert number("SELECT count(*) FROM delivery WHERE sends = 1") == 20


def test_t1_a_new_consumer_of_delayed_messages_gives_back_what_the_old_one_held(broker: SafeRedisBroker) -> None:
    broker.declare_queue("default")
    broker.enqueue(message(ACTOR, 1), delay=60_000)
    held = next(broker.consume("default.DQ", prefetch=10, timeout=100))
    assert held is not None
    assert broker.client.llen("dramatiq:default.DQ") == 0

    broker.consume("default.DQ", prefetch=10, timeout=100)
    assert broker.client.llen("dramatiq:default.DQ") == 1


def test_t1_a_heartbeat_is_there_while_the_process_lives(committed_app: Flask) -> None:
    with heartbeat(db.engine, "relay", "worker:default"):
        wait_until(lambda: number("SELECT count(*) FROM heartbeat WHERE name IN ('relay', 'worker:default')") == 2)
