"""Time-driven work: T-4, and the counters and books that sweeps keep (C-2, M-10)."""

import threading
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, select

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor, Role
from backoffice.db import db, unguarded
from backoffice.models.courses import Course, CourseDelta
from backoffice.models.outbox import Delivery, OutboxEvent, SweepRun
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import counters, purchases
from backoffice.outbox import Event
from backoffice.tasks import scheduler, sweeps
from backoffice.tasks.sweeps import SWEEPS, Sweep
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, person


def sweep(name: str) -> Sweep:
    return next(line for line in SWEEPS if line.name == name)


def buy(course: Course, students: int) -> list[Purchase]:
    """So many new students buy the course."""
    made = []
    for _ in range(students):
        student = person()
        fund(student, course.price_minor)
        made.append(
            purchases.buy(actor=student, course_id=course.id, shown_price_minor=course.price_minor),
        )
    return made


def last_run(name: str) -> SweepRun:
    return db.session.scalars(
        select(SweepRun).where(SweepRun.name == name).execution_options(populate_existing=True)
    ).one()


def test_t4_a_scheduler_that_slept_for_a_month_catches_up_once(cast: Cast) -> None:
    bought = buy(live_course(cast.owner, price_minor=1_000), 3)
    release = sweep("release reserves")
    sweeps.run(release)
    assert last_run(release.name).handled == 0

    later = clock.now() + timedelta(days=30)
    with clock.at(later):
        sweeps.run(release)
        assert (last_run(release.name).handled, last_run(release.name).ran_at) == (3, later)
        sweeps.run(release)
        assert last_run(release.name).handled == 0
    db.session.expire_all()
    states = db.session.scalars(select(Purchase.state).where(Purchase.id.in_([one.id for one in bought]))).all()
    assert states == [PurchaseState.RELEASED] * 3
    assert ledger.balance(ledger.available(cast.owner.person_id)) == 3 * 800


def test_t4_more_than_a_batch_falls_due_at_once(cast: Cast) -> None:
    buy(live_course(cast.owner, price_minor=100), 5)
    with clock.at(clock.now() + timedelta(days=8)):
        handled = sweeps.until_none(lambda: purchases.release_due(actor=SYSTEM, limit=2))
    assert handled == 5


def test_t4_the_error_of_one_sweep_is_written_down_and_stops_no_other(app: Flask) -> None:
    stopped = threading.Event()

    def broken() -> int:
        raise RuntimeError("the calendar is torn")

    def works() -> int:
        stopped.set()
        return 7

    scheduler.run([Sweep("broken", 60, broken), Sweep("works", 60, works)], stopped=stopped)
    assert last_run("broken").error == "RuntimeError: the calendar is torn"
    assert (last_run("works").handled, last_run("works").error) == (7, None)


def test_t4_two_schedulers_do_not_run_the_same_sweep_at_once(app: Flask) -> None:
    inner: list[bool] = []

    def meets_another() -> int:
        inner.append(sweeps.run(Sweep("same", 1, lambda: 1)))
        return 0

    assert sweeps.run(Sweep("same", 1, meets_another)) is True
    assert inner == [False]


def test_t4_every_sweep_of_the_house_runs(cast: Cast) -> None:
    buy(live_course(cast.owner), 1)
    for line in SWEEPS:
        assert sweeps.run(line)
        assert last_run(line.name).error is None


def counted(course: Course) -> tuple[int, int, int, int]:
    return tuple(
        db.session.execute(
            select(Course.students_count, Course.reviews_count, Course.rating_sum, Course.duration_s).where(
                Course.id == course.id
            )
        ).one()
    )


def test_c2_waiting_changes_are_folded_once(cast: Cast) -> None:
    course, other = live_course(cast.owner, price_minor=100), live_course(cast.owner, price_minor=100)
    bought = buy(course, 3)
    buy(other, 1)
    with unguarded():
        db.session.add(CourseDelta(course_id=course.id, reviews=1, rating=4))
        db.session.commit()
    student = db.session.get_one(Purchase, bought[0].id).student_id
    assert counted(course) == (0, 0, 0, 0)

    assert counters.fold(actor=SYSTEM) == 5
    assert counters.fold(actor=SYSTEM) == 0
    assert counted(course) == (3, 1, 4, 0)
    assert counted(other) == (1, 0, 0, 0)

    purchases.refund(actor=Actor(user_id=student, roles=frozenset({Role.STUDENT})), purchase_id=bought[0].id)
    counters.fold(actor=SYSTEM)
    assert counted(course) == (2, 1, 4, 0)


def test_c2_counters_are_rebuilt_from_the_truth(cast: Cast) -> None:
    course, right = live_course(cast.owner, price_minor=100), live_course(cast.owner, price_minor=100)
    buy(course, 2)
    with unguarded():
        course.students_count, course.rating_sum = 50, 9
        db.session.commit()
    assert counters.rebuild(actor=SYSTEM) == 1
    assert counted(course) == (2, 0, 0, 0)
    assert counted(right) == (0, 0, 0, 0)
    assert counters.fold(actor=SYSTEM) == 0


def test_t1_the_outbox_forgets_what_was_done_long_ago_and_keeps_what_is_parked(app: Flask) -> None:
    ages = {"done": 30, "parked": 30, "fresh": 1, "nobody": 30}
    with unguarded():
        for name, days in ages.items():
            event = OutboxEvent(name=Event.COURSE_BLOCKED.value, payload={"course_id": 1})
            db.session.add(event)
            db.session.flush()
            event.expanded_at = clock.now() - timedelta(days=days)
            if name != "nobody":
                moment = clock.now() - timedelta(days=days)
                parked = name == "parked"
                db.session.add(
                    Delivery(
                        event_id=event.id,
                        actor=name,
                        done_at=None if parked else moment,
                        parked_at=moment if parked else None,
                    )
                )
        db.session.commit()
    sweeps.run(sweep("purge the outbox"))
    assert set(db.session.scalars(select(Delivery.actor))) == {"parked", "fresh"}
    assert db.session.scalar(select(func.count()).select_from(OutboxEvent)) == 2
