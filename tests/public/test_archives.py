"""Archives of courses on the pages of their authors (L-1, B-8, T-5)."""

import io
import zipfile
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.models.courses import Course
from backoffice.models.exports import Export
from backoffice.models.media import Upload, UploadState
from backoffice.models.people import User
from backoffice.operations import course_imports, exports, uploads
from backoffice.tasks.actors import course_exports
from tests.factories.archives import COURSES, imported, received, text_of, with_media, zipped
from tests.factories.courses import draft_course
from tests.factories.media import Uploader, picture_bytes
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain

IMPORT = "/studio/courses/import"


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def asked(client: FlaskClient, course_id: int, key: str = "k") -> int:
    answer = client.post(f"/studio/courses/{course_id}/export", data={"request_key": key, "number": "1"})
    assert answer.location == f"/studio/courses/{course_id}/export"
    return db.session.scalars(select(Export.id).order_by(Export.id.desc())).first() or 0


def test_l1_an_archive_is_sent_by_tus_and_becomes_a_draft(app: Flask, browser: Uploader, cast: Cast) -> None:
    draft_course(cast.owner)
    assert "None yet." in browser.client.get(IMPORT).text
    browser.send(zipped(text_of()), kind="archive", pieces=3)
    assert "A worker takes it up in a moment." in browser.client.get(f"{IMPORT}/state").text
    drain(app)
    course_id = db.session.scalars(select(Course.id).order_by(Course.id.desc())).first()
    page = browser.client.get(IMPORT).text
    assert "The draft is made." in page
    assert f'href="/studio/courses/{course_id}"' in page
    assert "data-poll" not in page
    assert "Bridges that stand for a century" in browser.client.get(f"/studio/courses/{course_id}").text


def test_what_is_wrong_stands_on_the_page_with_its_place(app: Flask, browser: Uploader, cast: Cast) -> None:
    text = text_of()
    text["modules"][0]["lectures"][1]["title"] = "<b>x</b>" * 100
    text["modules"][2]["lectures"][0]["kidn"] = "<script>"
    imported(cast.owner, zipped(text))
    page = browser.client.get(IMPORT).text
    assert "Nothing was taken in." in page
    assert "Module 3, lecture 1, kidn:" in page
    assert "Try again" not in page[page.index("import-") :]
    del text["modules"][2]["lectures"][0]["kidn"]
    imported(cast.owner, zipped(text))
    assert "Module 1, lecture 2, title:" in browser.client.get(IMPORT).text


def test_t5_the_page_follows_the_files_of_a_course(app: Flask, browser: Uploader, cast: Cast) -> None:
    text, files = with_media(text_of(), video=b"no film", cover=picture_bytes())
    imported(cast.owner, zipped(text, files))
    page = browser.client.get(IMPORT).text
    assert "0 of 2" in page
    assert "data-poll" in page
    drain(app)
    page = browser.client.get(f"{IMPORT}/state").text
    assert "One file could not be prepared." in page
    assert "data-poll" not in page


