"""The moderators' queue and the review page (B-1, B-2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import aliased

from backoffice.db import db
from backoffice.integrations.checks.model import Finding
from backoffice.models.catalogues import RejectionReason
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.people import AuthorProfile, User
from backoffice.models.review import Submission, SubmissionState
from backoffice.queries.contents import content_diff
from backoffice.queries.diff import ContentDiff

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
    """The submission with its content beside the live revision. Eight statements whatever the size; None: no such."""
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
