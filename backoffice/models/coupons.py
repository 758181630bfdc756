"""Coupons: less money for a course, by a code (M-11)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base


class Coupon(Base):
    """A code of an author for own courses, or of the platform (no author) for all; percent or amount."""

    __tablename__ = "coupon"
    __table_args__ = (
        CheckConstraint("(percent is null) <> (amount_minor is null)", name="percent_or_amount"),
        CheckConstraint("percent between 1 and 100", name="percent"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("uses between 0 and coalesce(max_uses, uses)", name="uses_within_limit"),
        CheckConstraint("code = upper(code)", name="code_upper"),
        Index("ix_coupon_author", "author_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(Text, unique=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    # None: every course that the coupon's owner may give away.
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    percent: Mapped[int | None]
    amount_minor: Mapped[int | None]
    max_uses: Mapped[int | None]
    uses: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
