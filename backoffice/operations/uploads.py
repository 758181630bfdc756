"""Uploads: bytes coming in, a worker's attempts under a lease, and the sweeps over what was left lying (T-2 to T-5)."""

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState
from backoffice.operations import twins
from backoffice.operations.quotas import MIB, require_room
from backoffice.operations.upload_rows import (
    IN_WORK,
    announced,
    attempted,
    end_attempt,
    locked,
    lost,
    not_found,
    own,
    queue,
    require_size,
)
from backoffice.operations.upload_work import Work, work_of
from backoffice.outbox import Event, emit

SWEEP_BATCH = 100
# Reading a file through before the first sign of progress may take this long per MiB, on the slowest disk.
CHECK_SECONDS_PER_MIB = 0.2
GAVE_UP = "gave_up"


@operation
def begin(*, actor: Actor, kind: UploadKind, filename: str, size: int, client_metadata: str = "") -> Upload:
    """Announce a file of `size` bytes.

    Errors: those of `upload_rows.require_size`, `upload_rows.announced` and `quotas.require_room`.
    """
    actor.require(Action.UPLOAD)
    require_size(kind, size)
    require_room(actor.person_id, size)
    return announced(actor, kind=kind, filename=filename, size=size, client_metadata=client_metadata)


@operation
def receive(*, actor: Actor, upload_id: str, offset: int) -> Upload:
    """Record how many bytes the file really has by now; the time to send the rest starts anew.

    With all of its bytes the file is handed to the workers in the same transaction (T-1), unless it is a part; once
    handed over, nothing changes any more. Errors: `upload.not_found`.
    """
    upload = own(actor, upload_id)
    if upload.state is not UploadState.RECEIVING:
        return upload
    upload.offset = offset
    upload.expires_at = clock.now() + timedelta(hours=settings().upload_hours)
    upload.updated_at = clock.now()
    if offset == upload.size and upload.size_known and not upload.is_part:
        queue(upload, actor)
    return upload


@operation
def discard(*, actor: Actor, upload_id: str) -> None:
    """Forget a file that was not sent to its end. Errors: `upload.not_found`, `upload.received` when it was."""
    upload = own(actor, upload_id)
    if upload.state is not UploadState.RECEIVING:
        raise Conflict("upload.received", _l("This file was received and can no longer be cancelled."))
    db.session.delete(upload)


@operation
def start_processing(*, actor: Actor, upload_id: str) -> Work | None:
    """Begin an attempt under a lease; None when the upload is finished already (T-2).

    Errors: `upload.not_found`, `upload.busy` while another attempt holds its lease, `state.illegal` before all bytes
    are there.
    """
    upload = locked(upload_id)
    actor.require(Action.RUN_SWEEPS)
    if upload.state in FINISHED:
        return None
    now = clock.now()
    # Without a lease in work: its chunks are.
    if upload.state in IN_WORK and (upload.lease_until is None or upload.lease_until > now):
        raise Conflict("upload.busy", _l("This file is being processed already."))
    states.move(upload, UploadState.CHECKING, actor=actor)
    upload.attempt += 1
    upload.percent, upload.hold_code = 0, None
    reading_s = CHECK_SECONDS_PER_MIB * upload.size / MIB
    upload.lease_until = now + timedelta(seconds=settings().task_lease_seconds + reading_s)
    upload.updated_at = now
    return work_of(upload)


@operation
def start_transcoding(*, actor: Actor, upload_id: str, attempt: int) -> None:
    """The file is what it claims to be; the long part begins. Errors: `upload.lease_lost`."""
    upload = attempted(actor, upload_id, attempt)
    if upload.state is UploadState.CHECKING:
        states.move(upload, UploadState.TRANSCODING, actor=actor)
    _renew(upload)


@operation
def reuse(*, actor: Actor, upload_id: str, attempt: int, sha256: str) -> bool:
    """Record what the file is; done at once, and True, when its owner has the same one finished already (X-5).

    Errors: `upload.lease_lost`.
    """
    twins.wait_for_turn_of_owner(upload_id)
    upload = attempted(actor, upload_id, attempt)
    upload.sha256 = sha256
    if not twins.share(upload):
        return False
    _finish(upload, actor)
    return True


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
        raise lost()


@operation
def complete(
    *, actor: Actor, upload_id: str, attempt: int, asset: dict[str, Any], product_bytes: int, duration_s: int | None
) -> None:
    """The products are in the storage: they can be played and shown from now on.

    Those of the same file that was finished meanwhile are preferred, and these are cleared away (X-5).
    Errors: `upload.lease_lost`.
    """
    twins.wait_for_turn_of_owner(upload_id)
    upload = attempted(actor, upload_id, attempt, done=UploadState.DONE)
    if upload.state is UploadState.DONE:
        return
    if twins.share(upload):
        emit(Event.PRODUCTS_UNUSED, kind=upload.kind.value, products_id=upload.id)
    else:
        upload.asset, upload.product_bytes, upload.duration_s = asset, product_bytes, duration_s
    _finish(upload, actor)


@operation
def fail(*, actor: Actor, upload_id: str, attempt: int, error_code: str, detail: str) -> None:
    """Nothing can be made of this file; `error_code` is for its owner, `detail` for staff.

    Errors: `upload.lease_lost`.
    """
    upload = attempted(actor, upload_id, attempt, done=UploadState.FAILED)
    if upload.state is not UploadState.FAILED:
        _fail(upload, actor, error_code, detail)


@operation
def give_back(*, actor: Actor, upload_id: str, attempt: int, detail: str, hold_code: str | None = None) -> None:
    """The attempt broke for a reason that is not the file's: let the task's next try begin at once (T-3).

    With a `hold_code` the file waits until the sweep finds that the house can go on (`held_uploads.release`).
    """
    upload = attempted(actor, upload_id, attempt)
    states.move(upload, UploadState.UPLOADED, actor=actor, reason=detail[:500])
    upload.percent, upload.hold_code = 0, hold_code
    end_attempt(upload)


@operation
def retry(*, actor: Actor, upload_id: str) -> Upload:
    """Process a failed file again: its owner or staff (B-1). Waiting or working ones stay as they are (T-2).

    Errors: `upload.not_found`.
    """
    upload = locked(upload_id)
    if upload.owner_id != actor.user_id and not actor.may(Action.SEE_STUCK_UPLOADS):
        raise not_found()
    if upload.state is UploadState.FAILED:
        upload.error_code = upload.error_detail = None
        upload.percent = 0
        queue(upload, actor)
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
            queue(upload, actor, reason="lease over")
    return len(due)


def _finish(upload: Upload, actor: Actor) -> None:
    states.move(upload, UploadState.DONE, actor=actor)
    upload.percent = 100
    end_attempt(upload)
    emit(Event.UPLOAD_PROCESSED, upload_id=upload.id)


def _fail(upload: Upload, actor: Actor, error_code: str, detail: str) -> None:
    states.move(upload, UploadState.FAILED, actor=actor, reason=error_code)
    upload.error_code, upload.error_detail = error_code, detail[:2000]
    end_attempt(upload)
    emit(Event.UPLOAD_PROCESSED, upload_id=upload.id)


def _renew(upload: Upload) -> None:
    upload.lease_until = clock.now() + timedelta(seconds=settings().task_lease_seconds)
    upload.updated_at = clock.now()
