"""Lectures, questions and the outline as a student of the course sees them (P-1, P-2, P-4, P-5)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db
from backoffice.models.content import Assignment, Lecture, LectureKind, Module, Question, Resource, Revision
from backoffice.models.courses import Course
from backoffice.models.learning import AnswerAttempt, LectureProgress
from backoffice.models.media import Upload, UploadState
from backoffice.models.purchases import Enrolment
from backoffice.progress import Progress, counts
from backoffice.queries.captions import Track, tracks


@dataclass(frozen=True, slots=True)
class Entry:
    """The way into a course on its live revision; `progress` is None for its author and staff, who only look."""

    course_id: int
    revision_id: int
    slug: str
    title: str
    progress: Progress | None


@dataclass(frozen=True, slots=True)
class LectureLine:
    """A lecture in the outline; `done` when it is completed, or all of its questions are answered rightly."""

    node_id: int
    title: str
    is_video: bool
    duration: int
    questions: int
    right: int
    completed: bool

    @property
    def done(self) -> bool:
        """Whether nothing is left to do in it."""
        return self.right == self.questions if self.questions else self.completed


@dataclass(frozen=True, slots=True)
class ModuleLines:
    """A module of the outline; `assignments` have `node_id` and `title`."""

    title: str
    lectures: list[LectureLine]
    assignments: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a question; `right` is None until the student has answered rightly."""

    key: str
    text: str
    chosen: bool
    right: bool | None


@dataclass(frozen=True, slots=True)
class QuestionView:
    """A question with the student's last attempt; the explanation is empty before the first one (C-5)."""

    node_id: int
    text: str
    several: bool
    options: list[Option]
    attempts: int
    solved: bool
    last_right: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class FileView:
    """A file of a lecture that can be saved; `size` in bytes."""

    upload_id: str
    title: str
    filename: str
    size: int


@dataclass(frozen=True, slots=True)
class LectureView:
    """The content of a lecture; `body` is Markdown, `video_id` the products of a video that can be played, `poster` and
    `storyboard` are files of it."""

    node_id: int
    title: str
    is_video: bool
    body: str
    video_id: str | None
    poster: str | None
    storyboard: str | None
    upright: bool
    duration: int
    position: int
    completed: bool
    captions: tuple[Track, ...]


