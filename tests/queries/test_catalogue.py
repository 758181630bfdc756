"""The catalogue: C-1, C-2, L-5, L-7, L-8, M-11."""

from datetime import timedelta

import pytest

from backoffice import clock
from backoffice.db import db, unguarded
from backoffice.models.catalogues import Category, Skill, SkillArea
from backoffice.models.content import Level, Revision, RevisionSkill
from backoffice.models.courses import Course, CourseState
from backoffice.queries import catalogue, facets
from backoffice.queries.catalogue import Filters, Sort
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast

SIZE = 3


def _change(course: Course, **values: object) -> Course:
    """Change a course and its live revision; names of the course win."""
    with unguarded():
        revision = db.session.get_one(Revision, course.live_revision_id)
        for name, value in values.items():
            setattr(course if hasattr(Course, name) else revision, name, value)
        db.session.commit()
    return course


def _found(filters: Filters) -> list[int]:
    return [card.id for card in catalogue.page(filters).cards]


@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("number", [0, 1, SIZE, SIZE + 1, 10])
def test_c2_pages_by_key_show_each_course_exactly_once_there_and_back(cast: Cast, sort: Sort, number: int) -> None:
    moment = clock.now()
    for place in range(number):
        # Equal keys in every order, so that the id has to decide.
        course = live_course(
            cast.owner, price_minor=1000 * (place % 3), published_at=moment + timedelta(days=place % 2)
        )
        _change(course, students_count=place % 2, reviews_count=place % 3, rating_sum=4 * (place % 3))
    filters = Filters(sort=sort)
    pages = [catalogue.page(filters, size=SIZE)]
    while pages[-1].after and len(pages) < 12:
        pages.append(catalogue.page(filters, after=pages[-1].after, size=SIZE))
    there = [card.id for page in pages for card in page.cards]
    assert len(there) == len(set(there)) == number
    assert pages[0].before is None

    back = [pages[-1]]
    while back[0].before and len(back) < 12:
        back.insert(0, catalogue.page(filters, before=back[0].before, size=SIZE))
    assert [card.id for page in back for card in page.cards] == there


def test_c2_orders(cast: Cast) -> None:
    moment = clock.now()
    old_dear = _change(live_course(cast.owner, price_minor=900), students_count=1, reviews_count=2, rating_sum=10)
    new_cheap = _change(live_course(cast.owner, price_minor=100), students_count=5, reviews_count=2, rating_sum=9)
    _change(old_dear, published_at=moment - timedelta(days=2))
    expected = {
        Sort.NEWEST: [new_cheap.id, old_dear.id],
        Sort.POPULAR: [new_cheap.id, old_dear.id],
        Sort.RATING: [old_dear.id, new_cheap.id],
        Sort.PRICE: [new_cheap.id, old_dear.id],
        Sort.PRICE_DOWN: [old_dear.id, new_cheap.id],
    }
    assert {sort: _found(Filters(sort=sort)) for sort in Sort} == expected


@pytest.mark.parametrize("key", ["", "x", "1", "1.x", "-1.2", "9" * 30 + ".1", "1.1.1", "٣.٣"])
def test_senseless_keys_give_the_first_page(cast: Cast, key: str) -> None:
    course = live_course(cast.owner)
    assert [card.id for card in catalogue.page(Filters(), after=key).cards] == [course.id]


def test_l5_l8_only_courses_that_can_be_bought_now_are_listed(cast: Cast) -> None:
    now = clock.now()
    listed = live_course(cast.owner)
    live_course(cast.owner, state=CourseState.PUBLISHED)
    draft_course(cast.owner)
    _change(live_course(cast.owner), blocked_at=now, block_reason="Copied")
    _change(live_course(cast.owner), sale_from=now + timedelta(hours=1))
    _change(live_course(cast.owner), sale_until=now - timedelta(hours=1))
    assert _found(Filters()) == [listed.id]
    assert facets.facets(Filters(), "en").total == 1


def test_c1_filters_and_their_counts(cast: Cast) -> None:
    plain = live_course(cast.owner, title="Plain words", price_minor=0)
    special = live_course(cast.owner, title="Баллистика для всех", price_minor=5_000)
    with unguarded():
        top = Category(slug="science", name_en="Science", name_ru="Наука")
        area = SkillArea(name_en="Physics", name_ru="Физика")
        db.session.add_all([top, area])
        db.session.flush()
        below = Category(slug="physics", name_en="Physics", name_ru="Физика", parent_id=top.id)
        skill = Skill(area_id=area.id, slug="optics", name_en="Optics", name_ru="Оптика")
        db.session.add_all([below, skill])
        db.session.flush()
        db.session.add(RevisionSkill(revision_id=special.live_revision_id, skill_id=skill.id))
        db.session.commit()
    _change(special, category_id=below.id, level=Level.ADVANCED, language_code="ru", includes_certificate=True)
    _change(special, reviews_count=2, rating_sum=9)
    asked = [
        Filters(q="БАЛЛИСТ"),
        Filters(q="балистика"),
        Filters(category=("science",)),
        Filters(category=("physics",)),
        Filters(level=("advanced",)),
        Filters(language=("ru",)),
        Filters(skill=("optics",)),
        Filters(price="paid"),
        Filters(rating=4),
        Filters(certificate=True),
    ]
    for filters in asked:
        assert _found(filters) == [special.id], filters
        assert facets.facets(filters, "en").total == 1, filters
    assert _found(Filters(price="free")) == _found(Filters(max_price=49)) == [plain.id]
    assert set(_found(Filters(max_price=50))) == {plain.id, special.id}
    assert _found(Filters(q="100%")) == _found(Filters(level=("none",))) == []

    found = facets.facets(Filters(level=("advanced",)), "ru")
    assert [(level.value, level.count) for level in found.levels if level.count] == [("advanced", 1), ("all", 1)]
    assert [(choice.label, choice.count) for choice in found.categories] == [("Наука", 1), ("Физика", 1)]
    assert [(choice.value, choice.count) for choice in found.skills] == [("optics", 1)]
    assert {choice.value: choice.count for choice in found.prices} == {"free": 0, "paid": 1}


def test_m11_a_discount_counts_while_it_lasts(cast: Cast) -> None:
    end = clock.now() + timedelta(days=1)
    course = _change(live_course(cast.owner, price_minor=5_000), discount_minor=1_000, discount_until=end)
    assert _found(Filters(max_price=10)) == [course.id]
    with clock.at(end):
        assert _found(Filters(max_price=10)) == []
        assert catalogue.page(Filters()).cards[0].discounted_price is None
