"""Uploads: bytes coming in, a worker's attempts under a lease, and the sweeps over what was left lying (T-2 to T-5)."""

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState
from backoffice.operations.file_types import require_file_type
from backoffice.operations.people import wait_for_turn
from backoffice.operations.texts import clean_filename
from backoffice.operations.upload_work import Work, work_of
from backoffice.outbox import Event, emit

MIB = 1024 * 1024
SWEEP_BATCH = 100
# Reading a file through before the first sign of progress may take this long per MiB, on the slowest disk.
CHECK_SECONDS_PER_MIB = 0.2
IN_WORK = (UploadState.CHECKING, UploadState.TRANSCODING)
GAVE_UP = "gave_up"


class LeaseLost(Conflict):
    """The attempt is no longer the current one: its worker must stop and change nothing."""


@operation
def begin(*, actor: Actor, kind: UploadKind, filename: str, size: int) -> Upload:
    """Announce a file of `size` bytes.

    Errors: `upload.empty`, `upload.too_large` (data: limit_mb), `upload.type`, `upload.too_many` at once.
    """
    actor.require(Action.UPLOAD)
    require_file_type(kind, filename)
    if size < 1:
        raise Refused("upload.empty", _l("The file is empty."))
    if size > (limit_mb := largest_mb(kind)) * MIB:
        message = _l("The file is larger than %(limit)s MB.", limit=limit_mb)
        raise Refused("upload.too_large", message, limit_mb=limit_mb)
    _require_room(actor.person_id)
    upload = Upload(
        owner_id=actor.person_id,
        kind=kind,
        filename=clean_filename(filename),
        size=size,
        expires_at=clock.now() + timedelta(hours=settings().upload_hours),
    )
    db.session.add(upload)
    db.session.flush()
    states.begin(upload, actor=actor)
    return upload


def largest_mb(kind: UploadKind) -> int:
    """The greatest size of a file of this kind, MiB."""
    smaller = {UploadKind.IMAGE: settings().max_image_mb, UploadKind.FILE: settings().max_file_mb}
    return smaller.get(kind, settings().max_upload_mb)


def _require_room(owner_id: int) -> None:
    wait_for_turn(owner_id)
    on_their_way = select(func.count(Upload.id)).where(
        Upload.owner_id == owner_id, Upload.state == UploadState.RECEIVING, Upload.expires_at > clock.now()
    )
    if (db.session.scalar(on_their_way) or 0) >= settings().max_open_uploads:
        message = _l("Too many of your files are on their way. Finish or cancel some of them first.")
        raise Refused("upload.too_many", message)


@operation
def receive(*, actor: Actor, upload_id: str, offset: int) -> Upload:
    """Record how many bytes the file really has by now; the time to send the rest starts anew.

    With all of its bytes the file is handed to the workers in the same transaction (T-1); once handed over, nothing
    changes any more. Errors: `upload.not_found`.
    """
    upload = _own(actor, upload_id)
    if upload.state is not UploadState.RECEIVING:
        return upload
    upload.offset = offset
    upload.expires_at = clock.now() + timedelta(hours=settings().upload_hours)
    upload.updated_at = clock.now()
    if offset == upload.size:
        _queue(upload, actor)
    return upload


@operation
def discard(*, actor: Actor, upload_id: str) -> None:
    """Forget a file that was not sent to its end. Errors: `upload.not_found`, `upload.received` when it was."""
    upload = _own(actor, upload_id)
    if upload.state is not UploadState.RECEIVING:
        raise Conflict("upload.received", _l("This file was received and can no longer be cancelled."))
    db.session.delete(upload)


@operation
def start_processing(*, actor: Actor, upload_id: str) -> Work | None:
    """Begin an attempt under a lease; None when the upload is finished already (T-2).

    Errors: `upload.not_found`, `upload.busy` while another attempt holds its lease, `state.illegal` before all bytes
    are there.
    """
    upload = _locked(upload_id)
    actor.require(Action.RUN_SWEEPS)
    if upload.state in FINISHED:
        return None
    now = clock.now()
    if upload.state in IN_WORK and upload.lease_until is not None and upload.lease_until > now:
        raise Conflict("upload.busy", _l("This file is being processed already."))
    states.move(upload, UploadState.CHECKING, actor=actor)
    upload.attempt += 1
    upload.percent = 0
    reading_s = CHECK_SECONDS_PER_MIB * upload.size / MIB
    upload.lease_until = now + timedelta(seconds=settings().task_lease_seconds + reading_s)
    upload.updated_at = now
    return work_of(upload)


@operation
def start_transcoding(*, actor: Actor, upload_id: str, attempt: int) -> None:
    """The file is what it claims to be; the long part begins. Errors: `upload.lease_lost`."""
    upload = _attempted(actor, upload_id, attempt)
    if upload.state is UploadState.CHECKING:
        states.move(upload, UploadState.TRANSCODING, actor=actor)
    _renew(upload)


@operation
def progress(*, actor: Actor, upload_id: str, attempt: int, percent: int) -> None:
    """Tell how far the attempt is, and keep its lease (T-5). Errors: `upload.lease_lost`."""
    actor.require(Action.RUN_SWEEPS)
    now = clock.now()
    told = db.session.scalar(
        update(Upload)
        .where(Upload.id == upload_id, Upload.attempt == attempt, Upload.state.in_(IN_WORK))
        .values(percent=percent, updated_at=now, lease_until=now + timedelta(seconds=settings().task_lease_seconds))
        .returning(Upload.id)
    )
    if told is None:
        raise _lost()


