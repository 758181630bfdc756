"""Buying a course, giving it back, and the release of what was reserved (M-3 to M-5)."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock, ledger, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.content import Revision
from backoffice.models.courses import Course, CourseDelta, CourseKind, CourseState
from backoffice.models.ledger import TransactionKind
from backoffice.models.purchases import Enrolment, EnrolmentSource, Purchase, PurchaseState
from backoffice.money import Money, commission
from backoffice.outbox import Event, emit, emit_many

RELEASE_BATCH = 500


def current_price(course: Course, now: datetime) -> int:
    """Minor units that a buyer pays at this moment: the discounted price while the discount lasts (M-11)."""
    if course.discount_minor is not None and (course.discount_until is None or now < course.discount_until):
        return course.discount_minor
    return course.price_minor


def is_buyable(course: Course, now: datetime) -> bool:
    """Whether a course is on sale at this moment (L-5, L-8)."""
    return (
        course.state is CourseState.ON_SALE
        and course.blocked_at is None
        and (course.sale_from is None or course.sale_from <= now)
        and (course.sale_until is None or now < course.sale_until)
    )


@operation
def buy(*, actor: Actor, course_id: int, shown_price_minor: int) -> Purchase:
    """Buy a course from the available balance: purchase, reserve and enrolment in one transaction (M-3).

    `shown_price_minor` is the price on the page that the student agreed to. Errors: `purchase.not_on_sale`,
    `purchase.own_course`, `purchase.already_owned`, `purchase.price_changed` (data: price_minor) and
    `purchase.not_enough_money` (data: missing_minor).
    """
    course = db.session.scalar(select(Course).where(Course.id == course_id).with_for_update(read=True))
    actor.require(Action.BUY)
    now = clock.now()
    if course is None or not is_buyable(course, now):
        raise Conflict("purchase.not_on_sale", _l("This course is not on sale."))
    if course.author_id == actor.user_id:
        raise Refused("purchase.own_course", _l("This is your own course; you can open it without buying it."))
    if _is_enrolled(actor, course_id, now):
        raise Conflict("purchase.already_owned", _l("You already own this course."))
    price = Money(current_price(course, now), course.currency)
    if price.minor != shown_price_minor:
        raise Conflict(
            "purchase.price_changed",
            _l("The price has changed since the page was shown. Look at the new price and decide again."),
            price_minor=price.minor,
        )
    _require_money(actor, price)
    purchase = _write_purchase(actor, course, price, now)
    if price:
        ledger.post(
            TransactionKind.PURCHASE,
            key=f"purchase:{purchase.id}",
            lines={ledger.available(purchase.student_id): -price.minor, ledger.reserve(purchase.id): price.minor},
            actor=actor,
            purchase_id=purchase.id,
        )
    db.session.add(CourseDelta(course_id=course_id, students=1))
    emit(Event.PURCHASE_MADE, purchase_id=purchase.id)
    return purchase


def _is_enrolled(actor: Actor, course_id: int, now: datetime) -> bool:
    query = select(Enrolment.id).where(
        Enrolment.student_id == actor.user_id,
        Enrolment.course_id == course_id,
        Enrolment.ended_at.is_(None),
        or_(Enrolment.access_until.is_(None), Enrolment.access_until > now),
    )
    return db.session.scalar(query) is not None


def _require_money(actor: Actor, price: Money) -> None:
    missing = price.minor - ledger.balance(ledger.available(actor.person_id)) if price else 0
    if missing > 0:
        raise Refused(
            "purchase.not_enough_money",
            _l("There is not enough money on your balance."),
            missing_minor=missing,
        )


def _write_purchase(actor: Actor, course: Course, price: Money, now: datetime) -> Purchase:
    revision = db.session.get_one(Revision, course.live_revision_id)
    refundable_until = now + timedelta(days=settings().refund_days)
    values = {
        "student_id": actor.user_id,
        "course_id": course.id,
        "author_id": course.author_id,
        "revision_id": revision.id,
        "state": PurchaseState.RESERVED,
        "price_minor": price.minor,
        "list_price_minor": course.price_minor,
        "currency": price.currency,
        "commission_bp": settings().commission_bp,
        "commission_minor": commission(price, settings().commission_bp).minor,
        "bought_at": now,
        "refundable_until": refundable_until,
        "release_at": refundable_until if course.kind is CourseKind.RECORDED else None,
    }
    # Two clicks at the same moment: the second one finds the partial unique index and is told so.
    purchase = db.session.scalar(insert(Purchase).values(values).on_conflict_do_nothing().returning(Purchase))
    if purchase is None:
        raise Conflict("purchase.already_owned", _l("You already own this course."))
    states.begin(purchase, actor=actor, course_id=course.id)
    db.session.add(
        Enrolment(
            student_id=actor.user_id,
            course_id=course.id,
            source=EnrolmentSource.PURCHASE,
            purchase_id=purchase.id,
            access_from=now,
            access_until=now + timedelta(days=revision.access_days) if revision.access_days else None,
        )
    )
    return purchase


@operation
def refund(*, actor: Actor, purchase_id: int) -> Purchase:
    """Give a course back within the refund window: the reserve returns in full, access ends (M-4).

    A repeated request returns the refunded purchase and moves nothing. Errors: `purchase.not_found`,
    `purchase.refund_too_late` (data: until), and `state.illegal` when it was released.
    """
    purchase = db.session.scalar(
        select(Purchase).where(Purchase.id == purchase_id).with_for_update().execution_options(populate_existing=True)
    )
    if purchase is None or purchase.student_id != actor.user_id:
        raise NotFound("purchase.not_found", _l("There is no such purchase."))
    if purchase.state is PurchaseState.REFUNDED:
        return purchase
    now = clock.now()
    if now >= purchase.refundable_until:
        raise Conflict(
            "purchase.refund_too_late",
            _l("The days in which this course could be given back are over."),
            until=purchase.refundable_until,
        )
    return_reserve(purchase, actor)
    return purchase


def return_reserve(purchase: Purchase, actor: Actor, reason: str = "") -> None:
    """Part of an operation that holds the purchase's lock: the reserve returns to the student, access ends (M-4)."""
    states.move(purchase, PurchaseState.REFUNDED, actor=actor, reason=reason, course_id=purchase.course_id)
    purchase.settled_at = clock.now()
    end_access(purchase)
    if purchase.price_minor:
        ledger.post(
            TransactionKind.REFUND,
            key=f"refund:{purchase.id}",
            lines={
                ledger.reserve(purchase.id): -purchase.price_minor,
                ledger.available(purchase.student_id): purchase.price_minor,
            },
            actor=actor,
            purchase_id=purchase.id,
        )
    emit(Event.PURCHASE_REFUNDED, purchase_id=purchase.id)


