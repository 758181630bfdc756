"""What an author will get and has got (M-6, M-7)."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.money import Money
from backoffice.operations import clawbacks, purchases
from backoffice.queries import forecast, money
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in, person

NOON = datetime(2030, 3, 5, 12, tzinfo=UTC)


def sell(cast: Cast, *, at: datetime, title: str = "Bees", price: int = 5_000) -> Purchase:
    course, student = live_course(cast.owner, title=title, price_minor=price), person()
    if price:
        fund(student, price)
    with clock.at(at):
        return purchases.buy(actor=student, course_id=course.id, shown_price_minor=price)


def test_m7_money_is_forecast_on_the_day_of_the_readers_zone(cast: Cast) -> None:
    sell(cast, at=NOON.replace(hour=23))
    sell(cast, at=NOON.replace(hour=23))
    sell(cast, at=NOON + timedelta(days=2), price=0)
    with clock.at(NOON):
        here = forecast.releases_by_day(cast.owner.person_id, "UTC")
        east = forecast.releases_by_day(cast.owner.person_id, "Europe/Moscow")
    assert [(day.day.day, day.amount.minor, day.sales) for day in here if day.sales] == [(12, 8_000, 2)]
    assert [day.day.day for day in east if day.sales] == [13]
    assert len(here) == forecast.DAYS


def test_m6_earnings_are_summed_by_course_and_month(cast: Cast) -> None:
    for at, title in ((NOON, "Bees"), (NOON, "Ants"), (NOON + timedelta(days=31), "Bees")):
        purchase = sell(cast, at=at, title=title)
        with clock.at(purchase.refundable_until):
            purchases.release_due(actor=SYSTEM)
    with clock.at(NOON + timedelta(days=60)):
        rows = forecast.by_course_and_month(cast.owner.person_id, "UTC")
    assert [row.month.month for row in rows] == [4, 3, 3]
    assert {(row.month.month, row.course_title) for row in rows} == {(4, "Bees"), (3, "Bees"), (3, "Ants")}
    assert {row.net.minor for row in rows} == {4_000}


def test_m7_a_debt_is_told_and_lowers_what_is_expected(client: FlaskClient, cast: Cast) -> None:
    purchase = sell(cast, at=clock.now() - timedelta(days=8))
    purchases.release_due(actor=SYSTEM)
    fund(cast.owner, 1)
    bought = live_course(cast.other_author, title="Wasps", price_minor=4_001)
    purchases.buy(actor=cast.owner, course_id=bought.id, shown_price_minor=4_001)
    clawbacks.give_back(
        actor=cast.admin, purchase_id=purchase.id, reason="No sound", shown_state=PurchaseState.RELEASED
    )
    sell(cast, at=clock.now(), title="Ants")
    balance = money.balance(cast.owner.person_id)
    assert (balance.available, balance.debt, balance.frozen) == tuple(Money(n, "USD") for n in (0, 4_000, 4_000))
    assert balance.expected == Money(0, "USD")
    log_in(client, cast.owner)
    assert "Debt: $40.00" in client.get("/account/balance").text
    page = client.get("/studio/earnings").text
    assert "Money that arrives, by day" in page
