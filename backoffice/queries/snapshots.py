"""One revision as the automatic checks look at it (L-3), and which files it still waits for."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Row, ScalarSelect, func, or_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, array_agg
from sqlalchemy.orm import aliased

from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.checks.model import (
    AssignmentSnapshot,
    CourseSnapshot,
    LectureSnapshot,
    ModuleSnapshot,
    QuestionSnapshot,
    ResourceSnapshot,
    Thresholds,
    VideoSnapshot,
)
from backoffice.models.catalogues import Category, Language, Skill
from backoffice.models.content import Assignment, Lecture, Module, Question, Resource, Revision, RevisionSkill
from backoffice.models.media import FINISHED, Upload, UploadState
from backoffice.models.review import Submission, SubmissionState


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is checked, and whether a file of it is still being processed, so that nothing can be said yet."""

    course: CourseSnapshot
    is_waiting: bool
    skill_ids: frozenset[int]


def thresholds() -> Thresholds:
    """The numbers that courses are measured by here."""
    host = urlsplit(settings().base_url).hostname or ""
    return Thresholds(min_lectures=settings().min_lectures, min_minutes=settings().min_minutes, own_hosts=(host,))


def snapshot_of(revision_id: int) -> Snapshot:
    """All content of a revision in three statements, whatever its size."""
    skills = (
        select(Skill.id, Skill.name_en)
        .join(RevisionSkill, RevisionSkill.skill_id == Skill.id)
        .where(RevisionSkill.revision_id == revision_id)
        .subquery()
    )
    query = (
        select(
            Revision,
            Language.code.label("language"),
            Category.slug.label("category"),
            Upload.state.label("cover_state"),
            select(array_agg(skills.c.id)).scalar_subquery().label("skill_ids"),
            select(array_agg(skills.c.name_en)).scalar_subquery().label("skills"),
        )
        .outerjoin(Language, Language.code == Revision.language_code)
        .outerjoin(Category, Category.id == Revision.category_id)
        .outerjoin(Upload, Upload.id == Revision.cover_upload_id)
        .where(Revision.id == revision_id)
    )
    row = db.session.execute(query).one()
    modules, is_waiting = _modules(revision_id)
    revision = row.Revision
    course = CourseSnapshot(
        title=revision.title,
        short_description=revision.short_description,
        description=revision.description,
        requirements=revision.requirements,
        language=row.language or "",
        level=revision.level.value,
        category=row.category,
        skills=tuple(row.skills or ()),
        cover_ready=row.cover_state is UploadState.DONE,
        modules=modules,
    )
    cover_waits = row.cover_state is not None and row.cover_state not in FINISHED
    return Snapshot(course, is_waiting or cover_waits, frozenset(row.skill_ids or ()))


def _modules(revision_id: int) -> tuple[tuple[ModuleSnapshot, ...], bool]:
    query = (
        select(
            Module.node_id.label("module_node"),
            Module.title.label("module_title"),
            Lecture,
            Upload.state.label("video_state"),
            Upload.error_code,
            Upload.duration_s,
            Upload.asset,
            _resources().label("resources"),
            _assignments().label("assignments"),
        )
        .outerjoin(Lecture, Lecture.module_id == Module.id)
        .outerjoin(Upload, Upload.id == Lecture.video_upload_id)
        .where(Module.revision_id == revision_id)
        .order_by(Module.position, Lecture.position)
    )
    questions = _questions(revision_id)
    rows: dict[int, Row[Any]] = {}
    lectures: defaultdict[int, list[LectureSnapshot]] = defaultdict(list)
    is_waiting = False
    for row in db.session.execute(query):
        rows[row.module_node] = row
        if row.Lecture is not None:
            lectures[row.module_node].append(_lecture(row, tuple(questions[row.Lecture.id])))
            states = [row.video_state, *(resource["state"] for resource in row.resources or ())]
            is_waiting = is_waiting or any(state is not None and state not in FINISHED for state in states)
    modules = (
        ModuleSnapshot(
            node_id=node_id,
            title=row.module_title,
            lectures=tuple(lectures[node_id]),
            assignments=tuple(AssignmentSnapshot(**assignment) for assignment in row.assignments or ()),
        )
        for node_id, row in rows.items()
    )
    return tuple(modules), is_waiting


