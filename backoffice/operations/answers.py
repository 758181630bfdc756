"""Answering questions (P-2, P-4)."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.models.content import Question
from backoffice.models.courses import Course
from backoffice.models.learning import AnswerAttempt
from backoffice.operations.lectures import lock_enrolment
from backoffice.operations.progress import keep_floors


@operation
def answer(*, actor: Actor, course_id: int, question_node_id: int, chosen: Sequence[str]) -> AnswerAttempt:
    """Keep one attempt at a question of the live revision (P-4); `chosen` is keys of options, in any order.

    The answer is right when exactly the right options are chosen. Errors: `learning.no_access`,
    `answer.no_question`, `answer.nothing_chosen`, `answer.unknown_option`, `answer.one_only`.
    """
    lock_enrolment(actor, course_id)
    actor.require(Action.LEARN)
    question = db.session.scalar(
        select(Question)
        .join(Course, Course.live_revision_id == Question.revision_id)
        .where(Course.id == course_id, Question.node_id == question_node_id)
    )
    if question is None:
        raise NotFound("answer.no_question", _l("This question is no longer part of the course."))
    picked = sorted(set(chosen))
    right_keys = sorted(option["key"] for option in question.options if option["right"])
    _check(question, picked, right_keys)
    attempt = AnswerAttempt(
        student_id=actor.person_id,
        course_id=course_id,
        question_node_id=question_node_id,
        chosen=picked,
        right=picked == right_keys,
        answered_at=clock.now(),
    )
    db.session.add(attempt)
    keep_floors(actor=actor, course_id=course_id, student_id=actor.person_id)
    return attempt


def _check(question: Question, picked: list[str], right_keys: list[str]) -> None:
    if not picked:
        raise Refused("answer.nothing_chosen", _l("Choose an answer first."), field="chosen")
    if not set(picked) <= {option["key"] for option in question.options}:
        raise Refused("answer.unknown_option", _l("The answers have changed. Look again and choose."), field="chosen")
    if len(right_keys) == 1 and len(picked) > 1:
        raise Refused("answer.one_only", _l("Choose one answer."), field="chosen")
