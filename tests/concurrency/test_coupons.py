"""A coupon with three uses and eight buyers (M-11)."""

from flask import Flask
from sqlalchemy import text

from backoffice.db import db
from backoffice.operations import coupons, purchases
from backoffice.operations.coupons import CouponTerms
from tests.concurrency.test_money import CLIENTS, assert_book_holds, codes, together
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import make_cast, person


def test_m11_eight_buyers_use_a_coupon_as_often_as_it_may_be_used(committed_app: Flask) -> None:
    owner = make_cast().owner
    course = live_course(owner, price_minor=1_000)
    coupons.create(actor=owner, terms=CouponTerms(code="THREE", percent=50, max_uses=3))
    buyers = [person() for _number in range(CLIENTS)]
    for buyer in buyers:
        fund(buyer, 1_000)
    course_id = course.id
    jobs = [
        lambda buyer=buyer: (
            purchases.buy(actor=buyer, course_id=course_id, shown_price_minor=500, coupon_code="three").id
        )
        for buyer in buyers
    ]
    assert codes(together(committed_app, jobs)) == {"ok": 3, "coupon.used_up": CLIENTS - 3}
    assert db.session.scalar(text("SELECT uses FROM coupon")) == 3
    assert_book_holds()
