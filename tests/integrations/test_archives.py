"""Archives as strangers make them: refused with what is wrong and where, and nothing is unpacked by its name."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from backoffice.integrations.archives.model import ArchivedCourse
from backoffice.integrations.archives.problems import MOST_PROBLEMS, ArchiveRefused
from backoffice.integrations.archives.reading import read_course
from backoffice.integrations.archives.writing import course_json
from backoffice.integrations.archives.zips import MIB
from tests.conftest import ROOT
from tests.factories.archives import COURSES, listed, text_of, with_media

MOST = 100 * MIB


def problems(action: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(ArchiveRefused) as refused:
        action()
    return [(str(problem.place), str(problem.what)) for problem in refused.value.problems]


def text(change: dict[str, Any] | None = None, **of_course: Any) -> bytes:
    whole = text_of() | (change or {})
    whole["course"] = whole["course"] | of_course if isinstance(whole["course"], dict) else whole["course"]
    return json.dumps(whole).encode()


def lecture(**changes: Any) -> bytes:
    return text({"modules": [{"title": "M", "lectures": [{"title": "L", "kind": "text"} | changes]}]})


def film(**changes: Any) -> bytes:
    whole, _files = with_media(text_of(), video=b"film")
    whole["media"][0] |= changes
    return json.dumps(whole).encode()


def test_every_example_reads_and_is_written_as_it_was_read(app: Flask) -> None:
    examples = sorted(COURSES.glob("*.json"))
    assert examples
    for example in examples:
        course = read_course(example.read_bytes())
        assert read_course(course_json(course)) == course


def test_the_example_of_the_documentation_is_one(app: Flask) -> None:
    document = (ROOT / "docs" / "course-archive.md").read_text()
    course = read_course(document.partition("```json\n")[2].partition("```")[0].encode())
    assert [len(module.lectures) for module in course.modules] == [2]


def test_keys_of_tools_are_let_be(app: Flask) -> None:
    assert isinstance(read_course(text({"x-made-by": "a script"}, **{"x-note": [1, 2]})), ArchivedCourse)
    assert read_course(b"\xef\xbb\xbf" + text()) == read_course(text())


TEXTS: dict[str, tuple[bytes, str, str]] = {
    "no JSON": (b"{", "course.json", "It is no JSON: line 1, column 2."),
    "not UTF-8": ("{}".encode("utf-16"), "course.json", "It is not written in UTF-8."),
    "a list": (b"[]", "course.json", "An object is needed here."),
    "another format": (text({"format": "scorm"}), "course.json", "This is not the text of a course"),
    "no version": (text({"version": None}), "version", "A whole number from 1 on is needed here."),
    "true for 1": (text({"version": True}), "version", "A whole number from 1 on is needed here."),
    "a newer one": (text({"version": 2}), "version", "The archive was made by a newer Lectern."),
    "nested without end": (b'{"x-a":' + b"[" * 100_000, "course.json", "It is nested too deeply."),
    "values without end": (b"[" + b"0," * 1_100_000 + b"0]", "course.json", "There are more values in it"),
    "a number without end": (b"[" + b"9" * 5000 + b"]", "course.json", "is senseless"),
    "not a number": (b"[NaN]", "course.json", "The number NaN is senseless."),
    "a fraction": (text(access_days=1.5), "course.json", "The number 1.5 is senseless."),
    "a key twice": (b'{"format": "a", "format": "b"}', "format", "This key stands twice"),
    "an unknown key": (text(colour="red"), "colour", "This key is not known."),
    "an unknown key of a lecture": (lecture(vidoe="a"), "Module 1, lecture 1, vidoe", "This key is not known."),
    "no course": (text({"course": None}), "course", "An object is needed here."),
    "no title": (text(title=None), "title", "A text is needed here."),
    "a number for a title": (lecture(title=5), "Module 1, lecture 1, title", "A text is needed here."),
    "another kind": (lecture(kind="game"), "Module 1, lecture 1, kind", "One of these is needed here: video, text."),
    "a list for a kind": (lecture(kind=["text"]), "Module 1, lecture 1, kind", "One of these is needed here"),
    "yes for true": (lecture(free_preview="yes"), "Module 1, lecture 1, free_preview", "only true or false"),
    "lectures that are none": (text({"modules": [{"title": "M", "lectures": "no"}]}), "Module 1, lectures", "A list"),
    "a lecture that is none": (
        text({"modules": [{"title": "M", "lectures": [1]}]}),
        "Module 1, lecture 1",
        "An object",
    ),
    "a skill twice": (text(skills=["sql", "sql"]), "skills", "A list of different names"),
    "half a surrogate": (text(category="\ud800"), "category", "This cannot be a name."),
    "a NUL": (text(language="e\0n"), "language", "This cannot be a name."),
    "no language": (text(language=None), "language", "The code of a language is needed here"),
    "a price in words": (text(price={"amount": "much", "currency": "USD"}), "price", "not an amount"),
    "a strange currency": (text(price={"amount": "1", "currency": "ABC"}), "price", "not an amount"),
    "a video of a text": (lecture(video="media/a.mp4"), "Module 1, lecture 1, video", "Only lectures of the kind"),
    "a way out": (film(file="media/../../etc/passwd"), "media/../../etc/passwd", "Files are called media/"),
    "an absolute name": (film(file="/etc/passwd"), "/etc/passwd", "Files are called media/"),
    "a hidden name": (film(file="media/.htaccess"), "media/.htaccess", "Files are called media/"),
    "no size": (film(size=-1), "media/film.mp4, size", "The size in bytes is needed here."),
    "no SHA-256": (film(sha256="abc"), "media/film.mp4, sha256", "The SHA-256 of the file is needed here"),
    "not listed": (text(cover="media/a.png"), "media/a.png", "it is not listed"),
    "of no use": (text({"media": [listed("media/a.png", b"a")]}), "media/a.png", "Nothing refers to this file."),
    "listed twice": (
        text({"media": [listed("media/a.png", b"a")] * 2}, cover="media/a.png"),
        "media/a.png",
        "This file is listed twice.",
    ),
}


@pytest.mark.parametrize(("data", "place", "what"), TEXTS.values(), ids=TEXTS.keys())
def test_a_text_at_fault_is_told_with_its_place(app: Flask, data: bytes, place: str, what: str) -> None:
    found = problems(lambda: read_course(data))
    assert [told for at, told in found if what in told and at.endswith(place)], found


def test_a_film_cannot_be_the_cover(app: Flask) -> None:
    whole = json.loads(film())
    whole["course"]["cover"] = "media/film.mp4"
    data = json.dumps(whole).encode()
    assert problems(lambda: read_course(data)) == [
        ("media/film.mp4", "This file cannot be a video and the cover at once.")
    ]


def test_the_list_of_mistakes_ends(app: Flask) -> None:
    data = text({"modules": [{"titel": "M"}] * 500})
    assert len(problems(lambda: read_course(data))) == MOST_PROBLEMS
