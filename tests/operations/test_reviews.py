"""Reviews of students: P-7, C-2."""

import pytest
from sqlalchemy import func, select

from backoffice.access import Actor
from backoffice.db import db
from backoffice.errors import DomainError, NotAllowed
from backoffice.models.courses import Course, CourseDelta
from backoffice.models.learning import Review
from backoffice.operations import answers, purchases, reviews
from tests.factories.courses import live_course
from tests.factories.learning import own, questions_of
from tests.factories.people import Cast


def _answer_rightly(student: Actor, course: Course, count: int) -> None:
    for question in questions_of(course.live_revision_id)[:count]:
        answers.answer(actor=student, course_id=course.id, question_node_id=question.node_id, chosen=["a"])


def _deltas() -> tuple[int, int]:
    row = db.session.execute(select(func.sum(CourseDelta.reviews), func.sum(CourseDelta.rating))).one()
    return row[0], row[1]


def test_p7_a_review_opens_after_a_fifth_of_the_progress(cast: Cast) -> None:
    course = live_course(cast.owner, lectures=6)
    own(cast.student, course)
    _answer_rightly(cast.student, course, 1)
    with pytest.raises(DomainError) as refused:
        reviews.review(actor=cast.student, course_id=course.id, stars=5, text="Good")
    assert (refused.value.code, refused.value.data) == ("review.too_early", {"percent": 16})
    _answer_rightly(cast.student, course, 2)
    reviews.review(actor=cast.student, course_id=course.id, stars=5, text="Good")
    assert db.session.scalars(select(Review.stars)).all() == [5]


def test_p7_a_review_can_be_changed_and_the_rating_follows(cast: Cast) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    _answer_rightly(cast.student, course, 1)
    reviews.review(actor=cast.student, course_id=course.id, stars=2, text=" Hm ")
    assert _deltas() == (1, 2)
    reviews.review(actor=cast.student, course_id=course.id, stars=5, text="Better")
    assert _deltas() == (1, 5)
    found = db.session.scalars(select(Review).execution_options(populate_existing=True)).one()
    assert (found.stars, found.text) == (5, "Better")


@pytest.mark.parametrize(
    ("stars", "text", "code"), [(0, "", "review.stars"), (6, "", "review.stars"), (3, "x" * 4001, "text.too_long")]
)
def test_p7_senseless_reviews_are_refused(cast: Cast, stars: int, text: str, code: str) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    _answer_rightly(cast.student, course, 2)
    with pytest.raises(DomainError) as refused:
        reviews.review(actor=cast.student, course_id=course.id, stars=stars, text=text)
    assert refused.value.code == code


@pytest.mark.parametrize("who", ["owner", "other_author", "other_student", "moderator", "visitor"])
def test_p7_only_students_of_the_course_review(cast: Cast, who: str) -> None:
    course = live_course(cast.owner)
    with pytest.raises(NotAllowed):
        reviews.review(actor=getattr(cast, who), course_id=course.id, stars=1, text="")


def test_m4_who_gave_the_course_back_does_not_review(cast: Cast) -> None:
    course = live_course(cast.owner)
    purchase = own(cast.student, course)
    _answer_rightly(cast.student, course, 2)
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    with pytest.raises(NotAllowed):
        reviews.review(actor=cast.student, course_id=course.id, stars=1, text="")
