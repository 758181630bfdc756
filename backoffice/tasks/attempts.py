"""How a worker takes up a received file, whatever is made of it (T-2)."""

from backoffice.access import SYSTEM
from backoffice.errors import Conflict
from backoffice.operations import uploads
from backoffice.operations.upload_work import Work


def begin(upload_id: str) -> Work | None:
    """The attempt that was begun; None when the file is finished, or in other hands."""
    try:
        return uploads.start_processing(actor=SYSTEM, upload_id=upload_id)
    except Conflict as conflict:
        if conflict.code != "upload.busy":
            raise
        # Should the other worker be lost, the sweep queues the file again when its lease is over.
        return None
