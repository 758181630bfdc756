"""Coupons on the pages: typed by a buyer, made by authors and by the house (M-11)."""

from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.db import db
from backoffice.models.coupons import Coupon
from backoffice.models.purchases import Purchase
from backoffice.operations import coupons
from backoffice.operations.coupons import CouponTerms
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in

CODE = "SPRING-26"


def test_m11_a_buyer_types_a_coupon_sees_the_price_and_pays_it(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=8_000)
    coupons.create(actor=cast.owner, terms=CouponTerms(code=CODE, percent=25))
    fund(cast.student, 8_000)
    log_in(client, cast.student)
    page = client.get(f"/courses/{course.slug}", query_string={"coupon": "spring-26"}).text
    assert "Buy for $60.00" in page
    form = {"shown_price_minor": 6_000, "coupon": "spring-26"}
    assert client.post(f"/courses/{course.slug}/buy", data=form).status_code == 302
    assert db.session.scalars(select(Purchase.price_minor)).one() == 6_000


def test_m11_a_coupon_that_does_not_fit_is_told_and_the_code_kept(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=8_000)
    log_in(client, cast.student)
    page = client.get(f"/courses/{course.slug}", query_string={"coupon": '"><b>NO'}).text
    assert "There is no such coupon for this course." in page
    assert "&#34;&gt;&lt;b&gt;NO" in page
    assert "Buy for $80.00" in page


def test_m3_who_is_short_of_money_comes_back_with_the_coupon(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=8_000)
    coupons.create(actor=cast.owner, terms=CouponTerms(code=CODE, percent=25))
    log_in(client, cast.student)
    answer = client.post(f"/courses/{course.slug}/buy", data={"shown_price_minor": 6_000, "coupon": CODE})
    assert f"amount=60.00&amp;next=/courses/{course.slug}?coupon%3D{CODE}" in answer.text.replace("%2F", "/").replace(
        "%3F", "?"
    )


def test_m11_an_author_makes_and_disables_coupons(client: FlaskClient, cast: Cast) -> None:
    live_course(cast.owner)
    log_in(client, cast.owner)
    refused = client.post("/studio/coupons", data={"code": "ab", "percent": "25", "course_id": "0"})
    assert refused.status_code == 422
    assert 'value="ab"' in refused.text
    assert client.post("/studio/coupons", data={"code": CODE, "percent": "25", "course_id": "0"}).status_code == 302
    coupon = db.session.scalars(select(Coupon)).one()
    assert (coupon.author_id, coupon.percent) == (cast.owner.user_id, 25)
    assert CODE in client.get("/studio/coupons").text
    assert client.post(f"/studio/coupons/{coupon.id}/disable").status_code == 302
    assert db.session.scalars(select(Coupon.disabled_at)).one() is not None


def test_m11_the_house_makes_coupons_in_the_back_office(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.admin)
    form = {"code": CODE, "amount": "5", "course_id": "0"}
    assert client.post("/admin/coupons/", data=form).status_code == 302
    assert db.session.scalars(select(Coupon.author_id)).one() is None
    assert CODE in client.get("/admin/coupons/").text
    log_in(client, cast.moderator)
    assert client.get("/admin/coupons/").status_code == 403
