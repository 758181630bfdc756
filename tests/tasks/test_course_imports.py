"""Archives become drafts: whole or not at all, once, and within limits (L-1, C-1 to C-5, T-1 to T-5)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.archives.zips import OpenArchive
from backoffice.integrations.storage.base import INCOMING
from backoffice.integrations.storage.house import part_path, storage, uploads_folder
from backoffice.models.content import Lecture, Module, Question, Revision, RevisionState
from backoffice.models.courses import Course, CourseState, SaleTerms
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.models.outbox import OutboxEvent
from backoffice.operations import course_imports, uploads
from backoffice.outbox import Event
from backoffice.tasks import holds
from backoffice.tasks.actors import archives, media
from tests.factories.archives import course_from, imported, listed, received, stored, text_of, with_media, zipped
from tests.factories.media import picture_bytes, video_bytes
from tests.factories.people import Cast
from tests.factories.statements import statements
from tests.factories.tasks import drain

FILM = b"a film that nobody has looked at yet " * 4000
LATER = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clean_folder(app: Flask) -> None:
    """What other tests have left is nobody's."""
    media.clear_leftovers()


def count(model: type[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def parts() -> list[Upload]:
    return list(db.session.scalars(select(Upload).where(Upload.archive_id.is_not(None)).order_by(Upload.kind)))


def told(event: Event) -> list[str]:
    query = select(OutboxEvent.payload).where(OutboxEvent.name == event.value)
    return sorted(payload["upload_id"] for payload in db.session.scalars(query))


def test_l1_an_archive_becomes_a_draft_with_everything_in_it(app: Flask, cast: Cast) -> None:
    course = course_from(cast.owner)
    assert (course.author_id, course.state, course.price_minor) == (cast.owner.user_id, CourseState.DRAFT, 4990)
    revision = db.session.scalars(select(Revision)).one()
    assert (revision.id, revision.state, revision.number) == (course.draft_revision_id, RevisionState.DRAFT, 1)
    assert (revision.title, revision.access_days) == ("Bridges that stand for a century", 365)
    assert revision.includes_certificate
    modules = db.session.scalars(select(Module).order_by(Module.position)).all()
    assert [module.title for module in modules] == ["Foundations", "An empty module", "Arches"]
    lectures = db.session.scalars(select(Lecture).order_by(Lecture.module_id, Lecture.position)).all()
    assert [(lecture.module_id, lecture.position) for lecture in lectures] == [
        (modules[0].id, 0),
        (modules[0].id, 1),
        (modules[2].id, 0),
    ]
    questions = db.session.scalars(select(Question).order_by(Question.position)).all()
    assert [question.lecture_id for question in questions] == [lectures[0].id] * 2
    assert [option["right"] for option in questions[1].options] == [True, True, False]
    assert count(SaleTerms) == 1


def test_t1_its_files_are_uploads_like_any_other(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), video=video_bytes(), cover=picture_bytes())
    archive = imported(cast.owner, zipped(text, files))
    assert archive.state is UploadState.DONE
    picture, film = parts()
    for part, data in ((picture, picture_bytes()), (film, video_bytes())):
        assert (part.state, part.owner_id, part.offset) == (UploadState.UPLOADED, cast.owner.user_id, part.size)
        assert part_path(part.id).read_bytes() == data
    assert told(Event.UPLOAD_RECEIVED) == sorted([picture.id, film.id])
    assert not part_path(archive.id).exists()
    revision = db.session.scalars(select(Revision)).one()
    assert revision.cover_upload_id == picture.id
    assert db.session.scalar(select(Lecture.video_upload_id).where(Lecture.title == "To be filmed")) == film.id
    drain(app)
    db.session.expire_all()
    assert [part.state for part in parts()] == [UploadState.DONE] * 2


def test_t3_a_file_that_is_no_video_fails_as_it_would_alone(app: Flask, cast: Cast) -> None:
    text, files = with_media(text_of(), video=FILM)
    assert imported(cast.owner, zipped(text, files)).state is UploadState.DONE
    drain(app)
    db.session.expire_all()
    (film,) = parts()
    assert (film.state, film.error_code) == (UploadState.FAILED, "not_a_video")


def test_a_course_of_300_lectures_takes_a_fixed_number_of_statements(app: Flask, cast: Cast) -> None:
    def course_of(lectures: int) -> bytes:
        text = text_of()
        text["course"]["title"] = f"{lectures} lectures"
        lecture = text["modules"][0]["lectures"][0]
        text["modules"] = [
            {"title": f"Module {number}", "lectures": [lecture] * (lectures // 6)} for number in range(6)
        ]
        return zipped(text)

    counts = []
    for lectures in (6, 300):
        upload_id = received(cast.owner, course_of(lectures))
        with statements() as seen:
            archives.import_course(upload_id=upload_id)
        counts.append(len(seen))
    assert (count(Lecture), count(Question)) == (306, 612)
    assert counts[0] == counts[1] < 60


def test_t5_progress_is_told_by_bytes(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "TELL_EVERY_S", 0)
    seen = []
    step = uploads.progress

    def listen(**values: Any) -> None:
        seen.append(values["percent"])
        step(**values)

    monkeypatch.setattr(uploads, "progress", listen)
    text, files = with_media(text_of(), video=b"x" * 2_000_000)
    assert imported(cast.owner, zipped(text, files)).state is UploadState.DONE
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert (seen[-2], seen[-1]) == (99, 100)


def test_t2_a_second_attempt_makes_no_second_course(app: Flask, cast: Cast) -> None:
    upload_id = imported(cast.owner, zipped(text_of())).id
    archives.import_course(upload_id=upload_id)
    drain(app)
    assert (count(Course), count(Revision), stored(upload_id).attempt) == (1, 1, 1)


def test_t2_an_archive_in_other_hands_is_left_to_them(app: Flask, cast: Cast) -> None:
    upload_id = received(cast.owner, zipped(text_of()))
    uploads.start_processing(actor=SYSTEM, upload_id=upload_id)
    archives.import_course(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).attempt, count(Course)) == (UploadState.CHECKING, 1, 0)
    assert part_path(upload_id).exists()


class Killed(BaseException):
    """The worker is gone in the middle: nothing of it runs any more."""


@pytest.mark.parametrize("after", ["the first file", "all files", "the last statement"])
def test_t2_a_worker_that_is_lost_is_followed_by_one_that_begins_again(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    text, files = with_media(text_of(), video=FILM, cover=picture_bytes())
    upload_id = received(cast.owner, zipped(text, files))

    def die(*_arguments: object, **_values: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if after == "the first file":
            copy = OpenArchive.copy
            patch.setattr(OpenArchive, "copy", lambda *given: copy(*given) if "film" in given[1].file else die())
        elif after == "all files":
            patch.setattr(course_imports, "take_in", die)
        else:
            patch.setattr(uploads, "complete", die)
        with pytest.raises(Killed):
            archives.import_course(upload_id=upload_id)
    db.session.rollback()
    assert (count(Course), told(Event.UPLOAD_RECEIVED)) == (0, [])

    with clock.at(clock.now() + LATER):
        assert uploads.requeue_stuck(actor=SYSTEM) == 1
        archives.import_course(upload_id=upload_id)
    assert stored(upload_id).state is UploadState.DONE
    assert (count(Course), len(parts())) == (1, 2)
    assert told(Event.UPLOAD_RECEIVED) == sorted(part.id for part in parts())
    media.clear_leftovers()
    assert {path.name for path in uploads_folder().iterdir()} == {f"{part.id}.part" for part in parts()}


def test_t1_a_connection_lost_right_after_the_end_loses_no_file(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, files = with_media(text_of(), video=FILM)
    upload_id = received(cast.owner, zipped(text, files))
    take_in = course_imports.take_in

    def and_hear_nothing(**values: Any) -> None:
        take_in(**values)
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(course_imports, "take_in", and_hear_nothing)
        with pytest.raises(ConnectionError):
            archives.import_course(upload_id=upload_id)
    archives.import_course(upload_id=upload_id)
    assert (stored(upload_id).state, count(Course)) == (UploadState.DONE, 1)
    assert [part_path(part.id).read_bytes() for part in parts()] == [FILM]


def test_t3_a_lost_lease_stops_the_worker(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    text, files = with_media(text_of(), video=FILM)
    upload_id = received(cast.owner, zipped(text, files))
    announce = course_imports.announce

    def and_lose_it(**arguments: Any) -> dict[str, str]:
        ids = announce(**arguments)
        with clock.at(clock.now() + LATER):
            uploads.start_processing(actor=SYSTEM, upload_id=upload_id)
        return ids

    monkeypatch.setattr(course_imports, "announce", and_lose_it)
    archives.import_course(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).attempt) == (UploadState.CHECKING, 2)
    assert (count(Course), told(Event.UPLOAD_RECEIVED)) == (0, [])
    assert part_path(upload_id).exists()


def test_x5_an_archive_that_went_into_the_bucket_is_taken_in(app_with_s3: Flask, cast: Cast) -> None:
    upload_id = received(cast.owner, zipped(text_of()))
    storage().put_file(f"{INCOMING}/{upload_id}", part_path(upload_id))
    part_path(upload_id).unlink()
    drain(app_with_s3)
    assert (stored(upload_id).state, count(Course)) == (UploadState.DONE, 1)


def test_t3_an_archive_for_which_there_is_no_room_waits_and_goes_on_by_itself(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, files = with_media(text_of(), video=FILM)
    upload_id = received(cast.owner, zipped(text, files))
    with monkeypatch.context() as patch:
        patch.setattr(archives, "SPARE_BYTES", 10**18)
        archives.import_course(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).hold_code) == (UploadState.UPLOADED, "disk_full")
    assert parts() == []
    assert holds.release() == 1
    drain(app)
    assert (stored(upload_id).state, count(Course)) == (UploadState.DONE, 1)


def test_t4_what_a_given_up_import_has_announced_expires(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, files = with_media(text_of(), video=FILM)
    upload_id = received(cast.owner, zipped(text, files))

    def die(**_values: object) -> None:
        raise Killed

    monkeypatch.setattr(course_imports, "take_in", die)
    with pytest.raises(Killed):
        archives.import_course(upload_id=upload_id)
    db.session.rollback()
    assert len(parts()) == 1
    with clock.at(clock.now() + timedelta(hours=settings().upload_hours + 1)):
        assert media.expire_unfinished() == 1
    assert parts() == []
    assert [path.name for path in uploads_folder().iterdir()] == [f"{upload_id}.part"]


def test_files_out_of_an_archive_do_not_keep_their_author_from_sending_others(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, files = with_media(text_of())
    lectures = text["modules"][0]["lectures"]
    for number in range(settings().max_open_uploads):
        file, data = f"media/{number}.mp4", f"film {number}".encode()
        files[file] = data
        text["media"].append(listed(file, data))
        lectures.append({"title": f"Film {number}", "kind": "video", "video": file})
    sent: list[Upload] = []
    take_in = course_imports.take_in

    def meanwhile(**values: Any) -> object:
        sent.append(uploads.begin(actor=cast.owner, kind=UploadKind.VIDEO, filename="a.mp4", size=1))
        return take_in(**values)

    monkeypatch.setattr(course_imports, "take_in", meanwhile)
    assert imported(cast.owner, zipped(text, files)).state is UploadState.DONE
    assert len(sent) == 1
    assert len(parts()) == settings().max_open_uploads
