"""Corrections of the book, and the runs of its proof (B-4, M-10)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class CorrectionState(StrEnum):
    """WAITING for a second admin; the others are final."""

    WAITING = "waiting"
    POSTED = "posted"
    DECLINED = "declined"


class Correction(Base):
    """A mistake mended by another transaction. `lines` maps account names to signed minor units that sum to zero."""

    __tablename__ = "correction"
    __table_args__ = (
        UniqueConstraint("asked_by", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("length(reason) > 0", name="has_reason"),
    )
    TRANSITIONS = {CorrectionState.WAITING: {CorrectionState.POSTED, CorrectionState.DECLINED}}

    id: Mapped[int] = mapped_column(primary_key=True)
    request_key: Mapped[str] = mapped_column(Text)
    state: Mapped[CorrectionState] = mapped_column(state_type(CorrectionState))
    reason: Mapped[str] = mapped_column(Text)
    lines: Mapped[dict[str, Any]]
    # What is moved: the sum of the lines above zero.
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]


class VerifyRun(Base):
    """One run of the proof over the whole book: green or red, what was looked at, what was found."""

    __tablename__ = "verify_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    ran_at: Mapped[datetime] = mapped_column(default=clock.now)
    holds: Mapped[bool]
    took_ms: Mapped[int]
    counts: Mapped[dict[str, Any]]
    findings: Mapped[list[Any]]