def test_t3_what_was_given_up_can_be_tried_again(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = received(cast.owner, zipped(text_of()))
    work = uploads.start_processing(actor=SYSTEM, upload_id=upload_id)
    assert work
    course_imports.give_up(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, error_code="gave_up", detail="")
    page = browser.client.get(IMPORT).text
    assert "The processing stopped several times on our side." in page
    assert f"/uploads/{upload_id}/retry" in page
    answer = browser.client.post(f"/uploads/{upload_id}/retry", data={"next": IMPORT})
    assert answer.location == IMPORT
    drain(app)
    assert "The draft is made." in browser.client.get(IMPORT).text


def test_the_page_names_notes_and_files_in_every_state(app: Flask, browser: Uploader, cast: Cast) -> None:
    text = text_of()
    text["course"]["skills"] = ["knives"]
    upload_id = imported(cast.owner, zipped(text)).id
    assert "There is no skill “knives” here." in browser.client.get(IMPORT).text
    for state in (UploadState.CHECKING, UploadState.TRANSCODING, UploadState.RECEIVING):
        with unguarded():
            upload = db.session.get_one(Upload, upload_id)
            upload.state, upload.percent = state, 40
            db.session.commit()
        assert 'data-poll="/studio/courses/import/state"' in browser.client.get(IMPORT).text


def test_b8_imports_are_their_authors_alone(app: Flask, client: FlaskClient, cast: Cast) -> None:
    imported(cast.owner, zipped(text_of()))
    assert "None yet." in log_in(client, cast.other_author).get(IMPORT).text
    assert "None yet." in log_in(client, cast.admin).get(IMPORT).text
    assert log_in(client, cast.student).get(IMPORT).status_code == 302
    refused = Uploader(client, cast.student).create(100, kind="archive")
    assert refused.status_code == 403


def test_l1_an_author_fetches_the_archive_of_a_version(app: Flask, client: FlaskClient, cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    log_in(client, cast.owner)
    page = client.get(f"/studio/courses/{course_id}/export").text
    assert "None yet." in page
    assert "Version 1, the one you are working on" in page
    export_id = asked(client, course_id)
    assert asked(client, course_id) == export_id
    assert 'data-poll="/studio/courses/' in client.get(f"/studio/courses/{course_id}/export").text
    drain(app)
    state = client.get(f"/studio/courses/{course_id}/export/state").text
    assert "data-poll" not in state
    address = f"/account/exports/{export_id}/file"
    assert address in state
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/zip")
    slug = db.session.get_one(Course, course_id).slug
    assert answer.headers["Content-Disposition"] == f"attachment; filename={slug}-1.zip"
    assert zipfile.ZipFile(io.BytesIO(answer.data)).namelist() == ["course.json"]
    part = client.get(address, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, b"PK\x03\x04")


def test_b8_an_archive_is_its_authors_alone(app: Flask, client: FlaskClient, cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    export_id = asked(log_in(client, cast.owner), course_id)
    drain(app)
    for person in (cast.other_author, cast.moderator, cast.admin):
        log_in(client, person)
        for address in (
            f"/studio/courses/{course_id}/export",
            f"/studio/courses/{course_id}/export/state",
            f"/account/exports/{export_id}/file",
        ):
            assert client.get(address).status_code == 404, address


def test_a_version_that_there_is_not_and_too_many_are_said(app: Flask, client: FlaskClient, cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    log_in(client, cast.owner)
    address = f"/studio/courses/{course_id}/export"
    for number in ("2", "x", str(2**70), ""):
        assert client.post(address, data={"request_key": "k", "number": number}).status_code == 422
    assert client.post(address, data={"request_key": "k" * 65, "number": "1"}).status_code == 422
    for key in range(exports.OPEN_AT_ONCE):
        asked(client, course_id, str(key))
    answer = client.post(address, data={"request_key": "more", "number": "1"})
    assert answer.status_code == 422
    assert "Your other exports are still being written." in answer.text


def test_failed_and_expired_archives_say_what_to_do(app: Flask, client: FlaskClient, cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    log_in(client, cast.owner)
    lost = asked(client, course_id, "lost")
    exports.start(actor=SYSTEM, export_id=lost, total=10)
    exports.fail(actor=SYSTEM, export_id=lost, error_code=exports.GAVE_UP)
    asked(client, course_id, "old")
    drain(app)
    with clock.at(clock.now() + timedelta(days=settings().export_days, minutes=1)):
        assert course_exports.expire_exports() == 1
    page = client.get(f"/studio/courses/{course_id}/export").text
    assert "Try again later." in page
    assert "Deleted after its time." in page
    assert "Fetch the file" not in page


def test_from_the_console(app: Flask, cast: Cast, tmp_path_factory: pytest.TempPathFactory) -> None:
    draft_course(cast.owner)
    folder = tmp_path_factory.mktemp("console")
    run = app.test_cli_runner().invoke
    source = folder / "in.zip"
    source.write_bytes(zipped((COURSES / "bridges.json").read_bytes()))
    address = db.session.get_one(User, cast.owner.user_id).email
    made = run(args=["courses", "import", address, str(source)])
    assert made.exit_code == 0, made.output
    course_id = db.session.scalars(select(Course.id).order_by(Course.id.desc())).first()
    assert f"course {course_id}: Bridges that stand for a century" in made.output
    target = folder / "out.zip"
    assert run(args=["courses", "export", str(course_id), str(target)]).exit_code == 0
    assert zipfile.ZipFile(target).namelist() == ["course.json"]
    assert "exists already" in run(args=["courses", "export", str(course_id), str(target)]).output
    assert run(args=["courses", "export", str(course_id), str(folder / "x.zip"), "--version", "7"]).exit_code == 1
    assert run(args=["courses", "import", "nobody@example.org", str(source)]).exit_code == 1
    source.write_bytes(b"no zip")
    refused = run(args=["courses", "import", address, str(source)])
    assert refused.exit_code == 1
    assert "not a ZIP archive" in refused.output
    assert {path.name for path in folder.iterdir()} == {"in.zip", "out.zip"}
