"""The relay: wakes at the outbox's bell, makes deliveries and sends them. Any number of relays may run (T-1)."""

import logging
from collections.abc import Callable
from threading import Event as Flag

import psycopg
from dramatiq.errors import BrokerConnectionError
from redis import RedisError
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from backoffice.tasks import transport
from backoffice.tasks.broker import SafeRedisBroker, message
from backoffice.tasks.registry import REGISTRY
from backoffice.tasks.routes import ROUTES

log = logging.getLogger(__name__)

# Besides the bell: finds what is due by time, and what a lost bell would hide.
POLL_SECONDS = 1.0
PAUSE_SECONDS = 1.0


def run(engine: Engine, broker: SafeRedisBroker, *, lease: float, stopped: Flag) -> None:
    """Relay until `stopped`. A lost database or broker is waited for."""
    while not stopped.is_set():
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("LISTEN outbox"))
                try:
                    _serve(connection, broker, lease, stopped)
                finally:
                    # A connection that listens does not go back among the others.
                    connection.invalidate()
        except (DBAPIError, psycopg.Error) as error:
            log.warning("the database is away: %s", error)
            stopped.wait(PAUSE_SECONDS)


def _serve(connection: Connection, broker: SafeRedisBroker, lease: float, stopped: Flag) -> None:
    driver = connection.connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError("the relay needs psycopg to listen")

    def expand() -> tuple[int, list[transport.Message]]:
        return transport.expand(connection, ROUTES, lease=lease)

    def resend() -> tuple[int, list[transport.Message]]:
        messages = transport.resend(connection, lease=lease)
        return len(messages), messages

    while not stopped.is_set():
        for source in (expand, resend):
            if not _move_all(connection, broker, source, stopped):
                stopped.wait(PAUSE_SECONDS)
        for _bell in driver.notifies(timeout=POLL_SECONDS, stop_after=1):
            log.debug("the bell rang")


def _move_all(
    connection: Connection,
    broker: SafeRedisBroker,
    source: Callable[[], tuple[int, list[transport.Message]]],
    stopped: Flag,
) -> bool:
    """Claim batches and send them until there are no more; False when the broker is away."""
    while not stopped.is_set():
        count, messages = source()
        if not count:
            return True
        for position, item in enumerate(messages):
            try:
                _send(broker, item)
            except (RedisError, BrokerConnectionError) as error:
                log.warning("the broker is away: %s", error)
                transport.take_back(connection, messages[position:])
                return False
    return True


def _send(broker: SafeRedisBroker, item: transport.Message) -> None:
    actor = REGISTRY.get(item.actor)
    if actor is None:
        log.error("delivery %d waits for actor %s, which this release does not have", item.delivery_id, item.actor)
        return
    broker.enqueue(message(actor, item.delivery_id))
