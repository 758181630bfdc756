"""What an author will get on which day, and has got by course and month (M-6, M-7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Date, cast, func, literal, select

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
    """What a course brought in a month, after commission; `month` is its first day, `sales` less those taken back."""

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
    """What arrived in each of the last twelve months less what was taken back in it, newest first. One statement.

    A sale that was taken back counts in the month of its arrival, and against the month in which it left again.
    """
    net = Purchase.price_minor - Purchase.commission_minor
    mine = (Purchase.author_id == author_id, Purchase.price_minor > 0)
    came = select(
        Purchase.course_id, Purchase.settled_at.label("at"), net.label("net"), literal(1).label("sales")
    ).where(*mine, Purchase.state.in_((PurchaseState.RELEASED, PurchaseState.CLAWED_BACK)))
    left = select(Purchase.course_id, Purchase.clawed_back_at, -net, literal(-1)).where(
        *mine, Purchase.state == PurchaseState.CLAWED_BACK
    )
    moved = came.union_all(left).subquery()
    month = cast(func.date_trunc("month", func.timezone(time_zone, moved.c.at)), Date).label("month")
    together = func.sum(moved.c.net)
    rows = db.session.execute(
        select(month, Revision.title, Course.slug, func.sum(moved.c.sales), together)
        .join(Course, Course.id == moved.c.course_id)
        .join(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
        .where(moved.c.at >= clock.now() - timedelta(days=31 * MONTHS))
        .group_by(month, Revision.title, Course.slug)
        .order_by(month.desc(), together.desc(), Course.slug)
        .limit(COURSES * MONTHS)
    )
    unit = settings().currency
    return [CourseEarnings(each, title, slug, sales, Money(int(net), unit)) for each, title, slug, sales, net in rows]
