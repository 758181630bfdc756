"""Exports as their owner sees them, and as the task that writes them does (M-9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backoffice.db import db
from backoffice.models.exports import ExportState, MoneyExport


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export and how far it is."""

    id: int
    user_id: int
    state: ExportState
    filters: dict[str, Any]
    locale: str
    time_zone: str
    rows_total: int | None
    rows_done: int
    file_key: str | None
    asked_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether it is still being written."""
        return self.state in (ExportState.WAITING, ExportState.WORKING)

    @property
    def percent(self) -> int:
        """How much of it is written."""
        return 100 * self.rows_done // self.rows_total if self.rows_total else 0


_VIEW = select(
    *(MoneyExport.id, MoneyExport.user_id, MoneyExport.state, MoneyExport.filters, MoneyExport.locale),
    *(MoneyExport.time_zone, MoneyExport.rows_total, MoneyExport.rows_done, MoneyExport.file_key),
    MoneyExport.asked_at,
)


def own(user_id: int, export_id: int) -> ExportView | None:
    """One's own export. One statement."""
    found = by_id(export_id)
    return found if found is not None and found.user_id == user_id else None


def by_id(export_id: int) -> ExportView | None:
    """Any export. One statement."""
    row = db.session.execute(_VIEW.where(MoneyExport.id == export_id)).mappings().one_or_none()
    return ExportView(**row) if row else None
