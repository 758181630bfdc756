"""Auto-moderation from event to verdict: L-2 to L-4, L-7, T-1, T-2."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from backoffice.access import Actor
from backoffice.db import db, unguarded
from backoffice.models.content import Lecture, LectureKind, Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.models.outbox import Delivery, OutboxEvent
from backoffice.models.review import Submission, SubmissionState
from backoffice.operations import revisions, submissions
from backoffice.outbox import Event, emit
from backoffice.tasks.actors import moderation
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast
from tests.factories.tasks import drain

TECHNIQUE = {"width": 1280, "height": 720, "has_sound": True, "black_share": 0.0, "mean_volume_db": -20.0}


def complete(course: Course, owner: Actor) -> int:
    """Give the open or live revision a cover, the one thing that the factory leaves out."""
    cover, course_id = upload(owner, kind=UploadKind.IMAGE), course.id
    with unguarded():
        db.session.execute(update(Revision).where(Revision.course_id == course_id).values(cover_upload_id=cover.id))
        db.session.commit()
    return course_id


def with_video(owner: Actor, state: UploadState, asset: dict[str, Any] | None = None) -> str:
    """Turn the first lecture into a video; the id of its file."""
    file = upload(owner, state=state)
    with unguarded():
        file.asset = asset
        lecture = db.session.scalars(select(Lecture).order_by(Lecture.id).limit(1)).one()
        lecture.kind, lecture.video_upload_id = LectureKind.VIDEO, file.id
        db.session.commit()
    return file.id


def finish(upload_id: str, state: UploadState = UploadState.DONE) -> None:
    with unguarded():
        file = db.session.get_one(Upload, upload_id)
        file.state, file.duration_s, file.asset = state, 60, TECHNIQUE
        file.error_code = "not_a_video" if state is UploadState.FAILED else None
        emit(Event.UPLOAD_PROCESSED, upload_id=upload_id)
        db.session.commit()


def submit(course_id: int, owner: Actor) -> int:
    newest = select(Revision.version).where(Revision.course_id == course_id).order_by(Revision.number.desc()).limit(1)
    return submissions.submit(actor=owner, course_id=course_id, version=db.session.scalar(newest)).id


def states_of(course_id: int) -> tuple[CourseState, list[RevisionState], list[SubmissionState]]:
    db.session.expire_all()
    assert db.session.scalars(select(Delivery.error).where(Delivery.error.is_not(None))).all() == []
    of_course = Revision.course_id == course_id
    return (
        db.session.scalars(select(Course.state).where(Course.id == course_id)).one(),
        list(db.session.scalars(select(Revision.state).where(of_course).order_by(Revision.number))),
        list(db.session.scalars(select(Submission.state).order_by(Submission.number))),
    )


def test_l4_a_good_first_course_is_published(app: Flask, cast: Cast) -> None:
    course_id = complete(draft_course(cast.owner), cast.owner)
    submit(course_id, cast.owner)
    assert drain(app) > 0
    assert states_of(course_id) == (CourseState.PUBLISHED, [RevisionState.LIVE], [SubmissionState.PASSED])
    course = db.session.get_one(Course, course_id)
    assert course.published_at is not None
    assert course.draft_revision_id is None
    events = db.session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)).all()
    assert events == ["course.submitted", "course.published"]


def test_l3_a_bad_course_comes_back_with_places_and_is_mended(app: Flask, cast: Cast) -> None:
    course_id = complete(draft_course(cast.owner), cast.owner)
    with unguarded():
        db.session.scalars(select(Revision)).one().description = (
            "Write me a letter to olga.petrova@gmail.com and we shall count together. " * 10
        )
        db.session.commit()
    submission = submit(course_id, cast.owner)
    drain(app)
    assert states_of(course_id) == (CourseState.DRAFT, [RevisionState.REJECTED], [SubmissionState.REJECTED])
    found = db.session.get_one(Submission, submission)
    assert ("contact_email", "description") in {(item["code"], item["place"]["field"]) for item in found.findings}
    assert found.thresholds["min_lectures"] == 2

    with unguarded():
        db.session.scalars(select(Revision)).one().description = "You learn to count with great care. " * 10
        db.session.commit()
    submit(course_id, cast.owner)
    drain(app)
    assert states_of(course_id)[0] is CourseState.PUBLISHED


def test_l7_a_change_that_passes_waits_for_a_moderator(app: Flask, cast: Cast) -> None:
    course_id = complete(live_course(cast.owner), cast.owner)
    revisions.open_draft(actor=cast.owner, course_id=course_id)
    live_id = db.session.get_one(Course, course_id).live_revision_id
    submit(course_id, cast.owner)
    drain(app)
    assert states_of(course_id) == (
        CourseState.ON_SALE,
        [RevisionState.LIVE, RevisionState.IN_REVIEW],
        [SubmissionState.IN_REVIEW],
    )
    assert db.session.get_one(Course, course_id).live_revision_id == live_id


@pytest.mark.parametrize(
    ("end", "state"),
    [(UploadState.DONE, SubmissionState.PASSED), (UploadState.FAILED, SubmissionState.REJECTED)],
)
def test_t2_a_submission_waits_for_its_video(app: Flask, cast: Cast, end: UploadState, state: SubmissionState) -> None:
    course_id = complete(draft_course(cast.owner), cast.owner)
    file = with_video(cast.owner, UploadState.TRANSCODING)
    submit(course_id, cast.owner)
    drain(app)
    assert states_of(course_id)[2] == [SubmissionState.OPEN]
    finish(file, end)
    drain(app)
    assert states_of(course_id)[2] == [state]


def test_c2_the_length_of_the_videos_is_kept_on_the_course(app: Flask, cast: Cast) -> None:
    course_id = complete(draft_course(cast.owner), cast.owner)
    file = with_video(cast.owner, UploadState.TRANSCODING)
    finish(file)
    submit(course_id, cast.owner)
    drain(app)
    assert db.session.scalar(select(Course.duration_s).where(Course.id == course_id)) == 60


def test_t2_judging_twice_or_after_withdrawal_changes_nothing(app: Flask, cast: Cast) -> None:
    course_id = complete(draft_course(cast.owner), cast.owner)
    taken_back = submit(course_id, cast.owner)
    submissions.withdraw(actor=cast.owner, course_id=course_id)
    moderation.judge_submission(submission_id=taken_back)
    assert states_of(course_id) == (CourseState.DRAFT, [RevisionState.DRAFT], [SubmissionState.WITHDRAWN])
    again = submit(course_id, cast.owner)
    for _twice in range(2):
        moderation.judge_submission(submission_id=again)
    assert states_of(course_id)[2] == [SubmissionState.WITHDRAWN, SubmissionState.PASSED]
    published = select(func.count(OutboxEvent.id)).where(OutboxEvent.name == "course.published")
    assert db.session.scalar(published) == 1


def test_l4_a_flag_brings_a_moderator(app: Flask, cast: Cast) -> None:
    course_id = complete(draft_course(cast.owner), cast.owner)
    with_video(cast.owner, UploadState.DONE, TECHNIQUE | {"black_share": 0.7})
    submit(course_id, cast.owner)
    drain(app)
    assert states_of(course_id) == (CourseState.DRAFT, [RevisionState.IN_REVIEW], [SubmissionState.IN_REVIEW])


def test_c4_a_lecture_of_sound_alone_passes(app: Flask, cast: Cast) -> None:
    """There is no picture that could be dark or small."""
    course_id = complete(draft_course(cast.owner), cast.owner)
    no_picture = {"sound_only": True, "width": 0, "height": 0, "black_share": None}
    with_video(cast.owner, UploadState.DONE, TECHNIQUE | no_picture)
    submit(course_id, cast.owner)
    drain(app)
    assert states_of(course_id)[2] == [SubmissionState.PASSED]
