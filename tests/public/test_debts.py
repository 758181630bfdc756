"""A debt is shown plainly to who has it and to staff: how it came about, and what has paid it (M-4, M-5, M-9)."""

from datetime import timedelta

from flask.testing import FlaskClient

from backoffice import clock
from backoffice.queries import history
from tests.factories.people import Cast, log_in
from tests.operations.test_clawbacks import bought, give_back, paid

YEAR = timedelta(days=365)


def owing(cast: Cast) -> int:
    """The number of a purchase whose author had withdrawn 70.00 of 80.00 before it was given back."""
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    return purchase.id


def test_m9_the_history_shows_how_a_debt_came_about_and_who_has_paid_it(client: FlaskClient, cast: Cast) -> None:
    owing(cast)
    log_in(client, cast.owner)
    page = client.get("/account/history").text
    assert 'id="debt"' in page
    assert "−$70.00" in page
    assert "#debt" in client.get("/account/balance").text
    bought(cast)
    lines = history.debts(cast.owner.person_id)
    assert [(line.amount.minor, line.balance_after.minor) for line in lines] == [(7_000, 0), (-7_000, -7_000)]
    page = client.get("/account/history").text
    assert "+$70.00" in page
    log_in(client, cast.student)
    assert 'id="debt"' not in client.get("/account/history").text


def test_m6_a_sale_that_was_taken_back_says_when(client: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    with clock.at(clock.now() + YEAR):
        give_back(cast, purchase)
    log_in(client, cast.owner)
    day = (clock.now() + YEAR).strftime("%Y")
    page = client.get("/account/history?kind=sales").text
    assert "arrived, and taken back on" in page
    assert f", {day}" in page.partition("arrived, and taken back on")[2][:40]


def test_b4_staff_see_what_a_user_has_and_owes(client: FlaskClient, cast: Cast) -> None:
    owing(cast)
    number = cast.owner.person_id
    log_in(client, cast.admin)
    page = client.get(f"/admin/users/{number}").text
    assert "$70.00" in page
    assert f"/admin/ledger/accounts/debt:{number}" in page


def test_b4_what_cannot_be_looked_for_finds_nothing(client: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    log_in(client, cast.admin)
    assert f"purchase:{purchase.id}" in client.get(f"/admin/ledger/?purchase={purchase.id}").text
    for address in ("purchase=abc", "purchase=-1", f"purchase={10**30}", "kind=nonsense"):
        page = client.get(f"/admin/ledger/?{address}").text
        assert "No transaction fits all of this." in page
        assert f"purchase:{purchase.id}" not in page
