"""One delivery meets its actor: effect and *done* in one transaction, failures backed off and parked (T-2, T-3)."""

import logging
import random
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from dramatiq.middleware import TimeLimitExceeded
from sqlalchemy import Engine, text

from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.tasks.registry import ActorFunction

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 10
LONGEST_BACKOFF_SECONDS = 3600
ERROR_CHARACTERS = 4000
LOST = "never finished: the worker was lost each time"

_LOCK = text(
    """
    SELECT e.payload, d.sends, clock_timestamp() AS started FROM delivery d JOIN outbox_event e ON e.id = d.event_id
    WHERE d.id = :id AND d.done_at IS NULL AND d.parked_at IS NULL FOR UPDATE OF d SKIP LOCKED
    """
)
_DONE = text(
    "UPDATE delivery SET done_at = clock_timestamp(), started_at = coalesce(:started, started_at), error = NULL,"
    " attempts = attempts + :attempt WHERE id = :id AND done_at IS NULL"
)
# `started_at` is emptied by whoever sends again, so a second message of the same sending finds it taken.
_CLAIM = text(
    """
    WITH free AS (
        SELECT d.id FROM delivery d WHERE d.id = :id AND d.done_at IS NULL AND d.parked_at IS NULL
        AND d.started_at IS NULL FOR UPDATE SKIP LOCKED
    )
    UPDATE delivery d
    SET attempts = CASE WHEN d.attempts < :max THEN d.attempts + 1 ELSE d.attempts END,
        parked_at = CASE WHEN d.attempts >= :max THEN clock_timestamp() END,
        error = CASE WHEN d.attempts >= :max THEN coalesce(d.error, :lost) ELSE d.error END,
        started_at = CASE WHEN d.attempts < :max THEN clock_timestamp() END,
        due_at = greatest(d.due_at, clock_timestamp() + make_interval(secs => :lease))
    FROM free, outbox_event e WHERE d.id = free.id AND e.id = d.event_id
    RETURNING e.payload, d.parked_at
    """
)
_RENEW = text(
    "UPDATE delivery SET due_at = clock_timestamp() + make_interval(secs => :lease)"
    " WHERE id = :id AND done_at IS NULL AND parked_at IS NULL AND started_at IS NOT NULL"
)
_FAIL = text(
    """
    UPDATE delivery
    SET attempts = attempts + :attempt, error = :error, sends = 0,
        due_at = clock_timestamp() + least(:longest, :first * 2 ^ (attempts + :attempt - 1)) * :jitter
                 * interval '1 second',
        parked_at = CASE WHEN attempts + :attempt >= :max THEN clock_timestamp() END
    WHERE id = :id AND done_at IS NULL AND parked_at IS NULL
    RETURNING attempts, parked_at
    """
)


def handle(actor: ActorFunction, delivery_id: int) -> None:
    """Run the actor for a delivery unless that is done, parked or in other hands.

    Raises nothing that the actor raises: a failure is written to the delivery and sent again after a back-off.
    """
    counted = False
    try:
        if not actor.long and _run_short(actor=actor, delivery_id=delivery_id, counted=False):
            return
        payload = _claim(delivery_id=delivery_id, most=_max_attempts(actor))
        if payload is None:
            return
        counted = True
        if actor.long:
            with _lease(db.engine, delivery_id):
                actor(**payload)
            _finish(delivery_id=delivery_id)
        else:
            _run_short(actor=actor, delivery_id=delivery_id, counted=True)
    except (Exception, TimeLimitExceeded) as error:
        log.exception("%s failed on delivery %d", actor.name, delivery_id)
        db.session.rollback()
        _fail(actor=actor, delivery_id=delivery_id, error=error, counted=counted)


def _max_attempts(actor: ActorFunction) -> int:
    return actor.max_attempts or settings().task_attempts


@operation
def _run_short(*, actor: ActorFunction, delivery_id: int, counted: bool) -> bool:
    """Effect and *done* in one transaction; False when the attempt has to be counted first.

    The first sending costs no second commit. A later one may be poison that takes its worker with it each time.
    """
    row = db.session.execute(_LOCK, {"id": delivery_id}).one_or_none()
    if row is None:
        return True
    if row.sends > 1 and not counted:
        return False
    actor(**row.payload)
    # What the actor left unflushed fails here, inside its own attempt.
    db.session.flush()
    db.session.execute(_DONE, {"id": delivery_id, "started": row.started, "attempt": 0 if counted else 1})
    return True


@operation
def _claim(*, delivery_id: int, most: int) -> dict[str, Any] | None:
    arguments = {"id": delivery_id, "max": most, "lost": LOST, "lease": settings().task_lease_seconds}
    row = db.session.execute(_CLAIM, arguments).one_or_none()
    if row is None:
        return None
    if row.parked_at is not None:
        log.error("delivery %d is parked: %s", delivery_id, LOST)
        return None
    payload: dict[str, Any] = row.payload
    return payload


@operation
def _finish(*, delivery_id: int) -> None:
    db.session.execute(_DONE, {"id": delivery_id, "started": None, "attempt": 0})


@operation
def _fail(*, actor: ActorFunction, delivery_id: int, error: BaseException, counted: bool) -> None:
    row = db.session.execute(
        _FAIL,
        {
            "id": delivery_id,
            "attempt": 0 if counted else 1,
            "error": "".join(traceback.format_exception(error))[-ERROR_CHARACTERS:],
            "first": FIRST_BACKOFF_SECONDS,
            "longest": LONGEST_BACKOFF_SECONDS,
            "jitter": random.uniform(0.75, 1.25),  # noqa: S311 - spreads retries, guards nothing
            "max": _max_attempts(actor),
        },
    ).one_or_none()
    if row is not None and row.parked_at is not None:
        log.error("delivery %d of %s is parked after %d attempts", delivery_id, actor.name, row.attempts)


@contextmanager
def _lease(engine: Engine, delivery_id: int) -> Iterator[None]:
    """Renew the claim from a thread of its own while the block runs."""
    seconds = settings().task_lease_seconds
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(seconds / 3):
            try:
                with engine.begin() as connection:
                    connection.execute(_RENEW, {"id": delivery_id, "lease": seconds})
            except Exception:
                log.warning("the lease of delivery %d was not renewed", delivery_id, exc_info=True)

    thread = threading.Thread(target=renew, name=f"lease-{delivery_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
