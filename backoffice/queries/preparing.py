"""Videos that can be watched while they are still being prepared."""

from dataclasses import dataclass

from sqlalchemy import select

from backoffice.db import db
from backoffice.models.media import Upload, UploadKind, UploadState


@dataclass(frozen=True, slots=True)
class Preparing:
    """Whose video it is, how far it is, which attempt at it is in work, and where a finished one lies."""

    owner_id: int
    products_id: str
    filename: str
    state: UploadState
    attempt: int


def preparing(upload_id: str) -> Preparing | None:
    """One video; None when there is none. Whoever asks checks the owner. One statement."""
    columns = (Upload.owner_id, Upload.products_id, Upload.filename, Upload.state, Upload.attempt)
    query = select(*columns).where(Upload.id == upload_id, Upload.kind == UploadKind.VIDEO)
    row = db.session.execute(query).one_or_none()
    return None if row is None else Preparing(*row)
