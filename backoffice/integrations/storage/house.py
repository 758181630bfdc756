"""Where the running application keeps its media."""

from pathlib import Path

from backoffice.config import settings
from backoffice.integrations.storage.base import Storage
from backoffice.integrations.storage.local import LocalStorage

# The one object of a file for download.
ATTACHMENT = "content"
# A picture as it was sent, to show another part of it later; given to nobody.
ORIGINAL = "original"


def storage() -> Storage:
    """The storage of finished products: `video/<upload>/…`, `image/<upload>/…`, `file/<upload>/content`."""
    return LocalStorage(settings().var_dir / "media")


def uploads_folder() -> Path:
    """The folder of files on their way in and of work in progress, made when missing."""
    folder = settings().var_dir.absolute() / "uploads"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def part_path(upload_id: str) -> Path:
    """The file that collects the bytes of one upload, whole or not."""
    return uploads_folder() / f"{upload_id}.part"
