"""The row of an upload, locked, for whoever may change it. Parts of operations."""

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations.file_types import require_file_type
from backoffice.operations.quotas import MIB
from backoffice.operations.texts import clean_filename
from backoffice.outbox import Event, emit

IN_WORK = (UploadState.CHECKING, UploadState.TRANSCODING)


class LeaseLost(Conflict):
    """The attempt is no longer the current one: its worker must stop and change nothing."""


def announced(actor: Actor, *, kind: UploadKind, filename: str, size: int, **more: Any) -> Upload:
    """A new row for a file that begins to come; whoever makes it has checked that it fits. Refused `upload.type`."""
    require_file_type(kind, filename)
    upload = Upload(
        owner_id=actor.person_id,
        kind=kind,
        filename=clean_filename(filename),
        size=size,
        expires_at=clock.now() + timedelta(hours=settings().upload_hours),
        **more,
    )
    db.session.add(upload)
    db.session.flush()
    states.begin(upload, actor=actor)
    return upload


def require_size(kind: UploadKind, size: int) -> None:
    """Refused `upload.empty` and `upload.too_large` (data: limit_mb)."""
    if size < 1:
        raise Refused("upload.empty", _l("The file is empty."))
    limit_mb = largest_mb(kind)
    if size > limit_mb * MIB:
        message = _l("The file is larger than %(limit)s MB.", limit=limit_mb)
        raise Refused("upload.too_large", message, limit_mb=limit_mb)


def largest_mb(kind: UploadKind) -> int:
    """The greatest size of a file of this kind, MiB."""
    others = {
        UploadKind.IMAGE: settings().max_image_mb,
        UploadKind.ARCHIVE: settings().max_archive_mb,
        UploadKind.FILE: settings().max_file_mb,
    }
    return others.get(kind, settings().max_upload_mb)


def locked(upload_id: str) -> Upload:
    """The upload, locked. NotFound `upload.not_found`."""
    upload = db.session.scalar(
        select(Upload).where(Upload.id == upload_id).with_for_update().execution_options(populate_existing=True)
    )
    if upload is None:
        raise not_found()
    return upload


def own(actor: Actor, upload_id: str) -> Upload:
    """The actor's own upload, locked. NotFound `upload.not_found`."""
    upload = locked(upload_id)
    if upload.owner_id != actor.user_id:
        raise not_found()
    return upload


def attempted(actor: Actor, upload_id: str, attempt: int, done: UploadState | None = None) -> Upload:
    """The upload while this attempt is the current one and in work, or has led to `done` already; else `LeaseLost`."""
    upload = locked(upload_id)
    actor.require(Action.RUN_SWEEPS)
    if upload.attempt != attempt or upload.state not in {*IN_WORK, done}:
        raise lost()
    return upload


def not_found() -> NotFound:
    """What others are told as well: that it is there is nobody's business but its owner's."""
    return NotFound("upload.not_found", _l("There is no such upload."))


def lost() -> LeaseLost:
    """The error of an attempt that is no longer the current one."""
    return LeaseLost("upload.lease_lost", _l("Somebody else has taken over the processing of this file."))


def queue(upload: Upload, actor: Actor, reason: str = "") -> None:
    """Hand the file to the workers in this transaction (T-1)."""
    states.move(upload, UploadState.UPLOADED, actor=actor, reason=reason)
    end_attempt(upload)
    tell_workers(upload)


def tell_workers(upload: Upload) -> None:
    """Write down, for the workers of its kind, that the file is there."""
    emit(Event.ARCHIVE_RECEIVED if upload.kind is UploadKind.ARCHIVE else Event.UPLOAD_RECEIVED, upload_id=upload.id)


def end_attempt(upload: Upload) -> None:
    """Nobody is at it any more."""
    upload.lease_until = None
    upload.updated_at = clock.now()
