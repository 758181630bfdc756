"""What students think of a course (P-7)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.courses import Course, CourseDelta
from backoffice.models.learning import Review
from backoffice.operations.lectures import lock_enrolment
from backoffice.operations.texts import cleaned
from backoffice.progress import Progress, counts

MAX_TEXT = 4000


@operation
def review(*, actor: Actor, course_id: int, stars: int, text: str) -> Review:
    """Write or change the student's one review of a course (P-7); the rating follows by a delta (C-2).

    Errors: `learning.no_access`, `course.not_found`, `review.too_early` (data: percent), `review.stars`,
    those of the text.
    """
    enrolment = lock_enrolment(actor, course_id)
    actor.require(Action.LEARN)
    text = _checked(stars, text)
    revision_id = db.session.scalar(select(Course.live_revision_id).where(Course.id == course_id))
    if revision_id is None:
        raise NotFound("course.not_found", _l("There is no such course."))
    figures = db.session.execute(select(*counts(revision_id, actor.person_id))).one()
    right, questions, completed, lectures = figures
    progress = Progress(right, questions, completed, lectures, enrolment.progress_floor)
    if not progress.may_review:
        raise Refused(
            "review.too_early",
            _l("A review can be written after a fifth of the course."),
            percent=progress.percent,
        )
    return _write(actor.person_id, course_id, stars, text)


def _checked(stars: int, text: str) -> str:
    if not 1 <= stars <= 5:
        raise Refused("review.stars", _l("Give one to five stars."), field="stars")
    return cleaned(text, field="text", at_most=MAX_TEXT)


def _write(student_id: int, course_id: int, stars: int, text: str) -> Review:
    now = clock.now()
    found = db.session.get(Review, {"student_id": student_id, "course_id": course_id}, populate_existing=True)
    if found is None:
        found = Review(student_id=student_id, course_id=course_id, stars=stars, text=text, created_at=now)
        db.session.add(found)
        db.session.add(CourseDelta(course_id=course_id, reviews=1, rating=stars))
    elif found.stars != stars:
        db.session.add(CourseDelta(course_id=course_id, rating=stars - found.stars))
    found.stars, found.text, found.updated_at = stars, text, now
    return found
