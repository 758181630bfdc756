"""Histories that a task writes as a file: asked for, worked on with progress, done (M-9, T-5)."""

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.exports import ExportState, MoneyExport
from backoffice.outbox import Event, emit

OPEN_AT_ONCE = 5
_OPEN = (ExportState.WAITING, ExportState.WORKING)


@operation
def ask(*, actor: Actor, request_key: str, filters: dict[str, Any], locale: str, time_zone: str) -> MoneyExport:
    """Ask for one's history as a file. A repeated `request_key` returns the first export.

    Error: `export.too_many` when several are still being written.
    """
    mine = MoneyExport.user_id == actor.person_id
    earlier = db.session.scalar(select(MoneyExport).where(mine, MoneyExport.request_key == request_key))
    if earlier is not None:
        return earlier
    waiting = db.session.scalar(select(func.count()).where(mine, MoneyExport.state.in_(_OPEN))) or 0
    if waiting >= OPEN_AT_ONCE:
        raise Refused(
            "export.too_many", _l("Your other exports are still being written. Try again when they are done.")
        )
    export = db.session.scalar(
        insert(MoneyExport)
        .values(
            user_id=actor.person_id,
            request_key=request_key,
            state=ExportState.WAITING,
            filters=filters,
            locale=locale,
            time_zone=time_zone,
            asked_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(MoneyExport)
    )
    if export is None:
        # Two clicks at the same moment: the other one has just committed.
        return db.session.scalars(select(MoneyExport).where(mine, MoneyExport.request_key == request_key)).one()
    states.begin(export, actor=actor)
    emit(Event.EXPORT_ASKED, export_id=export.id)
    return export


@operation
def start(*, actor: Actor, export_id: int, rows_total: int) -> MoneyExport | None:
    """Begin to write, or begin again after a worker was lost; None when it is finished already."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    if export.state not in _OPEN:
        return None
    if export.state is ExportState.WAITING:
        states.move(export, ExportState.WORKING, actor=actor)
    export.rows_total, export.rows_done = rows_total, 0
    return export


@operation
def progress(*, actor: Actor, export_id: int, rows_done: int) -> None:
    """Tell how many rows are written (T-5)."""
    actor.require(Action.RUN_SWEEPS)
    _locked(export_id).rows_done = rows_done


@operation
def finish(*, actor: Actor, export_id: int, file_key: str, rows_done: int) -> None:
    """The file is in the storage; a repetition changes nothing."""
    actor.require(Action.RUN_SWEEPS)
    export = _locked(export_id)
    if export.state is not ExportState.WORKING:
        return
    states.move(export, ExportState.DONE, actor=actor)
    export.file_key, export.rows_done, export.finished_at = file_key, rows_done, clock.now()
    emit(Event.EXPORT_DONE, export_id=export_id)


def _locked(export_id: int) -> MoneyExport:
    export = db.session.scalar(
        select(MoneyExport)
        .where(MoneyExport.id == export_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if export is None:
        raise NotFound("export.not_found", _l("There is no such export."))
    return export
