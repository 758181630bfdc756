"""Sales and reserves of the whole shop, counted by hand (B-4, M-5)."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.models.purchases import Purchase
from backoffice.operations import coupons, purchases
from backoffice.operations.coupons import CouponTerms
from backoffice.queries import sales
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in

NOON = datetime(2030, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def sell(cast: Cast, price: int, *, ago: timedelta, coupon: str = "") -> Purchase:
    with clock.at(NOON - ago):
        course = live_course(cast.owner, title=f"Course of {price}", price_minor=price)
        fund(cast.student, price)
        shown = price // 2 if coupon else price
        return purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=shown, coupon_code=coupon)


def test_b4_sales_of_a_time_are_shared_between_house_and_authors(cast: Cast) -> None:
    with clock.at(NOON - 40 * DAY):
        coupons.create(actor=cast.owner, terms=CouponTerms(code="HALF", percent=50))
    sell(cast, 7_000, ago=35 * DAY)
    sell(cast, 10_000, ago=9 * DAY)
    sell(cast, 4_000, ago=2 * DAY, coupon="HALF")
    back = sell(cast, 6_000, ago=DAY)
    with clock.at(NOON):
        purchases.refund(actor=cast.student, purchase_id=back.id)
        purchases.release_due(actor=SYSTEM)
        found = sales.totals(30)
        assert (found.sales, found.paid.minor) == (3, 18_000)
        assert (found.returned_sales, found.returned.minor, found.returned_percent) == (1, 6_000, 33)
        assert (found.commission.minor, found.authors.minor, found.reduced.minor) == (2_400, 9_600, 2_000)
        assert sales.totals(90).sales == 4
        assert [(course.title, course.paid.minor) for course in sales.best_courses(30)] == [
            ("Course of 10000", 10_000),
            ("Course of 4000", 2_000),
        ]
        days = {day.day.isoformat(): day.amount.minor for day in sales.by_day(7, "UTC")}
        assert len(days) == 7
        assert {day: minor for day, minor in days.items() if minor} == {"2030-03-08": 2_000, "2030-03-09": 6_000}


def test_b4_reserves_by_the_readers_day_of_their_release(cast: Cast) -> None:
    sell(cast, 5_000, ago=timedelta(hours=1))
    sell(cast, 3_000, ago=8 * DAY)
    with clock.at(NOON):
        found = sales.reserves("UTC")
        assert (found.total.minor, found.sales, found.overdue.minor, found.undated.minor) == (8_000, 2, 3_000, 0)
        assert [(day.day.isoformat(), day.amount.minor) for day in found.days if day.sales] == [("2030-03-17", 5_000)]
        # 11:00 in London is the next day in Kiritimati.
        there = sales.reserves("Pacific/Kiritimati")
        assert [day.day.isoformat() for day in there.days if day.sales] == ["2030-03-18"]


def test_b4_b8_the_page_is_for_admins_and_its_period_in_the_address(client: FlaskClient, cast: Cast) -> None:
    with clock.at(NOON):
        sell(cast, 12_345, ago=8 * DAY)
        log_in(client, cast.admin)
        assert "paid $123.45" in client.get("/admin/sales/?days=30").text
        assert "No sales in this time" in client.get("/admin/sales/?days=7").text
        assert "paid $123.45" in client.get("/admin/sales/?days=nonsense").text
        log_in(client, cast.moderator)
        assert client.get("/admin/sales/").status_code == 403
