"""Purchases and enrolments (M-3 to M-6, P-1)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    and_,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class PurchaseState(StrEnum):
    """RESERVED: the money has left the student and is not yet the author's. Once RELEASED, only staff take it back."""

    RESERVED = "reserved"
    REFUNDED = "refunded"
    RELEASED = "released"
    CLAWED_BACK = "clawed_back"


class EnrolmentSource(StrEnum):
    """Why a student may open a course (C-7)."""

    PURCHASE = "purchase"
    SUBSCRIPTION = "subscription"
    GRANT = "grant"


class Purchase(Base):
    """One student's purchase of one course, with all that was fixed when it was made (M-5, M-11).

    A deferred trigger refuses a state whose ledger transaction is missing; see the ledger's migration.
    """

    __tablename__ = "purchase"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("commission_minor between 0 and price_minor", name="commission_within_price"),
        Index(
            "uq_purchase_owned",
            "student_id",
            "course_id",
            unique=True,
            postgresql_where=text("state in ('reserved', 'released')"),
        ),
        Index("ix_purchase_due", "release_at", "id", postgresql_where=text("state = 'reserved'")),
        # A summary of its pages: sums over a time stay cheap, and so does a purchase.
        Index("ix_purchase_bought", "bought_at", postgresql_using="brin"),
        Index("ix_purchase_author", "author_id", "id"),
        Index("ix_purchase_course", "course_id", "id"),
        Index("ix_purchase_coupon", "coupon_id", postgresql_where=text("coupon_id is not null")),
    )
    TRANSITIONS = {
        PurchaseState.RESERVED: {PurchaseState.REFUNDED, PurchaseState.RELEASED},
        PurchaseState.RELEASED: {PurchaseState.CLAWED_BACK},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    state: Mapped[PurchaseState] = mapped_column(state_type(PurchaseState), default=PurchaseState.RESERVED)
    price_minor: Mapped[int]
    list_price_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(Text)
    commission_bp: Mapped[int]
    commission_minor: Mapped[int]
    bought_at: Mapped[datetime] = mapped_column(default=clock.now)
    refundable_until: Mapped[datetime]
    # None: the date is not known yet (a cohort's reserve waits for S-3 or S-5).
    release_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    coupon_id: Mapped[int | None] = mapped_column(ForeignKey("coupon.id"))
    clawed_back_at: Mapped[datetime | None]
    # Why staff gave the money back; the student's own refund needs no reason.
    return_reason: Mapped[str | None] = mapped_column(Text)


class Enrolment(Base):
    """A student's way into a course, and how far they have come (C-7, P-1, P-2)."""

    __tablename__ = "enrolment"
    __table_args__ = (
        CheckConstraint("progress_floor between 0 and 100", name="progress_floor"),
        UniqueConstraint("purchase_id"),
        Index("uq_enrolment_open", "student_id", "course_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_enrolment_course", "course_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    student_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    source: Mapped[EnrolmentSource] = mapped_column(state_type(EnrolmentSource))
    purchase_id: Mapped[int | None] = mapped_column(ForeignKey("purchase.id"))
    access_from: Mapped[datetime] = mapped_column(default=clock.now)
    access_until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    # Percent that was once shown; a new revision never shows less (P-2).
    progress_floor: Mapped[int] = mapped_column(default=0)
    completed_at: Mapped[datetime | None]

    @classmethod
    def open_at(cls, now: datetime) -> ColumnElement[bool]:
        """Condition of an enrolment that lets its student in at this moment (P-1)."""
        return and_(cls.ended_at.is_(None), or_(cls.access_until.is_(None), cls.access_until > now))
