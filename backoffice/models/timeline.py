"""The record of all transitions: who, when, from, to, reason (L-10). Written only by `states`; append only."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base


class Transition(Base):
    """One move of one thing. `subject` is its table name; `course_id` lets a course show the whole story."""

    __tablename__ = "transition"
    __table_args__ = (
        Index("ix_transition_subject", "subject", "subject_id", "id"),
        Index("ix_transition_course", "course_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[str] = mapped_column(Text)
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    # None: the house itself.
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    from_state: Mapped[str | None] = mapped_column(Text)
    to_state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text, default="")
