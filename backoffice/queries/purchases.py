"""Purchases as the student sees them (M-4), and the same ones as sales of the author (M-6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import aliased

from backoffice import clock, ledger
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.coupons import Coupon
from backoffice.models.courses import Course
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.people import User
from backoffice.models.purchases import Enrolment, Purchase, PurchaseState
from backoffice.money import Money

PAGE_ROWS = 25


@dataclass(frozen=True, slots=True)
class Bought:
    """A course that a student has bought. `refundable_until` is the moment until which it can be given back (M-4)."""

    id: int
    course_title: str
    course_slug: str
    author: str
    price: Money
    state: PurchaseState
    bought_at: datetime
    refundable_until: datetime
    refundable: bool
    access_until: datetime | None
    access: bool

    @property
    def kept(self) -> bool:
        """Whether it was not given back, by the student or by staff."""
        return self.state in (PurchaseState.RESERVED, PurchaseState.RELEASED)


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase of one's own course. `state`: pending (until `arrives_at`), success, cancelled (M-6).

    `full` is the price before discount and coupon; `taken_back` says that the money had arrived and left again.
    """

    id: int
    course_title: str
    student: str
    full: Money
    gross: Money
    net: Money
    state: str
    taken_back: bool
    sold_at: datetime
    arrives_at: datetime | None
    settled_at: datetime | None


_SALE_STATES = {
    PurchaseState.RESERVED: "pending",
    PurchaseState.RELEASED: "success",
    PurchaseState.REFUNDED: "cancelled",
    PurchaseState.CLAWED_BACK: "cancelled",
}


@dataclass(frozen=True, slots=True)
class PurchasePage:
    """A purchase as staff see it."""

    id: int
    state: PurchaseState
    student_id: int
    student: str
    author_id: int
    author: str
    course_id: int
    course_title: str
    price: Money
    list_price: Money
    commission: Money
    coupon: str | None
    bought_at: datetime
    refundable_until: datetime
    release_at: datetime | None
    settled_at: datetime | None
    clawed_back_at: datetime | None
    return_reason: str | None


def by_id(purchase_id: int) -> PurchasePage | None:
    """One purchase, for staff. One statement."""
    student, author = aliased(User), aliased(User)
    row = db.session.execute(
        select(Purchase, student.name, author.name, Revision.title, Coupon.code)
        .join(student, student.id == Purchase.student_id)
        .join(author, author.id == Purchase.author_id)
        .join(Revision, Revision.id == Purchase.revision_id)
        .outerjoin(Coupon, Coupon.id == Purchase.coupon_id)
        .where(Purchase.id == purchase_id)
    ).one_or_none()
    if row is None:
        return None
    bought, buyer, seller, title, code = row
    return PurchasePage(
        *(bought.id, bought.state, bought.student_id, buyer, bought.author_id, seller, bought.course_id, title),
        Money(bought.price_minor, bought.currency),
        Money(bought.list_price_minor, bought.currency),
        Money(bought.commission_minor, bought.currency),
        *(code, bought.bought_at, bought.refundable_until, bought.release_at, bought.settled_at),
        *(bought.clawed_back_at, bought.return_reason),
    )


@dataclass(frozen=True, slots=True)
class ClawbackPreview:
    """What taking a released sale back would do to its author: `part` comes from `available`, the rest is a debt.

    `cancelled` are the amounts of withdrawals that nobody has approved; their money returns first. `owed` is a debt of
    before.
    """

    part: Money
    available: Money
    owed: Money
    cancelled: Sequence[Money]

    @property
    def debt(self) -> Money:
        """What the author would owe in all."""
        there = self.available.minor + sum(amount.minor for amount in self.cancelled)
        return Money(max(0, self.part.minor + self.owed.minor - there), self.part.currency)


def clawback_preview(page: PurchasePage) -> ClawbackPreview | None:
    """The author's side of giving this purchase back; None unless it is released. Three statements."""
    if page.state is not PurchaseState.RELEASED:
        return None
    asked = db.session.scalars(
        select(Withdrawal.amount_minor)
        .where(Withdrawal.user_id == page.author_id, Withdrawal.state == WithdrawalState.ASKED)
        .order_by(Withdrawal.id)
    )
    unit = page.price.currency
    return ClawbackPreview(
        part=page.price - page.commission,
        available=Money(ledger.balance(ledger.available(page.author_id)), unit),
        owed=Money(-ledger.balance(ledger.debt(page.author_id)), unit),
        cancelled=[Money(amount, unit) for amount in asked],
    )


