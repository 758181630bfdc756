"""Blocking a course and lifting the block: a flag beside the state (L-8)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.courses import Course
from backoffice.operations.texts import REMARK_MAX, cleaned
from backoffice.outbox import Event, emit


@operation
def block(*, actor: Actor, course_id: int, reason: str) -> Course:
    """Take a course out of the catalogue and off sale, with a reason that the author reads; buyers keep access (L-8).

    A course that is blocked already stays as it is. Errors: `block.not_found`, `block.reason_needed` (field: reason).
    """
    course = _locked(course_id)
    actor.require(Action.BLOCK_COURSES)
    course = _found(course)
    if course.blocked_at is not None:
        return course
    reason = cleaned(reason, field="reason", at_most=REMARK_MAX)
    if not reason:
        raise Refused("block.reason_needed", _l("Write the reason: the author will read it."), field="reason")
    course.blocked_at = clock.now()
    course.blocked_by = actor.user_id
    course.block_reason = reason
    states.note(course, "blocked", actor=actor, reason=reason, course_id=course.id)
    emit(Event.COURSE_BLOCKED, course_id=course.id)
    return course


@operation
def unblock(*, actor: Actor, course_id: int) -> Course:
    """Lift a block; the course is where it was before (L-8). Harmless without one. Error: `block.not_found`."""
    course = _locked(course_id)
    actor.require(Action.BLOCK_COURSES)
    course = _found(course)
    if course.blocked_at is None:
        return course
    course.blocked_at = None
    course.blocked_by = None
    course.block_reason = None
    states.note(course, "unblocked", actor=actor, course_id=course.id)
    emit(Event.COURSE_UNBLOCKED, course_id=course.id)
    return course


def _locked(course_id: int) -> Course | None:
    return db.session.scalar(
        select(Course).where(Course.id == course_id).with_for_update().execution_options(populate_existing=True)
    )


def _found(course: Course | None) -> Course:
    if course is None:
        raise NotFound("block.not_found", _l("There is no such course."))
    return course
