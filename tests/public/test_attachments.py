"""Files for download on their way: sent, looked at, offered and given to whom they are for (C-4, P-1, X-5, B-8)."""

import io
import zipfile
from base64 import b64encode

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db, unguarded
from backoffice.models.content import Lecture, Resource
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadState
from backoffice.operations import blocks, resources
from tests.factories.courses import draft_course, live_course
from tests.factories.learning import own
from tests.factories.media import TUS, Uploader, picture_bytes
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj << >> endobj\n"
HTML = b"<html><script>alert(document.cookie)</script></html>"


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("word/document.xml", "<x/>")
    return buffer.getvalue()


def sent(app: Flask, client: FlaskClient, cast: Cast, filename: str, data: bytes) -> str:
    """A file that the owner has sent and the workers have looked at; its id."""
    uploader = Uploader(client, cast.owner)
    location = uploader.create(len(data), kind="file", filename=filename).headers["Location"]
    assert uploader.append(location, 0, data).status_code == 204
    drain(app)
    return location.rsplit("/", 1)[-1]


def offered(cast: Cast, course: Course, upload_id: str, *, free: bool = False) -> None:
    """Put the file into the live revision itself: how it comes there is not what is tested."""
    with unguarded():
        lecture = db.session.scalars(select(Lecture).where(Lecture.revision_id == course.live_revision_id)).first()
        assert lecture is not None
        lecture.free_preview = free
        resource = {"revision_id": lecture.revision_id, "lecture_id": lecture.id, "node_id": lecture.node_id}
        db.session.add(Resource(**resource, position=0, title="Sheet of figures", upload_id=upload_id))
        db.session.commit()


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("Лекция 1.pdf", PDF),
        ("notes.txt", "Заметки".encode()),
        ("notes.txt", "Notes".encode("utf-16")),
        ("page.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("sheet.docx", archive()),
        ("picture.PNG", picture_bytes()),
        ("code.py", b"print(1)\n"),
    ],
)
def test_c4_a_file_that_is_what_it_says_is_taken(
    app: Flask, client: FlaskClient, cast: Cast, filename: str, data: bytes
) -> None:
    upload_id = sent(app, client, cast, filename, data)
    assert db.session.get_one(Upload, upload_id, populate_existing=True).state is UploadState.DONE
    answer = client.get(f"/media/file/{upload_id}")
    assert answer.data == data
    # Whatever it holds: a browser saves it and runs nothing of it.
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


@pytest.mark.parametrize(
    ("filename", "data"),
    [
        ("lecture.pdf", HTML),
        ("lecture.pdf", archive()),
        ("notes.txt", b"MZ\x90\x00\x03" + b"\0" * 100),
        ("notes.txt", PDF),
        ("picture.png", b"GIF89a" + b"\0" * 20),
        ("sheet.docx", b"just words"),
        ("data.csv", b"a;b\0c"),
    ],
)
def test_c4_a_file_that_is_something_else_fails_with_its_reason(
    app: Flask, client: FlaskClient, cast: Cast, filename: str, data: bytes
) -> None:
    upload_id = sent(app, client, cast, filename, data)
    upload = db.session.get_one(Upload, upload_id, populate_existing=True)
    assert (upload.state, upload.error_code) == (UploadState.FAILED, "wrong_type")
    assert "not what its name says" in client.get(f"/uploads/{upload_id}/state").text
    assert client.get(f"/media/file/{upload_id}").status_code == 404


def test_c4_the_name_goes_along_whatever_it_is(app: Flask, client: FlaskClient, cast: Cast) -> None:
    upload_id = sent(app, client, cast, '..\\..\\Итоги "2026"\r\n; x.pdf', PDF)
    header = client.get(f"/media/file/{upload_id}").headers["Content-Disposition"]
    assert "filename*=UTF-8''%D0%98%D1%82%D0%BE%D0%B3%D0%B8%20%222026%22%3B%20x.pdf" in header
    assert "\n" not in header
    part = client.get(f"/media/file/{upload_id}", headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.data) == (206, PDF[:4])


def test_c4_a_kind_that_is_not_allowed_is_refused_before_a_byte_is_sent(client: FlaskClient, cast: Cast) -> None:
    name = b64encode(b"virus.exe").decode()
    headers = {**TUS, "Upload-Length": "5", "Upload-Metadata": f"filename {name},kind {b64encode(b'file').decode()}"}
    answer = log_in(client, cast.owner).post("/uploads", headers=headers)
    assert answer.status_code == 422
    assert "pdf" in answer.text
    assert db.session.scalars(select(Upload)).all() == []


