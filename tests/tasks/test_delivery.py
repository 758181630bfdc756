"""Delivery of events to actors: T-1, T-2, T-3."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from backoffice.access import SYSTEM, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict
from backoffice.models.courses import CourseDelta
from backoffice.models.outbox import Delivery, OutboxEvent
from backoffice.outbox import Event, emit
from backoffice.tasks import delivery, transport
from backoffice.tasks.registry import REGISTRY, ActorFunction
from backoffice.tasks.routes import ROUTES
from tests.factories.courses import live_course
from tests.factories.people import Cast
from tests.factories.tasks import drain, expand

EVENT = Event.COURSE_BLOCKED


@operation
def tell(*, actor: Actor, course_id: int, fail: bool = False) -> None:
    """An operation that emits, and perhaps fails afterwards."""
    emit(EVENT, course_id=course_id)
    if fail:
        raise Conflict("test.no", "no")


@operation
def count_student(*, actor: Actor, course_id: int) -> None:
    """An effect that would show if it came twice."""
    db.session.add(CourseDelta(course_id=course_id, students=1))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Routes of the test: a short actor hears the event. It fails after its effect while the list holds `fail`."""
    calls: list[dict[str, Any]] = []

    def on_blocked(course_id: int) -> None:
        count_student(actor=SYSTEM, course_id=course_id)
        if {"fail": True} in calls:
            raise RuntimeError("the letter box is shut")
        calls.append({"course_id": course_id})

    listen(monkeypatch, ActorFunction("test.on_blocked", on_blocked, "default", False, 3))
    return calls


def listen(monkeypatch: pytest.MonkeyPatch, *actors: ActorFunction) -> None:
    """Let only these actors hear the event."""
    monkeypatch.setitem(ROUTES, EVENT, actors)
    for actor in actors:
        monkeypatch.setitem(REGISTRY, actor.name, actor)


def effects() -> int:
    return db.session.scalar(select(func.count()).select_from(CourseDelta)) or 0


def the_delivery() -> Delivery:
    return db.session.scalars(select(Delivery).execution_options(populate_existing=True)).one()


def resend_now() -> list[transport.Message]:
    """Let the back-off or the lease pass, and send what is due."""
    db.session.execute(text("UPDATE delivery SET due_at = clock_timestamp() - interval '1 second'"))
    messages = transport.resend(db.session.connection(), lease=60)
    db.session.commit()
    return messages


def test_t1_the_event_goes_with_its_change(cast: Cast, app: Flask, heard: list[dict[str, Any]]) -> None:
    course = live_course(cast.owner)
    with pytest.raises(Conflict):
        tell(actor=cast.owner, course_id=course.id, fail=True)
    assert db.session.scalar(select(func.count()).select_from(OutboxEvent)) == 0

    tell(actor=cast.owner, course_id=course.id)
    assert drain(app) == 1
    assert heard == [{"course_id": course.id}]
    assert the_delivery().done_at is not None


def test_t1_an_event_nobody_hears_is_expanded_once(cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    listen(monkeypatch)
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    assert expand() == []
    assert db.session.scalars(select(OutboxEvent)).one().expanded_at is not None


def test_t1_an_event_of_a_newer_release_waits(cast: Cast, app: Flask) -> None:
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    older = {event: actors for event, actors in ROUTES.items() if event is not EVENT}
    assert transport.expand(db.session.connection(), older, lease=60) == (0, [])
    assert db.session.scalars(select(OutboxEvent)).one().expanded_at is None


def test_t2_a_delivery_that_arrives_twice_has_one_effect(cast: Cast, app: Flask, heard: list[dict[str, Any]]) -> None:
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    (message,) = expand()
    for _ in range(2):
        delivery.handle(REGISTRY[message.actor], message.delivery_id)
    assert effects() == 1
    assert the_delivery().attempts == 1


def test_t3_a_failure_undoes_its_effect_backs_off_and_is_parked(
    cast: Cast, app: Flask, heard: list[dict[str, Any]]
) -> None:
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    heard.append({"fail": True})
    drain(app)
    waits: list[timedelta] = []
    for attempt in (1, 2):
        row = the_delivery()
        assert (row.attempts, row.parked_at, row.done_at) == (attempt, None, None)
        assert "the letter box is shut" in (row.error or "")
        waits.append(row.due_at - database_now())
        (message,) = resend_now()
        delivery.handle(REGISTRY[message.actor], message.delivery_id)
    row = the_delivery()
    assert (row.attempts, row.done_at) == (3, None)
    assert row.parked_at is not None
    assert effects() == 0
    assert timedelta(0) < waits[0] < waits[1]
    assert resend_now() == []


def database_now() -> datetime:
    moment = db.session.scalar(text("SELECT clock_timestamp()"))
    assert moment is not None
    return moment


def test_t3_a_mended_failure_is_done_at_the_next_attempt(cast: Cast, app: Flask, heard: list[dict[str, Any]]) -> None:
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    heard.append({"fail": True})
    drain(app)
    heard.clear()
    (message,) = resend_now()
    delivery.handle(REGISTRY[message.actor], message.delivery_id)
    row = the_delivery()
    assert (row.attempts, row.error, effects()) == (2, None, 1)
    assert row.done_at is not None


class WorkerLost(BaseException):
    """Stands for a kill -9: nothing of the handler runs after it."""


@pytest.mark.parametrize("long", [False, True])
def test_t3_poison_that_takes_its_worker_with_it_is_parked(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch, long: bool
) -> None:
    runs: list[int] = []

    def poison(course_id: int) -> None:
        runs.append(course_id)
        raise WorkerLost

    listen(monkeypatch, ActorFunction("test.poison", poison, "default", long, 3))
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    messages = expand()
    for _ in range(10):
        for message in messages:
            try:
                delivery.handle(REGISTRY[message.actor], message.delivery_id)
            except WorkerLost:
                db.session.rollback()
        messages = resend_now()
    row = the_delivery()
    assert row.parked_at is not None
    assert row.error == delivery.LOST
    assert len(runs) in (3, 4)


def test_t3_waiting_without_workers_parks_nothing(cast: Cast, app: Flask, heard: list[dict[str, Any]]) -> None:
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    expand()
    for _ in range(20):
        (message,) = resend_now()
    delivery.handle(REGISTRY[message.actor], message.delivery_id)
    assert effects() == 1


def test_t2_long_work_is_not_begun_twice_while_its_lease_runs(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []

    def long_work(course_id: int) -> None:
        runs.append(course_id)
        if len(runs) == 1:
            actor = REGISTRY["test.long_work"]
            delivery.handle(actor, the_delivery().id)

    listen(monkeypatch, ActorFunction("test.long_work", long_work, "media", True, None))
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    drain(app)
    assert len(runs) == 1
    assert the_delivery().done_at is not None


def test_t1_what_could_not_be_sent_is_due_soon(cast: Cast, app: Flask, heard: list[dict[str, Any]]) -> None:
    tell(actor=cast.owner, course_id=live_course(cast.owner).id)
    messages = expand()
    transport.take_back(db.session.connection(), messages)
    db.session.commit()
    row = the_delivery()
    assert row.sends == 0
    assert row.due_at - database_now() < timedelta(seconds=3)
