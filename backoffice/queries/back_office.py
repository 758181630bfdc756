"""Courses, withdrawals, users and tasks as staff see them (B-1, B-3, B-6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import aliased

from backoffice.access import Role
from backoffice.db import db
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.outbox import Delivery, OutboxEvent
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.people import AuthorProfile, User, UserRole
from backoffice.models.review import Submission, SubmissionState
from backoffice.models.timeline import Transition
from backoffice.money import Money
from backoffice.queries.money import payout_failure

PAGE = 50
TIMELINE = 200


@dataclass(frozen=True, slots=True)
class CourseRow:
    """A course in the list of all."""

    id: int
    title: str
    author: str
    state: CourseState
    content_state: RevisionState
    blocked_at: datetime | None
    students: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A revision of a course; `based_on_id` is what it is compared with."""

    id: int
    number: int
    state: RevisionState
    title: str
    based_on_id: int | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SubmissionRow:
    """A hand-in of a course and what became of it."""

    id: int
    number: int
    state: SubmissionState
    submitted_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reasons: list[Any]
    note: str


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a timeline (L-10); `actor` is None for the house itself."""

    at: datetime
    subject: str
    subject_id: str
    before: str | None
    after: str
    actor: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class CoursePage:
    """A course with all its revisions, hand-ins and its timeline, newest first."""

    id: int
    slug: str
    author: str
    author_id: int
    state: CourseState
    price: Money
    students: int
    blocked_at: datetime | None
    block_reason: str | None
    revisions: tuple[RevisionRow, ...]
    submissions: tuple[SubmissionRow, ...]
    timeline: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class WithdrawalRow:
    """A withdrawal as an admin decides it."""

    id: int
    user_id: int
    name: str
    email: str
    amount: Money
    state: WithdrawalState
    payout_method: str
    asked_at: datetime
    decided_at: datetime | None
    settled_at: datetime | None
    decline_reason: str | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class UserPage:
    """A user with the roles they hold."""

    id: int
    name: str
    email: str
    created_at: datetime
    email_confirmed_at: datetime | None
    disabled_at: datetime | None
    roles: frozenset[Role]


@dataclass(frozen=True, slots=True)
class ParkedTask:
    """A delivery that failed for good, with its event."""

    id: int
    event: str
    payload: dict[str, Any]
    actor: str
    attempts: int
    error: str | None
    parked_at: datetime


def courses(*, search: str = "", blocked: bool = False, before_id: int | None = None) -> tuple[CourseRow, ...]:
    """All courses, newest first, at most `PAGE` and one more; `search` in title and author. One statement."""
    query = (
        select(
            Course.id,
            Revision.title,
            AuthorProfile.display_name,
            Course.state,
            Revision.state,
            Course.blocked_at,
            Course.students_count,
            Course.created_at,
        )
        .join(AuthorProfile, AuthorProfile.user_id == Course.author_id)
        .join(Revision, Revision.id == func.coalesce(Course.draft_revision_id, Course.live_revision_id))
        .order_by(Course.id.desc())
        .limit(PAGE + 1)
    )
    if search:
        pattern = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        query = query.where(or_(Revision.title.ilike(pattern), AuthorProfile.display_name.ilike(pattern)))
    if blocked:
        query = query.where(Course.blocked_at.is_not(None))
    if before_id is not None:
        query = query.where(Course.id < before_id)
    return tuple(CourseRow(*row) for row in db.session.execute(query))


def course_page(course_id: int) -> CoursePage | None:
    """A course as staff see it (L-8); None when there is none. Four statements."""
    row = db.session.execute(
        select(Course, AuthorProfile.display_name)
        .join(AuthorProfile, AuthorProfile.user_id == Course.author_id)
        .where(Course.id == course_id)
    ).one_or_none()
    if row is None:
        return None
    course: Course = row.Course
    columns = (Revision.id, Revision.number, Revision.state, Revision.title, Revision.based_on_id, Revision.updated_at)
    revisions = select(*columns).where(Revision.course_id == course_id).order_by(Revision.number.desc())
    return CoursePage(
        id=course.id,
        slug=course.slug,
        author=row.display_name,
        author_id=course.author_id,
        state=course.state,
        price=Money(course.price_minor, course.currency),
        students=course.students_count,
        blocked_at=course.blocked_at,
        block_reason=course.block_reason,
        revisions=tuple(RevisionRow(*each) for each in db.session.execute(revisions)),
        submissions=_submissions(course_id),
        timeline=timeline(course_id),
    )


def _submissions(course_id: int) -> tuple[SubmissionRow, ...]:
    query = (
        select(
            *(Submission.id, Submission.number, Submission.state, Submission.submitted_at),
            *(Submission.decided_at, User.name, Submission.reasons, Submission.note),
        )
        .outerjoin(User, User.id == Submission.decided_by)
        .where(Submission.course_id == course_id)
        .order_by(Submission.number.desc())
    )
    return tuple(SubmissionRow(*row) for row in db.session.execute(query))


def timeline(course_id: int) -> tuple[Step, ...]:
    """What happened to a course, newest first, without its purchases (L-10). One statement."""
    actor = aliased(User)
    step = Transition
    query = (
        select(step.at, step.subject, step.subject_id, step.from_state, step.to_state, actor.name, step.reason)
        .outerjoin(actor, actor.id == step.actor_id)
        .where(step.course_id == course_id, step.subject.in_(("course", "revision", "submission")))
        .order_by(step.id.desc())
        .limit(TIMELINE)
    )
    return tuple(Step(*row) for row in db.session.execute(query))


def withdrawals(states: Sequence[WithdrawalState], *, newest_first: bool = False) -> tuple[WithdrawalRow, ...]:
    """Withdrawals in these states, at most `PAGE`, oldest first unless said otherwise. One statement."""
    order = (Withdrawal.asked_at, Withdrawal.id)
    rows = db.session.execute(
        select(Withdrawal, User.name, User.email, payout_failure())
        .join(User, User.id == Withdrawal.user_id)
        .where(Withdrawal.state.in_(states))
        .order_by(*(column.desc() if newest_first else column for column in order))
        .limit(PAGE)
    )
    return tuple(
        WithdrawalRow(
            *(each.id, each.user_id, name, email, Money(each.amount_minor, each.currency), each.state),
            *(each.payout_method, each.asked_at, each.decided_at, each.settled_at, each.decline_reason, failure),
        )
        for each, name, email, failure in rows
    )


def user_page(user_id: int) -> UserPage | None:
    """A user with their roles; None when there is none. One statement."""
    roles = select(func.array_agg(UserRole.role)).where(UserRole.user_id == User.id).scalar_subquery()
    row = db.session.execute(select(User, roles.label("roles")).where(User.id == user_id)).one_or_none()
    if row is None:
        return None
    user: User = row.User
    return UserPage(
        id=user.id,
        name=user.name,
        email=user.email,
        created_at=user.created_at,
        email_confirmed_at=user.email_confirmed_at,
        disabled_at=user.disabled_at,
        roles=frozenset(Role(role) for role in row.roles or ()),
    )


def parked_tasks() -> tuple[ParkedTask, ...]:
    """Deliveries that wait for staff, newest first, at most `PAGE`. One statement."""
    query = (
        select(
            *(Delivery.id, OutboxEvent.name, OutboxEvent.payload),
            *(Delivery.actor, Delivery.attempts, Delivery.error, Delivery.parked_at),
        )
        .join(OutboxEvent, OutboxEvent.id == Delivery.event_id)
        .where(Delivery.parked_at.is_not(None))
        .order_by(Delivery.parked_at.desc(), Delivery.id.desc())
        .limit(PAGE)
    )
    return tuple(ParkedTask(*row) for row in db.session.execute(query))
