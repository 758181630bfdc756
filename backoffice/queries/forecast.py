"""What an author will get on which day, and has got by course and month (M-6, M-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Date, cast, func, select

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.money import Money
from backoffice.queries.days import DayOfMoney, each_day

DAYS = 21
MONTHS = 12
COURSES = 20


@dataclass(frozen=True, slots=True)
class CourseEarnings:
    """What the released sales of one course brought in one month, after commission; `month` is its first day."""

    month: date
    course_title: str
    course_slug: str
    sales: int
    net: Money


_NET = func.sum(Purchase.price_minor - Purchase.commission_minor)


def releases_by_day(author_id: int, time_zone: str) -> tuple[DayOfMoney, ...]:
    """Each of the coming days with what is released on it after commission, empty ones included. One statement."""
    day = cast(func.timezone(time_zone, Purchase.release_at), Date)
    today = cast(func.timezone(time_zone, clock.now()), Date)
    rows = db.session.execute(
        select(day, _NET, func.count(), today)
        .where(
            Purchase.author_id == author_id,
            Purchase.state == PurchaseState.RESERVED,
            Purchase.price_minor > 0,
            Purchase.release_at.is_not(None),
        )
        .group_by(day)
    ).all()
    if not rows:
        return ()
    first = min(*(row[0] for row in rows), rows[0][3])
    return each_day(((day, minor, sales) for day, minor, sales, _today in rows), first, DAYS)


def by_course_and_month(author_id: int, time_zone: str) -> Sequence[CourseEarnings]:
    """Released sales of the last twelve months, newest month first, best course first. One statement."""
    month = cast(func.date_trunc("month", func.timezone(time_zone, Purchase.settled_at)), Date).label("month")
    rows = db.session.execute(
        select(month, Revision.title, Course.slug, func.count(), _NET)
        .join(Course, Course.id == Purchase.course_id)
        .join(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
        .where(
            Purchase.author_id == author_id,
            Purchase.state == PurchaseState.RELEASED,
            Purchase.price_minor > 0,
            Purchase.settled_at >= clock.now() - timedelta(days=31 * MONTHS),
        )
        .group_by(month, Revision.title, Course.slug)
        .order_by(month.desc(), _NET.desc(), Course.slug)
        .limit(COURSES * MONTHS)
    )
    unit = settings().currency
    return [CourseEarnings(each, title, slug, sales, Money(int(net), unit)) for each, title, slug, sales, net in rows]
