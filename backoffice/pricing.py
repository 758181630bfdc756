"""What a course costs, and what a coupon takes off (L-5, M-3, M-11): pure rules over rows, for pages and operations."""

from datetime import datetime
from typing import Protocol, TypeVar

from flask_babel import lazy_gettext as _l

from backoffice.errors import Conflict, Refused
from backoffice.models.courses import CourseState


class SaleTerms(Protocol):
    """A course, or a row with what is asked of one here."""

    state: CourseState
    blocked_at: datetime | None
    sale_from: datetime | None
    sale_until: datetime | None
    price_minor: int
    discount_minor: int | None
    discount_until: datetime | None


class CouponTerms(Protocol):
    """A coupon, or a frozen row with what is asked of one here."""

    @property
    def author_id(self) -> int | None: ...
    @property
    def course_id(self) -> int | None: ...
    @property
    def percent(self) -> int | None: ...
    @property
    def amount_minor(self) -> int | None: ...
    @property
    def max_uses(self) -> int | None: ...
    @property
    def uses(self) -> int: ...
    @property
    def starts_at(self) -> datetime | None: ...
    @property
    def ends_at(self) -> datetime | None: ...
    @property
    def disabled_at(self) -> datetime | None: ...


AnyCoupon = TypeVar("AnyCoupon", bound=CouponTerms)


def current_price(course: SaleTerms, now: datetime) -> int:
    """Minor units that a buyer pays at this moment: the discounted price while the discount lasts (M-11)."""
    if course.discount_minor is not None and (course.discount_until is None or now < course.discount_until):
        return course.discount_minor
    return course.price_minor


def is_buyable(course: SaleTerms, now: datetime) -> bool:
    """Whether a course is on sale at this moment (L-5, L-8)."""
    return (
        course.state is CourseState.ON_SALE
        and course.blocked_at is None
        and (course.sale_from is None or course.sale_from <= now)
        and (course.sale_until is None or now < course.sale_until)
    )


def usable(coupon: AnyCoupon | None, *, course_id: int, author_id: int, now: datetime) -> AnyCoupon:
    """The coupon if it can be used for this course now; errors, each with data `field`.

    `coupon.unknown`, `coupon.disabled`, `coupon.not_yet`, `coupon.over`, `coupon.used_up`.
    """
    if coupon is None or not _fits(coupon, course_id, author_id):
        raise Refused("coupon.unknown", _l("There is no such coupon for this course."), field="coupon")
    if coupon.disabled_at is not None:
        raise Conflict("coupon.disabled", _l("This coupon is no longer valid."), field="coupon")
    if coupon.starts_at is not None and now < coupon.starts_at:
        raise Refused("coupon.not_yet", _l("This coupon cannot be used yet."), field="coupon")
    if coupon.ends_at is not None and coupon.ends_at <= now:
        raise Conflict("coupon.over", _l("The days of this coupon are over."), field="coupon")
    if coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
        raise Conflict("coupon.used_up", _l("This coupon has been used as often as it can be."), field="coupon")
    return coupon


def _fits(coupon: CouponTerms, course_id: int, author_id: int) -> bool:
    return coupon.author_id in (None, author_id) and coupon.course_id in (None, course_id)


def reduced(price_minor: int, coupon: CouponTerms) -> int:
    """The price with the coupon; what a percentage takes off is rounded down, and nothing costs less than nothing."""
    off = price_minor * coupon.percent // 100 if coupon.percent is not None else coupon.amount_minor or 0
    return max(0, price_minor - off)


def normal(code: str) -> str:
    """A code as it is kept: without spaces, in capitals."""
    return "".join(code.split()).upper()
