"""What a worker is given of an upload with its attempt (T-2). Parts of operations."""

from dataclasses import dataclass

from backoffice.db import db
from backoffice.models.media import Upload, UploadKind


@dataclass(frozen=True, slots=True)
class Work:
    """One attempt that was begun; `attempt` is named in every further step and proves that the lease is still held.

    A part of a picture is cut from the original among the products of `source_id`; `crop` as in `Upload.crop`.
    """

    kind: UploadKind
    attempt: int
    filename: str
    source_id: str | None
    crop: dict[str, int] | None


def work_of(upload: Upload) -> Work:
    """The present attempt at this upload."""
    source = db.session.get_one(Upload, upload.source_id).products_id if upload.source_id else None
    return Work(upload.kind, upload.attempt, upload.filename, source, upload.crop)
