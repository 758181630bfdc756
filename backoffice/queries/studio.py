"""What the studio's pages show of a course: where it stands, what is in the way, and its story (L-1 to L-5, L-10)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import aliased

from backoffice.access import Action, Actor
from backoffice.db import db
from backoffice.models.content import EDITABLE, SUBMITTED, Lecture, Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.people import User
from backoffice.models.review import Submission, SubmissionState
from backoffice.models.timeline import Transition
from backoffice.money import Money

PAGE_SIZE = 50
TIMELINE_LENGTH = 30


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One course in the author's table; `state` is the one word that says most, see `headline`."""

    id: int
    title: str
    state: str
    open_state: RevisionState | None
    price: Money
    lectures: int
    students: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CourseHead:
    """A course and the revision that its author works on: the open one, else the live one."""

    id: int
    author_id: int
    slug: str
    course_state: CourseState
    blocked_reason: str | None
    live_revision_id: int | None
    draft_revision_id: int | None
    revision_id: int
    revision_number: int
    revision_state: RevisionState
    version: int
    title: str
    short_description: str
    description: str
    requirements: str
    category_id: int | None
    level: str
    language_code: str
    cover_upload_id: str | None
    includes_certificate: bool
    access_days: int | None
    price: Money
    discount: Money | None
    discount_until: datetime | None
    sale_from: datetime | None
    sale_until: datetime | None
    students: int
    is_own: bool
    submission_id: int | None
    submission_state: SubmissionState | None

    @property
    def is_editable(self) -> bool:
        """Whether the viewer can edit now; editing what is live opens a draft."""
        return self.is_own and (self.revision_state in EDITABLE or self.revision_state is RevisionState.LIVE)

    @property
    def is_waiting(self) -> bool:
        """Whether somebody else is at it, so that the page should look again by itself (T-5)."""
        return self.revision_state in SUBMITTED

    @property
    def state_key(self) -> str:
        """Tells two states of the page apart."""
        return f"{self.state}.{self.revision_id}.{self.revision_state.value}"

    @property
    def state(self) -> str:
        """The word of the state badge."""
        return headline(self.course_state, self.revision_state, self.blocked_reason is not None)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One transition of the course, its revisions or its submissions; `by` is None for the house itself."""

    at: datetime
    subject: str
    before: str | None
    after: str
    by: str | None
    reason: str


def headline(course_state: CourseState, revision_state: RevisionState | None, is_blocked: bool) -> str:
    """The one word for a course's state: what stands in the way comes before what is reached."""
    if is_blocked:
        return "blocked"
    if course_state is CourseState.DRAFT and revision_state is not None:
        return revision_state.value
    return course_state.value


def courses_of(actor: Actor, *, after: int | None = None) -> list[CourseRow]:
    """The actor's courses, newest first, a page after the course with id `after`. One statement."""
    shown = aliased(Revision)
    lectures = select(func.count(Lecture.id)).where(Lecture.revision_id == shown.id).scalar_subquery()
    query = (
        select(Course, shown.title, shown.state.label("revision_state"), shown.updated_at, lectures.label("lectures"))
        .join(shown, shown.id == func.coalesce(Course.draft_revision_id, Course.live_revision_id))
        .where(Course.author_id == actor.person_id)
        .order_by(Course.id.desc())
        .limit(PAGE_SIZE)
    )
    if after is not None:
        query = query.where(Course.id < after)
    return [
        CourseRow(
            id=row.Course.id,
            title=row.title,
            state=headline(row.Course.state, row.revision_state, row.Course.blocked_at is not None),
            open_state=row.revision_state if row.Course.draft_revision_id is not None else None,
            price=Money(row.Course.price_minor, row.Course.currency),
            lectures=row.lectures,
            students=row.Course.students_count,
            updated_at=max(row.updated_at, row.Course.updated_at),
        )
        for row in db.session.execute(query)
    ]


def _is_readable(actor: Actor) -> ColumnElement[bool]:
    return (
        Course.author_id == Course.author_id if actor.may(Action.SEE_ALL_COURSES) else Course.author_id == actor.user_id
    )


def _head_query(actor: Actor, course_id: int) -> Select[Course, Revision, int, SubmissionState]:
    newest = (
        select(func.max(Submission.id))
        .where(Submission.revision_id == Revision.id)
        .correlate(Revision)
        .scalar_subquery()
    )
    return (
        select(Course, Revision, Submission.id, Submission.state)
        .join(Revision, Revision.id == func.coalesce(Course.draft_revision_id, Course.live_revision_id))
        .outerjoin(Submission, and_(Submission.revision_id == Revision.id, Submission.id == newest))
        .where(Course.id == course_id, _is_readable(actor))
    )


def course_head(actor: Actor, course_id: int) -> CourseHead | None:
    """The course for its author or staff, None for everybody else (L-1). One statement."""
    row = db.session.execute(_head_query(actor, course_id)).one_or_none()
    if row is None:
        return None
    course, revision, submission_id, submission_state = row
    return CourseHead(
        id=course.id,
        author_id=course.author_id,
        slug=course.slug,
        course_state=course.state,
        blocked_reason=course.block_reason,
        live_revision_id=course.live_revision_id,
        draft_revision_id=course.draft_revision_id,
        revision_id=revision.id,
        revision_number=revision.number,
        revision_state=revision.state,
        version=revision.version,
        title=revision.title,
        short_description=revision.short_description,
        description=revision.description,
        requirements=revision.requirements,
        category_id=revision.category_id,
        level=revision.level.value,
        language_code=revision.language_code,
        cover_upload_id=revision.cover_upload_id,
        includes_certificate=revision.includes_certificate,
        access_days=revision.access_days,
        price=Money(course.price_minor, course.currency),
        discount=Money(course.discount_minor, course.currency) if course.discount_minor is not None else None,
        discount_until=course.discount_until,
        sale_from=course.sale_from,
        sale_until=course.sale_until,
        students=course.students_count,
        is_own=course.author_id == actor.user_id,
        submission_id=submission_id,
        submission_state=submission_state,
    )


def timeline(course_id: int) -> list[TimelineEntry]:
    """The course's last transitions, newest first (L-10). One statement."""
    query = (
        select(Transition, User.name)
        .outerjoin(User, User.id == Transition.actor_id)
        .where(Transition.course_id == course_id, Transition.subject.in_(("course", "revision", "submission")))
        .order_by(Transition.id.desc())
        .limit(TIMELINE_LENGTH)
    )
    return [
        TimelineEntry(
            at=row.Transition.at,
            subject=row.Transition.subject,
            before=row.Transition.from_state,
            after=row.Transition.to_state,
            by=row.name,
            reason=row.Transition.reason,
        )
        for row in db.session.execute(query)
    ]
