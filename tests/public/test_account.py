"""The account's money pages: M-2 to M-4, M-6 to M-9."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.models.payments import TopUp, TopUpState, Withdrawal, WithdrawalState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import purchases, withdrawals
from backoffice.tasks.actors import money
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in, person

PAGES = ["/account/", "/account/balance", "/account/history", "/account/purchases", "/account/withdraw"]
PAGES += ["/account/top-up", "/account/cards", "/studio/earnings"]
CARD = {"number": "4242 4242 4242 4242", "expires": "12/40", "code": "123"}


def available(actor: Actor) -> int:
    return ledger.balance(ledger.available(actor.person_id))


def buy(student: Actor, author: Actor, title: str = "Counting with care", price: int = 10_000) -> Purchase:
    course = live_course(author, title=title, price_minor=price)
    fund(student, price)
    return purchases.buy(actor=student, course_id=course.id, shown_price_minor=price)


def key_of(page: str) -> str:
    found = re.search(r'name="request_key"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.upper().startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET CONSTRAINTS")):
            seen.append(statement)

    event.listen(db.engine.__class__, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine.__class__, "before_cursor_execute", note)


@pytest.mark.parametrize("page", PAGES)
def test_b8_visitors_are_asked_to_log_in(client: FlaskClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert "/login" in answer.location


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_somebody_new_are_there(client: FlaskClient, cast: Cast, page: str) -> None:
    assert log_in(client, cast.owner).get(page).status_code == 200


@pytest.mark.parametrize("page", ["/account/withdraw", "/studio/earnings"])
def test_b8_students_have_no_earnings(client: FlaskClient, cast: Cast, page: str) -> None:
    answer = log_in(client, cast.student).get(page)
    # The studio leads students to becoming an author, the account refuses.
    assert answer.status_code == (302 if page.startswith("/studio") else 403)
    assert "before commission" not in answer.text


def test_m2_top_up_through_the_form_shows_the_state_until_the_money_is_there(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    form = client.get("/account/top-up?amount=12.50&next=/courses/counting").text
    assert 'value="12.50"' in form
    data = CARD | {"request_key": key_of(form), "amount": "12.50", "next": "/courses/counting"}
    for _double_click in range(2):
        answer = client.post("/account/top-up", data=data)
        assert answer.status_code == 302
    top_up = db.session.scalars(select(TopUp)).one()
    assert (top_up.state, top_up.amount_minor, top_up.card_last4) == (TopUpState.STARTED, 1_250, "4242")
    waiting = client.get(answer.location).text
    assert "data-poll=" in waiting
    money.settle_top_up(top_up_id=top_up.id)
    fragment = client.get(answer.location, headers={"HX-Request": "true"}).text
    assert "data-poll=" not in fragment
    assert "<html" not in fragment
    assert 'href="/courses/counting"' in fragment
    assert available(cast.student) == 1_250


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "12.505"}, "Write an amount like"),
        ({"amount": "0.50"}, "A top-up is from $1.00 to $10,000.00"),
        ({"number": "4242 4242 4242 4241"}, "Check the digits"),
        ({"number": "4111 1111 1111 1111"}, "use one of the test cards"),
        ({"expires": "13/40"}, "Write month and year"),
        ({"expires": "01/20"}, "has expired"),
        ({"code": "1"}, "three or four digits"),
    ],
)
def test_m2_a_refused_form_keeps_the_amount_and_never_the_card(
    client: FlaskClient, cast: Cast, change: dict[str, str], message: str
) -> None:
    data = CARD | {"request_key": "a-key", "amount": "77"} | change
    answer = log_in(client, cast.student).post("/account/top-up", data=data)
    assert answer.status_code == 422
    assert message in answer.text
    assert f'value="{data["amount"]}"' in answer.text
    assert f'value="{data["number"]}"' not in answer.text
    assert key_of(answer.text) == "a-key"
    assert db.session.scalar(select(func.count(TopUp.id))) == 0


def test_m2_declined_card_is_told(client: FlaskClient, cast: Cast) -> None:
    data = CARD | {"number": "4000000000000002", "request_key": "k", "amount": "20"}
    answer = log_in(client, cast.student).post("/account/top-up", data=data)
    money.settle_top_up(top_up_id=db.session.scalars(select(TopUp.id)).one())
    assert "The card was declined." in client.get(answer.location).text
    assert available(cast.student) == 0


def test_m2_nobody_sees_the_top_up_of_another(client: FlaskClient, cast: Cast) -> None:
    top_up = fund(cast.student, 5_000)
    assert log_in(client, cast.other_student).get(f"/account/top-ups/{top_up.id}").status_code == 404


@pytest.mark.parametrize("goal", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_top_up_leads_nowhere_else(client: FlaskClient, cast: Cast, goal: str) -> None:
    log_in(client, cast.student)
    form = client.get("/account/top-up", query_string={"next": goal}).text
    assert re.findall(r'<input id="next"[^>]*value="([^"]*)"', form) == [""]
    answer = client.post("/account/top-up", data=CARD | {"request_key": "k", "amount": "20", "next": goal})
    assert "evil.example" not in answer.location


def test_m6_m7_author_sees_frozen_after_commission_the_gross_and_the_date(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner, price=9_999)
    log_in(client, cast.owner)
    for page in ("/account/balance", "/studio/earnings"):
        text = client.get(page).text
        assert "$80.00" in text
        assert "$99.99 before commission" in text
    assert "Pending" in client.get("/studio/earnings").text
    with clock.at(purchase.refundable_until + timedelta(seconds=1)):
        purchases.release_due(actor=SYSTEM)
    text = client.get("/studio/earnings").text
    assert "arrived on" in text
    assert "before commission" in text
    assert "$0.00 before commission" in text


def test_m6_a_sale_that_was_given_back_is_cancelled(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner)
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    assert "Cancelled" in log_in(client, cast.owner).get("/studio/earnings").text


def test_m9_statement_shows_sign_word_course_and_balance_after(client: FlaskClient, cast: Cast) -> None:
    purchase = buy(cast.student, cast.owner, title="Bees and their keepers")
    purchases.refund(actor=cast.student, purchase_id=purchase.id)
    text = log_in(client, cast.student).get("/account/history").text
    rows = [re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)).strip() for row in text.split("<tr>")[2:]]
    assert [row.split(" ")[0] for row in rows] == ["Given", "Purchase", "Top-up"]
    for row, figures in zip(
        rows, (("+$100.00", "$100.00"), ("−$100.00", "$0.00"), ("+$100.00", "$100.00")), strict=True
    ):
        assert all(figure in row for figure in figures)
    assert "Bees and their keepers" in rows[0]
    assert "Olga Owner" in rows[1]
    assert "visa ···· 4242" in rows[2]


def test_m9_statement_pages_by_key_without_loss_or_repeat(client: FlaskClient, cast: Cast) -> None:
    for number in range(60):
        fund(cast.student, 100 + number)
    log_in(client, cast.student)
    address, amounts = "/account/history", []
    for _page in range(3):
        text = client.get(address).text
        amounts += re.findall(r"\+\$(\d\.\d\d)", text)
        # Money that arrives while somebody turns the page shifts nothing.
        fund(cast.student, 99_900)
        following = re.search(r'rel="next" href="([^"]+)"', text)
        address = following[1] if following else ""
    assert address == ""
    assert amounts == [f"{(100 + number) / 100:.2f}" for number in reversed(range(60))]


def test_m8_asking_and_cancelling_a_withdrawal(client: FlaskClient, cast: Cast) -> None:
    fund(cast.owner, 10_000)
    log_in(client, cast.owner)
    data = {"request_key": key_of(client.get("/account/withdraw").text), "amount": "30", "payout_method": "IBAN 6789"}
    for _double_click in range(2):
        assert client.post("/account/withdraw", data=data).status_code == 302
    withdrawal = db.session.scalars(select(Withdrawal)).one()
    assert (withdrawal.amount_minor, available(cast.owner)) == (3_000, 7_000)
    assert "IBAN 6789" in client.get("/account/balance").text
    page = client.post(f"/account/withdrawals/{withdrawal.id}/cancel", follow_redirects=True).text
    assert "The withdrawal is cancelled" in page
    assert available(cast.owner) == 10_000


def test_m8_a_refused_withdrawal_keeps_what_was_typed(client: FlaskClient, cast: Cast) -> None:
    fund(cast.owner, 10_000)
    data = {"request_key": "k", "amount": "100.01", "payout_method": "IBAN 6789"}
    answer = log_in(client, cast.owner).post("/account/withdraw", data=data)
    assert answer.status_code == 422
    assert "There is not enough money on the balance." in answer.text
    assert 'value="100.01"' in answer.text
    assert 'value="IBAN 6789"' in answer.text


def test_m8_the_author_reads_why_it_was_declined(client: FlaskClient, cast: Cast) -> None:
    fund(cast.owner, 10_000)
    asked = withdrawals.ask(
        actor=cast.owner, request_key="k", amount_minor=3_000, payout_method="IBAN 6789", provider="fake"
    )
    withdrawals.decline(
        actor=cast.admin,
        withdrawal_id=asked.id,
        reason="The name on the account differs",
        shown_amount_minor=3_000,
        shown_state=WithdrawalState.ASKED,
    )
    assert "The name on the account differs" in log_in(client, cast.owner).get("/account/withdraw").text


def test_m8_where_money_went_before_is_offered_and_where_it_could_not_go_is_not(
    client: FlaskClient, cast: Cast
) -> None:
    fund(cast.owner, 10_000)
    for number, (method, state) in enumerate((("IBAN 0001", "paid"), ("IBAN 0002", "failed"), ("IBAN 0001", "failed"))):
        method = f"{method} of {state}"
        asked = withdrawals.ask(
            actor=cast.owner, request_key=str(number), amount_minor=1_000, payout_method=method, provider="fake"
        )
        withdrawals.approve(
            actor=cast.admin, withdrawal_id=asked.id, shown_amount_minor=1_000, shown_state=WithdrawalState.ASKED
        )
        withdrawals.record_payout(actor=SYSTEM, withdrawal_id=asked.id, payout=Payout(PayoutState(state), ref=method))
    page = log_in(client, cast.owner).get("/account/withdraw").text
    assert re.findall(r'<option value="([^"]+)"', page) == ["IBAN 0001 of paid"]
    assert "<option" not in log_in(client, cast.other_author).get("/account/withdraw").text


def _everything(cast: Cast, rows: int) -> None:
    for number in range(rows):
        buy(cast.owner, cast.other_author, title=f"Bought {number}", price=1_000)
        sale = buy(person(), cast.owner, title=f"Sold {number}")
        assert sale.state is PurchaseState.RESERVED
        fund(cast.owner, 2_000)
        withdrawals.ask(
            actor=cast.owner,
            request_key=f"{rows}-{number}",
            amount_minor=1_000,
            payout_method="IBAN 6789",
            provider="fake",
        )


@pytest.mark.parametrize("page", PAGES)
def test_pages_take_a_fixed_number_of_statements(app: Flask, client: FlaskClient, cast: Cast, page: str) -> None:
    log_in(client, cast.owner)
    counts = []
    for rows in (1, 19):
        _everything(cast, rows)
        db.session.remove()
        with statements() as seen:
            assert client.get(page).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert 1 <= counts[1] <= 8
