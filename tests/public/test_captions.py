"""Captions in the studio and in the player (C-4, L-6, L-8, X-5)."""

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.models.content import Caption, Lecture, LectureKind
from backoffice.models.courses import Course
from backoffice.models.purchases import Enrolment
from tests.factories.courses import live_course, upload
from tests.factories.learning import own
from tests.factories.people import Cast, log_in
from tests.test_webvtt import CLEAN, SRT, many


@pytest.fixture
def course(cast: Cast) -> Course:
    """A live course whose first lecture is a video."""
    made = live_course(cast.owner)
    video = upload(cast.owner)
    with unguarded():
        lecture = db.session.scalars(select(Lecture).order_by(Lecture.id)).first()
        lecture.kind, lecture.video_upload_id = LectureKind.VIDEO, video.id
        db.session.commit()
    return made


@pytest.fixture
def author(client: FlaskClient, cast: Cast) -> FlaskClient:
    return log_in(client, cast.owner)


def address(course: Course) -> str:
    node_id = db.session.scalar(select(Lecture.node_id).where(Lecture.kind == LectureKind.VIDEO))
    return f"/studio/courses/{course.id}/lectures/{node_id}/captions"


def shown_version(client: FlaskClient, place: str) -> str:
    return re.search(r'name="version"[^>]*value="(\d+)"', client.get(place).text)[1]


def send(client: FlaskClient, place: str, data: bytes, **fields: str) -> TestResponse:
    form = {"version": shown_version(client, place), "language_code": "ru", "label": "", **fields}
    return client.post(place, data=form | {"captions": (io.BytesIO(data), "a.srt")}, follow_redirects=True)


def publish(course: Course, *, free: bool = False) -> None:
    """Let the live version have what the draft has."""
    with unguarded():
        row = db.session.get_one(Course, course.id, populate_existing=True)
        drafted = db.session.scalars(
            select(Lecture).where(Lecture.revision_id == row.draft_revision_id, Lecture.kind == LectureKind.VIDEO)
        ).one()
        live = db.session.scalars(
            select(Lecture).where(Lecture.revision_id == row.live_revision_id, Lecture.kind == LectureKind.VIDEO)
        ).one()
        live.captions, live.free_preview = drafted.captions, free
        db.session.commit()


def tracks(page: str) -> list[str]:
    return re.findall(r'<track kind="captions" src="([^"]+)" srclang="ru" label="Русский">', page)


def test_c4_an_author_uploads_downloads_edits_and_deletes_captions(author: FlaskClient, course: Course) -> None:
    place = address(course)
    page = send(author, place, SRT.encode("cp1251")).text
    assert "Saved: Русский, 2 captions." in page
    assert "Windows-1251" in page
    file = author.get(f"{place}/ru.vtt")
    assert file.text == CLEAN
    assert file.headers["Content-Type"] == "text/vtt; charset=utf-8"
    assert file.headers["Content-Disposition"].startswith("attachment; filename=captions-")

    edited = {"version": shown_version(author, f"{place}/ru"), "label": "По-русски"}
    broken = author.post(f"{place}/ru", data=edited | {"captions": CLEAN + "\nno time here"})
    assert broken.status_code == 422
    assert "Line 10: there is no time above this text." in broken.text
    assert "no time here</textarea>" in broken.text
    assert (
        "Saved."
        in author.post(
            f"{place}/ru",
            data=edited | {"captions": CLEAN + "\n00:05.000 --> 00:06.000\n<b>Три"},
            follow_redirects=True,
        ).text
    )
    assert author.get(f"{place}/ru.vtt").text.endswith("\n00:00:05.000 --> 00:00:06.000\n<b>Три</b>\n")

    page = author.post(f"{place}/ru/delete", data={"version": shown_version(author, place)}, follow_redirects=True).text
    assert "The captions are deleted from the draft." in page
    assert author.get(f"{place}/ru.vtt").status_code == 404


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"1\n00:00:02,000 --> 00:00:01,000\nx\n", "Line 2: this caption ends before it begins."),
        (b"<html><script>alert(1)</script>", "Line 1: there is no time above this text."),
        (many(10_001), "Line 40002: more than 10000 captions."),
        (b"x" * 1_900_000, "The file is larger than 1500 KB."),
    ],
    ids=["times", "html", "too many", "too large"],
)
def test_c4_a_file_that_is_refused_changes_nothing(
    author: FlaskClient, course: Course, data: bytes, words: str
) -> None:
    page = send(author, address(course), data)
    assert page.status_code == 422
    assert words in page.text
    assert db.session.scalars(select(Caption.id)).all() == []
    assert db.session.get_one(Course, course.id, populate_existing=True).draft_revision_id is None


