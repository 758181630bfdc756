"""Coupons: who makes them, what they take off, how often (M-11)."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from backoffice import clock, ledger
from backoffice.access import Actor
from backoffice.db import db
from backoffice.errors import DomainError, NotAllowed
from backoffice.models.coupons import Coupon
from backoffice.models.courses import Course
from backoffice.models.purchases import Purchase
from backoffice.operations import coupons, purchases
from backoffice.operations.coupons import CouponTerms
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, person

PRICE = 9_999


def make(actor: Actor, *, of_the_house: bool = False, **terms: object) -> Coupon:
    terms = {"code": "spring-26", "percent": 25} | terms
    return coupons.create(actor=actor, terms=CouponTerms(**terms), of_the_house=of_the_house)


def buy(student: Actor, course: Course, price: int, code: str = "Spring-26") -> Purchase:
    return purchases.buy(actor=student, course_id=course.id, shown_price_minor=price, coupon_code=code)


def refusal(student: Actor, course: Course, price: int, code: str = "SPRING-26") -> str:
    with pytest.raises(DomainError) as error:
        buy(student, course, price, code)
    return error.value.code


def uses(coupon: Coupon) -> int:
    return int(db.session.scalar(text("SELECT uses FROM coupon WHERE id = :id"), {"id": coupon.id}) or 0)


@pytest.fixture
def course(cast: Cast) -> Course:
    fund(cast.student, 3 * PRICE)
    return live_course(cast.owner, price_minor=PRICE)


@pytest.mark.parametrize(
    ("terms", "price"),
    [
        ({"percent": 25}, 7_500),
        ({"percent": 100}, 0),
        ({"percent": None, "amount_minor": 999}, 9_000),
        ({"percent": None, "amount_minor": 50_000}, 0),
    ],
)
def test_m11_a_coupon_lowers_the_price_and_stands_on_the_purchase(
    cast: Cast, course: Course, terms: dict[str, object], price: int
) -> None:
    coupon = make(cast.owner, **terms)
    purchase = buy(cast.student, course, price)
    assert (purchase.price_minor, purchase.list_price_minor, purchase.coupon_id) == (price, PRICE, coupon.id)
    assert purchase.commission_minor == price // 5
    assert ledger.balance(ledger.reserve(purchase.id)) == price
    assert uses(coupon) == 1


def test_m11_a_coupon_comes_off_the_discounted_price(cast: Cast, course: Course) -> None:
    make(cast.owner, percent=10)
    db.session.execute(text("UPDATE course SET discount_minor = 5000"))
    db.session.commit()
    assert buy(cast.student, course, 4_500).price_minor == 4_500


def test_m11_the_price_with_the_coupon_is_the_one_that_was_shown(cast: Cast, course: Course) -> None:
    coupon = make(cast.owner)
    assert refusal(cast.student, course, PRICE) == "purchase.price_changed"
    assert uses(coupon) == 0


def test_m11_a_coupon_is_used_as_often_as_it_may_and_given_back_with_the_course(cast: Cast, course: Course) -> None:
    coupon = make(cast.owner, max_uses=1)
    first = buy(cast.student, course, 7_500)
    other = person()
    fund(other, PRICE)
    assert refusal(other, course, 7_500) == "coupon.used_up"
    purchases.refund(actor=cast.student, purchase_id=first.id)
    assert uses(coupon) == 0
    buy(other, course, 7_500)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"starts_at": timedelta(days=1)}, "coupon.not_yet"),
        ({"starts_at": timedelta(days=-2), "ends_at": timedelta(hours=1)}, "coupon.over"),
    ],
)
def test_m11_coupons_have_their_days(cast: Cast, course: Course, terms: dict[str, timedelta], code: str) -> None:
    make(cast.owner, **{name: clock.now() + delta for name, delta in terms.items()})
    later = clock.now() + (timedelta(hours=2) if code == "coupon.over" else timedelta())
    with clock.at(later):
        assert refusal(cast.student, course, 7_500) == code


def test_m11_an_authors_coupon_is_for_own_courses_only(cast: Cast, course: Course) -> None:
    make(cast.other_author)
    assert refusal(cast.student, course, 7_500) == "coupon.unknown"
    assert refusal(cast.student, course, PRICE, "NEVER-MADE") == "coupon.unknown"


def test_m11_a_coupon_of_the_house_is_for_all_courses(cast: Cast, course: Course) -> None:
    make(cast.admin, of_the_house=True)
    assert buy(cast.student, course, 7_500).price_minor == 7_500
    with pytest.raises(NotAllowed):
        make(cast.owner, of_the_house=True, code="MINE")


def test_m11_a_coupon_of_one_course_is_for_no_other(cast: Cast, course: Course) -> None:
    other = live_course(cast.owner, title="Another", price_minor=PRICE)
    make(cast.owner, course_id=other.id)
    assert refusal(cast.student, course, 7_500) == "coupon.unknown"
    assert buy(cast.student, other, 7_500).price_minor == 7_500


def test_m11_a_coupon_out_of_use_cannot_be_used(cast: Cast, course: Course) -> None:
    coupon = make(cast.owner)
    with pytest.raises(DomainError) as error:
        coupons.disable(actor=cast.other_author, coupon_id=coupon.id)
    assert error.value.code == "coupon.not_found"
    coupons.disable(actor=cast.owner, coupon_id=coupon.id)
    assert refusal(cast.student, course, 7_500) == "coupon.disabled"


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"code": "ab"}, "coupon.code"),
        ({"code": "СКИДКА"}, "coupon.code"),
        ({"percent": 0}, "coupon.value"),
        ({"percent": 101}, "coupon.value"),
        ({"percent": None}, "coupon.value"),
        ({"amount_minor": 5}, "coupon.value"),
        ({"percent": None, "amount_minor": 0}, "coupon.value"),
        ({"max_uses": 0}, "coupon.uses"),
        ({"course_id": 999_999}, "coupon.course"),
    ],
)
def test_m11_senseless_terms_are_refused(cast: Cast, terms: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as error:
        make(cast.owner, **terms)
    assert error.value.code == code


def test_m11_a_code_is_taken_once(cast: Cast) -> None:
    make(cast.owner)
    with pytest.raises(DomainError) as error:
        make(cast.other_author, code="Spring - 26")
    assert error.value.code == "coupon.taken"
