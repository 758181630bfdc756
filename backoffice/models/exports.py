"""Statements that are written as a file by a task (M-9)."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class ExportState(StrEnum):
    """WAITING for a worker, WORKING with progress, and then DONE; a task that fails for good is parked (T-3)."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"


class MoneyExport(Base):
    """A user's history as CSV, with the filters, the language and the time zone of the page it was asked on (M-9)."""

    __tablename__ = "money_export"
    __table_args__ = (
        UniqueConstraint("user_id", "request_key"),
        CheckConstraint("state <> 'done' or file_key is not null", name="done_has_file"),
    )
    TRANSITIONS = {
        ExportState.WAITING: {ExportState.WORKING},
        ExportState.WORKING: {ExportState.DONE},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    request_key: Mapped[str] = mapped_column(Text)
    state: Mapped[ExportState] = mapped_column(state_type(ExportState))
    filters: Mapped[dict[str, Any]]
    locale: Mapped[str] = mapped_column(Text)
    time_zone: Mapped[str] = mapped_column(Text)
    rows_total: Mapped[int | None]
    rows_done: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    # Key of the file in the storage.
    file_key: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    finished_at: Mapped[datetime | None]
