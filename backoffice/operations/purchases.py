"""Buying a course, giving it back, and the release of what was reserved (M-3 to M-5)."""

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, text

from backoffice import clock, ledger, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.formats import money
from backoffice.models.courses import CourseDelta, CourseKind
from backoffice.models.ledger import TransactionKind
from backoffice.models.purchases import Enrolment, EnrolmentSource, Purchase, PurchaseState
from backoffice.money import Money, commission
from backoffice.operations.offers import Offer, give_back_use, locked_offer, with_coupon
from backoffice.outbox import Event, emit, emit_many, emit_sql

RELEASE_BATCH = 500


@operation
def buy(*, actor: Actor, course_id: int, shown_price_minor: int, coupon_code: str = "") -> Purchase:
    """Buy a course from the available balance: purchase, reserve and enrolment in one transaction (M-3, M-11).

    `shown_price_minor` is the price on the page that the student agreed to, the coupon taken off. Errors:
    `purchase.not_on_sale`, `purchase.own_course`, `purchase.already_owned`, `purchase.price_changed` (data:
    price_minor), `purchase.not_enough_money` (data: missing_minor), and those of `pricing.usable`.
    """
    now = clock.now()
    offer = locked_offer(course_id, actor.user_id or 0, now)
    actor.require(Action.BUY)
    if offer is None or not offer.buyable:
        raise Conflict("purchase.not_on_sale", _l("This course is not on sale."))
    if offer.author_id == actor.user_id:
        raise Refused("purchase.own_course", _l("This is your own course; you can open it without buying it."))
    if offer.owned:
        raise Conflict("purchase.already_owned", _l("You already own this course."))
    coupon_id, price_minor = with_coupon(offer, coupon_code, now) if coupon_code else (None, offer.price_minor)
    if price_minor != shown_price_minor:
        raise Conflict(
            "purchase.price_changed",
            _l("The price has changed since the page was shown. Look at the new price and decide again."),
            price_minor=price_minor,
        )
    if price_minor > offer.available_minor:
        # What comes pays a debt first.
        missing = Money(
            price_minor - offer.available_minor - ledger.balance(ledger.debt(actor.person_id)), offer.currency
        )
        raise Refused(
            "purchase.not_enough_money",
            _l(
                "There is not enough money on your balance: %(available)s. %(missing)s are missing.",
                available=money(Money(offer.available_minor, offer.currency)),
                missing=money(missing),
            ),
            missing_minor=missing.minor,
        )
    purchase = _write(actor, offer, Money(price_minor, offer.currency), coupon_id, now)
    if price_minor:
        ledger.post(
            TransactionKind.PURCHASE,
            key=f"purchase:{purchase.id}",
            lines={ledger.available(actor.person_id): -price_minor, ledger.reserve(purchase.id): price_minor},
            actor=actor,
            purchase_id=purchase.id,
        )
    return purchase


# The purchase and all that begins with it, in one round trip. Two clicks at the same moment: the second one finds the
# partial unique index and writes nothing.
_WRITE = text(
    f"""
    WITH bought AS (
        INSERT INTO purchase (student_id, course_id, author_id, revision_id, state, price_minor, list_price_minor,
            currency, commission_bp, commission_minor, bought_at, refundable_until, release_at, coupon_id)
        VALUES (:student, :course, :author, :revision, '{PurchaseState.RESERVED}', :price, :list_price,
            :currency, :commission_bp, :commission, :now, :refundable_until, :release_at, :coupon)
        ON CONFLICT DO NOTHING RETURNING *
    ), enrolled AS (
        INSERT INTO enrolment (student_id, course_id, source, purchase_id, access_from, access_until, progress_floor)
        SELECT :student, course_id, '{EnrolmentSource.PURCHASE}', id, :now, :access_until, 0 FROM bought
    ), counted AS (
        INSERT INTO course_delta (course_id, students, reviews, rating) SELECT course_id, 1, 0, 0 FROM bought
    ), begun AS ({states.begin_sql("purchase", "bought")}
    ), told AS ({emit_sql(Event.PURCHASE_MADE, "jsonb_build_object('purchase_id', id)", "bought")})
    SELECT * FROM bought
    """  # noqa: S608 (put together from constants; values are bound)
)


_BOUGHT = select(Purchase).from_statement(_WRITE)


def _write(actor: Actor, offer: Offer, price: Money, coupon_id: int | None, now: datetime) -> Purchase:
    refundable_until = now + timedelta(days=settings().refund_days)
    values = {
        "student": actor.person_id,
        "course": offer.course_id,
        "author": offer.author_id,
        "revision": offer.revision_id,
        "price": price.minor,
        "list_price": offer.list_price_minor,
        "currency": price.currency,
        "commission_bp": settings().commission_bp,
        "commission": commission(price, settings().commission_bp).minor,
        "now": now,
        "refundable_until": refundable_until,
        "release_at": refundable_until if offer.kind is CourseKind.RECORDED else None,
        "coupon": coupon_id,
        "access_until": now + timedelta(days=offer.access_days) if offer.access_days else None,
    }
    purchase = db.session.scalar(_BOUGHT, values | {"actor": actor.user_id})
    if purchase is None:
        raise Conflict("purchase.already_owned", _l("You already own this course."))
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
    if purchase.coupon_id is not None:
        give_back_use(purchase.coupon_id)
    if purchase.price_minor:
        ledger.post(
            TransactionKind.REFUND,
            key=f"refund:{purchase.id}",
            lines={
                ledger.reserve(purchase.id): -purchase.price_minor,
                ledger.due(purchase.student_id): purchase.price_minor,
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
