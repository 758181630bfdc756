"""What was shown is kept: the floor below which a student's progress never falls (P-2, L-9)."""

from sqlalchemy import func, update

from backoffice import progress
from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.models.courses import Course
from backoffice.models.purchases import Enrolment


@operation
def keep_floors(*, actor: Actor, course_id: int, student_id: int | None = None) -> None:
    """Raise the floor of a course's open enrolments (of one student, if given) to what is shown at this moment (P-2).

    Called after each step of a student, and for all of them before another revision goes live. One statement.
    """
    whose = [Enrolment.student_id == student_id] if student_id is not None else []
    db.session.flush()
    db.session.execute(
        update(Enrolment)
        .where(Enrolment.course_id == course_id, Course.id == Enrolment.course_id, Enrolment.ended_at.is_(None), *whose)
        .values(progress_floor=func.greatest(Enrolment.progress_floor, progress.measured()))
        .execution_options(synchronize_session=False)
    )
