"""A debt is shown plainly to who has it and to staff: how it came about, and what has paid it (M-4, M-5, M-9)."""

from datetime import timedelta

from flask.testing import FlaskClient

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.models.payments import WithdrawalState
from backoffice.operations import purchases, withdrawals
from backoffice.queries import history
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in
from tests.operations.test_clawbacks import bought, give_back, paid

IBAN = "IBAN DE89 3704 0044 0532 0130 00"
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


def test_m3_who_is_short_of_money_reads_how_much_with_the_debt(client: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    course = live_course(cast.other_author, price_minor=4_000)
    log_in(client, cast.owner)
    page = client.post(f"/courses/{course.slug}/buy", data={"shown_price_minor": "4000"}).text
    # 40.00 for the course and 70.00 of debt, which a top-up pays first.
    assert "$110.00 are missing" in page
    assert "amount=110.00" in page
    assert "data-focus" in page


def test_m5_whatever_comes_pays_a_debt_first(cast: Cast) -> None:
    purchase = bought(cast)
    own = live_course(cast.other_author, price_minor=1_000)
    second = purchases.buy(actor=cast.owner, course_id=own.id, shown_price_minor=1_000).id
    paid(cast, 7_000)
    give_back(cast, purchase)
    owed = [-ledger.balance(ledger.debt(cast.owner.person_id))]
    purchases.refund(actor=cast.owner, purchase_id=second)
    owed.append(-ledger.balance(ledger.debt(cast.owner.person_id)))
    fund(cast.owner, 7_500)
    owed.append(-ledger.balance(ledger.debt(cast.owner.person_id)))
    assert owed == [8_000, 7_000, 0]
    assert ledger.balance(ledger.available(cast.owner.person_id)) == 500


def test_m8_a_payout_that_fails_pays_a_debt_first(cast: Cast) -> None:
    purchase = bought(cast)
    asked = withdrawals.ask(actor=cast.owner, request_key="k", amount_minor=7_000, payout_method=IBAN, provider="fake")
    shown = {"shown_amount_minor": 7_000, "shown_state": WithdrawalState.ASKED}
    withdrawals.approve(actor=cast.admin, withdrawal_id=asked.id, **shown)
    give_back(cast, purchase)
    failed = Payout(PayoutState.FAILED, ref="r", failure="account_closed")
    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=asked.id, payout=failed)
    assert ledger.balance(ledger.debt(cast.owner.person_id)) == 0


def test_m9_a_line_of_a_debt_opens_and_the_statement_tells_what_went_there(client: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    bought(cast)
    log_in(client, cast.owner)
    page = client.get("/account/history").text
    assert "$70.00 went to the debt" in page
    assert "$70.00 became debt" in page
    lines = history.debts(cast.owner.person_id)
    assert client.get(f"/account/history/debt/{lines[0].seq}").status_code == 200
    log_in(client, cast.other_author)
    assert client.get(f"/account/history/debt/{lines[0].seq}").status_code == 404


def test_m4_an_admin_sees_what_a_clawback_will_do(client: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 6_000)
    withdrawals.ask(actor=cast.owner, request_key="k", amount_minor=1_500, payout_method=IBAN, provider="fake")
    log_in(client, cast.admin)
    page = client.get(f"/admin/purchases/{purchase.id}").text
    assert "A withdrawal of $15.00 that nobody has approved will be cancelled." in page
    assert "The author will owe $60.00." in page
    give_back(cast, purchase)
    assert ledger.balance(ledger.debt(cast.owner.person_id)) == -6_000
    # 80.00 of another sale pay that first; taken back too, they are owed beside it.
    later = bought(cast)
    assert "The author will owe $60.00." in client.get(f"/admin/purchases/{later.id}").text
    give_back(cast, later)
    assert ledger.balance(ledger.debt(cast.owner.person_id)) == -6_000


def test_m4_a_refund_that_pays_a_debt_says_so_before(client: FlaskClient, cast: Cast) -> None:
    purchase = bought(cast)
    course = live_course(cast.other_author, price_minor=1_000)
    mine = purchases.buy(actor=cast.owner, course_id=course.id, shown_price_minor=1_000)
    paid(cast, 7_000)
    give_back(cast, purchase)
    log_in(client, cast.owner)
    page = client.get(f"/account/purchases/{mine.id}/refund").text
    assert "$10.00 of it will pay your debt." in page
    assert clock.now() < mine.refundable_until - timedelta(days=1)
