"""One purchase as its student sees it: the receipt, and what giving it back would mean (M-3, M-4)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from backoffice import clock, ledger
from backoffice.db import db
from backoffice.models.coupons import Coupon
from backoffice.models.courses import Course
from backoffice.models.learning import Review
from backoffice.models.purchases import Enrolment, Purchase
from backoffice.money import Money
from backoffice.progress import Progress, counts
from backoffice.queries import history_lines, purchases
from backoffice.queries.history_lines import StoryStep
from backoffice.queries.purchases import Bought


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was paid for what; `steps` are the ledger transactions behind it. `reduction` is list price less price."""

    bought: Bought
    list_price: Money
    reduction: Money
    coupon: str | None
    returned_at: datetime | None
    return_reason: str | None
    steps: list[StoryStep]


@dataclass(frozen=True, slots=True)
class RefundPreview:
    """What comes back and what is lost. `days_left` is rounded up: 1 on the last day; `debt` is paid from it first."""

    bought: Bought
    progress: Progress
    reviewed: bool
    days_left: int
    debt: Money


def receipt(student_id: int, purchase_id: int) -> Receipt | None:
    """The receipt of an own purchase; None for everybody else's. Three statements."""
    bought = purchases.one_of_student(student_id, purchase_id)
    if bought is None:
        return None
    purchase, coupon = db.session.execute(
        select(Purchase, Coupon.code).outerjoin(Coupon, Coupon.id == Purchase.coupon_id).where(Purchase.id == bought.id)
    ).one()
    list_price = Money(purchase.list_price_minor, purchase.currency)
    return Receipt(
        bought=bought,
        list_price=list_price,
        reduction=list_price - bought.price,
        coupon=coupon,
        returned_at=purchase.clawed_back_at or (None if bought.kept else purchase.settled_at),
        return_reason=purchase.return_reason,
        steps=history_lines.story_of_purchase(student_id, bought.id),
    )


def refund_preview(student_id: int, purchase_id: int) -> RefundPreview | None:
    """What giving an own purchase back means now (M-4); None for everybody else's. Three statements."""
    bought = purchases.one_of_student(student_id, purchase_id)
    if bought is None:
        return None
    reviewed = exists().where(Review.student_id == student_id, Review.course_id == Course.id)
    right, questions, completed, lectures, floor, has_review = db.session.execute(
        select(*counts(Course.live_revision_id, student_id), Enrolment.progress_floor, reviewed)
        .select_from(Course)
        .join(Enrolment, Enrolment.course_id == Course.id)
        .where(Enrolment.purchase_id == purchase_id)
    ).one()
    left_s = (bought.refundable_until - clock.now()).total_seconds()
    return RefundPreview(
        bought=bought,
        progress=Progress(right, questions, completed, lectures, floor),
        reviewed=has_review,
        days_left=max(0, -int(-left_s // 86_400)),
        debt=Money(-ledger.balance(ledger.debt(student_id)), bought.price.currency),
    )
