"""Buying, giving back and release: M-3, M-4, M-5."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.courses import CourseDelta, CourseState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.purchases import Enrolment, Purchase, PurchaseState
from backoffice.models.timeline import Transition
from backoffice.operations import purchases
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast

PRICE = 9_999


def available(actor) -> int:
    return ledger.balance(ledger.available(actor.user_id))


def test_m3_buying_moves_the_price_into_the_reserve_and_enrols(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, 10_000)

    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)

    assert available(cast.student) == 1
    assert ledger.balance(ledger.reserve(purchase.id)) == PRICE
    enrolment = db.session.scalars(select(Enrolment)).one()
    assert (enrolment.student_id, enrolment.course_id) == (cast.student.user_id, course.id)
    assert enrolment.ended_at is None
    assert db.session.scalars(select(OutboxEvent.name)).all() == ["purchase.made"]
    assert db.session.scalar(select(func.sum(CourseDelta.students))) == 1


def test_m5_commission_is_fixed_when_bought_and_rounded_down(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    assert (purchase.commission_bp, purchase.commission_minor) == (2000, 1999)


def test_m3_a_free_course_is_bought_without_a_posting(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=0)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=0)
    assert purchase.state is PurchaseState.RESERVED
    assert available(cast.student) == 0


@pytest.mark.parametrize(
    ("funds", "shown", "state", "code"),
    [
        (PRICE, PRICE, CourseState.PUBLISHED, "purchase.not_on_sale"),
        (PRICE, PRICE - 1, CourseState.ON_SALE, "purchase.price_changed"),
        (PRICE - 1, PRICE, CourseState.ON_SALE, "purchase.not_enough_money"),
    ],
)
def test_m3_refusals_leave_nothing_behind(cast: Cast, funds: int, shown: int, state: CourseState, code: str) -> None:
    course = live_course(cast.owner, price_minor=PRICE, state=state)
    fund(cast.student, funds)
    with pytest.raises((Conflict, Refused)) as refused:
        purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=shown)
    assert refused.value.code == code
    assert available(cast.student) == funds
    assert db.session.scalar(select(func.count(Purchase.id))) == 0
    assert db.session.scalar(select(func.count(OutboxEvent.id))) == 0


def test_m3_missing_amount_is_told(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, 9_000)
    with pytest.raises(Refused) as refused:
        purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    assert refused.value.data == {"missing_minor": 999}


def test_m3_own_course_cannot_be_bought(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.owner, PRICE)
    with pytest.raises(Refused, match=r"purchase\.own_course"):
        purchases.buy(actor=cast.owner, course_id=course.id, shown_price_minor=PRICE)


def test_m3_second_purchase_is_refused(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, 3 * PRICE)
    purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    with pytest.raises(Conflict, match=r"purchase\.already_owned"):
        purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    assert available(cast.student) == 2 * PRICE


def test_m3_visitor_and_blocked_course(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    with pytest.raises(NotAllowed):
        purchases.buy(actor=cast.visitor, course_id=course.id, shown_price_minor=PRICE)
    with unguarded():
        course.blocked_at, course.block_reason = clock.now(), "copied"
        db.session.commit()
    fund(cast.student, PRICE)
    with pytest.raises(Conflict, match=r"purchase\.not_on_sale"):
        purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)


def test_m4_giving_back_returns_all_and_ends_access_once(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)

    for _twice in range(2):
        purchases.refund(actor=cast.student, purchase_id=purchase.id)

    assert available(cast.student) == PRICE
    assert ledger.balance(ledger.reserve(purchase.id)) == 0
    assert db.session.scalars(select(Enrolment)).one().ended_at is not None
    assert db.session.scalar(select(func.sum(CourseDelta.students))) == 0
    moves = db.session.execute(
        select(Transition.from_state, Transition.to_state)
        .where(Transition.subject == "purchase")
        .order_by(Transition.id)
    ).all()
    assert [tuple(move) for move in moves] == [(None, "reserved"), ("reserved", "refunded")]


def test_m4_somebody_else_cannot_give_it_back(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    with pytest.raises(NotFound):
        purchases.refund(actor=cast.other_student, purchase_id=purchase.id)


def test_m4_after_the_window_it_is_too_late(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    with clock.at(purchase.refundable_until), pytest.raises(Conflict, match=r"purchase\.refund_too_late"):
        purchases.refund(actor=cast.student, purchase_id=purchase.id)
    assert available(cast.student) == 0


def test_m4_a_refunded_course_can_be_bought_again(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    again = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    assert again.id != purchase.id


def test_m5_release_pays_author_and_platform_when_due_and_only_once(cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=PRICE)
    fund(cast.student, PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)

    assert purchases.release_due(actor=SYSTEM) == 0
    with clock.at(purchase.refundable_until + timedelta(seconds=1)):
        assert purchases.release_due(actor=SYSTEM) == 1
        assert purchases.release_due(actor=SYSTEM) == 0

    assert available(cast.owner) == 8_000
    assert ledger.balance(ledger.COMMISSION) == 1_999
    assert ledger.balance(ledger.reserve(purchase.id)) == 0


def test_b8_only_the_house_releases(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        purchases.release_due(actor=cast.admin)
