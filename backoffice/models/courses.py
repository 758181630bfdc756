"""A course: identity and sale. Its content lives in revisions (content.py)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class CourseKind(StrEnum):
    """How a course is delivered: all at once, or module by module on dates."""

    RECORDED = "recorded"
    COHORT = "cohort"


class CourseState(StrEnum):
    """The sale side of a course's life. Where its content stands is the state of its revisions."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ON_SALE = "on_sale"


class Course(Base):
    """The thing on sale (C-1). Counters follow by a sweep (C-2); blocked is a flag beside the state (L-8)."""

    __tablename__ = "course"
    __table_args__ = (
        CheckConstraint("price_minor >= 0", name="price_not_negative"),
        CheckConstraint("discount_minor >= 0 and discount_minor < price_minor", name="discount_below_price"),
        CheckConstraint("sale_from < sale_until", name="sale_window_runs_forward"),
        CheckConstraint("state = 'draft' or live_revision_id is not null", name="published_has_live_revision"),
        CheckConstraint("(blocked_at is null) = (block_reason is null)", name="block_has_reason"),
        Index(
            "ix_course_catalogue",
            "published_at",
            "id",
            postgresql_where=text("state = 'on_sale' and blocked_at is null"),
        ),
    )
    # L-4, L-5: legal moves; the door to PUBLISHED is the approval of a first submission.
    TRANSITIONS = {
        CourseState.DRAFT: {CourseState.PUBLISHED},
        CourseState.PUBLISHED: {CourseState.ON_SALE},
        CourseState.ON_SALE: {CourseState.PUBLISHED},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("author_profile.user_id"), index=True)
    kind: Mapped[CourseKind] = mapped_column(state_type(CourseKind), default=CourseKind.RECORDED)
    slug: Mapped[str] = mapped_column(Text, unique=True)
    state: Mapped[CourseState] = mapped_column(state_type(CourseState), default=CourseState.DRAFT)
    live_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id", use_alter=True))
    draft_revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id", use_alter=True))

    price_minor: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(Text)
    discount_minor: Mapped[int | None]
    discount_until: Mapped[datetime | None]
    sale_from: Mapped[datetime | None]
    sale_until: Mapped[datetime | None]

    blocked_at: Mapped[datetime | None]
    blocked_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    block_reason: Mapped[str | None] = mapped_column(Text)

    duration_s: Mapped[int] = mapped_column(default=0)
    students_count: Mapped[int] = mapped_column(default=0)
    reviews_count: Mapped[int] = mapped_column(default=0)
    rating_sum: Mapped[int] = mapped_column(default=0)

    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)


class SaleTerms(Base):
    """History of a course's price and sales dates: they take effect at once and need no review. Append only."""

    __tablename__ = "sale_terms"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), index=True)
    price_minor: Mapped[int]
    discount_minor: Mapped[int | None]
    discount_until: Mapped[datetime | None]
    sale_from: Mapped[datetime | None]
    sale_until: Mapped[datetime | None]
    set_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    set_at: Mapped[datetime] = mapped_column(default=clock.now)


class CourseDelta(Base):
    """A change of a course's counters that waits to be folded (C-2): buyers of a best-seller never meet on its row."""

    __tablename__ = "course_delta"

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    students: Mapped[int] = mapped_column(default=0)
    reviews: Mapped[int] = mapped_column(default=0)
    rating: Mapped[int] = mapped_column(default=0)
