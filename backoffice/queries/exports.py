"""Exports as their owner sees them, and as the task that writes them does (M-9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from backoffice import clock
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.exports import Export, ExportKind, ExportState

SHOWN_PER_COURSE = 10
SWEEP_BATCH = 100
_OPEN = (ExportState.WAITING, ExportState.WORKING)


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export and how far it is; of a course, its id, its address in the shop and the version's number."""

    id: int
    user_id: int
    kind: ExportKind
    state: ExportState
    filters: dict[str, Any]
    revision_id: int | None
    course_id: int | None
    slug: str | None
    number: int | None
    locale: str
    time_zone: str
    total: int | None
    done: int
    remarks: list[str]
    error_code: str | None
    file_key: str | None
    asked_at: datetime
    expires_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is still being written."""
        return self.state in _OPEN

    @property
    def percent(self) -> int:
        """How much of it is written."""
        return min(100, 100 * self.done // self.total) if self.total else 0


_VIEW = select(
    *(Export.id, Export.user_id, Export.kind, Export.state, Export.filters, Export.revision_id),
    *(Revision.course_id, Course.slug, Revision.number, Export.locale, Export.time_zone, Export.total, Export.done),
    *(Export.remarks, Export.error_code, Export.file_key, Export.asked_at, Export.expires_at),
)
_VIEW = _VIEW.outerjoin(Revision, Revision.id == Export.revision_id).outerjoin(Course, Course.id == Revision.course_id)


def own(user_id: int, export_id: int) -> ExportView | None:
    """One's own export. One statement."""
    found = by_id(export_id)
    return found if found is not None and found.user_id == user_id else None


def by_id(export_id: int) -> ExportView | None:
    """Any export. One statement."""
    row = db.session.execute(_VIEW.where(Export.id == export_id)).mappings().one_or_none()
    return ExportView(**row) if row else None


def of_course(user_id: int, course_id: int) -> list[ExportView]:
    """The newest exports of a course by this person. One statement."""
    query = _VIEW.where(Revision.course_id == course_id, Export.user_id == user_id)
    rows = db.session.execute(query.order_by(Export.id.desc()).limit(SHOWN_PER_COURSE)).mappings()
    return [ExportView(**row) for row in rows]


def over() -> dict[int, str]:
    """Exports whose time is over, a batch: the key of the file by the id. One statement."""
    query = select(Export.id, Export.file_key).where(Export.state == ExportState.DONE, Export.expires_at <= clock.now())
    rows = db.session.execute(query.order_by(Export.id).limit(SWEEP_BATCH))
    return {row.id: row.file_key for row in rows}


def open_ones(export_ids: set[int]) -> set[int]:
    """Those that are still being written. One statement."""
    return set(db.session.scalars(select(Export.id).where(Export.id.in_(export_ids), Export.state.in_(_OPEN))))
