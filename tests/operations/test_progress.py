"""Progress: P-2, P-4, L-9."""

from hypothesis import given
from hypothesis import strategies as st

from backoffice.access import SYSTEM
from backoffice.db import db, unguarded
from backoffice.models.content import Question, Revision, RevisionState
from backoffice.operations import answers, revisions
from backoffice.operations.progress import keep_floors
from backoffice.progress import Progress
from tests.factories.courses import OPTIONS, live_course
from tests.factories.learning import enrolment_of, lectures_of, own, questions_of
from tests.factories.people import Cast


@st.composite
def standings(draw: st.DrawFn) -> Progress:
    questions, lectures = draw(st.integers(0, 200)), draw(st.integers(0, 200))
    return Progress(
        right=draw(st.integers(0, questions)),
        questions=questions,
        completed=draw(st.integers(0, lectures)),
        lectures=lectures,
        floor=draw(st.integers(0, 100)),
    )


@given(standings())
def test_p2_percent_is_0_to_100_and_never_below_the_floor(progress: Progress) -> None:
    assert progress.floor <= progress.percent <= 100
    assert 0 <= progress.measured <= 100
    assert (progress.measured == 100) == (
        progress.right == progress.questions if progress.questions else 0 < progress.completed == progress.lectures
    )


@given(standings(), st.integers(0, 5), st.integers(0, 5))
def test_p2_more_right_answers_never_show_less(progress: Progress, answered: int, seen: int) -> None:
    later = Progress(
        right=min(progress.right + answered, progress.questions),
        questions=progress.questions,
        completed=min(progress.completed + seen, progress.lectures),
        lectures=progress.lectures,
        floor=progress.percent,
    )
    assert later.percent >= progress.percent


def test_p2_a_retry_never_lowers_and_the_table_agrees_with_the_formula(cast: Cast) -> None:
    course = live_course(cast.owner, lectures=3)
    own(cast.student, course)
    first, second, _third = questions_of(course.live_revision_id)
    expected = [(first, "a", 33), (first, "b", 33), (second, "b", 33), (second, "a", 66), (first, "a", 66)]
    for question, chosen, percent in expected:
        answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=[chosen])
        assert enrolment_of(cast.student, course).progress_floor == percent


def test_p2_a_new_revision_never_shows_less_and_counts_what_was_added(cast: Cast) -> None:
    course = live_course(cast.owner, lectures=1)
    own(cast.student, course)
    own(cast.other_student, course)
    answered = questions_of(course.live_revision_id)[0]
    answers.answer(actor=cast.student, course_id=course.id, question_node_id=answered.node_id, chosen=["a"])
    keep_floors(actor=SYSTEM, course_id=course.id)
    with unguarded():
        lecture = lectures_of(course.live_revision_id)[0]
        other = live_course(cast.other_author, lectures=1)
        added = questions_of(other.live_revision_id)[0]
        db.session.add(
            Question(
                revision_id=course.live_revision_id,
                lecture_id=lecture.id,
                node_id=added.node_id,
                position=1,
                text="And three and three?",
                options=OPTIONS,
            )
        )
        db.session.commit()
    keep_floors(actor=SYSTEM, course_id=course.id)
    assert enrolment_of(cast.student, course).progress_floor == 100
    assert enrolment_of(cast.other_student, course).progress_floor == 0
    answers.answer(actor=cast.other_student, course_id=course.id, question_node_id=added.node_id, chosen=["a"])
    assert enrolment_of(cast.other_student, course).progress_floor == 50


def test_p2_answers_on_a_removed_question_stop_counting(cast: Cast) -> None:
    course = live_course(cast.owner, lectures=2)
    own(cast.student, course)
    gone, kept = questions_of(course.live_revision_id)
    answers.answer(actor=cast.student, course_id=course.id, question_node_id=gone.node_id, chosen=["b"])
    with unguarded():
        db.session.delete(gone)
        db.session.commit()
    answers.answer(actor=cast.student, course_id=course.id, question_node_id=kept.node_id, chosen=["a"])
    assert enrolment_of(cast.student, course).progress_floor == 100


def test_p2_going_live_keeps_what_was_shown(cast: Cast) -> None:
    course = live_course(cast.owner, lectures=1)
    own(cast.student, course)
    answered = questions_of(course.live_revision_id)[0]
    answers.answer(actor=cast.student, course_id=course.id, question_node_id=answered.node_id, chosen=["a"])
    with unguarded():
        enrolment_of(cast.student, course).progress_floor = 0
        draft = Revision(course_id=course.id, number=2, state=RevisionState.IN_REVIEW, title="Counting anew")
        db.session.add(draft)
        db.session.commit()
    revisions.go_live(actor=cast.moderator, course_id=course.id, revision_id=draft.id)
    assert enrolment_of(cast.student, course).progress_floor == 100