def count_of(author_id: int, *, states: Sequence[PurchaseState]) -> int:
    """How many sales in these states an author has. One statement."""
    query = select(func.count()).where(Purchase.author_id == author_id, Purchase.state.in_(states))
    return int(db.session.scalar(query) or 0)


def states_of(status: str) -> list[PurchaseState]:
    """The states of purchases that an author's sales with this status have; all for an empty one (M-6)."""
    return [state for state, word in _SALE_STATES.items() if status in ("", word)]


def of_student(student_id: int, *, before: int | None = None, limit: int = PAGE_ROWS) -> tuple[list[Bought], bool]:
    """A student's purchases, newest first, and whether there are older ones. One statement."""
    query = _of_student(student_id).order_by(Purchase.id.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Purchase.id < before)
    found = db.session.execute(query).all()
    return [_bought(row) for row in found[:limit]], len(found) > limit


def one_of_student(student_id: int, purchase_id: int) -> Bought | None:
    """One purchase of this student; None when it is nobody's or somebody else's. One statement."""
    row = db.session.execute(_of_student(student_id).where(Purchase.id == purchase_id)).one_or_none()
    return None if row is None else _bought(row)


def _of_student(student_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Purchase, Revision.title, Course.slug, User.name, Enrolment.access_until, Enrolment.ended_at)
        .join(Revision, Revision.id == Purchase.revision_id)
        .join(Course, Course.id == Purchase.course_id)
        .join(User, User.id == Purchase.author_id)
        .join(Enrolment, Enrolment.purchase_id == Purchase.id)
        .where(Purchase.student_id == student_id)
    )


def _bought(row: Row[*tuple[object, ...]]) -> Bought:
    purchase, now = row.Purchase, clock.now()
    return Bought(
        id=purchase.id,
        course_title=row.title,
        course_slug=row.slug,
        author=row.name,
        price=Money(purchase.price_minor, purchase.currency),
        state=purchase.state,
        bought_at=purchase.bought_at,
        refundable_until=purchase.refundable_until,
        refundable=purchase.state is PurchaseState.RESERVED and now < purchase.refundable_until,
        access_until=row.access_until,
        access=row.ended_at is None and (row.access_until is None or now < row.access_until),
    )


def sales_of(
    author_id: int,
    *,
    states: Sequence[PurchaseState] = tuple(PurchaseState),
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = PAGE_ROWS,
) -> tuple[list[Sale], bool]:
    """An author's sales in these states, newest first, and whether there are older ones (M-6). One statement."""
    query = (
        select(Purchase, Revision.title, User.name)
        .join(Revision, Revision.id == Purchase.revision_id)
        .join(User, User.id == Purchase.student_id)
        .where(Purchase.author_id == author_id, Purchase.state.in_(states))
        .order_by(Purchase.id.desc())
        .limit(limit + 1)
    )
    if since is not None:
        query = query.where(Purchase.bought_at >= since)
    if until is not None:
        query = query.where(Purchase.bought_at < until)
    if before is not None:
        query = query.where(Purchase.id < before)
    found = db.session.execute(query).all()
    return [_sale(row) for row in found[:limit]], len(found) > limit


def _sale(row: Row[*tuple[object, ...]]) -> Sale:
    purchase = row.Purchase
    return Sale(
        id=purchase.id,
        course_title=row.title,
        student=row.name,
        full=Money(purchase.list_price_minor, purchase.currency),
        gross=Money(purchase.price_minor, purchase.currency),
        net=Money(purchase.price_minor - purchase.commission_minor, purchase.currency),
        state=_SALE_STATES[purchase.state],
        taken_back=purchase.state is PurchaseState.CLAWED_BACK,
        sold_at=purchase.bought_at,
        arrives_at=purchase.release_at,
        settled_at=purchase.clawed_back_at or purchase.settled_at,
    )


@dataclass(frozen=True, slots=True)
class Names:
    """Names of people and titles of courses by their ids."""

    people: Mapping[int, str]
    courses: Mapping[int, str]


def names_of(purchases: Sequence[Purchase]) -> Names:
    """The people and the courses of these purchases. Two statements, none without purchases."""
    if not purchases:
        return Names({}, {})
    people = {number for purchase in purchases for number in (purchase.student_id, purchase.author_id)}
    titles = (
        select(Course.id, Revision.title)
        .join(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
        .where(Course.id.in_({purchase.course_id for purchase in purchases}))
    )
    names = select(User.id, User.name).where(User.id.in_(people))
    return Names(dict(db.session.execute(names).all()), dict(db.session.execute(titles).all()))