def test_c4_a_form_without_a_file_asks_for_one(author: FlaskClient, course: Course) -> None:
    place = address(course)
    form = {"version": shown_version(author, place), "language_code": "ru"}
    assert "Choose a file." in author.post(place, data=form).text


def test_c4_ten_thousand_captions_are_kept_and_played(
    app: Flask, author: FlaskClient, course: Course, cast: Cast
) -> None:
    assert "10000 captions" in send(author, address(course), many(10_000)).text
    publish(course)
    own(cast.student, course)
    student = log_in(app.test_client(), cast.student)
    node_id = address(course).split("/")[5]
    [url] = tracks(student.get(f"/learn/{course.slug}/{node_id}").text)
    assert student.get(url).text.count("-->") == 10_000


def test_x5_captions_are_for_whoever_may_watch_the_video(
    app: Flask, author: FlaskClient, course: Course, cast: Cast
) -> None:
    send(author, address(course), SRT.encode())
    node_id = address(course).split("/")[5]
    assert len(tracks(author.get(f"/preview/{course.slug}/{node_id}?shown=draft").text)) == 1
    own(cast.student, course)
    student = log_in(app.test_client(), cast.student)
    assert tracks(student.get(f"/learn/{course.slug}/{node_id}").text) == []
    publish(course)
    [url] = tracks(student.get(f"/learn/{course.slug}/{node_id}").text)
    answer = student.get(url)
    assert (answer.text, answer.headers["Content-Type"]) == (CLEAN, "text/vtt; charset=utf-8")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"].startswith("private")
    other = log_in(app.test_client(), cast.other_student)
    for person in (other, app.test_client()):
        assert person.get(url).status_code == 403
    caption_id = re.search(r"captions/(\d+)\.vtt", url)[1]
    assert student.get(url.replace(f"captions/{caption_id}", "captions/999999")).status_code == 403
    with clock.at(clock.now() + timedelta(minutes=settings().media_link_minutes)):
        assert student.get(url).status_code == 403
    # As with the video itself, the link ends with the access (M-4).
    with unguarded():
        db.session.scalars(select(Enrolment)).one().ended_at = clock.now()
        db.session.commit()
    assert student.get(url).status_code == 403


def test_c4_everybody_reads_the_captions_of_a_free_preview(app: Flask, author: FlaskClient, course: Course) -> None:
    send(author, address(course), SRT.encode())
    node_id = address(course).split("/")[5]
    publish(course, free=True)
    visitor = app.test_client()
    [url] = tracks(visitor.get(f"/preview/{course.slug}/{node_id}").text)
    assert visitor.get(url).text == CLEAN
    publish(course, free=False)
    assert visitor.get(url).status_code == 403


def test_l8_staff_read_and_compare_captions_and_strangers_do_not(
    app: Flask, author: FlaskClient, course: Course, cast: Cast
) -> None:
    send(author, address(course), SRT.encode())
    publish(course)
    send(author, address(course), SRT.replace("Вторая", "Другая").encode())
    number = db.session.get_one(Course, course.id, populate_existing=True)
    moderator = log_in(app.test_client(), cast.moderator)
    page = moderator.get(f"/studio/courses/{number.id}/versions/2?against=1").text
    link = re.search(r"/studio/captions\?before=\d+&amp;after=\d+", page)[0].replace("&amp;", "&")
    compared = moderator.get(link).text
    assert "1 caption is the same in both." in compared
    assert re.search(r"<del>.*Вторая</del>", compared)
    assert re.search(r"<ins>.*Другая</ins>", compared)
    assert author.get(link).status_code == 200
    assert log_in(app.test_client(), cast.other_author).get(link).status_code == 404
    assert log_in(app.test_client(), cast.other_author).get(address(course)).status_code == 404
    assert log_in(app.test_client(), cast.other_author).get(f"{address(course)}/ru.vtt").status_code == 404
