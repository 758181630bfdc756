"""Writing the archive of a course: file after file, one of them at a time on the disk, memory flat (T-5)."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from flask_babel import gettext as _

from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.archives.model import ArchivedFile, with_files
from backoffice.integrations.archives.writing import course_json
from backoffice.integrations.archives.zips import ArchiveWriter
from backoffice.integrations.storage.base import INCOMING, ObjectMissing
from backoffice.integrations.storage.house import part_path, storage
from backoffice.integrations.video import remux
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.models.media import UploadKind, UploadState
from backoffice.queries.course_archives import Contents, FileToPack, file_to_pack

_ENDING = re.compile(r"\.[A-Za-z0-9]{1,10}")


def size_of(contents: Contents) -> int:
    """About how many bytes there are to write."""
    return sum(file.size for file in contents.files) + 1


def pack(contents: Contents, path: Path, work: Path, on_bytes: Callable[[int], None]) -> tuple[str, ...]:
    """Write the archive to `path`; what is in the way goes through the empty folder `work`.

    Returns a sentence for each file that is not in it. Raises `ArchiveTooLarge`, `remux.RemuxFailed`.
    """
    media: dict[str, ArchivedFile] = {}
    remarks = []
    with ArchiveWriter(path) as archive:
        for number, file in enumerate(contents.files, 1):
            with _source(file, work) as found:
                if found is None:
                    remarks.append(_("“%(name)s” is not in the archive: the file is not there.", name=file.filename))
                    continue
                source, ending = found
                name = f"media/{number:05}{ending}"
                packed = archive.add(name, source, on_bytes)
            media[file.upload_id] = ArchivedFile(file=name, name=file.filename, size=packed.size, sha256=packed.sha256)
        course = with_files(contents.course, lambda upload_id: media[upload_id].file if upload_id in media else None)
        archive.add_text(course_json(replace(course, media=tuple(media.values()))))
    return tuple(remarks)


@contextmanager
def _source(file: FileToPack, work: Path) -> Iterator[tuple[BinaryIO, str] | None]:
    """The file and the ending of its name: as it was sent while that is still here, else the best that was made of it.

    None when there is neither.
    """
    if file.state not in (UploadState.RECEIVING, UploadState.DONE) and (original := _original(file)) is not None:
        with original:
            yield original, _ending(file.filename)
        return
    # A worker may have finished it, and cleared away what was sent, since the course was read.
    file = file_to_pack(file.upload_id)
    db.session.rollback()
    try:
        product = _product(file, work)
    except ObjectMissing:
        product = None
    if product is None:
        yield None
        return
    source, ending = product
    with source:
        yield source, ending


def _original(file: FileToPack) -> BinaryIO | None:
    try:
        return part_path(file.upload_id).open("rb")
    except FileNotFoundError:
        with suppress(ObjectMissing):
            return storage().open(f"{INCOMING}/{file.upload_id}")
        return None


def _ending(filename: str) -> str:
    ending = Path(filename).suffix
    return ending.lower() if _ENDING.fullmatch(ending) else ""


def _product(file: FileToPack, work: Path) -> tuple[BinaryIO, str] | None:
    if file.state is not UploadState.DONE or not file.asset.get("renditions"):
        return None
    prefix = f"{file.kind.value}/{file.products_id}"
    if file.kind is UploadKind.IMAGE:
        largest = max(file.asset["renditions"], key=lambda rendition: int(rendition["width"]))["name"]
        return storage().open(f"{prefix}/{largest}"), Path(largest).suffix
    parts = []
    for name in remux.best_files(file.asset):
        parts.append(work / name)
        storage().fetch(f"{prefix}/{name}", parts[-1])
    whole = work / "whole.mp4"
    remux.join(parts, whole, ffmpeg=find_ffmpeg(settings().ffmpeg_binary or None))
    source = whole.open("rb")
    # Open, it can still be read; the disk holds one video at a time.
    for path in (*parts, whole):
        path.unlink()
    return source, ".mp4"
