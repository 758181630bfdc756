"""Zips that are hostile, damaged or odd: refused before anything of them is written (L-1, T-2)."""

import io
import random
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from backoffice.integrations.archives import reading, zips
from backoffice.integrations.archives.problems import ArchiveRefused
from backoffice.integrations.archives.reading import read_course
from backoffice.integrations.archives.zips import ENTRIES_MAX, MIB, TEXT_MAX_BYTES, open_archive
from tests.factories.archives import text_of, with_media, zipped
from tests.integrations.test_archives import MOST, problems, text


def opened(folder: Path, data: bytes, most_bytes: int = MOST) -> list[tuple[str, str]]:
    """What is wrong with these bytes, when they are read as an import reads them."""
    path = folder / "archive.part"
    path.write_bytes(data)

    def read() -> None:
        with open_archive(path, most_bytes) as archive:
            course = read_course(archive.text())
            archive.require(course.media)
            for each in course.media:
                archive.copy(each, io.BytesIO(), lambda _size: None)

    return problems(read)


def entry(name: str, data: bytes = b"x", **changes: Any) -> bytes:
    """An archive with one entry more, whose headers say something else."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("course.json", text())
        info = zipfile.ZipInfo(name)
        info.compress_type = changes.pop("compress_type", zipfile.ZIP_STORED)
        for attribute, value in changes.items():
            setattr(info, attribute, value)
        archive.writestr(info, data)
    return buffer.getvalue()


def patched(data: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """The archive with other bytes in the last directory entry of this name (offsets as in APPNOTE 4.3.12)."""
    start = data.rindex(name) - 46
    assert data[start : start + 4] == b"PK\x01\x02"
    return data[: start + offset] + value + data[start + offset + len(value) :]


def test_an_archive_that_is_none_is_told(app: Flask, tmp_path: Path) -> None:
    whole = zipped(text_of())
    for data in (b"", b"hello", b"%PDF-1.7" + b"x" * 1000, whole[: len(whole) // 2], whole[:-10]):
        assert opened(tmp_path, data) == [("", "This file is not a ZIP archive, or its end is missing.")]


def test_a_text_elsewhere_is_missed_at_the_top(app: Flask, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("my course/course.json", text())
    assert opened(tmp_path, buffer.getvalue()) == [("course.json", "There is no such file at the top of the archive.")]


@pytest.mark.parametrize("name", ["../../evil.mp4", "/etc/cron.d/evil", "C:\\evil.exe", "media/a/b.mp4", "evil\u202e"])
def test_an_entry_that_is_not_listed_is_refused_and_never_written(app: Flask, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.parent.rglob("*"))
    ((place, what),) = opened(tmp_path, entry(name))
    assert what == "The text of the course does not list this file."
    assert place.isprintable()
    assert set(tmp_path.parent.rglob("*")) - before == {tmp_path / "archive.part"}


def test_what_file_managers_add_is_let_be(app: Flask, tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("media/", "__MACOSX/media/._film", "media/.DS_Store"):
            archive.writestr(name, b"")
        archive.writestr("course.json", text())
    with open_archive(path, MOST) as opened_archive:
        opened_archive.require(())


def test_links_passwords_and_strange_methods_are_refused(app: Flask, tmp_path: Path) -> None:
    link = entry("media/a.mp4", b"/etc/passwd", external_attr=0o120777 << 16)
    assert opened(tmp_path, link) == [("media/a.mp4", "This is a link or a device, not a file.")]
    locked = patched(entry("media/a.mp4"), b"media/a.mp4", 8, b"\x01\x00")
    assert "encrypted" in opened(tmp_path, locked)[0][1]
    packed = entry("media/a.mp4", compress_type=zipfile.ZIP_LZMA)
    assert "compressed in a way" in opened(tmp_path, packed)[0][1]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name_are_refused(app: Flask, tmp_path: Path) -> None:
    assert opened(tmp_path, entry("course.json", b"{}")) == [("course.json", "There are two files of this name.")]


def test_a_bomb_is_refused_before_it_is_read(app: Flask, tmp_path: Path) -> None:
    bomb = entry("media/a.mp4", b"\0" * (40 * MIB), compress_type=zipfile.ZIP_DEFLATED)
    assert len(bomb) < MIB
    tracemalloc.start()
    assert opened(tmp_path, bomb) == [
        ("media/a.mp4", "The file is compressed beyond measure. Store it without compression.")
    ]
    assert tracemalloc.get_traced_memory()[1] < 4 * MIB
    tracemalloc.stop()


def test_a_bomb_that_lies_about_its_size_ends_at_that_size(app: Flask, tmp_path: Path) -> None:
    data = b"\0" * (4 * MIB)
    whole, _files = with_media(text_of(), video=data[:1000])
    bomb = zipped(whole, {"media/film.mp4": data}, stored=False)
    small = patched(bomb, b"media/film.mp4", 24, struct.pack("<L", 1000))
    assert opened(tmp_path, small) == [("media/film.mp4", "The file cannot be read out of the archive.")]


def test_entries_that_share_their_bytes_are_refused(app: Flask, tmp_path: Path) -> None:
    size = 2 * MIB
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("course.json", text())
        archive.writestr("media/a.mp4", b"x" * size)
        first = archive.getinfo("media/a.mp4")
        for number in range(5):
            twin = zipfile.ZipInfo(f"media/a{number}.mp4")
            twin.header_offset, twin.CRC = first.header_offset, first.CRC
            twin.file_size = twin.compress_size = size
            archive.filelist.append(twin)
    assert opened(tmp_path, buffer.getvalue()) == [("", "The files in the archive overlap.")]


def test_more_than_an_archive_may_hold_is_refused(app: Flask, tmp_path: Path) -> None:
    assert opened(tmp_path, entry("media/a.mp4", b"x" * 2 * MIB), most_bytes=MIB) == [
        ("", "The files in the archive have more than 1 MB together.")
    ]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(ENTRIES_MAX + 1):
            archive.writestr(str(number), b"")
    assert opened(tmp_path, buffer.getvalue()) == [("", f"There are more than {ENTRIES_MAX} files in the archive.")]


def test_a_table_of_contents_without_end_is_not_read(app: Flask, tmp_path: Path) -> None:
    name = b"n" * 60_000
    line = struct.pack(
        "<4s4B4HL2L5H2L", b"PK\x01\x02", *(20, 3, 20, 0), *(0, 0, 0, 0), 0, 0, 0, len(name), *[0] * 4, 0, 0
    )
    table = (line + name) * 100
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 100, 100, len(table), 0, 0)
    assert opened(tmp_path, table + end) == [("", "This file is not a ZIP archive, or its end is missing.")]


def test_a_text_larger_than_a_text_may_be_is_not_read(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "TEXT_MAX_BYTES", 100)
    assert opened(tmp_path, zipped(text_of())) == [("course.json", "The file is larger than 0 MB.")]
    assert TEXT_MAX_BYTES > 10 * MIB


def test_files_that_are_missing_or_of_another_size_are_told(app: Flask, tmp_path: Path) -> None:
    whole, files = with_media(text_of(), video=b"film", cover=b"cover")
    assert opened(tmp_path, zipped(whole, {"media/film.mp4": b"a film"})) == [
        ("media/film.mp4", "The file has 6 bytes, not 4."),
        ("media/cover.png", "The file is not in the archive."),
    ]
    damaged = zipped(whole, files).replace(b"film" + b"PK", b"flim" + b"PK")
    assert opened(tmp_path, damaged) == [("media/film.mp4", "The file cannot be read out of the archive.")]
    assert zlib.crc32(b"film") != zlib.crc32(b"flim")
    assert reading.FILE_NAME.fullmatch("media/film.mp4")


def test_damage_anywhere_is_refused_and_nothing_else(app: Flask, tmp_path: Path) -> None:
    whole, files = with_media(text_of(), video=b"film" * 50)
    good = zipped(whole, files, stored=False)
    dice = random.Random(1)
    path = tmp_path / "archive.zip"
    refusals = 0
    for _turn in range(600):
        data = bytearray(good)
        for _place in range(dice.randint(1, 4)):
            # Half of the hits on the structures at the end, which say where everything is.
            first = len(data) - 300 if dice.random() < 0.5 else 0
            data[dice.randrange(first, len(data))] = dice.choice((0, 1, 0x7F, 0xFF, dice.randrange(256)))
        path.write_bytes(data)
        try:
            with open_archive(path, MOST) as archive:
                course = read_course(archive.text())
                archive.require(course.media)
                for each in course.media:
                    archive.copy(each, io.BytesIO(), lambda _size: None)
        except ArchiveRefused:
            refusals += 1
    assert refusals > 400
