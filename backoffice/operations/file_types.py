"""Which files authors may hang on their lectures for download (C-4)."""

from flask_babel import lazy_gettext as _l

from backoffice.config import settings
from backoffice.errors import Refused
from backoffice.models.media import UploadKind
from backoffice.operations.texts import clean_filename


def file_types() -> tuple[str, ...]:
    """The endings that a file for download may have, without the dot."""
    return tuple(ending.strip().lower() for ending in settings().file_types.split(","))


def require_file_type(kind: UploadKind, filename: str) -> None:
    """Refused `upload.type` for a file for download whose name has none of the endings of the house."""
    ending = clean_filename(filename).rpartition(".")[2].lower()
    if kind is UploadKind.FILE and ending not in file_types():
        message = _l("Files of this kind cannot be used here. These can: %(types)s.", types=", ".join(file_types()))
        raise Refused("upload.type", message)