def end_access(purchase: Purchase) -> None:
    """Part of an operation that holds the purchase's lock: its enrolment ends and the course counts one less."""
    enrolment = db.session.scalar(
        select(Enrolment).where(Enrolment.purchase_id == purchase.id, Enrolment.ended_at.is_(None)).with_for_update()
    )
    if enrolment is not None:
        enrolment.ended_at = clock.now()
        db.session.add(CourseDelta(course_id=purchase.course_id, students=-1))


@operation
def release_due(*, actor: Actor, limit: int = RELEASE_BATCH) -> int:
    """Release a batch of reserves whose refund window is over, set-based (M-5, T-4); returns how many.

    Purchases that another process holds are left to it. Call again until it returns 0.
    """
    actor.require(Action.RUN_SWEEPS)
    due = db.session.execute(
        select(Purchase.id, Purchase.author_id, Purchase.price_minor, Purchase.commission_minor)
        .where(Purchase.state == PurchaseState.RESERVED, Purchase.release_at <= clock.now())
        .order_by(Purchase.release_at, Purchase.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not due:
        return 0
    ids = [purchase.id for purchase in due]
    states.move_many(Purchase, ids, PurchaseState.RELEASED, actor=actor, values={"settled_at": clock.now()})
    postings = [
        ledger.PurchaseLines(
            key=f"release:{purchase.id}",
            purchase_id=purchase.id,
            lines={
                ledger.reserve(purchase.id): -purchase.price_minor,
                ledger.due(purchase.author_id): purchase.price_minor - purchase.commission_minor,
                ledger.COMMISSION: purchase.commission_minor,
            },
        )
        for purchase in due
        if purchase.price_minor
    ]
    ledger.post_many(TransactionKind.RELEASE, postings, actor=actor)
    emit_many(Event.PURCHASE_RELEASED, [{"purchase_id": purchase_id} for purchase_id in ids])
    return len(due)
