"""Courses written as archives, which come back as they were (L-1, L-6, T-2 to T-5)."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice import clock
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.errors import NotAllowed, NotFound, Refused
from backoffice.integrations.archives import zips
from backoffice.integrations.archives.model import ArchivedCourse
from backoffice.integrations.archives.reading import read_course
from backoffice.integrations.storage.house import part_path, storage
from backoffice.integrations.video.probe import probe
from backoffice.models.content import Module
from backoffice.models.courses import Course
from backoffice.models.exports import Export, ExportState
from backoffice.models.letters import Letter
from backoffice.models.media import Upload, UploadState
from backoffice.operations import content, exports
from backoffice.queries import course_archives
from backoffice.tasks.actors import course_exports
from tests.factories.archives import imported, text_of, with_media, zipped
from tests.factories.courses import draft_course, live_course
from tests.factories.media import picture_bytes, video_bytes
from tests.factories.people import Cast
from tests.factories.statements import statements
from tests.factories.tasks import drain


def ask(owner: Actor, course: Course, *, number: int = 1, key: str = "k") -> Export:
    return exports.ask_course(
        actor=owner, course_id=course.id, number=number, request_key=key, locale="en", time_zone="UTC"
    )


def written(owner: Actor, course: Course, *, number: int = 1, key: str = "k") -> tuple[Export, zipfile.ZipFile]:
    """The export after its task, and the archive."""
    export_id = ask(owner, course, number=number, key=key).id
    course_exports.write_course_export(export_id=export_id)
    export = stored(export_id)
    assert export.state is ExportState.DONE
    assert export.file_key
    return export, zipfile.ZipFile(io.BytesIO(storage().open(export.file_key).read()))


def stored(export_id: int) -> Export:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Export, export_id)


def read(archive: zipfile.ZipFile) -> ArchivedCourse:
    return read_course(archive.read("course.json"))


def imported_course(owner: Actor, data: bytes) -> Course:
    upload = imported(owner, data)
    assert upload.asset
    assert "course_id" in upload.asset, upload.asset
    return db.session.get_one(Course, upload.asset["course_id"])


def test_l1_what_was_imported_is_exported_as_it_was(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), video=video_bytes(), cover=picture_bytes())
    course = imported_course(cast.owner, zipped(text, files))
    _export, archive = written(cast.owner, course)
    there, here = read(archive), read_course(json.dumps(text).encode())
    # Names within the archive are its own; bytes and the names that people see are those that came in.
    assert sorted((each.name, each.size, each.sha256) for each in there.media) == sorted(
        (each.name, each.size, each.sha256) for each in here.media
    )
    names = {each.sha256: each.file for each in there.media}
    assert archive.read(names[here.media[0].sha256]) == files[here.media[0].file]
    again = imported_course(cast.owner, bytes_of(archive))
    assert course_archives.contents(again.draft_revision_id or 0).course.modules[0] == there.modules[0]
    _second, same = written(cast.owner, again, key="again")
    assert bytes_of(same) == bytes_of(archive)


def bytes_of(archive: zipfile.ZipFile) -> bytes:
    assert isinstance(archive.fp, io.BytesIO)
    return archive.fp.getvalue()


def test_c4_a_finished_video_is_packed_as_it_is_played_best(app: Flask, cast: Cast, tmp_path: Path) -> None:
    text, files = with_media(text_of(), video=video_bytes(), cover=picture_bytes())
    course_id = imported_course(cast.owner, zipped(text, files)).id
    drain(app)
    course = db.session.get_one(Course, course_id)
    _export, archive = written(cast.owner, course)
    picture, film = read(archive).media
    assert (picture.file, picture.name, film.file, film.name) == (
        *("media/00001.webp", "cover.png"),
        *("media/00002.mp4", "film.mp4"),
    )
    path = tmp_path / "film.mp4"
    path.write_bytes(archive.read(film.file))
    info = probe(path)
    assert (info.width, info.height, info.has_audio, round(info.duration_s)) == (320, 180, True, 3)
    imported_course(cast.owner, bytes_of(archive))
    drain(app)
    states = select(Upload.state).where(Upload.archive_id.is_not(None))
    assert set(db.session.scalars(states)) == {UploadState.DONE}


def test_a_video_that_two_lectures_show_is_packed_once(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), video=video_bytes())
    text["modules"][1]["lectures"] = [{"title": "The same", "kind": "video", "video": "media/film.mp4"}]
    course = imported_course(cast.owner, zipped(text, files))
    _export, archive = written(cast.owner, course)
    found = read(archive)
    assert len(found.media) == 1
    assert [module.lectures[-1].video for module in found.modules[1:]] == ["media/00001.mp4"] * 2


def test_a_file_that_is_gone_is_said_and_left_out(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), video=video_bytes(), cover=picture_bytes())
    course = imported_course(cast.owner, zipped(text, files))
    for upload in db.session.scalars(select(Upload).where(Upload.archive_id.is_not(None))):
        part_path(upload.id).unlink()
    export, archive = written(cast.owner, course)
    assert [remark[:12] for remark in export.remarks] == ["“cover.png” ", "“film.mp4” i"]
    found = read(archive)
    assert (found.media, found.cover, found.modules[2].lectures[0].video) == ((), None, None)


def test_l6_any_version_can_be_had(app: Flask, cast: Cast) -> None:
    course = live_course(cast.owner)
    node = db.session.scalars(select(Module.node_id)).one()
    content.edit_module(actor=cast.owner, course_id=course.id, node_id=node, title="Another title")
    titles = [
        read(written(cast.owner, course, number=number, key=str(number))[1]).modules[0].title for number in (1, 2)
    ]
    assert titles == ["Module 1", "Another title"]


def test_reading_a_course_takes_a_fixed_number_of_statements(app: Flask, cast: Cast) -> None:
    counts = []
    for lectures in (1, 20):
        course = draft_course(cast.owner, lectures=lectures)
        with statements() as seen:
            course_archives.contents(course.draft_revision_id or 0)
        counts.append(len(seen))
    assert counts == [5, 5]


def test_an_edit_in_the_middle_is_read_again(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    course = draft_course(cast.owner)
    files = course_archives._files
    edits = iter(["New title"])

    def edit_once(found: ArchivedCourse) -> Any:
        for title in edits:
            node = db.session.scalars(select(Module.node_id)).one()
            content.edit_module(actor=cast.owner, course_id=course.id, node_id=node, title=title)
        return files(found)

    monkeypatch.setattr(course_archives, "_files", edit_once)
    assert course_archives.contents(course.draft_revision_id or 0).course.modules[0].title == "New title"


def test_b8_a_course_is_its_authors_to_export(app: Flask, cast: Cast) -> None:
    course = draft_course(cast.owner)
    with pytest.raises(NotFound):
        ask(cast.other_author, course)
    for person in (cast.student, cast.moderator, cast.admin, cast.visitor):
        with pytest.raises(NotAllowed):
            ask(person, course)
    with pytest.raises(NotFound):
        ask(cast.owner, course, number=2)
    assert db.session.scalars(select(Export)).all() == []


def test_t2_a_repeated_request_is_one_export_and_a_repeated_task_one_file(app: Flask, cast: Cast) -> None:
    course = draft_course(cast.owner)
    course_id, export_id = course.id, ask(cast.owner, course).id
    assert ask(cast.owner, course).id == export_id
    drain(app)
    finished = stored(export_id).finished_at
    course_exports.write_course_export(export_id=export_id)
    assert stored(export_id).finished_at == finished
    assert len(list(storage().list(f"export/{export_id}"))) == 1
    letter = db.session.scalars(select(Letter)).one()
    assert letter.subject == "The archive of “Counting with care” is written"
    assert f"/studio/courses/{course_id}/export" in letter.body


def test_not_more_than_a_few_at_once(app: Flask, cast: Cast) -> None:
    course = draft_course(cast.owner)
    for number in range(exports.OPEN_AT_ONCE):
        ask(cast.owner, course, key=str(number))
    with pytest.raises(Refused) as refused:
        ask(cast.owner, course, key="one more")
    assert refused.value.code == "export.too_many"


def test_texts_that_no_import_would_take_are_not_exported(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "TEXT_MAX_BYTES", 100)
    export = ask(cast.owner, draft_course(cast.owner))
    course_exports.write_course_export(export_id=export.id)
    assert (stored(export.id).state, stored(export.id).error_code) == (ExportState.FAILED, "too_large")
    assert list(storage().list(f"export/{export.id}")) == []


class Killed(BaseException):
    """The worker is gone in the middle."""


def test_t2_a_lost_worker_is_followed_by_one_that_begins_again(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, files = with_media(text_of(), video=video_bytes())
    course = imported_course(cast.owner, zipped(text, files))
    export = ask(cast.owner, course)
    place = course_exports._work_place()
    with monkeypatch.context() as patch:

        def die(*_given: object) -> None:
            raise Killed

        patch.setattr(zips.ArchiveWriter, "add_text", die)
        patch.setattr(course_exports.shutil, "rmtree", lambda *_given, **_more: None)
        with pytest.raises(Killed):
            course_exports.write_course_export(export_id=export.id)
    db.session.rollback()
    assert (place / str(export.id) / "ready" / "course.zip").exists()
    assert course_exports.clear_work() == 0
    course_exports.write_course_export(export_id=export.id)
    assert stored(export.id).state is ExportState.DONE
    assert list(place.iterdir()) == []


def test_t4_files_go_when_their_time_is_over(app: Flask, cast: Cast) -> None:
    export, _archive = written(cast.owner, draft_course(cast.owner))
    key = export.file_key or ""
    assert course_exports.expire_exports() == 0
    with clock.at(clock.now() + timedelta(days=8)):
        assert course_exports.expire_exports() == 1
        assert course_exports.expire_exports() == 0
    assert storage().head(key) is None
    assert (stored(export.id).state, stored(export.id).file_key) == (ExportState.EXPIRED, None)


def test_t4_an_export_that_nobody_writes_is_given_up_and_its_folder_cleared(app: Flask, cast: Cast) -> None:
    export = ask(cast.owner, draft_course(cast.owner))
    folder = course_exports._work_place() / str(export.id)
    folder.mkdir()
    with clock.at(clock.now() + exports.SILENCE):
        # A long queue is no silence.
        assert exports.give_up_silent(actor=SYSTEM) == 0
    exports.start(actor=SYSTEM, export_id=export.id, total=1)
    assert exports.give_up_silent(actor=SYSTEM) == 0
    with clock.at(clock.now() + exports.SILENCE):
        assert exports.give_up_silent(actor=SYSTEM) == 1
    assert (stored(export.id).state, stored(export.id).error_code) == (ExportState.FAILED, exports.GAVE_UP)
    course_exports.write_course_export(export_id=export.id)
    assert stored(export.id).state is ExportState.FAILED
    assert course_exports.clear_work() == 1
    assert not folder.exists()
