"""Storage in a folder of this machine."""

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from backoffice.integrations.storage.base import ObjectMissing, StoredObject, check_key, nobody, tree_files

# Parts of keys never start with a dot, so unfinished and outgoing files cannot be mistaken for objects.
_TEMPORARY = ".tmp-"


class LocalStorage:
    """`Storage` below `root`; unfinished writes lie beside the objects under names that are not keys."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        self._top = f"{self._root}/"

    def put_file(self, key: str, path: Path) -> None:
        self._write(key, lambda temporary: _copy(path, temporary))

    def put_bytes(self, key: str, data: bytes) -> None:
        self._write(key, lambda temporary: temporary.write_bytes(data))

    def put_tree(self, prefix: str, folder: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        target = self._path(prefix)
        tree_files(prefix, folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        incoming, outgoing = _beside(target), _beside(target)
        try:
            # A copy when it comes from another disk, so not yet under its final name.
            shutil.move(folder, incoming)
            _sync_tree(incoming)
            if target.exists():
                target.rename(outgoing)
            incoming.rename(target)
            _sync(target.parent)
        finally:
            shutil.rmtree(incoming, ignore_errors=True)
            shutil.rmtree(outgoing, ignore_errors=True)

    def open(self, key: str) -> BinaryIO:
        return self.local_path(key).open("rb")

    def fetch(self, key: str, path: Path, *, on_progress: Callable[[], None] = nobody) -> None:
        _copy(self.local_path(key), path)

    def head(self, key: str) -> int | None:
        path = self._path(key)
        return path.stat().st_size if path.is_file() else None

    def delete(self, key: str) -> None:
        path = self._path(key)
        if path.is_file():
            path.unlink()
            self._drop_empty_folders(path.parent)

    def delete_prefix(self, prefix: str) -> None:
        path = self._path(prefix)
        if not path.is_dir():
            return
        # First out of sight in one step: nobody reads a half-deleted video.
        outgoing = _beside(path)
        path.rename(outgoing)
        shutil.rmtree(outgoing)
        self._drop_empty_folders(path.parent)

    def list(self, prefix: str) -> Iterator[str]:
        return (path[len(self._top) :] for path in _walk(self._folder(prefix)))

    def scan(self, prefix: str) -> Iterator[StoredObject]:
        for path in _walk(self._folder(prefix)):
            try:
                facts = os.stat(path)
            except FileNotFoundError:
                continue  # deleted since its folder was read
            # A file that was moved in is as old as its last change of place, not of content.
            stored_at = datetime.fromtimestamp(max(facts.st_mtime, facts.st_ctime), UTC)
            yield StoredObject(path[len(self._top) :], facts.st_size, stored_at)

    def discard_unfinished(self, *, before: datetime) -> int:
        discarded = 0
        for folder, folders, files in os.walk(self._root):
            for name in (*folders, *files):
                if name.startswith(_TEMPORARY):
                    discarded += _discard(Path(folder) / name, before.timestamp())
            folders[:] = [name for name in folders if not name.startswith(_TEMPORARY)]
        return discarded

    def local_path(self, key: str) -> Path:
        path = self._path(key)
        if not path.is_file():
            raise ObjectMissing(key)
        return path

    def url(self, key: str, *, seconds: int, filename: str | None = None, mimetype: str | None = None) -> str | None:
        check_key(key)
        return None

    def _folder(self, prefix: str) -> str:
        return str(self._path(prefix) if prefix else self._root)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    def _write(self, key: str, fill: Callable[[Path], object]) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path)
        try:
            fill(temporary)
            _sync(temporary)
            temporary.replace(path)
            _sync(path.parent)
        finally:
            temporary.unlink(missing_ok=True)

    def _drop_empty_folders(self, folder: Path) -> None:
        while folder != self._root:
            try:
                folder.rmdir()
            except OSError:
                return  # still in use by other objects
            folder = folder.parent


def _walk(folder: str) -> Iterator[str]:
    """Paths of objects in the order of their keys: of `a/b` and `a.c` the latter comes first, as `.` precedes `/`."""
    try:
        with os.scandir(folder) as found:
            inside = [(entry.name, entry.is_dir()) for entry in found if not entry.name.startswith(_TEMPORARY)]
    except (FileNotFoundError, NotADirectoryError):
        return
    for name, is_folder in sorted((f"{name}/", True) if is_folder else (name, False) for name, is_folder in inside):
        if is_folder:
            yield from _walk(f"{folder}/{name[:-1]}")
        else:
            yield f"{folder}/{name}"


def _discard(path: Path, before: float) -> bool:
    try:
        if path.stat().st_ctime >= before:
            return False
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except FileNotFoundError:
        return False  # its write has just ended
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")


def _copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)
