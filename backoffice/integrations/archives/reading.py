"""The text of an archive, read strictly: what is not as docs/course-archive.md says is told with its place."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NoReturn

from flask_babel import lazy_gettext as _l

from backoffice import money
from backoffice.integrations.archives.model import (
    COURSE_ENTRY,
    FORMAT,
    VERSION,
    ArchivedCourse,
    ArchivedFile,
    ArchivedLecture,
    ArchivedModule,
    ArchivedOption,
    ArchivedQuestion,
    files_of_videos,
)
from backoffice.integrations.archives.problems import ArchiveRefused, Place, Problem, refused, shown
from backoffice.integrations.archives.tables import Table
from backoffice.models.content import LectureKind, Level
from backoffice.money import Money

# A text of 16 MiB can be made to hold so many empty lists that they fill a gigabyte of memory.
MOST_VALUES = 1_000_000
MOST_DIGITS = 15
FILE_NAME = re.compile(r"media/[A-Za-z0-9][A-Za-z0-9_-]{0,99}(\.[A-Za-z0-9]{1,10})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TEXT = Place(name=COURSE_ENTRY)
_STRUCTURE = re.compile(rb"[\[{,]")


def read_course(data: bytes) -> ArchivedCourse:
    """The course of a `course.json`. Raises `ArchiveRefused` with everything that is wrong with it."""
    problems: list[Problem] = []
    whole = _parsed(data)
    if not isinstance(whole, dict):
        raise refused(_TEXT, _l("An object is needed here."))
    top = Table(whole, _TEXT, problems)
    _require_version(top)
    about = top.table("course")
    modules = tuple(map(_module, top.tables("modules", lambda number: Place(module=number))))
    media = tuple(map(_file, top.tables("media", lambda _number: _TEXT.at("media"))))
    top.end()
    course = ArchivedCourse(
        title=about.text("title"),
        short_description=about.text("short_description", ""),
        description=about.text("description", ""),
        requirements=about.text("requirements", ""),
        category=about.name("category"),
        level=about.word("level", Level, Level.ALL),
        language=_language(about),
        skills=about.names("skills"),
        cover=about.name("cover"),
        includes_certificate=about.flag("includes_certificate"),
        access_days=about.number("access_days"),
        price=_price(about),
        modules=modules,
        media=media,
    )
    about.end()
    problems += _unfit_files(course)
    if problems:
        raise ArchiveRefused(problems)
    return course


def _require_version(top: Table) -> None:
    if top.text("format", "") != FORMAT:
        raise refused(_TEXT, _l("This is not the text of a course: its “format” is not “%(format)s”.", format=FORMAT))
    version = top.number("version")
    if version is None or version < 1:
        raise refused(_TEXT.at("version"), _l("A whole number from 1 on is needed here."))
    if version > VERSION:
        raise refused(
            _TEXT.at("version"), _l("The archive was made by a newer Lectern. Export it again for version 1.")
        )


def _parsed(data: bytes) -> Any:
    if len(_STRUCTURE.findall(data)) > MOST_VALUES:
        raise refused(_TEXT, _l("There are more values in it than any course has."))
    try:
        return json.loads(
            data.decode("utf-8-sig"),
            object_pairs_hook=_without_doubles,
            parse_int=_short_number,
            parse_float=_no_number,
            parse_constant=_no_number,
        )
    except RecursionError as error:
        raise refused(_TEXT, _l("It is nested too deeply.")) from error
    except UnicodeDecodeError as error:
        raise refused(_TEXT, _l("It is not written in UTF-8.")) from error
    except json.JSONDecodeError as error:
        what = _l("It is no JSON: line %(line)s, column %(column)s.", line=error.lineno, column=error.colno)
        raise refused(_TEXT, what) from error


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _value in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise refused(_TEXT.at(double), _l("This key stands twice in one object."))
    return table


def _short_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise refused(_TEXT, _l("The number %(number)s is senseless.", number=shown(digits)))
    return int(digits)


def _no_number(text: str) -> NoReturn:
    raise refused(_TEXT, _l("The number %(number)s is senseless.", number=shown(text)))


def _module(table: Table) -> ArchivedModule:
    made = ArchivedModule(
        title=table.text("title"),
        lectures=tuple(map(_lecture, table.tables("lectures", lambda number: replace(table.place, lecture=number)))),
    )
    table.end()
    return made


def _lecture(table: Table) -> ArchivedLecture:
    made = ArchivedLecture(
        title=table.text("title"),
        kind=table.word("kind", LectureKind),
        body=table.text("body", ""),
        video=table.name("video"),
        free_preview=table.flag("free_preview"),
        questions=tuple(
            map(_question, table.tables("questions", lambda number: replace(table.place, question=number)))
        ),
    )
    if made.video and made.kind is not LectureKind.VIDEO:
        table.note("video", _l("Only lectures of the kind “video” have one."))
    table.end()
    return made


def _question(table: Table) -> ArchivedQuestion:
    made = ArchivedQuestion(
        text=table.text("text"),
        options=tuple(map(_option, table.tables("options", lambda _number: table.place.at("options")))),
        explanation=table.text("explanation", ""),
    )
    table.end()
    return made


def _option(table: Table) -> ArchivedOption:
    made = ArchivedOption(text=table.text("text"), right=table.flag("right"))
    table.end()
    return made


def _file(table: Table) -> ArchivedFile:
    file = table.text("file")
    table.place = Place(file=file) if file else table.place
    made = ArchivedFile(
        file=file, name=table.text("name", file), size=table.number("size") or 0, sha256=table.text("sha256")
    )
    if not FILE_NAME.fullmatch(file):
        table.note("", _l("Files are called media/ and a plain name of Latin letters, digits, “-” and “_”."))
    if made.size < 1:
        table.note("size", _l("The size in bytes is needed here."))
    if not _SHA256.fullmatch(made.sha256):
        table.note("sha256", _l("The SHA-256 of the file is needed here: 64 hexadecimal digits."))
    table.end()
    return made


def _language(about: Table) -> str:
    language = about.name("language")
    if language is None:
        about.note("language", _l("The code of a language is needed here, for example en."))
    return language or ""


def _price(about: Table) -> Money | None:
    if not about.has("price"):
        return None
    table = about.table("price")
    amount, currency = table.text("amount"), table.text("currency")
    table.end()
    try:
        return money.parse(amount, currency)
    except (ValueError, KeyError):
        about.note("price", _l("This is not an amount of money."))
        return None


def _unfit_files(course: ArchivedCourse) -> Iterator[Problem]:
    """What is wrong between the list of files and those that refer to it."""
    listed = Counter(each.file for each in course.media)
    for file in (file for file, times in listed.items() if times > 1):
        yield Problem(Place(name=file), _l("This file is listed twice."))
    videos, covers = files_of_videos(course), {course.cover} if course.cover else set()
    for file in sorted((videos | covers) - listed.keys()):
        yield Problem(Place(name=file), _l("A lecture or the cover refers to this file, but it is not listed."))
    for file in sorted(listed.keys() - videos - covers):
        yield Problem(Place(name=file), _l("Nothing refers to this file."))
    for file in sorted(videos & covers):
        yield Problem(Place(name=file), _l("This file cannot be a video and the cover at once."))
