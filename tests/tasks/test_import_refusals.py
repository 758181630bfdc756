"""Archives at fault: told with everything that is wrong with them, and nothing of them is kept (L-1, B-8)."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice.access import Role
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.errors import Refused
from backoffice.integrations.storage.house import uploads_folder
from backoffice.models.courses import Course
from backoffice.models.letters import Letter
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.models.people import User, UserRole
from backoffice.operations import course_imports, uploads
from backoffice.tasks.actors import archives, media
from tests.factories.archives import imported, received, stored, text_of, with_media, zipped
from tests.factories.media import picture_bytes
from tests.factories.people import Cast
from tests.factories.tasks import drain

FILM = b"a film that nobody has looked at yet " * 4000


@pytest.fixture(autouse=True)
def clean_folder(app: Flask) -> None:
    """What other tests have left is nobody's."""
    media.clear_leftovers()


def problems(upload: Upload) -> list[tuple[str, str]]:
    assert upload.state is UploadState.FAILED
    assert upload.error_code == course_imports.REFUSED
    return [(problem["place"], problem["what"]) for problem in (upload.asset or {})["problems"]]


def nothing_is_left() -> None:
    for rows in (select(Course), select(Upload).where(Upload.archive_id.is_not(None))):
        assert db.session.scalar(select(func.count()).select_from(rows.subquery())) == 0
    assert list(uploads_folder().iterdir()) == []


def change(path: str, value: object) -> Callable[[], bytes]:
    """An archive whose text has another value at this path."""

    def make() -> bytes:
        text: Any = text_of()
        *way, last = path.split(".")
        at = text
        for step in way:
            at = at[int(step)] if isinstance(at, list) else at[step]
        at[int(last) if isinstance(at, list) else last] = value
        return zipped(text)

    return make


FIRST = "modules.0.lectures.0"
WRONG = {
    "no title": (change("course.title", ""), "title", "Write something here."),
    "a title too long": (change("modules.1.title", "x" * 201), "Module 2, title", "At most 200 characters fit here."),
    "a body too long": (
        change(f"{FIRST}.body", "x" * 200_001),
        "Module 1, lecture 1, body",
        "At most 200000 characters fit here.",
    ),
    "a letter that turns the line": (
        change(f"{FIRST}.title", "a\u202eb"),
        "Module 1, lecture 1, title",
        "There is a character in the text that cannot be kept.",
    ),
    "half a surrogate": (
        change(f"{FIRST}.body", "\ud800"),
        "Module 1, lecture 1, body",
        "There is a character in the text that cannot be kept.",
    ),
    "one option": (
        change(f"{FIRST}.questions.1.options", [{"text": "Yes", "right": True}]),
        "Module 1, lecture 1, question 2, options",
        "A question needs 2 to 10 answer options.",
    ),
    "no right option": (
        change(f"{FIRST}.questions.0.options", [{"text": "Yes"}, {"text": "No"}]),
        "Module 1, lecture 1, question 1, options",
        "Mark at least one option as right.",
    ),
    "too many modules": (
        change("modules", [{"title": "M"}] * 101),
        "modules",
        "There is no room for more here: 100 at most.",
    ),
    "an unknown language": (change("course.language", "tlh"), "language_code", "Choose a language of the list."),
    "senseless days": (change("course.access_days", 0), "access_days", "Give the access in days, 1 to 3650."),
    "a senseless price": (
        change("course.price", {"amount": "1000000.01", "currency": "USD"}),
        "price",
        "This price is not possible.",
    ),
}


@pytest.mark.parametrize(("make", "place", "what"), WRONG.values(), ids=WRONG.keys())
def test_l1_what_the_forms_refuse_is_refused_with_its_place(
    app: Flask, cast: Cast, make: Callable[[], bytes], place: str, what: str
) -> None:
    assert problems(imported(cast.owner, make())) == [(place, what)]
    nothing_is_left()


def test_all_mistakes_are_told_at_once_in_the_authors_language(app: Flask, cast: Cast) -> None:
    with unguarded():
        db.session.get_one(User, cast.owner.user_id).locale = "ru"
        db.session.commit()
    text = text_of()
    text["modules"][0]["title"] = ""
    text["modules"][2]["lectures"][0]["title"] = ""
    assert [what for _place, what in problems(imported(cast.owner, zipped(text)))] == ["Напишите здесь что-нибудь."] * 2


def test_a_damaged_file_leaves_nothing_behind(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), video=FILM, cover=picture_bytes())
    text["media"][1]["sha256"] = "0" * 64
    assert problems(imported(cast.owner, zipped(text, files))) == [
        ("media/cover.png", "The file is damaged: its SHA-256 is not the one that is listed.")
    ]
    nothing_is_left()


def test_a_picture_larger_than_pictures_may_be_is_refused(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), cover=b"x" * (21 * 1024 * 1024))
    assert problems(imported(cast.owner, zipped(text, files))) == [
        ("media/cover.png", "The file is larger than 20 MB.")
    ]


def test_catalogues_of_another_shop_are_noted_not_refused(app: Flask, cast: Cast) -> None:
    text = text_of()
    text["course"] |= {"category": "cooking", "skills": ["knives"], "price": {"amount": "5", "currency": "EUR"}}
    upload = imported(cast.owner, zipped(text))
    assert upload.asset
    assert len(upload.asset["notes"]) == 3
    assert "cooking" in upload.asset["notes"][0]
    assert db.session.get_one(Course, upload.asset["course_id"]).price_minor == 0


def test_b8_who_is_no_author_any_more_gets_no_course(app: Flask, cast: Cast) -> None:
    upload_id = received(cast.owner, zipped(text_of()))
    with unguarded():
        role = db.session.get_one(UserRole, (cast.owner.user_id, Role.AUTHOR))
        db.session.delete(role)
        db.session.commit()
    archives.import_course(upload_id=upload_id)
    assert problems(stored(upload_id)) == [("", "You are not allowed to do this.")]
    nothing_is_left()


def test_an_archive_larger_than_archives_may_be_is_not_even_sent(cast: Cast) -> None:
    with pytest.raises(Refused) as refused:
        uploads.begin(
            actor=cast.owner,
            kind=UploadKind.ARCHIVE,
            filename="course.zip",
            size=(settings().max_archive_mb + 1) * uploads.MIB,
        )
    assert refused.value.code == "upload.too_large"


def test_x6_a_letter_tells_the_author_what_became_of_the_archive(app: Flask, cast: Cast) -> None:
    text = text_of()
    text["modules"][1]["title"] = ""
    for data in (zipped(text), zipped(text_of())):
        received(cast.owner, data)
        drain(app)
    refused, taken = db.session.scalars(select(Letter).order_by(Letter.id))
    assert refused.subject == "The import of course.zip has failed"
    assert "- Module 2, title: Write something here." in refused.body
    assert taken.subject == "The draft “Bridges that stand for a century” is made"
    assert f"/studio/courses/{db.session.scalars(select(Course.id)).one()}" in taken.body
