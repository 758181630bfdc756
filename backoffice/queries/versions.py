"""The versions of a course: which there were, who decided about them, and which of them is shown (L-6, L-10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import aliased

from backoffice.db import db
from backoffice.models.content import SUBMITTED, Revision, RevisionState
from backoffice.models.people import User
from backoffice.models.review import Submission, SubmissionState

PAGE_SIZE = 50
FINAL = (SubmissionState.PASSED, SubmissionState.APPROVED, SubmissionState.REJECTED)


@dataclass(frozen=True, slots=True)
class Version:
    """One revision of a course.

    `based_on` is the number of the revision that it was made from; `decided_by` the moderator of its last submission,
    None where the checks decided or nobody has.
    """

    id: int
    number: int
    state: RevisionState
    title: str
    based_on: int | None
    created_at: datetime
    live_at: datetime | None
    submitted_at: datetime | None
    decided_at: datetime | None
    decided_by: str | None

    @property
    def is_submitted(self) -> bool:
        """Whether it waits for a decision."""
        return self.state in SUBMITTED


def versions(course_id: int, *, before: int | None = None) -> list[Version]:
    """The course's revisions, newest first, a page below the number `before`. One statement."""
    base, moderator = aliased(Revision), aliased(User)
    newest = select(func.max(Submission.id)).where(Submission.revision_id == Revision.id).correlate(Revision)
    columns: tuple[Any, ...] = (
        *(Revision.id, Revision.number, Revision.state, Revision.title, base.number, Revision.created_at),
        *(Revision.live_at, Submission.submitted_at),
        *(
            case((Submission.state.in_(FINAL), func.coalesce(Submission.decided_at, Submission.judged_at))),
            moderator.name,
        ),
    )
    query = (
        select(*columns)
        .outerjoin(base, base.id == Revision.based_on_id)
        .outerjoin(Submission, and_(Submission.revision_id == Revision.id, Submission.id == newest.scalar_subquery()))
        .outerjoin(moderator, moderator.id == Submission.decided_by)
        .where(Revision.course_id == course_id)
        .order_by(Revision.number.desc())
        .limit(PAGE_SIZE)
    )
    if before is not None:
        query = query.where(Revision.number < before)
    return [Version(*row) for row in db.session.execute(query)]


def revision_ids(course_id: int) -> dict[int, int]:
    """The ids of the course's revisions by their numbers, newest first. One statement."""
    query = select(Revision.number, Revision.id).where(Revision.course_id == course_id).order_by(Revision.number.desc())
    return dict(db.session.execute(query).all())
