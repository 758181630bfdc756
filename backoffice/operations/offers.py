"""What a course costs at a moment, for whom, and with which coupon (M-3, M-11)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, and_, bindparam, or_, select

from backoffice import ledger
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.coupons import Coupon
from backoffice.models.courses import Course, CourseKind
from backoffice.models.ledger import Account
from backoffice.models.purchases import Enrolment
from backoffice.pricing import current_price, is_buyable, normal, reduced, usable


@dataclass(frozen=True, slots=True)
class Offer:
    """A course on the shelf, and the buyer before it: minor units of price and of the balance."""

    course_id: int
    author_id: int
    kind: CourseKind
    revision_id: int
    access_days: int | None
    currency: str
    list_price_minor: int
    price_minor: int
    buyable: bool
    owned: bool
    available_minor: int


_STUDENT: BindParameter[int] = bindparam("student")
_NOW: BindParameter[datetime] = bindparam("now")
# Built once: the busiest statement of the shop.
_OFFER = (
    select(
        *(Course.id, Course.author_id, Course.kind, Course.state, Course.blocked_at, Course.sale_from),
        *(Course.sale_until, Course.price_minor, Course.discount_minor, Course.discount_until, Course.currency),
        Course.live_revision_id,
        select(Revision.access_days).where(Revision.id == Course.live_revision_id).scalar_subquery().label("access"),
        select(Enrolment.id)
        .where(
            Enrolment.student_id == _STUDENT,
            Enrolment.course_id == Course.id,
            and_(Enrolment.ended_at.is_(None), or_(Enrolment.access_until.is_(None), Enrolment.access_until > _NOW)),
        )
        .exists()
        .label("owned"),
        select(Account.balance).where(Account.name == bindparam("account")).scalar_subquery().label("available"),
    )
    .where(Course.id == bindparam("course"))
    .with_for_update(read=True, of=Course)
)


def locked_offer(course_id: int, student_id: int, now: datetime) -> Offer | None:
    """The offer, with the course's row held against a block or new terms until the commit. One statement."""
    account = ledger.available(student_id)
    row = db.session.execute(
        _OFFER, {"course": course_id, "student": student_id, "now": now, "account": account}
    ).one_or_none()
    if row is None:
        return None
    return Offer(
        course_id=row.id,
        author_id=row.author_id,
        kind=row.kind,
        revision_id=row.live_revision_id,
        access_days=row.access,
        currency=row.currency,
        list_price_minor=row.price_minor,
        price_minor=current_price(row, now),
        buyable=is_buyable(row, now),
        owned=row.owned,
        available_minor=row.available or 0,
    )


def with_coupon(offer: Offer, code: str, now: datetime) -> tuple[int, int]:
    """Use a coupon up once, its row held until the commit; returns its id and the price with it (M-11).

    Errors: those of `pricing.usable`.
    """
    coupon = db.session.scalar(
        select(Coupon).where(Coupon.code == normal(code)).with_for_update().execution_options(populate_existing=True)
    )
    coupon = usable(coupon, course_id=offer.course_id, author_id=offer.author_id, now=now)
    coupon.uses += 1
    return coupon.id, reduced(offer.price_minor, coupon)


def give_back_use(coupon_id: int) -> None:
    """Part of an operation that returns a purchase's money: its coupon can be used once more."""
    coupon = db.session.scalar(
        select(Coupon).where(Coupon.id == coupon_id).with_for_update().execution_options(populate_existing=True)
    )
    if coupon is not None:
        coupon.uses -= 1
