"""Watching and reading: positions, what was really seen, and when a lecture is completed (P-1, P-5)."""

from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotAllowed, NotFound, Refused
from backoffice.models.content import Lecture, LectureKind
from backoffice.models.courses import Course
from backoffice.models.learning import LectureProgress
from backoffice.models.media import Upload
from backoffice.models.purchases import Enrolment
from backoffice.operations.progress import keep_floors

# P-5: the part of a video that must really have been watched.
COMPLETED_PERCENT = 90
Span = tuple[float, float]


def lock_enrolment(actor: Actor, course_id: int) -> Enrolment:
    """The student's open enrolment, locked: steps of one student in one course come one after the other (P-1)."""
    enrolment = db.session.scalar(
        select(Enrolment)
        .where(
            Enrolment.student_id == actor.person_id, Enrolment.course_id == course_id, Enrolment.open_at(clock.now())
        )
        .with_for_update()
    )
    if enrolment is None:
        raise NotAllowed("learning.no_access", _l("You have no access to this course, or it has ended."))
    return enrolment


def merge(spans: Iterable[Span], length: float) -> list[list[float]]:
    """Watched spans in seconds as sorted ones that do not meet, clipped to the video's length."""
    merged: list[list[float]] = []
    for start, end in sorted((max(0.0, start), min(end, length)) for start, end in spans):
        if end <= start:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], end)
        else:
            merged.append([start, end])
    return [[round(start, 1), round(end, 1)] for start, end in merged]


@operation
def watch(
    *, actor: Actor, course_id: int, lecture_node_id: int, position_s: float, spans: list[Span]
) -> LectureProgress:
    """Remember the position in a video and what was watched of it, in seconds; completed at 90 % (P-5).

    What was watched before is kept: spans are merged. Errors: `learning.no_access`, `lecture.not_found`,
    `lecture.not_a_video`.
    """
    lock_enrolment(actor, course_id)
    actor.require(Action.LEARN)
    lecture, length = _live_lecture(course_id, lecture_node_id)
    if lecture.kind is not LectureKind.VIDEO or not length:
        raise Refused("lecture.not_a_video", _l("This lecture has no video."))
    progress = _progress(actor, course_id, lecture_node_id)
    progress.position_s = int(min(max(position_s, 0), length))
    progress.watched = merge([*((start, end) for start, end in progress.watched), *spans], length)
    seen = sum(end - start for start, end in progress.watched)
    _touch(progress, completed=seen * 100 >= COMPLETED_PERCENT * length)
    keep_floors(actor=actor, course_id=course_id, student_id=actor.person_id)
    return progress


@operation
def mark_read(*, actor: Actor, course_id: int, lecture_node_id: int) -> LectureProgress:
    """Complete a text by hand (P-5). Errors: `learning.no_access`, `lecture.not_found`, `lecture.not_a_text`."""
    lock_enrolment(actor, course_id)
    actor.require(Action.LEARN)
    lecture, _length = _live_lecture(course_id, lecture_node_id)
    if lecture.kind is not LectureKind.TEXT:
        raise Refused("lecture.not_a_text", _l("A video is completed by watching it."))
    progress = _progress(actor, course_id, lecture_node_id)
    _touch(progress, completed=True)
    keep_floors(actor=actor, course_id=course_id, student_id=actor.person_id)
    return progress


def _live_lecture(course_id: int, lecture_node_id: int) -> tuple[Lecture, int]:
    row = db.session.execute(
        select(Lecture, Upload.duration_s)
        .join(Course, Course.live_revision_id == Lecture.revision_id)
        .outerjoin(Upload, Upload.id == Lecture.video_upload_id)
        .where(Course.id == course_id, Lecture.node_id == lecture_node_id)
    ).one_or_none()
    if row is None:
        raise NotFound("lecture.not_found", _l("This lecture is no longer part of the course."))
    return row[0], row[1] or 0


def _progress(actor: Actor, course_id: int, lecture_node_id: int) -> LectureProgress:
    key = {"student_id": actor.person_id, "lecture_node_id": lecture_node_id}
    now = clock.now()
    values = key | {"course_id": course_id, "position_s": 0, "watched": [], "updated_at": now}
    db.session.execute(insert(LectureProgress).values(values).on_conflict_do_nothing())
    return db.session.get_one(LectureProgress, key, populate_existing=True)


def _touch(progress: LectureProgress, *, completed: bool) -> None:
    progress.updated_at = clock.now()
    if completed and progress.completed_at is None:
        progress.completed_at = progress.updated_at