def entry(slug: str, viewer: Actor) -> Entry | None:
    """The course for whoever may learn in it: an open enrolment, its author, or staff (P-1). One statement."""
    open_now = (
        (Enrolment.course_id == Course.id) & (Enrolment.student_id == viewer.user_id) & Enrolment.open_at(clock.now())
    )
    query = (
        select(
            Course.id,
            Course.author_id,
            Revision.id.label("revision_id"),
            Revision.title,
            Enrolment.id.label("enrolment_id"),
            Enrolment.progress_floor,
            *counts(Course.live_revision_id, viewer.user_id),
        )
        .join(Revision, Revision.id == Course.live_revision_id)
        .outerjoin(Enrolment, open_now)
        .where(Course.slug == slug)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    enrolled = row.enrolment_id is not None
    if not enrolled and row.author_id != viewer.user_id and not viewer.may(Action.SEE_ALL_COURSES):
        return None
    progress = Progress(*row[6:10], floor=row.progress_floor) if enrolled else None
    return Entry(row.id, row.revision_id, slug, row.title, progress)


def outline(revision_id: int, student_id: int) -> list[ModuleLines]:
    """Modules and lectures with what this student has done. One statement."""
    asked = select(func.count()).where(Question.lecture_id == Lecture.id).correlate(Lecture).scalar_subquery()
    right = (
        select(func.count(func.distinct(AnswerAttempt.question_node_id)))
        .join(Question, Question.node_id == AnswerAttempt.question_node_id)
        .where(Question.lecture_id == Lecture.id, AnswerAttempt.student_id == student_id, AnswerAttempt.right)
        .correlate(Lecture)
        .scalar_subquery()
    )
    line = func.jsonb_build_object("node_id", Assignment.node_id, "title", Assignment.title)
    assignments = (
        select(func.jsonb_agg(aggregate_order_by(line, Assignment.position)))
        .where(Assignment.module_id == Module.id)
        .correlate(Module)
        .scalar_subquery()
    )
    query = (
        select(
            Module.id.label("module_id"),
            Module.title.label("module_title"),
            Lecture.node_id,
            Lecture.title,
            Lecture.kind,
            Upload.duration_s,
            LectureProgress.completed_at,
            asked.label("questions"),
            right.label("right"),
            assignments.label("assignments"),
        )
        .outerjoin(Lecture, Lecture.module_id == Module.id)
        .outerjoin(Upload, Upload.id == Lecture.video_upload_id)
        .outerjoin(
            LectureProgress,
            (LectureProgress.lecture_node_id == Lecture.node_id) & (LectureProgress.student_id == student_id),
        )
        .where(Module.revision_id == revision_id)
        .order_by(Module.position, Lecture.position)
    )
    modules: dict[int, ModuleLines] = {}
    for row in db.session.execute(query):
        module = modules.setdefault(row.module_id, ModuleLines(row.module_title, [], row.assignments or []))
        if row.node_id is not None:
            module.lectures.append(_line(row))
    return list(modules.values())


def _line(row: Any) -> LectureLine:
    return LectureLine(
        node_id=row.node_id,
        title=row.title,
        is_video=row.kind is LectureKind.VIDEO,
        duration=row.duration_s or 0,
        questions=row.questions,
        right=row.right,
        completed=row.completed_at is not None,
    )


def lecture(revision_id: int, node_id: int, student_id: int) -> LectureView | None:
    """The content of a lecture of this revision with the student's place in it. One statement."""
    query = (
        select(Lecture, Upload.products_id, Upload.state, Upload.duration_s, Upload.asset, LectureProgress)
        .outerjoin(Upload, Upload.id == Lecture.video_upload_id)
        .outerjoin(
            LectureProgress,
            (LectureProgress.lecture_node_id == Lecture.node_id) & (LectureProgress.student_id == student_id),
        )
        .where(Lecture.revision_id == revision_id, Lecture.node_id == node_id)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    found, products_id, state, seconds, facts, place = row
    asset = facts or {}
    return LectureView(
        node_id=found.node_id,
        title=found.title,
        is_video=found.kind is LectureKind.VIDEO,
        body=found.body,
        video_id=products_id if state is UploadState.DONE else None,
        poster=asset.get("poster"),
        storyboard=asset.get("storyboard"),
        upright=asset.get("height", 0) > asset.get("width", 0),
        duration=seconds or 0,
        position=place.position_s if place else 0,
        completed=place is not None and place.completed_at is not None,
        captions=tracks(found.captions),
    )


def assignment(revision_id: int, node_id: int) -> tuple[str, str] | None:
    """Title and Markdown of an assignment of this revision (C-3). One statement."""
    query = select(Assignment.title, Assignment.body).where(
        Assignment.revision_id == revision_id, Assignment.node_id == node_id
    )
    row = db.session.execute(query).one_or_none()
    return None if row is None else (row.title, row.body)


def files(revision_id: int, lecture_node_id: int) -> list[FileView]:
    """The files of a lecture that are ready, in the author's order (C-4). One statement."""
    query = (
        select(Upload.id, Resource.title, Upload.filename, Upload.size)
        .join(Resource, Resource.upload_id == Upload.id)
        .join(Lecture, Lecture.id == Resource.lecture_id)
        .where(Lecture.revision_id == revision_id, Lecture.node_id == lecture_node_id, Upload.state == UploadState.DONE)
        .order_by(Resource.position)
    )
    return [FileView(*row) for row in db.session.execute(query)]


def questions(revision_id: int, lecture_node_id: int, student_id: int) -> list[QuestionView]:
    """Questions of a lecture; which options are right is told after a right answer, not before. One statement."""
    mine = (AnswerAttempt.student_id == student_id, AnswerAttempt.question_node_id == Question.node_id)
    latest = select(AnswerAttempt.id).where(*mine).order_by(AnswerAttempt.id.desc()).limit(1)
    attempts = select(func.count(AnswerAttempt.id)).where(*mine)
    solved = select(func.coalesce(func.bool_or(AnswerAttempt.right), False)).where(*mine)
    last = AnswerAttempt.__table__.alias("last")
    query = (
        select(
            Question.node_id,
            Question.text,
            Question.options,
            Question.explanation,
            attempts.correlate(Question).scalar_subquery().label("attempts"),
            solved.correlate(Question).scalar_subquery().label("solved"),
            last.c.chosen,
            last.c.right,
        )
        .join(Lecture, Lecture.id == Question.lecture_id)
        .outerjoin(last, last.c.id == latest.correlate(Question).scalar_subquery())
        .where(Question.revision_id == revision_id, Lecture.node_id == lecture_node_id)
        .order_by(Question.position)
    )
    return [_question(row) for row in db.session.execute(query)]


def _question(row: Any) -> QuestionView:
    chosen = row.chosen or []
    return QuestionView(
        node_id=row.node_id,
        text=row.text,
        several=sum(bool(option["right"]) for option in row.options) > 1,
        options=[
            Option(
                key=option["key"],
                text=option["text"],
                chosen=option["key"] in chosen,
                right=bool(option["right"]) if row.solved else None,
            )
            for option in row.options
        ],
        attempts=row.attempts,
        solved=row.solved,
        last_right=bool(row.right),
        explanation=row.explanation if row.attempts else "",
    )
