"""The moderators' queue and the review page (B-1, B-2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, tuple_
from sqlalchemy.orm import aliased

from backoffice.db import db
from backoffice.integrations.checks.model import Finding
from backoffice.models.catalogues import Category, Language, RejectionReason, Skill
from backoffice.models.content import Lecture, Module, Question, Revision, RevisionSkill
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadState
from backoffice.models.people import AuthorProfile, User
from backoffice.models.review import Submission, SubmissionState
from backoffice.queries.captions import tracks
from backoffice.queries.diff import Content, ContentDiff, ContentNode, compare

PAGE = 50


@dataclass(frozen=True, slots=True)
class QueueItem:
    """One submission that waits for a moderator; `buyers` are touched by the decision."""

    submission_id: int
    course_id: int
    title: str
    author: str
    is_change: bool
    submitted_at: datetime
    findings: int
    buyers: int
    claimed_by: int | None
    claimant: str | None
    claimed_until: datetime | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, oldest first; `next_after` continues it."""

    items: tuple[QueueItem, ...]
    next_after: str | None


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason of the catalogue in both languages."""

    code: str
    text_en: str
    text_ru: str


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything that a decision about one submission needs."""

    submission_id: int
    course_id: int
    revision_id: int
    revision_number: int
    revision_version: int
    live_revision_id: int | None
    title: str
    author: str
    author_id: int
    state: SubmissionState
    is_change: bool
    submitted_at: datetime
    buyers: int
    blocked_at: datetime | None
    claimed_by: int | None
    claimant: str | None
    claimed_until: datetime | None
    decided_at: datetime | None
    note: str
    chosen: tuple[str, ...]
    findings: tuple[Finding, ...]
    diff: ContentDiff
    reasons: tuple[Reason, ...]


_claimant = aliased(User)


def queue(after: str | None = None) -> QueuePage:
    """Submissions in review, oldest first; `after` is `next_after` of the page before. One statement."""
    query = _queue_select().where(Submission.state == SubmissionState.IN_REVIEW)
    key = _key(after)
    if key is not None:
        query = query.where(tuple_(Submission.submitted_at, Submission.id) > key)
    rows = db.session.execute(query.order_by(Submission.submitted_at, Submission.id).limit(PAGE + 1)).all()
    items = tuple(QueueItem(*row) for row in rows[:PAGE])
    more = len(rows) > PAGE
    return QueuePage(items, f"{items[-1].submitted_at.isoformat()}~{items[-1].submission_id}" if more else None)


def _queue_select() -> Select[Any]:
    return (
        select(
            Submission.id,
            Submission.course_id,
            Revision.title,
            AuthorProfile.display_name,
            Submission.is_change,
            Submission.submitted_at,
            func.jsonb_array_length(Submission.findings),
            Course.students_count,
            Submission.claimed_by,
            _claimant.name,
            Submission.claimed_until,
        )
        .join(Course, Course.id == Submission.course_id)
        .join(Revision, Revision.id == Submission.revision_id)
        .join(AuthorProfile, AuthorProfile.user_id == Course.author_id)
        .outerjoin(_claimant, _claimant.id == Submission.claimed_by)
    )


def _key(after: str | None) -> tuple[datetime, int] | None:
    moment, _, number = (after or "").partition("~")
    try:
        return datetime.fromisoformat(moment), int(number)
    except ValueError:
        return None


def review_page(submission_id: int) -> ReviewPage | None:
    """The submission with its content beside the live revision. Seven statements whatever the size; None: no such."""
    row = db.session.execute(
        select(
            Submission,
            Revision.number.label("revision_number"),
            Revision.version.label("revision_version"),
            Revision.title.label("title"),
            Course.live_revision_id,
            Course.author_id,
            Course.students_count,
            Course.blocked_at,
            AuthorProfile.display_name,
            _claimant.name.label("claimant"),
        )
        .join(Course, Course.id == Submission.course_id)
        .join(Revision, Revision.id == Submission.revision_id)
        .join(AuthorProfile, AuthorProfile.user_id == Course.author_id)
        .outerjoin(_claimant, _claimant.id == Submission.claimed_by)
        .where(Submission.id == submission_id)
    ).one_or_none()
    if row is None:
        return None
    submission: Submission = row.Submission
    return ReviewPage(
        submission_id=submission.id,
        course_id=submission.course_id,
        revision_id=submission.revision_id,
        revision_number=row.revision_number,
        revision_version=row.revision_version,
        live_revision_id=row.live_revision_id,
        title=row.title,
        author=row.display_name,
        author_id=row.author_id,
        state=submission.state,
        is_change=submission.is_change,
        submitted_at=submission.submitted_at,
        buyers=row.students_count,
        blocked_at=row.blocked_at,
        claimed_by=submission.claimed_by,
        claimant=row.claimant,
        claimed_until=submission.claimed_until,
        decided_at=submission.decided_at,
        note=submission.note,
        chosen=tuple(submission.reasons),
        findings=tuple(Finding.from_json(finding) for finding in submission.findings),
        diff=content_diff(row.live_revision_id, submission.revision_id),
        reasons=_reasons(),
    )


