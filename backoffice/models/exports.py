"""Files that a task writes for somebody: a history of money (M-9), a course as an archive."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class ExportKind(StrEnum):
    """What the file holds."""

    HISTORY = "history"
    COURSE = "course"


class ExportState(StrEnum):
    """WAITING for a worker, WORKING with progress, then DONE until it is EXPIRED, or FAILED for good."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


class Export(Base):
    """One file that was asked for, in the language and the time zone of the page it was asked on.

    `total` and `done` count lines of a history and bytes of a course; `remarks` are sentences for its owner.
    """

    __tablename__ = "export"
    __table_args__ = (
        UniqueConstraint("user_id", "request_key"),
        CheckConstraint("state <> 'done' or (file_key is not null and expires_at is not null)", name="done_has_file"),
        CheckConstraint("(state = 'failed') = (error_code is not null)", name="failed_has_reason"),
        CheckConstraint("(kind = 'course') = (revision_id is not null)", name="course_has_revision"),
        Index("ix_export_revision_id", "revision_id"),
        Index("ix_export_unswept", "updated_at", postgresql_where=text("state not in ('failed', 'expired')")),
    )
    TRANSITIONS = {
        ExportState.WAITING: {ExportState.WORKING, ExportState.FAILED},
        ExportState.WORKING: {ExportState.DONE, ExportState.FAILED},
        ExportState.DONE: {ExportState.EXPIRED},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    request_key: Mapped[str] = mapped_column(Text)
    kind: Mapped[ExportKind] = mapped_column(state_type(ExportKind))
    state: Mapped[ExportState] = mapped_column(state_type(ExportState))
    filters: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))
    locale: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    total: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    remarks: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))
    error_code: Mapped[str | None] = mapped_column(Text)
    # Key of the file in the storage.
    file_key: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
