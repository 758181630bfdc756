"""The row of an upload, locked, for whoever may change it. Parts of operations."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice.access import Action, Actor
from backoffice.db import db
from backoffice.errors import Conflict, NotFound
from backoffice.models.media import Upload, UploadState

IN_WORK = (UploadState.CHECKING, UploadState.TRANSCODING)


class LeaseLost(Conflict):
    """The attempt is no longer the current one: its worker must stop and change nothing."""


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
