"""Sales and reserves of the whole shop, for staff (B-4, M-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Date, cast, func, select

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.money import Money
from backoffice.queries.days import DayOfMoney, each_day

PERIODS = (7, 30, 90)
DAYS_AHEAD = 21
TOP_COURSES = 10

_RETURNED = Purchase.state.in_((PurchaseState.REFUNDED, PurchaseState.CLAWED_BACK))
_KEPT = ~_RETURNED


@dataclass(frozen=True, slots=True)
class Totals:
    """Sales of a period: how many, what was paid, how much of it was given back since, and how the rest is shared.

    `reduced` is what discounts and coupons took off the kept ones.
    """

    sales: int
    paid: Money
    returned_sales: int
    returned: Money
    commission: Money
    authors: Money
    reduced: Money

    @property
    def returned_percent(self) -> int:
        """Sales that were given back, of a hundred."""
        return round(100 * self.returned_sales / self.sales) if self.sales else 0


@dataclass(frozen=True, slots=True)
class CourseSales:
    """Kept sales of a course in the period."""

    course_id: int
    title: str
    sales: int
    paid: Money


@dataclass(frozen=True, slots=True)
class Reserves:
    """Money in reserve: all of it, what has no date yet, what is overdue, and the coming days."""

    total: Money
    sales: int
    undated: Money
    overdue: Money
    days: Sequence[DayOfMoney]


def _since(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


def _money(minor: Any) -> Money:
    return Money(int(minor or 0), settings().currency)


def totals(days: int) -> Totals:
    """Sales of the last `days` times 24 hours. One statement."""
    price = Purchase.price_minor
    row = db.session.execute(
        select(
            func.count(),
            func.sum(price),
            func.count().filter(_RETURNED),
            func.sum(price).filter(_RETURNED),
            func.sum(Purchase.commission_minor).filter(_KEPT),
            func.sum(price - Purchase.commission_minor).filter(_KEPT),
            func.sum(Purchase.list_price_minor - price).filter(_KEPT),
        ).where(Purchase.bought_at >= _since(days))
    ).one()
    return Totals(row[0], _money(row[1]), row[2], *(_money(minor) for minor in row[3:]))


def by_day(days: int, time_zone: str) -> tuple[DayOfMoney, ...]:
    """What was paid on each of the last days, empty ones included. Two statements."""
    day = cast(func.timezone(time_zone, Purchase.bought_at), Date)
    today = cast(func.timezone(time_zone, clock.now()), Date)
    rows = db.session.execute(
        select(day, func.sum(Purchase.price_minor), func.count())
        .where(day > today - days, Purchase.bought_at >= _since(days + 1))
        .group_by(day)
    )
    last = db.session.scalars(select(today)).one()
    return each_day(rows, last - timedelta(days=days - 1), days)


def best_courses(days: int) -> list[CourseSales]:
    """Courses by what their kept sales of the period brought in. One statement."""
    paid = func.sum(Purchase.price_minor)
    rows = db.session.execute(
        select(Course.id, Revision.title, func.count(), paid)
        .select_from(Purchase)
        .join(Course, Course.id == Purchase.course_id)
        .join(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
        .where(Purchase.bought_at >= _since(days), _KEPT)
        .group_by(Course.id, Revision.title)
        .order_by(paid.desc(), Course.id)
        .limit(TOP_COURSES)
    )
    return [CourseSales(course_id, title, sales, _money(minor)) for course_id, title, sales, minor in rows]


def reserves(time_zone: str) -> Reserves:
    """What is in reserve and on which day it is released. Two statements."""
    now = clock.now()
    price = func.sum(Purchase.price_minor)
    held = Purchase.state == PurchaseState.RESERVED
    total, sales, undated, overdue, today = db.session.execute(
        select(
            price,
            func.count(),
            price.filter(Purchase.release_at.is_(None)),
            price.filter(Purchase.release_at <= now),
            cast(func.timezone(time_zone, now), Date),
        ).where(held)
    ).one()
    day = cast(func.timezone(time_zone, Purchase.release_at), Date)
    until = now + timedelta(days=DAYS_AHEAD + 1)
    rows = db.session.execute(
        select(day, price, func.count())
        .where(held, Purchase.release_at > now, Purchase.release_at < until)
        .group_by(day)
    )
    return Reserves(_money(total), sales, _money(undated), _money(overdue), each_day(rows, today, DAYS_AHEAD))