def _lecture(row: Row[Any], questions: tuple[QuestionSnapshot, ...]) -> LectureSnapshot:
    lecture: Lecture = row.Lecture
    return LectureSnapshot(
        node_id=lecture.node_id,
        title=lecture.title,
        kind=lecture.kind.value,
        body=lecture.body,
        video=_video(row) if row.video_state is not None else None,
        questions=questions,
        resources=tuple(ResourceSnapshot(**resource) for resource in row.resources or ()),
    )


def _resources() -> ScalarSelect[Any]:
    """The files of the lecture at hand as JSON, in order: no statement of their own."""
    file = aliased(Upload)
    facts = {
        "node_id": Resource.node_id,
        "title": Resource.title,
        "filename": file.filename,
        "size": file.size,
        "upload_id": file.id,
        "state": file.state,
    }
    pairs = [part for name, column in facts.items() for part in (name, column)]
    built = func.jsonb_build_object(*pairs)
    return (
        select(func.jsonb_agg(aggregate_order_by(built, Resource.position)))
        .join(file, file.id == Resource.upload_id)
        .where(Resource.lecture_id == Lecture.id)
        .correlate(Lecture)
        .scalar_subquery()
    )


def _assignments() -> ScalarSelect[Any]:
    """The assignments of the module at hand as JSON, in order: no statement of their own."""
    columns = (Assignment.node_id, Assignment.title, Assignment.body)
    built = func.jsonb_build_object(*(part for column in columns for part in (column.key, column)))
    return (
        select(func.jsonb_agg(aggregate_order_by(built, Assignment.position)))
        .where(Assignment.module_id == Module.id)
        .correlate(Module)
        .scalar_subquery()
    )


def _video(row: Row[Any]) -> VideoSnapshot:
    facts = row.asset or {}
    return VideoSnapshot(
        state=row.video_state.value,
        error_code=row.error_code,
        duration_s=row.duration_s,
        width=facts.get("width"),
        height=facts.get("height"),
        sound_only=bool(facts.get("sound_only")),
        has_sound=bool(facts.get("has_sound")),
        black_share=facts.get("black_share"),
        mean_volume_db=facts.get("mean_volume_db"),
    )


def _questions(revision_id: int) -> defaultdict[int, list[QuestionSnapshot]]:
    query = (
        select(Question.lecture_id, Question.node_id, Question.text, Question.options, Question.explanation)
        .where(Question.revision_id == revision_id)
        .order_by(Question.lecture_id, Question.position)
    )
    found: defaultdict[int, list[QuestionSnapshot]] = defaultdict(list)
    for row in db.session.execute(query):
        found[row.lecture_id].append(
            QuestionSnapshot(
                node_id=row.node_id,
                text=row.text,
                options=tuple(option["text"] for option in row.options),
                right_count=sum(1 for option in row.options if option["right"]),
                explanation=row.explanation,
            )
        )
    return found


def open_submission(submission_id: int) -> int | None:
    """The revision of a submission that waits for the checks; None when it is judged or taken back."""
    return db.session.scalar(
        select(Submission.revision_id).where(Submission.id == submission_id, Submission.state == SubmissionState.OPEN)
    )


def submissions_waiting_for(upload_id: str) -> list[int]:
    """Submissions before the checks whose revision refers to this file."""
    plays = select(Lecture.id).where(Lecture.revision_id == Revision.id, Lecture.video_upload_id == upload_id)
    offers = select(Resource.id).where(Resource.revision_id == Revision.id, Resource.upload_id == upload_id)
    query = (
        select(Submission.id)
        .join(Revision, Revision.id == Submission.revision_id)
        .where(
            Submission.state == SubmissionState.OPEN,
            or_(Revision.cover_upload_id == upload_id, plays.exists(), offers.exists()),
        )
        .order_by(Submission.id)
    )
    return list(db.session.scalars(query))
