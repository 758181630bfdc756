"""Folders of work in progress, beside the received files where every worker and the site see them.

`<upload>.<attempt>.tmp` belongs to one attempt at a file; `<upload>.chunks` to the chunks of a long video, with a
folder per chunk and attempt, and with what can be watched of it already.
"""

import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from backoffice.integrations.storage.house import uploads_folder

_WATCHABLE = re.compile(r"watchable\.(\d+)")


@contextmanager
def work_folder(upload_id: str, attempt: int) -> Iterator[Path]:
    """An empty folder of this attempt; what a lost one has left is gone."""
    for old in uploads_folder().glob(f"{upload_id}.*.tmp"):
        shutil.rmtree(old, ignore_errors=True)
    folder = attempt_folder(upload_id, attempt)
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def attempt_folder(upload_id: str, attempt: int) -> Path:
    """Where an attempt works; it need not exist."""
    return uploads_folder() / f"{upload_id}.{attempt}.tmp"


def chunk_folder(upload_id: str, chunk_id: int, attempt: int) -> Path:
    """Where one attempt at a chunk leaves its products; it need not exist."""
    return _chunks(upload_id) / f"{chunk_id}.{attempt}"


def fresh_chunk_folder(upload_id: str, chunk_id: int, attempt: int) -> Path:
    """The same, made empty; what lost attempts have left is gone."""
    for old in _chunks(upload_id).glob(f"{chunk_id}.*"):
        shutil.rmtree(old, ignore_errors=True)
    folder = chunk_folder(upload_id, chunk_id, attempt)
    folder.mkdir(parents=True)
    return folder


def keep_chunks(upload_id: str, folders: Collection[Path]) -> None:
    """Delete everything of this video but these folders of chunks."""
    for path in _chunks(upload_id).glob("*"):
        if path not in folders:
            shutil.rmtree(path, ignore_errors=True)


def drop_chunks(upload_id: str) -> None:
    """Delete all chunks of this video."""
    shutil.rmtree(_chunks(upload_id), ignore_errors=True)


def watchable_folder(upload_id: str, attempt: int) -> Path | None:
    """Where the beginning of a video lies that is still being prepared; None when there is nothing yet."""
    chunks = latest_beginning(upload_id)
    folder = chunks[1] if chunks else attempt_folder(upload_id, attempt)
    return folder if folder.is_dir() else None


def latest_beginning(upload_id: str) -> tuple[int, Path] | None:
    """How many chunks the longest joined beginning has, and its folder."""
    found = [
        (int(match[1]), path) for path in _chunks(upload_id).glob("*") if (match := _WATCHABLE.fullmatch(path.name))
    ]
    return max(found, default=None)


@contextmanager
def new_beginning(upload_id: str, many: int, token: str) -> Iterator[Path]:
    """A folder to join the first `many` chunks in; it takes the place of shorter beginnings when the block ends well.

    `token` keeps apart who do this at the same time: the same beginning has the same bytes, the first one stays.
    """
    folder = _chunks(upload_id) / f"joining.{many}.{token}"
    folder.mkdir()
    try:
        yield folder
        target = folder.with_name(f"watchable.{many}")
        if not target.exists():
            folder.rename(target)
        for path in _chunks(upload_id).glob("watchable.*"):
            if (match := _WATCHABLE.fullmatch(path.name)) and int(match[1]) < many:
                shutil.rmtree(path, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _chunks(upload_id: str) -> Path:
    return uploads_folder() / f"{upload_id}.chunks"
