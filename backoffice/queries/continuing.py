"""Where a student stopped (C-7)."""

from dataclasses import dataclass

from sqlalchemy import func, select

from backoffice import clock
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.learning import LectureProgress
from backoffice.models.purchases import Enrolment

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Continuing:
    """A course that the viewer is in the middle of; `percent` as it was last shown (P-2)."""

    slug: str
    title: str
    percent: int


def lately(student_id: int) -> list[Continuing]:
    """The open courses that the student touched last. One statement."""
    touched = (
        select(func.max(LectureProgress.updated_at))
        .where(LectureProgress.student_id == student_id, LectureProgress.course_id == Course.id)
        .correlate(Course)
        .scalar_subquery()
    )
    query = (
        select(Course.slug, Revision.title, Enrolment.progress_floor)
        .select_from(Enrolment)
        .join(Course, Course.id == Enrolment.course_id)
        .join(Revision, Revision.id == Course.live_revision_id)
        .where(Enrolment.student_id == student_id, Enrolment.open_at(clock.now()))
        .order_by(func.coalesce(touched, Enrolment.access_from).desc(), Enrolment.id.desc())
        .limit(SHOWN)
    )
    return [Continuing(slug, title, percent) for slug, title, percent in db.session.execute(query)]
