"""Courses that were bought: giving one back, and its receipt (M-3, M-4, M-11)."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from flask.testing import FlaskClient
from sqlalchemy import update

from backoffice import clock
from backoffice.db import db, unguarded
from backoffice.models.people import User
from backoffice.models.purchases import Enrolment
from backoffice.operations import coupons, purchases
from backoffice.operations.coupons import CouponTerms
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in
from tests.public.test_account import available, buy


def test_m4_give_back_button_works_until_its_date(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    address = f"/account/purchases/{purchase.id}/refund"
    page = log_in(client, cast.student).get("/account/purchases").text
    assert address in page
    assert "possible until" in page
    preview = client.get(address).text
    assert "Give back and get $100.00" in preview
    assert "7 more days" in preview
    assert "0 of 2 lectures completed, 0 % of the course" in preview
    answer = client.post(address, follow_redirects=True)
    assert "$100.00 is on your balance again" in answer.text
    assert address not in answer.text
    # The preview of what is done leads to the receipt, a second click moves nothing.
    assert client.get(address).location == f"/account/purchases/{purchase.id}"
    assert client.post(address).status_code == 302
    assert available(cast.student) == 10_000


def test_m4_after_the_date_there_is_no_button_and_the_address_says_why(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    log_in(client, cast.student)
    with clock.at(purchase.refundable_until):
        assert "/refund" not in client.get("/account/purchases").text
        answer = client.post(f"/account/purchases/{purchase.id}/refund", follow_redirects=True)
        assert "Give back and get" not in answer.text
    assert "could be given back are over" in answer.text
    assert "It was possible until" in answer.text
    assert available(cast.student) == 0


def test_m4_a_stranger_gives_nothing_back(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    log_in(client, cast.other_student)
    for path in (f"/account/purchases/{purchase.id}", f"/account/purchases/{purchase.id}/refund"):
        assert client.get(path).status_code == 404
    assert client.post(f"/account/purchases/{purchase.id}/refund").status_code == 404
    assert available(cast.student) == 0


def test_m4_p2_the_preview_shows_the_progress_that_was_shown_before(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    with unguarded():
        db.session.execute(update(Enrolment).where(Enrolment.purchase_id == purchase.id).values(progress_floor=40))
        db.session.commit()
    page = log_in(client, cast.student).get(f"/account/purchases/{purchase.id}/refund").text
    assert "0 of 2 lectures completed, 40 % of the course" in page


def test_m4_the_preview_speaks_in_the_readers_zone_and_of_the_last_day(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    with unguarded():
        db.session.get_one(User, cast.student.person_id).time_zone = "Asia/Tokyo"
        db.session.commit()
    log_in(client, cast.student)
    with clock.at(purchase.refundable_until - timedelta(minutes=1)):
        page = client.get(f"/account/purchases/{purchase.id}/refund").text
    there = purchase.refundable_until.astimezone(ZoneInfo("Asia/Tokyo"))
    assert f"{there:%-I:%M}" in page
    assert "1 more day." in page


def test_m3_m11_a_receipt_tells_list_price_reduction_and_what_was_paid(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=8_000)
    coupons.create(actor=cast.owner, terms=CouponTerms(code="SPRING", percent=25))
    fund(cast.student, 8_000)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=6_000, coupon_code="SPRING")
    page = log_in(client, cast.student).get(f"/account/purchases/{purchase.id}").text
    for part in ("$80.00", "−$20.00", "coupon SPRING", "$60.00", f"purchase:{purchase.id}", "Stella Student"):
        assert part in page, part
    assert "Given back on" not in page
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    page = client.get(f"/account/purchases/{purchase.id}").text
    assert "Given back on" in page
    assert "+$60.00" in page
    assert f"refund:{purchase.id}" in page
