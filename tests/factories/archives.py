"""Archives of courses for tests, and courses made of them: `tests/courses/*.json` are the format's own examples."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from backoffice.access import Actor
from backoffice.db import db
from backoffice.integrations.storage.house import part_path
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadKind
from backoffice.operations import uploads
from backoffice.tasks.actors import archives
from tests.factories.courses import catalogue

COURSES = Path(__file__).parents[1] / "courses"
Text = dict[str, Any]


def text_of(name: str = "bridges") -> Text:
    """The `course.json` of an example."""
    text: Text = json.loads((COURSES / f"{name}.json").read_text())
    return text


def with_media(text: Text, *, video: bytes = b"", cover: bytes = b"") -> tuple[Text, dict[str, bytes]]:
    """The same text with a video in its last lecture and a cover, and the files that it lists."""
    files = {"media/film.mp4": video, "media/cover.png": cover}
    files = {file: data for file, data in files.items() if data}
    text["media"] = [listed(file, data) for file, data in files.items()]
    if video:
        text["modules"][-1]["lectures"][-1]["video"] = "media/film.mp4"
    if cover:
        text["course"]["cover"] = "media/cover.png"
    return text, files


def listed(file: str, data: bytes) -> Text:
    """A file's line in the list."""
    name = f"{file.removeprefix('media/')}"
    return {"file": file, "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def zipped(text: Text | bytes, files: dict[str, bytes] | None = None, *, stored: bool = True) -> bytes:
    """The archive of a text and its files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("course.json", text if isinstance(text, bytes) else json.dumps(text))
        for name, data in (files or {}).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def received(author: Actor, data: bytes) -> str:
    """The archive as it has arrived and waits for a worker; its upload's id."""
    catalogue()
    upload = uploads.begin(actor=author, kind=UploadKind.ARCHIVE, filename="course.zip", size=len(data))
    part_path(upload.id).write_bytes(data)
    uploads.receive(actor=author, upload_id=upload.id, offset=len(data))
    return upload.id


def imported(author: Actor, data: bytes) -> Upload:
    """The archive after its first attempt."""
    upload_id = received(author, data)
    archives.import_course(upload_id=upload_id)
    return stored(upload_id)


def course_from(author: Actor, name: str = "bridges") -> Course:
    """The draft that an example becomes."""
    upload = imported(author, zipped(text_of(name)))
    assert upload.asset
    assert "course_id" in upload.asset, upload.asset
    return db.session.get_one(Course, upload.asset["course_id"])


def stored(upload_id: str) -> Upload:
    """The upload as it stands in the database."""
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)
