"""The same file twice: made once, whatever number of rows have it (X-5). Parts of operations.

Twins are looked for among the files of one person alone. Between people it would save room as well, but who uploads a
file that is done at once has learnt that somebody else has it, and whose it is would hang on who deletes it first.
"""

from sqlalchemy import select

from backoffice.db import db
from backoffice.models.media import Upload, UploadState
from backoffice.operations.people import wait_for_turn


def wait_for_turn_of_owner(upload_id: str) -> None:
    """Let nobody finish or delete a file of this upload's owner meanwhile; taken before the row itself."""
    owner_id = db.session.scalar(select(Upload.owner_id).where(Upload.id == upload_id))
    if owner_id is not None:
        wait_for_turn(owner_id)


def share(upload: Upload) -> bool:
    """Let the row have what was made of the same file of the same person, if anything was. The turn is taken."""
    if upload.sha256 is None:
        return False
    same = (Upload.owner_id == upload.owner_id, Upload.kind == upload.kind, Upload.sha256 == upload.sha256)
    query = select(Upload).where(*same, Upload.state == UploadState.DONE, Upload.id != upload.id).limit(1)
    twin = db.session.scalar(query.execution_options(populate_existing=True))
    if twin is None:
        return False
    upload.products_id, upload.product_bytes = twin.products_id, twin.product_bytes
    upload.asset, upload.duration_s = twin.asset, twin.duration_s
    return True