@operation
def complete(*, actor: Actor, upload_id: str, attempt: int, asset: dict[str, Any], duration_s: int | None) -> None:
    """The products are in the storage: they can be played and shown from now on. Errors: `upload.lease_lost`."""
    upload = _attempted(actor, upload_id, attempt, done=UploadState.DONE)
    if upload.state is UploadState.DONE:
        return
    states.move(upload, UploadState.DONE, actor=actor)
    upload.asset, upload.duration_s, upload.percent = asset, duration_s, 100
    _end_attempt(upload)
    emit(Event.UPLOAD_PROCESSED, upload_id=upload.id)


@operation
def fail(*, actor: Actor, upload_id: str, attempt: int, error_code: str, detail: str) -> None:
    """Nothing can be made of this file; `error_code` is for its owner, `detail` for staff.

    Errors: `upload.lease_lost`.
    """
    upload = _attempted(actor, upload_id, attempt, done=UploadState.FAILED)
    if upload.state is not UploadState.FAILED:
        _fail(upload, actor, error_code, detail)


@operation
def give_back(*, actor: Actor, upload_id: str, attempt: int, detail: str) -> None:
    """The attempt broke for a reason that is not the file's: let the task's next try begin at once (T-3)."""
    upload = _attempted(actor, upload_id, attempt)
    states.move(upload, UploadState.UPLOADED, actor=actor, reason=detail[:500])
    upload.percent = 0
    _end_attempt(upload)


@operation
def retry(*, actor: Actor, upload_id: str) -> Upload:
    """Process a failed file again: its owner or staff (B-1). Waiting or working ones stay as they are (T-2).

    Errors: `upload.not_found`.
    """
    upload = _locked(upload_id)
    if upload.owner_id != actor.user_id and not actor.may(Action.SEE_STUCK_UPLOADS):
        raise _not_found()
    if upload.state is UploadState.FAILED:
        upload.error_code = upload.error_detail = None
        upload.percent = 0
        _queue(upload, actor)
    return upload


@operation
def expire_unfinished(*, actor: Actor, limit: int = SWEEP_BATCH) -> list[str]:
    """Forget a batch of files whose rest did not come in time (T-4); returns their ids. Call until it is empty."""
    actor.require(Action.RUN_SWEEPS)
    due = db.session.scalars(
        select(Upload)
        .where(Upload.state == UploadState.RECEIVING, Upload.expires_at <= clock.now())
        .order_by(Upload.updated_at, Upload.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for upload in due:
        db.session.delete(upload)
    return [upload.id for upload in due]


@operation
def requeue_stuck(*, actor: Actor, limit: int = SWEEP_BATCH) -> int:
    """Queue a batch of uploads again whose worker was lost (T-4); returns how many. Call until it returns 0.

    A file that lost its worker in every attempt is given up (`gave_up`): it may be the one that kills them.
    """
    actor.require(Action.RUN_SWEEPS)
    due = db.session.scalars(
        select(Upload)
        .where(Upload.state.in_(IN_WORK), Upload.lease_until <= clock.now())
        .order_by(Upload.updated_at, Upload.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for upload in due:
        if upload.attempt >= settings().task_attempts:
            _fail(upload, actor, GAVE_UP, f"no sign of life in attempt {upload.attempt}")
        else:
            _queue(upload, actor, reason="lease over")
    return len(due)


def _queue(upload: Upload, actor: Actor, reason: str = "") -> None:
    states.move(upload, UploadState.UPLOADED, actor=actor, reason=reason)
    _end_attempt(upload)
    emit(Event.UPLOAD_RECEIVED, upload_id=upload.id)


def _fail(upload: Upload, actor: Actor, error_code: str, detail: str) -> None:
    states.move(upload, UploadState.FAILED, actor=actor, reason=error_code)
    upload.error_code, upload.error_detail = error_code, detail[:2000]
    _end_attempt(upload)
    emit(Event.UPLOAD_PROCESSED, upload_id=upload.id)


def _end_attempt(upload: Upload) -> None:
    upload.lease_until = None
    upload.updated_at = clock.now()


def _renew(upload: Upload) -> None:
    upload.lease_until = clock.now() + timedelta(seconds=settings().task_lease_seconds)
    upload.updated_at = clock.now()


def _locked(upload_id: str) -> Upload:
    upload = db.session.scalar(
        select(Upload).where(Upload.id == upload_id).with_for_update().execution_options(populate_existing=True)
    )
    if upload is None:
        raise _not_found()
    return upload


def _own(actor: Actor, upload_id: str) -> Upload:
    upload = _locked(upload_id)
    if upload.owner_id != actor.user_id:
        raise _not_found()
    return upload


def _attempted(actor: Actor, upload_id: str, attempt: int, done: UploadState | None = None) -> Upload:
    """The upload while this attempt is the current one and in work, or has led to `done` already."""
    upload = _locked(upload_id)
    actor.require(Action.RUN_SWEEPS)
    if upload.attempt != attempt or upload.state not in {*IN_WORK, done}:
        raise _lost()
    return upload


def _not_found() -> NotFound:
    return NotFound("upload.not_found", _l("There is no such upload."))


def _lost() -> LeaseLost:
    return LeaseLost("upload.lease_lost", _l("Somebody else has taken over the processing of this file."))
