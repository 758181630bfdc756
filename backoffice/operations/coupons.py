"""Making coupons and taking them out of use (M-11)."""

import re
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.coupons import Coupon
from backoffice.models.courses import Course
from backoffice.pricing import normal

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,23}", re.ASCII)
GREATEST_AMOUNT = 100_000_000
MOST_USES = 1_000_000


@dataclass(frozen=True, slots=True)
class CouponTerms:
    """What a coupon takes off, a percentage or minor units, and where and when it can be used."""

    code: str
    percent: int | None = None
    amount_minor: int | None = None
    course_id: int | None = None
    max_uses: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


@operation
def create(*, actor: Actor, terms: CouponTerms, of_the_house: bool = False) -> Coupon:
    """Make a coupon: an author's for own courses, or the platform's for all, which only admins may make (M-11).

    Errors, each with data `field`: `coupon.code`, `coupon.taken`, `coupon.value`, `coupon.course`, `coupon.dates`,
    `coupon.uses`.
    """
    actor.require(Action.MAKE_HOUSE_COUPONS if of_the_house else Action.MAKE_COUPONS)
    author_id = None if of_the_house else actor.person_id
    code = normal(terms.code)
    _check(terms, code, author_id)
    coupon = db.session.scalar(
        insert(Coupon)
        .values(
            code=code,
            author_id=author_id,
            course_id=terms.course_id,
            percent=terms.percent,
            amount_minor=terms.amount_minor,
            max_uses=terms.max_uses,
            uses=0,
            starts_at=terms.starts_at,
            ends_at=terms.ends_at,
            created_by=actor.person_id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Coupon)
    )
    if coupon is None:
        raise Conflict("coupon.taken", _l("This code is taken already. Choose another one."), field="code")
    return coupon


def _check(terms: CouponTerms, code: str, author_id: int | None) -> None:
    if not _CODE.fullmatch(code):
        raise Refused("coupon.code", _l("Three to 24 Latin letters, digits and hyphens."), field="code")
    if (terms.percent is None) == (terms.amount_minor is None):
        raise Refused("coupon.value", _l("Either a percentage or an amount."), field="percent")
    if terms.percent is not None and not 1 <= terms.percent <= 100:
        raise Refused("coupon.value", _l("A percentage from 1 to 100."), field="percent")
    if terms.amount_minor is not None and not 0 < terms.amount_minor <= GREATEST_AMOUNT:
        message = _l("An amount above zero, and not above the greatest price.")
        raise Refused("coupon.value", message, field="amount")
    if terms.max_uses is not None and not 0 < terms.max_uses <= MOST_USES:
        message = _l("From one to a million uses, or leave it empty.")
        raise Refused("coupon.uses", message, field="max_uses")
    if terms.ends_at is not None and terms.ends_at <= clock.now():
        raise Refused("coupon.dates", _l("This moment is over already."), field="ends_at")
    if terms.ends_at is not None and terms.starts_at is not None and terms.ends_at <= terms.starts_at:
        raise Refused("coupon.dates", _l("It would be over before it begins."), field="ends_at")
    if terms.course_id is not None:
        owner = db.session.scalar(select(Course.author_id).where(Course.id == terms.course_id))
        if owner is None or author_id not in (None, owner):
            raise Refused("coupon.course", _l("Choose one of your own courses."), field="course_id")


@operation
def disable(*, actor: Actor, coupon_id: int) -> Coupon:
    """Take a coupon out of use: what was bought with it stays. Error: `coupon.not_found`."""
    coupon = db.session.scalar(
        select(Coupon).where(Coupon.id == coupon_id).with_for_update().execution_options(populate_existing=True)
    )
    mine = coupon is not None and coupon.author_id is not None and coupon.author_id == actor.user_id
    if coupon is None or not (mine or actor.may(Action.MAKE_HOUSE_COUPONS)):
        raise NotFound("coupon.not_found", _l("There is no such coupon."))
    coupon.disabled_at = coupon.disabled_at or clock.now()
    return coupon
