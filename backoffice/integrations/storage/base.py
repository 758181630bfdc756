"""What any storage can do. Keys are made by the server; names that people chose never become keys."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol
from urllib.parse import quote

from flask_babel import lazy_gettext as _l

from backoffice.errors import DomainError

KEY_MAX_CHARS = 512
# Below it lie files that browsers have sent straight into a bucket, until products are made of them.
INCOMING = "incoming"
_TOKEN = re.compile(r"[A-Za-z0-9._-]+")
_KEY = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*")
# All that we make ourselves and browsers may show; anything else is handed out as a file that runs nothing.
_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mp4": "video/mp4",
    ".m4s": "video/mp4",
    ".jpg": "image/jpeg",
    ".webp": "image/webp",
    ".vtt": "text/vtt; charset=utf-8",
}


class BadKey(ValueError):
    """Not a key: parts of `[a-z0-9_.-]` joined by `/`, none starting with a dot, at most 512 characters."""


class ObjectMissing(LookupError):
    """There is no object under this key."""


class StorageAway(DomainError):
    """The storage does not answer, or refuses the house: nothing is known of the object; try again later."""

    status: ClassVar[int] = 503

    def __init__(self, reason: str) -> None:
        super().__init__("storage.away", _l("The file cannot be reached at the moment. Please try again in a minute."))
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.code}: {self.reason}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as a listing shows it; `modified_at` is when the storage got it, in UTC."""

    key: str
    size: int
    modified_at: datetime


def check_key(key: str) -> str:
    """The key itself; raises `BadKey`. Prefixes are checked by the same rule, without a slash at the end."""
    if not is_key(key):
        raise BadKey(key)
    return key


def is_key(key: str) -> bool:
    """Whether this is a key."""
    return len(key) <= KEY_MAX_CHARS and _KEY.fullmatch(key) is not None


def tree_files(prefix: str, folder: Path) -> dict[str, Path]:
    """Key → file for all that lies in the folder. Raises `BadKey` for a name that is none, or that is a link."""
    files = {}
    for path in sorted(folder.rglob("*")):
        key = check_key(f"{prefix}/{path.relative_to(folder).as_posix()}")
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise BadKey(str(path.relative_to(folder)))
        if path.is_file():
            files[key] = path
    return files


def content_type(key: str) -> str | None:
    """The type under which browsers may show the object; None for what is only ever handed out as a file."""
    return _TYPES.get(Path(key).suffix)


def nobody() -> None:
    """The progress of a write that nobody asks for."""


def attachment_header(filename: str) -> str:
    """The `Content-Disposition` that saves an object under any name, one in Cyrillic or with quotes too (RFC 6266)."""
    if _TOKEN.fullmatch(filename):
        return f"attachment; filename={filename}"
    plain = unicodedata.normalize("NFKD", filename).encode("ascii", "ignore").decode()
    spelled = "".join(letter for letter in plain if letter.isprintable() and letter not in '"\\').strip()
    return f"attachment; filename=\"{spelled}\"; filename*=UTF-8''{quote(filename, safe='')}"


class Storage(Protocol):
    """Private objects by key. A written object is whole or absent; all methods raise `BadKey` and `StorageAway`."""

    def put_file(self, key: str, path: Path) -> None:
        """Keep a copy of the file under the key, replacing what was there."""

    def put_bytes(self, key: str, data: bytes) -> None:
        """Keep the bytes under the key, replacing what was there."""

    def put_tree(self, prefix: str, folder: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        """Move a whole flat or nested folder in under the prefix, replacing what was there; `folder` is gone after.

        A storage that cannot swap folders in one step writes file by file, so nobody is told of the prefix before
        this has returned. `on_progress` is called from this thread about once a second while bytes are on their way
        there, and may raise to stop it.
        """

    def open(self, key: str) -> BinaryIO:
        """The object for reading. Raises `ObjectMissing`."""

    def fetch(self, key: str, path: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        """Copy the object to a local file, telling of progress as `put_tree` does. Raises `ObjectMissing`."""

    def head(self, key: str) -> int | None:
        """Size in bytes, None when there is no such object."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""

    def delete_prefix(self, prefix: str) -> None:
        """Remove all objects under `prefix/`."""

    def list(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix/` in the order of their bytes; all keys for an empty prefix."""

    def scan(self, prefix: str) -> Iterator[StoredObject]:
        """As `list`, with what a listing knows; memory grows with the names in one folder at most."""

    def discard_unfinished(self, *, before: datetime) -> int:
        """Remove what writes that were killed before this moment have left, none of it an object; returns how many."""

    def local_path(self, key: str) -> Path | None:
        """The object's file where it is on this machine, else None. Raises `ObjectMissing` where it should be."""

    def url(self, key: str, *, seconds: int, filename: str | None = None, mimetype: str | None = None) -> str | None:
        """An address that opens this object to whoever has it for so long; None where the house serves it itself.

        With `filename` a browser saves it under that name. Whether the object exists is not asked.
        """
