"""Answering questions: P-1, P-2, P-4, P-5."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backoffice import clock
from backoffice.db import db, unguarded
from backoffice.errors import DomainError, NotAllowed
from backoffice.models.learning import AnswerAttempt
from backoffice.operations import answers, purchases
from tests.factories.courses import live_course
from tests.factories.learning import enrolment_of, own, questions_of
from tests.factories.people import Cast


def _attempts() -> list[bool]:
    return list(db.session.scalars(select(AnswerAttempt.right).order_by(AnswerAttempt.id)))


def test_p4_each_attempt_is_kept_and_the_best_counts(cast: Cast) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    question = questions_of(course.live_revision_id)[0]
    shown = []
    for chosen in (["b"], ["a"], ["b"]):
        answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=chosen)
        shown.append(enrolment_of(cast.student, course).progress_floor)
    assert _attempts() == [False, True, False]
    assert shown == [0, 50, 50]


def test_c5_several_right_options_must_all_be_chosen(cast: Cast) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    question = questions_of(course.live_revision_id)[0]
    with unguarded():
        question.options = [{"key": key, "text": key, "right": key != "c"} for key in "abc"]
        db.session.commit()
    for chosen in (["a"], ["a", "b", "c"], ["b", "a", "a"]):
        answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=chosen)
    assert _attempts() == [False, False, True]


@pytest.mark.parametrize(
    ("chosen", "code"),
    [([], "answer.nothing_chosen"), (["z"], "answer.unknown_option"), (["a", "b"], "answer.one_only")],
)
def test_p4_senseless_answers_are_refused_and_not_kept(cast: Cast, chosen: list[str], code: str) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    question = questions_of(course.live_revision_id)[0]
    with pytest.raises(DomainError) as refused:
        answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=chosen)
    assert refused.value.code == code
    assert _attempts() == []


@pytest.mark.parametrize("who", ["owner", "other_author", "other_student", "moderator", "admin", "visitor"])
def test_p1_only_students_of_the_course_answer(cast: Cast, who: str) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    question = questions_of(course.live_revision_id)[0]
    with pytest.raises(NotAllowed):
        answers.answer(actor=getattr(cast, who), course_id=course.id, question_node_id=question.node_id, chosen=["a"])
    assert _attempts() == []


def test_p1_a_question_of_another_course_is_not_found(cast: Cast) -> None:
    mine, other = live_course(cast.owner), live_course(cast.owner)
    own(cast.student, mine)
    question = questions_of(other.live_revision_id)[0]
    with pytest.raises(DomainError) as refused:
        answers.answer(actor=cast.student, course_id=mine.id, question_node_id=question.node_id, chosen=["a"])
    assert refused.value.code == "answer.no_question"


def test_m4_giving_back_ends_answering(cast: Cast) -> None:
    course = live_course(cast.owner)
    purchase = own(cast.student, course)
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    question = questions_of(course.live_revision_id)[0]
    with pytest.raises(NotAllowed):
        answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=["a"])


def test_p1_access_that_has_run_out_ends_answering(cast: Cast) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    with unguarded():
        enrolment_of(cast.student, course).access_until = clock.now() + timedelta(days=1)
        db.session.commit()
    question = questions_of(course.live_revision_id)[0]
    with clock.at(clock.now() + timedelta(days=1)), pytest.raises(NotAllowed):
        answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=["a"])
    assert db.session.scalar(select(func.count(AnswerAttempt.id))) == 0
