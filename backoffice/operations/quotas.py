"""Room for files: what a person's files may take up (X-5). Parts of operations."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.errors import Refused
from backoffice.formats import filesize
from backoffice.models.media import Upload, UploadState
from backoffice.models.people import User
from backoffice.operations.people import wait_for_turn

MIB = 1024 * 1024


def require_room(owner_id: int, size: int) -> None:
    """Take the person's turn; then a file of `size` bytes more must fit.

    Refused `upload.too_many` while others are on their way, `upload.quota` (data: left, bytes) where it does not fit.
    """
    wait_for_turn(owner_id)
    on_their_way = select(func.count(Upload.id)).where(
        *(Upload.owner_id == owner_id, Upload.state == UploadState.RECEIVING, Upload.expires_at > clock.now()),
        # Files out of an archive have come with it.
        Upload.archive_id.is_(None),
    )
    if (db.session.scalar(on_their_way) or 0) >= settings().max_open_uploads:
        message = _l("Too many of your files are on their way. Finish or cancel some of them first.")
        raise Refused("upload.too_many", message)
    require_fit(owner_id, size)


def require_fit(owner_id: int, size: int) -> None:
    """So many bytes more must fit; the person's turn is taken. Refused `upload.quota` (data: left, bytes)."""
    left = room_left(owner_id)
    if size > left:
        message = _l(
            "There is room for %(left)s of files left and this one has %(size)s. Delete files that you no longer use.",
            left=filesize(left),
            size=filesize(size),
        )
        raise Refused("upload.quota", message, left=left)


def room_left(owner_id: int) -> int:
    """Bytes that this person's files may still take up."""
    quota_mb = db.session.scalar(select(User.upload_quota_mb).where(User.id == owner_id))
    failed_since = clock.now() - timedelta(hours=settings().upload_hours)
    taken = db.session.scalar(Upload.room_of(owner_id, failed_since)) or 0
    return max(0, (settings().author_quota_mb if quota_mb is None else quota_mb) * MIB - int(taken))
