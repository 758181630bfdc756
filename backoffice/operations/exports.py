"""Files that a task writes for somebody: asked for, worked on with progress, done, and swept in the end (M-9, T-5)."""

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.content import Revision
from backoffice.models.exports import Export, ExportKind, ExportState
from backoffice.operations.courses import owned
from backoffice.outbox import Event, emit

OPEN_AT_ONCE = 5
SWEEP_BATCH = 100
# Longer than a task waits between two attempts: nobody is at it any more.
SILENCE = timedelta(hours=2)
# Longer than any queue before a worker.
WAITED_TOO_LONG = timedelta(days=2)
GAVE_UP = "gave_up"
_OPEN = (ExportState.WAITING, ExportState.WORKING)


@operation
def ask(*, actor: Actor, request_key: str, filters: dict[str, Any], locale: str, time_zone: str) -> Export:
    """Ask for one's history as a file. A repeated `request_key` returns the first export.

    Error: `export.too_many` when several are still being written.
    """
    values = {"kind": ExportKind.HISTORY, "filters": filters, "locale": locale, "time_zone": time_zone}
    return _ask(actor, request_key, Event.EXPORT_ASKED, values)


@operation
def ask_course(*, actor: Actor, course_id: int, number: int, request_key: str, locale: str, time_zone: str) -> Export:
    """Ask for version `number` of one's own course as an archive. A repeated `request_key` returns the first export.

    Errors: those of `courses.owned`, `revision.not_found`, `export.too_many`.
    """
    course = owned(actor, course_id)
    query = select(Revision.id).where(Revision.course_id == course.id, Revision.number == number)
    revision_id = db.session.scalar(query)
    if revision_id is None:
        raise NotFound("revision.not_found", _l("There is no such version."))
    values = {"kind": ExportKind.COURSE, "revision_id": revision_id, "locale": locale, "time_zone": time_zone}
    return _ask(actor, request_key, Event.COURSE_EXPORT_ASKED, values)


def _ask(actor: Actor, request_key: str, event: Event, values: dict[str, Any]) -> Export:
    mine = Export.user_id == actor.person_id
    earlier = db.session.scalar(select(Export).where(mine, Export.request_key == request_key))
    if earlier is not None:
        return earlier
    waiting = db.session.scalar(select(func.count()).where(mine, Export.state.in_(_OPEN))) or 0
    if waiting >= OPEN_AT_ONCE:
        raise Refused(
            "export.too_many", _l("Your other exports are still being written. Try again when they are done.")
        )
    export = db.session.scalar(
        insert(Export)
        .values(user_id=actor.person_id, request_key=request_key, state=ExportState.WAITING, **values)
        .on_conflict_do_nothing()
        .returning(Export)
    )
    if export is None:
        # Two clicks at the same moment: the other one has just committed.
        return db.session.scalars(select(Export).where(mine, Export.request_key == request_key)).one()
    states.begin(export, actor=actor)
    emit(event, export_id=export.id)
    return export


@operation
def start(*, actor: Actor, export_id: int, total: int) -> Export | None:
    """Begin to write, or begin again after a worker was lost; None when it is finished already."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    if export.state not in _OPEN:
        return None
    if export.state is ExportState.WAITING:
        states.move(export, ExportState.WORKING, actor=actor)
    export.total, export.done, export.updated_at = total, 0, clock.now()
    return export


@operation
def progress(*, actor: Actor, export_id: int, done: int) -> None:
    """Tell how much is written (T-5)."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    export.done, export.updated_at = done, clock.now()


@operation
def finish(*, actor: Actor, export_id: int, file_key: str, done: int, remarks: tuple[str, ...] = ()) -> None:
    """The file is in the storage, for EXPORT_DAYS; a repetition changes nothing."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    if export.state is not ExportState.WORKING:
        return
    states.move(export, ExportState.DONE, actor=actor)
    now = clock.now()
    export.file_key, export.done, export.remarks = file_key, done, list(remarks)
    export.finished_at = export.updated_at = now
    export.expires_at = now + timedelta(days=settings().export_days)
    emit(Event.EXPORT_DONE, export_id=export_id)


@operation
def fail(*, actor: Actor, export_id: int, error_code: str) -> None:
    """The file cannot be written; `error_code` says to its owner why. What is finished stays as it is."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    if export.state in _OPEN:
        _fail(export, actor, error_code)


@operation
def give_up_silent(*, actor: Actor, limit: int = SWEEP_BATCH) -> int:
    """Fail a batch of exports whose task was parked (T-3); returns how many. Call until it returns 0."""
    actor.require(Action.RUN_SWEEPS)
    now = clock.now()
    due = db.session.scalars(
        select(Export)
        .where(
            or_(
                and_(Export.state == ExportState.WORKING, Export.updated_at <= now - SILENCE),
                and_(Export.state == ExportState.WAITING, Export.updated_at <= now - WAITED_TOO_LONG),
            )
        )
        .order_by(Export.updated_at, Export.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for export in due:
        _fail(export, actor, GAVE_UP)
    return len(due)


@operation
def expire(*, actor: Actor, export_id: int) -> None:
    """The file was deleted from the storage; a repetition changes nothing."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    if export.state is ExportState.DONE:
        states.move(export, ExportState.EXPIRED, actor=actor)
        export.file_key, export.updated_at = None, clock.now()


def _fail(export: Export, actor: Actor, error_code: str) -> None:
    states.move(export, ExportState.FAILED, actor=actor, reason=error_code)
    export.error_code, export.updated_at = error_code, clock.now()


def _locked(export_id: int) -> Export:
    export = db.session.scalar(
        select(Export).where(Export.id == export_id).with_for_update().execution_options(populate_existing=True)
    )
    if export is None:
        raise NotFound("export.not_found", _l("There is no such export."))
    return export
