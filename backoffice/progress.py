"""How far a student has come in a course (P-2): the one place that counts it, for operations and pages alike."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from backoffice.models.content import Lecture, Question
from backoffice.models.courses import Course
from backoffice.models.learning import AnswerAttempt, LectureProgress
from backoffice.models.purchases import Enrolment

HUNDRED = 100
Counts = tuple[ScalarSelect[int], ScalarSelect[int], ScalarSelect[int], ScalarSelect[int]]
Argument = InstrumentedAttribute[Any] | int | None
# P-7: a review may be written after a fifth of the progress.
REVIEW_FROM_PERCENT = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts on one revision and the floor in percent that was once shown; `percent` is what a page shows."""

    right: int
    questions: int
    completed: int
    lectures: int
    floor: int = 0

    @property
    def measured(self) -> int:
        """Percent on this revision alone, rounded down: right answers, or lectures in a course without questions."""
        done, all_of_it = (self.right, self.questions) if self.questions else (self.completed, self.lectures)
        return HUNDRED * done // all_of_it if all_of_it else 0

    @property
    def percent(self) -> int:
        """0 to 100; never below what was shown before a new revision went live."""
        return max(self.floor, self.measured)

    @property
    def may_review(self) -> bool:
        """Whether enough has been seen to judge the course (P-7)."""
        return self.percent >= REVIEW_FROM_PERCENT


def _inner(query: Select[int]) -> ScalarSelect[int]:
    return query.correlate(Course, Enrolment).scalar_subquery()


def counts(revision_id: Argument, student_id: Argument) -> Counts:
    """Sub-queries in the order of Progress: right, questions, completed, lectures; arguments are values or columns."""
    question, lecture = Question.revision_id == revision_id, Lecture.revision_id == revision_id
    right = (
        select(func.count(func.distinct(AnswerAttempt.question_node_id)))
        .join(Question, Question.node_id == AnswerAttempt.question_node_id)
        .where(question, AnswerAttempt.student_id == student_id, AnswerAttempt.right)
    )
    completed = (
        select(func.count())
        .select_from(LectureProgress)
        .join(Lecture, Lecture.node_id == LectureProgress.lecture_node_id)
        .where(lecture, LectureProgress.student_id == student_id, LectureProgress.completed_at.is_not(None))
    )
    questions = select(func.count()).select_from(Question).where(question)
    lectures = select(func.count()).select_from(Lecture).where(lecture)
    return (_inner(right), _inner(questions), _inner(completed), _inner(lectures))


def measured() -> ColumnElement[int]:
    """`Progress.measured` of an enrolment on its course's live revision, as SQL over Enrolment and Course."""
    right, questions, completed, lectures = counts(Course.live_revision_id, Enrolment.student_id)
    done, all_of_it = case((questions > 0, right), else_=completed), case((questions > 0, questions), else_=lectures)
    return func.coalesce(HUNDRED * done // func.nullif(all_of_it, 0), 0)
