"""Courses as their authors own and sell them: L-1, L-5, L-10, M-11."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backoffice import clock
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course, CourseState, SaleTerms
from backoffice.models.timeline import Transition
from backoffice.operations import courses
from backoffice.operations.courses import PRICE_MAX_MINOR, Terms
from tests.factories.courses import catalogue, draft_course, live_course
from tests.factories.people import Cast

STRANGERS = [
    ("other_author", NotFound),
    ("student", NotAllowed),
    ("moderator", NotAllowed),
    ("admin", NotAllowed),
    ("visitor", NotAllowed),
]


def test_l1_a_course_begins_as_a_draft(cast: Cast) -> None:
    catalogue()
    made = courses.create(actor=cast.owner, title=" Counting, with care ", language_code="ru")
    revision = db.session.get_one(Revision, made.draft_revision_id)
    assert (made.state, made.slug, made.live_revision_id) == (CourseState.DRAFT, "counting-with-care", None)
    assert (revision.title, revision.number, revision.state) == ("Counting, with care", 1, RevisionState.DRAFT)
    moves = db.session.execute(select(Transition.subject, Transition.to_state).order_by(Transition.id)).all()
    assert [tuple(move) for move in moves] == [("course", "draft"), ("revision", "draft")]


def test_l1_two_courses_of_one_title_have_two_addresses(cast: Cast) -> None:
    catalogue()
    first = courses.create(actor=cast.owner, title="Same").slug
    second = courses.create(actor=cast.other_author, title="Same").slug
    assert first == "same"
    assert second.startswith("same-")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Щи и ещё", "shchi-i-eshche"),
        ("Déjà vu!", "deja-vu"),
        ("日本語", "course"),
        ("a" * 200, "a" * 60),
        ("--", "course"),
    ],
)
def test_c1_addresses_are_plain_letters(title: str, slug: str) -> None:
    assert courses.slug_of(title) == slug


@pytest.mark.parametrize("title", ["", "x" * 10_000, "nul \0"])
def test_l1_senseless_titles_make_no_course(cast: Cast, title: str) -> None:
    catalogue()
    with pytest.raises(Refused):
        courses.create(actor=cast.owner, title=title)
    assert db.session.scalar(select(func.count(Course.id))) == 0


@pytest.mark.parametrize("who", ["student", "moderator", "admin", "visitor"])
def test_l1_only_authors_make_courses(cast: Cast, who: str) -> None:
    catalogue()
    with pytest.raises(NotAllowed):
        courses.create(actor=getattr(cast, who), title="Mine")


def test_l5_terms_hold_at_once_and_leave_a_history(cast: Cast) -> None:
    course_id = live_course(cast.owner, price_minor=1_000).id
    now = clock.now()
    terms = Terms(price_minor=4_990, discount_minor=3_990, discount_until=now + timedelta(days=3), sale_from=now)
    for _twice in range(2):
        courses.set_sale_terms(actor=cast.owner, course_id=course_id, terms=terms)
    course = db.session.get_one(Course, course_id)
    assert (course.price_minor, course.discount_minor, course.sale_from) == (4_990, 3_990, now)
    history = db.session.scalars(select(SaleTerms)).one()
    assert (history.price_minor, history.set_by) == (4_990, cast.owner.user_id)
    assert db.session.scalars(select(Transition.to_state)).all() == ["sale_terms"]
    assert course.draft_revision_id is None


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (Terms(price_minor=-1), "price"),
        (Terms(price_minor=PRICE_MAX_MINOR + 1), "price"),
        (Terms(price_minor=100, discount_minor=100), "discount"),
        (Terms(price_minor=100, discount_minor=-1), "discount"),
        (Terms(price_minor=0, discount_minor=0), "discount"),
        (Terms(price_minor=100, discount_until=clock.now()), "discount"),
        (Terms(price_minor=100, sale_from=clock.now(), sale_until=clock.now() - timedelta(days=1)), "sale_until"),
    ],
)
def test_l5_senseless_terms_are_refused_by_field(cast: Cast, terms: Terms, field: str) -> None:
    course_id = live_course(cast.owner, price_minor=1_000).id
    with pytest.raises(Refused) as refused:
        courses.set_sale_terms(actor=cast.owner, course_id=course_id, terms=terms)
    assert refused.value.data["field"] == field
    assert db.session.get_one(Course, course_id).price_minor == 1_000
    assert db.session.scalar(select(func.count(SaleTerms.id))) == 0


@pytest.mark.parametrize(
    ("state", "operation", "after"),
    [
        (CourseState.DRAFT, courses.put_on_sale, None),
        (CourseState.PUBLISHED, courses.put_on_sale, CourseState.ON_SALE),
        (CourseState.ON_SALE, courses.put_on_sale, CourseState.ON_SALE),
        (CourseState.DRAFT, courses.take_off_sale, None),
        (CourseState.PUBLISHED, courses.take_off_sale, CourseState.PUBLISHED),
        (CourseState.ON_SALE, courses.take_off_sale, CourseState.PUBLISHED),
    ],
)
def test_l10_on_and_off_sale_from_every_state(
    cast: Cast, state: CourseState, operation: object, after: CourseState | None
) -> None:
    course = draft_course(cast.owner) if state is CourseState.DRAFT else live_course(cast.owner, state=state)
    course_id = course.id
    if after is None:
        with pytest.raises(Conflict, match=r"state\.illegal|course\.not_published"):
            operation(actor=cast.owner, course_id=course_id)
    else:
        operation(actor=cast.owner, course_id=course_id)
    assert db.session.get_one(Course, course_id).state is (after or state)
    moved = db.session.scalars(select(Transition.to_state)).all()
    assert moved == ([after.value] if after not in (None, state) else [])


@pytest.mark.parametrize(("who", "error"), STRANGERS)
def test_l5_only_the_owner_sells(cast: Cast, who: str, error: type[Exception]) -> None:
    course_id = live_course(cast.owner, state=CourseState.PUBLISHED).id
    actor = getattr(cast, who)
    for attempt in (
        lambda: courses.put_on_sale(actor=actor, course_id=course_id),
        lambda: courses.take_off_sale(actor=actor, course_id=course_id),
        lambda: courses.set_sale_terms(actor=actor, course_id=course_id, terms=Terms(price_minor=1)),
    ):
        with pytest.raises(error):
            attempt()
    assert db.session.get_one(Course, course_id).state is CourseState.PUBLISHED


def test_l8_a_blocked_course_is_not_put_on_sale(cast: Cast) -> None:
    course = live_course(cast.owner, state=CourseState.PUBLISHED)
    course_id = course.id
    with unguarded():
        course.blocked_at, course.block_reason = clock.now(), "copied"
        db.session.commit()
    with pytest.raises(Conflict, match=r"course\.blocked"):
        courses.put_on_sale(actor=cast.owner, course_id=course_id)
    assert db.session.get_one(Course, course_id).state is CourseState.PUBLISHED
