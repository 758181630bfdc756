"""Submissions: what an author handed in, what the checks found and what a moderator decided (L-2 to L-7, B-1, B-2)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class SubmissionState(StrEnum):
    """Where a submission stands. OPEN waits for the checks, IN_REVIEW for a moderator; the others are final."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    PASSED = "passed"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Submission(Base):
    """One hand-in of one revision. A decision is bound to it, so it is about what was on the screen."""

    __tablename__ = "submission"
    __table_args__ = (
        UniqueConstraint("course_id", "number"),
        Index(
            "uq_submission_open",
            "revision_id",
            unique=True,
            postgresql_where=text("state in ('open', 'in_review')"),
        ),
        Index("ix_submission_queue", "submitted_at", "id", postgresql_where=text("state = 'in_review'")),
        CheckConstraint("(claimed_by is null) = (claimed_until is null)", name="claim_lapses"),
    )
    TRANSITIONS = {
        SubmissionState.OPEN: {
            SubmissionState.IN_REVIEW,
            SubmissionState.PASSED,
            SubmissionState.REJECTED,
            SubmissionState.WITHDRAWN,
        },
        SubmissionState.IN_REVIEW: {
            SubmissionState.APPROVED,
            SubmissionState.REJECTED,
            SubmissionState.WITHDRAWN,
        },
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    number: Mapped[int]
    state: Mapped[SubmissionState] = mapped_column(state_type(SubmissionState), default=SubmissionState.OPEN)
    is_change: Mapped[bool]
    submitted_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    submitted_at: Mapped[datetime] = mapped_column(default=clock.now)

    # Findings as JSON of integrations.checks, thresholds as they were when it was judged.
    findings: Mapped[list[Any]] = mapped_column(default=list)
    thresholds: Mapped[dict[str, Any]] = mapped_column(default=dict)
    judged_at: Mapped[datetime | None]

    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    claimed_until: Mapped[datetime | None]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    # Codes of rejection reasons, and the moderator's own words to the author.
    reasons: Mapped[list[Any]] = mapped_column(default=list)
    note: Mapped[str] = mapped_column(Text, default="")
