"""Pages of the shop: C-1, L-1, L-5, L-7, L-8, M-3, M-11, P-7."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import Role
from backoffice.db import db, unguarded
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.learning import Review
from backoffice.models.purchases import Purchase
from backoffice.operations import answers, reviews
from tests.factories.courses import draft_course, live_course
from tests.factories.learning import enrolment_of, open_draft, own, questions_of
from tests.factories.money import fund
from tests.factories.people import Cast, log_in, person
from tests.factories.statements import selects

EVERYBODY = ["visitor", "student", "owner", "other_author", "moderator", "admin"]
INSIDERS = {"owner", "moderator", "admin"}
MARKER = "Xylophone of secrets"


def _as(client: FlaskClient, cast: Cast, who: str) -> FlaskClient:
    return client if who == "visitor" else log_in(client, getattr(cast, who))


def _text(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


def _block(course: Course) -> None:
    with unguarded():
        course.blocked_at, course.block_reason = clock.now(), "Copied"
        db.session.commit()


@pytest.mark.parametrize("who", EVERYBODY)
def test_everybody_sees_the_shop(client: FlaskClient, cast: Cast, who: str) -> None:
    course = live_course(cast.owner, title="Counting for all")
    _as(client, cast, who)
    for address in ("/", "/courses", f"/courses/{course.slug}", "/authors"):
        page = _text(client, address)
        assert "Olga Owner" in page
    assert "Counting for all" in _text(client, "/authors/" + _author_slug(client))


def _author_slug(client: FlaskClient) -> str:
    found = re.search(r'href="/authors/([^"]+)"', _text(client, "/authors"))
    assert found
    return found[1]


@pytest.mark.parametrize(
    "state", [RevisionState.DRAFT, RevisionState.MODERATING, RevisionState.REJECTED, RevisionState.IN_REVIEW]
)
@pytest.mark.parametrize("who", EVERYBODY)
def test_l7_a_change_is_nowhere_before_it_is_approved(
    client: FlaskClient, cast: Cast, who: str, state: RevisionState
) -> None:
    course = live_course(cast.owner)
    draft = open_draft(course, marker=MARKER)
    with unguarded():
        draft.state = state
        db.session.commit()
    _as(client, cast, who)
    for address in ("/", "/courses", "/courses?q=Xylophone", f"/courses/{course.slug}", "/authors"):
        assert MARKER not in _text(client, address)


@pytest.mark.parametrize("who", EVERYBODY)
def test_l1_a_draft_is_seen_by_its_author_and_staff_alone(client: FlaskClient, cast: Cast, who: str) -> None:
    course = draft_course(cast.owner, title=MARKER)
    _as(client, cast, who)
    page = _text(client, f"/courses/{course.slug}", 200 if who in INSIDERS else 404)
    assert (MARKER in page) == (who in INSIDERS)
    assert MARKER not in _text(client, "/") + _text(client, "/courses")


@pytest.mark.parametrize("who", EVERYBODY)
def test_l8_a_blocked_course_has_left_the_shop(client: FlaskClient, cast: Cast, who: str) -> None:
    course = live_course(cast.owner, title=MARKER)
    _block(course)
    _as(client, cast, who)
    page = _text(client, f"/courses/{course.slug}", 200 if who in INSIDERS else 404)
    assert (MARKER in page) == (who in INSIDERS)
    assert MARKER not in _text(client, "/") + _text(client, "/courses")


def test_l5_off_sale_the_page_stays_and_says_so(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, state=CourseState.PUBLISHED)
    page = _text(log_in(client, cast.student), f"/courses/{course.slug}")
    assert "not on sale" in page
    assert f"/courses/{course.slug}/buy" not in page


def test_m3_buying_from_the_page(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=2_500)
    fund(cast.student, 2_500)
    page = _text(log_in(client, cast.student), f"/courses/{course.slug}")
    assert "Buy for $25.00" in page
    shown = re.search(r'name="shown_price_minor"[^>]*value="(\d+)"', page)
    assert shown
    answer = client.post(f"/courses/{course.slug}/buy", data={"shown_price_minor": shown[1]})
    assert (answer.status_code, answer.location) == (302, f"/learn/{course.slug}")
    assert enrolment_of(cast.student, course).ended_at is None
    page = _text(client, f"/courses/{course.slug}")
    assert "This course is yours" in page
    assert "/buy" not in page


def test_m3_a_changed_price_is_refused_and_the_new_one_shown(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=2_500)
    fund(cast.student, 2_500)
    answer = log_in(client, cast.student).post(f"/courses/{course.slug}/buy", data={"shown_price_minor": "2000"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "The price has changed" in page
    assert 'value="2500"' in page
    assert db.session.scalar(select(func.count(Purchase.id))) == 0


def test_m3_missing_money_leads_to_a_top_up_of_exactly_that(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=2_500)
    fund(cast.student, 1_000)
    answer = log_in(client, cast.student).post(f"/courses/{course.slug}/buy", data={"shown_price_minor": "2500"})
    assert answer.status_code == 422
    link = re.search(r'href="(/account/top-up\?[^"]+)"', answer.get_data(as_text=True))
    assert link
    assert "amount=15.00" in link[1]
    assert f"next=/courses/{course.slug}" in link[1]


@pytest.mark.parametrize(("who", "status"), [("visitor", 401), ("owner", 422)])
def test_m3_who_may_not_buy_is_told(client: FlaskClient, cast: Cast, who: str, status: int) -> None:
    course = live_course(cast.owner)
    _as(client, cast, who)
    page = _text(client, f"/courses/{course.slug}")
    assert ("next=/courses/" in page) == (who == "visitor")
    assert f"/courses/{course.slug}/buy" not in page
    answer = client.post(f"/courses/{course.slug}/buy", data={"shown_price_minor": "10000"})
    assert answer.status_code == status
    assert db.session.scalar(select(func.count(Purchase.id))) == 0


def test_p7_a_review_is_written_on_the_page_and_shown(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    address = f"/courses/{course.slug}"
    assert "after a fifth" in _text(log_in(client, cast.student), address)
    assert client.post(f"{address}/review", data={"stars": "4", "text": "Solid"}).status_code == 422
    question = questions_of(course.live_revision_id)[0]
    answers.answer(actor=cast.student, course_id=course.id, question_node_id=question.node_id, chosen=["a"])
    answer = client.post(f"{address}/review", data={"text": "<b>kept</b>"})
    assert answer.status_code == 422
    assert "&lt;b&gt;kept&lt;/b&gt;" in answer.get_data(as_text=True)
    assert client.post(f"{address}/review", data={"stars": "4", "text": "Solid"}).status_code == 302
    assert db.session.scalars(select(Review.stars)).all() == [4]
    assert "Solid" in _text(client, address)


def test_c1_descriptions_are_markdown_without_scripts(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    with unguarded():
        revision = db.session.get_one(Revision, course.live_revision_id)
        revision.description = "**Bold** <script>alert(1)</script> [x](https://example.org)"
        db.session.commit()
    page = _text(client, f"/courses/{course.slug}")
    assert "<strong>Bold</strong>" in page
    assert "<script>alert" not in page
    assert 'rel="nofollow ugc' in page


def test_courses_the_address_is_the_state(client: FlaskClient, cast: Cast) -> None:
    live_course(cast.owner, title="Counting")
    page = _text(client, "/courses?q=Count&level=all&price=paid&sort=price")
    assert "1 course" in page
    assert re.search(r'name="level" value="all" checked', page)
    assert 'href="/courses?level=all&amp;price=paid&amp;sort=price"' in page
    assert "No courses found" in _text(client, "/courses?q=nothing-like-it")
    assert _text(client, "/courses?max_price=-1&rating=9&sort=x&after=z&level=zz&price=w&q=%00")


@pytest.mark.parametrize("address", ["/courses/none", "/authors/none", "/preview/none/1"])
def test_what_is_not_there_is_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_no_page_asks_more_than_8_statements_or_more_with_more_rows(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, modules=1, lectures=1)
    own(cast.student, course)
    log_in(client, cast.student)
    addresses = ["/", "/courses", f"/courses/{course.slug}", "/authors", "/authors/" + _author_slug(client)]

    def counts() -> dict[str, int]:
        found = {}
        for address in addresses:
            with selects() as seen:
                _text(client, address)
            found[address] = len(seen)
        return found

    few = counts()
    for _number in range(20):
        live_course(cast.owner, modules=2, lectures=2)
        live_course(person(Role.AUTHOR))
        student = person()
        own(student, course)
        question = questions_of(course.live_revision_id)[0]
        answers.answer(actor=student, course_id=course.id, question_node_id=question.node_id, chosen=["a"])
        reviews.review(actor=student, course_id=course.id, stars=4, text="Good")
    assert counts() == few
    assert max(few.values()) <= 8