def _reasons() -> tuple[Reason, ...]:
    query = select(RejectionReason.code, RejectionReason.text_en, RejectionReason.text_ru)
    query = query.where(RejectionReason.retired_at.is_(None)).order_by(RejectionReason.position, RejectionReason.id)
    return tuple(Reason(*row) for row in db.session.execute(query))


def content_diff(before_id: int | None, after_id: int) -> ContentDiff:
    """The difference of two revisions by their ids. Five statements."""
    wanted = [after_id] if before_id in (None, after_id) else [before_id, after_id]
    contents = _contents([number for number in wanted if number is not None])
    return compare(contents.get(before_id) if before_id not in (None, after_id) else None, contents[after_id])


def _contents(revision_ids: Sequence[int]) -> dict[int | None, Content]:
    nodes: dict[int, list[tuple[tuple[int, ...], ContentNode]]] = {number: [] for number in revision_ids}
    places: dict[int, tuple[tuple[int, ...], int]] = {}
    for module in db.session.execute(_of(Module.revision_id, revision_ids, Module)).scalars():
        places[module.id] = ((module.position,), module.node_id)
        node = ContentNode(module.node_id, None, "module", 0, {"title": module.title})
        nodes[module.revision_id].append(((module.position,), node))
    lectures: dict[int, tuple[tuple[int, ...], int]] = {}
    query = _of(Lecture.revision_id, revision_ids, Lecture, Upload)
    for lecture, file in db.session.execute(query.outerjoin(Upload, Upload.id == Lecture.video_upload_id)):
        order, parent = places[lecture.module_id]
        place = (*order, lecture.position)
        lectures[lecture.id] = (place, lecture.node_id)
        # The id tells two files of one name apart.
        video = f"{file.filename} ({file.duration_s or 0} s, {file.id[:8]})" if file else ""
        fields = {"title": lecture.title, "kind": lecture.kind.value, "video": video, "body": lecture.body}
        fields["captions"] = "\n".join(
            f"{one['label']} ({one['language']}): {one['cues']} (#{one['caption_id']})" for one in lecture.captions
        )
        fields["free_preview"] = _yes(lecture.free_preview)
        playable = file.products_id if file and file.state is UploadState.DONE else None
        node = ContentNode(lecture.node_id, parent, "lecture", 1, fields, playable, tracks(lecture.captions))
        nodes[lecture.revision_id].append((place, node))
    for question in db.session.execute(_of(Question.revision_id, revision_ids, Question)).scalars():
        order, parent = lectures[question.lecture_id]
        options = "\n".join(f"{'✓' if option['right'] else '✗'} {option['text']}" for option in question.options)
        fields = {"text": question.text, "options": options, "explanation": question.explanation}
        node = ContentNode(question.node_id, parent, "question", 2, fields)
        nodes[question.revision_id].append(((*order, question.position), node))
    texts = _texts(revision_ids)
    return {
        number: Content(number, texts[number], tuple(node for _, node in sorted(nodes[number], key=lambda n: n[0])))
        for number in revision_ids
    }


def _texts(revision_ids: Sequence[int]) -> dict[int, dict[str, str]]:
    skills: dict[int, list[str]] = {number: [] for number in revision_ids}
    query = select(RevisionSkill.revision_id, Skill.name_en).join(Skill, Skill.id == RevisionSkill.skill_id)
    for number, name in db.session.execute(query.where(RevisionSkill.revision_id.in_(revision_ids)).order_by(Skill.id)):
        skills[number].append(name)
    rows = db.session.execute(
        _of(Revision.id, revision_ids, Revision, Category.name_en, Language.name_en, Upload.filename)
        .outerjoin(Category, Category.id == Revision.category_id)
        .outerjoin(Language, Language.code == Revision.language_code)
        .outerjoin(Upload, Upload.id == Revision.cover_upload_id)
    )
    return {
        revision.id: {
            "title": revision.title,
            "short_description": revision.short_description,
            "description": revision.description,
            "requirements": revision.requirements,
            "category": category or "",
            "level": revision.level.value,
            "language": language or "",
            "skills": ", ".join(skills[revision.id]),
            "cover": f"{cover} ({revision.cover_upload_id[:8]})" if cover else "",
            "includes_certificate": _yes(revision.includes_certificate),
            "access_days": str(revision.access_days or ""),
        }
        for revision, category, language, cover in rows
    }


def _of(column: Any, revision_ids: Sequence[int], *what: Any) -> Select[Any]:
    condition: ColumnElement[bool] = column.in_(revision_ids)
    return select(*what).where(condition)


def _yes(value: bool) -> str:
    return "✓" if value else ""
