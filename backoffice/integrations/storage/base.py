"""What any storage can do. Keys are made by the server; names that people chose never become keys."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

KEY_MAX_CHARS = 512
_KEY = re.compile(r"[a-z0-9_-][a-z0-9_.-]*(/[a-z0-9_-][a-z0-9_.-]*)*")


class BadKey(ValueError):
    """Not a key: parts of `[a-z0-9_.-]` joined by `/`, none starting with a dot, at most 512 characters."""


class ObjectMissing(LookupError):
    """There is no object under this key."""


def check_key(key: str) -> str:
    """The key itself; raises `BadKey`. Prefixes are checked by the same rule, without a slash at the end."""
    if len(key) > KEY_MAX_CHARS or not _KEY.fullmatch(key):
        raise BadKey(key)
    return key


class Storage(Protocol):
    """Private objects by key. All writes are whole or absent; all methods raise `BadKey`."""

    def put_file(self, key: str, path: Path) -> None:
        """Keep a copy of the file under the key, replacing what was there."""

    def put_bytes(self, key: str, data: bytes) -> None:
        """Keep the bytes under the key, replacing what was there."""

    def put_tree(self, prefix: str, folder: Path) -> None:
        """Move a whole flat or nested folder in under the prefix, replacing what was there; `folder` is gone after."""

    def open(self, key: str) -> BinaryIO:
        """The object for reading. Raises `ObjectMissing`."""

    def fetch(self, key: str, path: Path) -> None:
        """Copy the object to a local file. Raises `ObjectMissing`."""

    def head(self, key: str) -> int | None:
        """Size in bytes, None when there is no such object."""

    def delete(self, key: str) -> None:
        """Remove the object; nothing happens when there is none."""

    def delete_prefix(self, prefix: str) -> None:
        """Remove all objects under `prefix/`."""

    def list(self, prefix: str) -> Iterator[str]:
        """Keys under `prefix/` in order; all keys for an empty prefix."""

    def local_path(self, key: str) -> Path | None:
        """The object's file where it is on this machine, else None. Raises `ObjectMissing` where it should be."""
