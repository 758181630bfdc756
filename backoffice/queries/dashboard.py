"""The first page of the back office: what waits, and the last two weeks (B-5)."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date, and_, cast, func, select

from backoffice import clock
from backoffice.db import db
from backoffice.models.courses import Course
from backoffice.models.media import FINISHED, Upload
from backoffice.models.outbox import Delivery
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.purchases import Purchase
from backoffice.models.review import Submission, SubmissionState

DAYS = 14


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How much waits, and since when the oldest of it does."""

    in_review: int
    in_review_since: datetime | None
    withdrawals: int
    withdrawals_minor: int
    withdrawals_since: datetime | None
    parked: int
    stuck_uploads: int
    blocked_courses: int


@dataclass(frozen=True, slots=True)
class DayFigure:
    """A figure of one day."""

    day: date
    value: int


def queue_counts(stuck_minutes: int) -> QueueCounts:
    """The queues' lengths; an upload without a sign of life for `stuck_minutes` is stuck. One statement."""
    waiting = Submission.state == SubmissionState.IN_REVIEW
    asked = Withdrawal.state == WithdrawalState.ASKED
    stuck = and_(Upload.state.not_in(FINISHED), Upload.updated_at < clock.now() - timedelta(minutes=stuck_minutes))
    columns = (
        select(func.count()).select_from(Submission).where(waiting),
        select(func.min(Submission.submitted_at)).where(waiting),
        select(func.count()).select_from(Withdrawal).where(asked),
        select(func.coalesce(func.sum(Withdrawal.amount_minor), 0)).where(asked),
        select(func.min(Withdrawal.asked_at)).where(asked),
        select(func.count()).select_from(Delivery).where(Delivery.parked_at.is_not(None)),
        select(func.count()).select_from(Upload).where(stuck),
        select(func.count()).select_from(Course).where(Course.blocked_at.is_not(None)),
    )
    row = db.session.execute(select(*(column.scalar_subquery() for column in columns))).one()
    return QueueCounts(row[0], row[1], row[2], int(row[3]), *row[4:])


def decisions_by_day() -> tuple[DayFigure, ...]:
    """Moderators' decisions of each of the last two weeks' days (UTC)."""
    return _by_day(Submission.decided_at, func.count())


def sales_by_day() -> tuple[DayFigure, ...]:
    """Prices paid on each of the last two weeks' days (UTC), minor units."""
    return _by_day(Purchase.bought_at, func.sum(Purchase.price_minor))


def _by_day(moment: Any, figure: Any) -> tuple[DayFigure, ...]:
    today = clock.now().date()
    first = today - timedelta(days=DAYS - 1)
    day = cast(func.timezone("UTC", moment), Date)
    rows = db.session.execute(select(day, figure).where(moment >= first).group_by(day))
    found = {row[0]: int(row[1]) for row in rows}
    days = [first + timedelta(days=number) for number in range(DAYS)]
    return tuple(DayFigure(each, found.get(each, 0)) for each in days)
