"""Coupons: one by its code, an author's, and the platform's (M-11)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, true

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.coupons import Coupon
from backoffice.models.courses import Course
from backoffice.models.people import User
from backoffice.money import Money

LIMIT = 200


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A coupon with the names of its course and of its author; no author: it is the platform's."""

    id: int
    code: str
    author_id: int | None
    course_id: int | None
    percent: int | None
    amount_minor: int | None
    max_uses: int | None
    uses: int
    starts_at: datetime | None
    ends_at: datetime | None
    disabled_at: datetime | None
    course_title: str | None
    author: str | None

    @property
    def amount(self) -> Money | None:
        """What it takes off, when it is no percentage."""
        return None if self.amount_minor is None else Money(self.amount_minor, settings().currency)

    @property
    def spent(self) -> bool:
        """Whether it has been used as often as it can be."""
        return self.max_uses is not None and self.uses >= self.max_uses

    @property
    def over(self) -> bool:
        """Whether its days are over."""
        return self.ends_at is not None and self.ends_at <= clock.now()


_ROWS = (
    select(
        *(Coupon.id, Coupon.code, Coupon.author_id, Coupon.course_id, Coupon.percent, Coupon.amount_minor),
        *(Coupon.max_uses, Coupon.uses, Coupon.starts_at, Coupon.ends_at, Coupon.disabled_at),
        Revision.title.label("course_title"),
        User.name.label("author"),
    )
    .outerjoin(Course, Course.id == Coupon.course_id)
    .outerjoin(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
    .outerjoin(User, User.id == Coupon.author_id)
    .order_by(Coupon.disabled_at.is_not(None), Coupon.id.desc())
    .limit(LIMIT)
)


def _rows(condition: ColumnElement[bool]) -> list[CouponRow]:
    return [CouponRow(**row) for row in db.session.execute(_ROWS.where(condition)).mappings()]


def by_code(code: str) -> CouponRow | None:
    """The coupon with this code, written as it is kept. One statement."""
    return next(iter(_rows(Coupon.code == code)), None)


def of_author(author_id: int) -> list[CouponRow]:
    """An author's coupons, those in use first. One statement."""
    return _rows(Coupon.author_id == author_id)


def all_of_them() -> list[CouponRow]:
    """Everybody's coupons, those in use first. One statement."""
    return _rows(true())


def own_courses(author_id: int) -> list[tuple[int, str]]:
    """Id and title of each course that an author can give a coupon for. One statement."""
    query = (
        select(Course.id, Revision.title)
        .join(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
        .where(Course.author_id == author_id)
        .order_by(Revision.title)
    )
    return [(course_id, title) for course_id, title in db.session.execute(query)]
