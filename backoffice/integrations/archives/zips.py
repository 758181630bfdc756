"""The zip around a course. Nothing in it is unpacked by its name: entries are read as streams, measured and hashed."""

import hashlib
import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from flask_babel import lazy_gettext as _l

from backoffice.integrations.archives.model import COURSE_ENTRY, ArchivedFile
from backoffice.integrations.archives.problems import ArchiveRefused, Place, Problem, refused

MIB = 1024 * 1024
TEXT_MAX_BYTES = 16 * MIB
# 100 modules of 100 lectures, the cover and the text.
ENTRIES_MAX = 10_002
BLOCK_BYTES = 256 * 1024
# The table of contents is read in one piece; of so many entries it is smaller.
_PIECE_MAX_BYTES = 2 * MIB
# Texts shrink to a tenth; films and pictures do not shrink at all.
_RATIO_MAX = 200
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
# What zipfile raises on archives at fault.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError),
)
# What the file manager of a Mac puts into every archive.
_LITTER = ("__MACOSX/", ".DS_Store", "media/.DS_Store")
# The first day that a zip knows: two archives of one course are alike.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


class ArchiveTooLarge(Exception):
    """The text of the course is larger than an archive may have."""


class _Pieces(io.BufferedReader):
    """A file of which nobody reads a large piece at once, however large it says that its contents are."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > _PIECE_MAX_BYTES:
            raise zipfile.BadZipFile(f"a piece of {size} bytes")
        return super().read(size)


class OpenArchive:
    """A zip whose table of contents is harmless."""

    def __init__(self, entries: zipfile.ZipFile) -> None:
        self._zip = entries
        self._infos = {info.filename: info for info in entries.infolist() if not _is_litter(info)}

    def text(self) -> bytes:
        """The `course.json`. Raises `ArchiveRefused`."""
        if COURSE_ENTRY not in self._infos:
            raise refused(Place(name=COURSE_ENTRY), _l("There is no such file at the top of the archive."))
        if self._infos[COURSE_ENTRY].file_size > TEXT_MAX_BYTES:
            message = _l("The file is larger than %(limit)s MB.", limit=TEXT_MAX_BYTES // MIB)
            raise refused(Place(name=COURSE_ENTRY), message)
        return b"".join(self._blocks(COURSE_ENTRY))

    def require(self, media: tuple[ArchivedFile, ...]) -> None:
        """Raise `ArchiveRefused` unless the zip holds the text, these files in their size, and nothing else."""
        problems = []
        for each in media:
            info = self._infos.get(each.file)
            if info is None:
                problems.append(Problem(Place(name=each.file), _l("The file is not in the archive.")))
            elif info.file_size != each.size:
                what = _l("The file has %(size)s bytes, not %(said)s.", size=info.file_size, said=each.size)
                problems.append(Problem(Place(name=each.file), what))
        for name in sorted(self._infos.keys() - {each.file for each in media} - {COURSE_ENTRY}):
            problems.append(Problem(Place(name=name), _l("The text of the course does not list this file.")))
        if problems:
            raise ArchiveRefused(problems)

    def copy(self, each: ArchivedFile, target: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        """Copy a file out; `on_bytes` is told of each block. Raises `ArchiveRefused` when it is damaged."""
        digest = hashlib.sha256()
        for block in self._blocks(each.file):
            digest.update(block)
            target.write(block)
            on_bytes(len(block))
        if digest.hexdigest() != each.sha256:
            raise refused(Place(name=each.file), _l("The file is damaged: its SHA-256 is not the one that is listed."))

    def _blocks(self, name: str) -> Iterator[bytes]:
        """An entry by blocks, never more of it than its size says."""
        try:
            with self._zip.open(self._infos[name]) as entry:
                while block := entry.read(BLOCK_BYTES):
                    yield block
        except _BROKEN as error:
            raise refused(Place(name=name), _l("The file cannot be read out of the archive.")) from error


@contextmanager
def open_archive(path: Path, most_bytes: int) -> Iterator[OpenArchive]:
    """The zip at `path`, opened; its entries together may have `most_bytes`. Raises `ArchiveRefused`."""
    with _Pieces(io.FileIO(path)) as file:
        try:
            entries = zipfile.ZipFile(file)
        except (*_BROKEN, OSError) as error:
            raise refused(Place(), _l("This file is not a ZIP archive, or its end is missing.")) from error
        with entries:
            _require_harmless(entries.infolist(), path.stat().st_size, most_bytes)
            yield OpenArchive(entries)


def _is_litter(info: zipfile.ZipInfo) -> bool:
    return info.is_dir() or info.filename.startswith(_LITTER[0]) or info.filename in _LITTER


def _require_harmless(infos: list[zipfile.ZipInfo], archive_bytes: int, most_bytes: int) -> None:
    if len(infos) > ENTRIES_MAX:
        raise refused(Place(), _l("There are more than %(limit)s files in the archive.", limit=ENTRIES_MAX))
    problems = []
    seen: set[str] = set()
    for info in infos:
        if info.filename in seen:
            problems.append(Problem(Place(name=info.filename), _l("There are two files of this name.")))
        seen.add(info.filename)
        if (what := _harm(info)) is not None:
            problems.append(Problem(Place(name=info.filename), what))
    if problems:
        raise ArchiveRefused(problems)
    if sum(info.compress_size for info in infos) > archive_bytes:
        raise refused(Place(), _l("The files in the archive overlap."))
    if sum(info.file_size for info in infos) > most_bytes:
        limit = most_bytes // MIB
        raise refused(Place(), _l("The files in the archive have more than %(limit)s MB together.", limit=limit))


def _harm(info: zipfile.ZipInfo) -> object | None:
    if not info.filename or info.header_offset < 0:
        return _l("The file cannot be read out of the archive.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return _l("This is a link or a device, not a file.")
    if info.flag_bits & _ENCRYPTED:
        return _l("The file is encrypted. Make the archive without a password.")
    if info.compress_type not in _METHODS:
        return _l("The file is compressed in a way that we do not read. Store it, or use “deflate”.")
    if info.file_size > MIB and info.file_size > _RATIO_MAX * info.compress_size:
        return _l("The file is compressed beyond measure. Store it without compression.")
    return None


@dataclass(frozen=True, slots=True)
class Packed:
    """What was written of a file: bytes, and SHA-256 in hex."""

    size: int
    sha256: str


class ArchiveWriter:
    """A zip in the making: files first, then the text that lists them. Memory stays flat, whatever their size."""

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "x")

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, *_error: object) -> None:
        self._zip.close()

    def add(self, file: str, source: BinaryIO, on_bytes: Callable[[int], None]) -> Packed:
        """Put a file in as it is: films and pictures do not shrink."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(zipfile.ZipInfo(file, _NO_DATE), "w", force_zip64=True) as entry:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                entry.write(block)
                size += len(block)
                on_bytes(len(block))
        return Packed(size, digest.hexdigest())

    def add_text(self, text: bytes) -> None:
        """Put the `course.json` in. Raises `ArchiveTooLarge` for one that could not be imported."""
        if len(text) > TEXT_MAX_BYTES:
            raise ArchiveTooLarge
        info = zipfile.ZipInfo(COURSE_ENTRY, _NO_DATE)
        info.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(info, text)