def test_p1_who_may_save_a_file(app: Flask, client: FlaskClient, cast: Cast) -> None:
    upload_id = sent(app, client, cast, "sheet.pdf", PDF)
    course = live_course(cast.owner)
    offered(cast, course, upload_id)
    own(cast.student, course)
    address = f"/learn/{course.slug}/{first_node(course)}"
    seen = {
        who: log_in(app.test_client(), getattr(cast, who)).get(f"/media/file/{upload_id}").status_code
        for who in ("owner", "moderator", "admin", "student", "other_student", "other_author")
    }
    seen["visitor"] = app.test_client().get(f"/media/file/{upload_id}").status_code
    assert seen == {
        "owner": 200,
        "moderator": 200,
        "admin": 200,
        "student": 200,
        "other_student": 404,
        "other_author": 404,
        "visitor": 404,
    }
    page = log_in(app.test_client(), cast.student).get(address).text
    assert f"/media/file/{upload_id}" in page
    assert "Sheet of figures" in page


def first_node(course: Course) -> int:
    query = select(Lecture.node_id).where(Lecture.revision_id == course.live_revision_id).order_by(Lecture.id)
    return db.session.scalars(query).first() or 0


def test_c4_a_free_lectures_file_is_everybodys_until_the_course_is_blocked(
    app: Flask, client: FlaskClient, cast: Cast
) -> None:
    upload_id = sent(app, client, cast, "sheet.pdf", PDF)
    course = live_course(cast.owner)
    offered(cast, course, upload_id, free=True)
    visitor, course_id = app.test_client(), course.id
    assert f"/media/file/{upload_id}" in visitor.get(f"/preview/{course.slug}/{first_node(course)}").text
    assert visitor.get(f"/media/file/{upload_id}").status_code == 200
    blocks.block(actor=cast.moderator, course_id=course_id, reason="Copied from others")
    assert visitor.get(f"/media/file/{upload_id}").status_code == 404


def test_l1_a_file_of_a_draft_is_the_authors_alone(app: Flask, client: FlaskClient, cast: Cast) -> None:
    upload_id = sent(app, client, cast, "sheet.pdf", PDF)
    course = live_course(cast.owner)
    own(cast.student, course)
    slug, node_id, base = course.slug, first_node(course), f"/studio/courses/{course.id}"
    answer = client.post(f"{base}/lectures/{node_id}/resources/new", data={"resource_upload_id": upload_id})
    assert answer.location == f"{base}/lectures/{node_id}#resources"
    assert log_in(app.test_client(), cast.student).get(f"/media/file/{upload_id}").status_code == 404
    assert upload_id in client.get(f"/preview/{slug}/{node_id}?shown=draft").text
    assert upload_id not in client.get(f"/learn/{slug}/{node_id}").text


def test_c4_files_in_the_studio_are_renamed_moved_deleted_and_brought_back(client: FlaskClient, cast: Cast) -> None:
    course = draft_course(cast.owner)
    log_in(client, cast.owner)
    lecture = db.session.scalars(select(Lecture.node_id).order_by(Lecture.id)).first()
    base = f"/studio/courses/{course.id}"
    for number in (1, 2):
        file = _file(cast, f"file {number}.pdf")
        resources.add_resource(actor=cast.owner, course_id=course.id, lecture_node_id=lecture, upload_id=file)
    first = db.session.scalars(select(Resource.node_id).order_by(Resource.position)).first()
    page = client.get(f"{base}/lectures/{lecture}").text
    assert page.index("file 1.pdf") < page.index("file 2.pdf")
    client.post(f"{base}/resources/{first}/move", data={"direction": "down", "parent": lecture})
    renamed = client.post(f"{base}/resources/{first}", data={"title": "Figures", "shown": ""}, follow_redirects=True)
    assert "Changed in two places" in renamed.text
    gone = client.post(
        f"{base}/resources/{first}/delete", data={"parent": lecture, "parent_kind": "lecture"}, follow_redirects=True
    )
    assert "file 1.pdf" not in gone.text
    assert "Undo" in gone.text
    number = gone.request.args["undo"]
    back = client.post(f"{base}/deleted/{number}/bring-back", follow_redirects=True)
    assert back.request.path == f"{base}/resources/{first}"
    assert "file 1.pdf" in client.get(f"{base}/lectures/{lecture}").text
    assert client.get(f"{base}/resources/999999").status_code == 404


def _file(cast: Cast, name: str) -> str:
    with unguarded():
        upload = Upload(
            owner_id=cast.owner.person_id,
            kind="file",
            state=UploadState.DONE,
            filename=name,
            size=10,
            offset=10,
            asset={},
            expires_at=db.func.now(),
        )
        db.session.add(upload)
        db.session.commit()
    return upload.id
