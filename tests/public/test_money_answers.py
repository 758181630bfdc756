"""Money pages answer plainly: mistyped amounts, two cards, free prices, what is late, what is owed (M-2 to M-9)."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.db import db, unguarded
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.integrations.storage.house import storage
from backoffice.models.courses import Course
from backoffice.models.exports import Export
from backoffice.models.payments import TopUp, Withdrawal, WithdrawalState
from backoffice.models.people import User
from backoffice.models.purchases import Purchase
from backoffice.operations import coupons, exports, withdrawals
from backoffice.operations.coupons import CouponTerms
from backoffice.queries import forecast, history, history_lines
from backoffice.queries.history import Filters
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain
from tests.operations.test_clawbacks import bought, give_back, paid
from tests.public.test_auth import _fresh_limits
from tests.public.test_cards import CARD, keep

__all__ = ["_fresh_limits"]
IBAN = "IBAN DE89 3704 0044 0532 0130 00"


def in_russian(user_id: int) -> None:
    with unguarded():
        db.session.get_one(User, user_id).locale = "ru"
        db.session.commit()


@pytest.mark.parametrize("typed", [" ", "\t", "abc", "1,000", "9" * 25])
def test_m8_an_amount_that_is_none_is_told_in_the_readers_language(client: FlaskClient, cast: Cast, typed: str) -> None:
    fund(cast.owner, 10_000)
    in_russian(cast.owner.person_id)
    log_in(client, cast.owner)
    answer = client.post("/account/withdraw", data={"request_key": "k", "amount": typed, "payout_method": IBAN})
    assert answer.status_code == 422
    assert re.search("Сколько|Напишите сумму|Слишком большая", answer.text)
    assert IBAN in answer.text
    assert db.session.scalar(select(func.count(Withdrawal.id))) == 0


@pytest.mark.parametrize(("typed", "status", "price"), [(" ", 422, 4_000), ("", 422, 4_000), ("0", 302, 0)])
def test_m11_a_price_that_was_left_out_is_not_a_free_course(
    client: FlaskClient, cast: Cast, typed: str, status: int, price: int
) -> None:
    course = live_course(cast.owner, price_minor=4_000)
    log_in(client, cast.owner)
    assert client.post(f"/studio/courses/{course.id}/sale", data={"price": typed}).status_code == status
    assert db.session.scalars(select(Course.price_minor)).one() == price


def test_m11_a_discount_does_not_end_in_the_past(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=4_000)
    log_in(client, cast.owner)
    form = {"price": "40", "discount": "30", "discount_until": "2020-01-01T10:00"}
    answer = client.post(f"/studio/courses/{course.id}/sale", data=form)
    assert (answer.status_code, "This moment is over already." in answer.text) == (422, True)


def test_m2_a_typed_card_beside_a_kept_one_charges_neither(client: FlaskClient, cast: Cast) -> None:
    card = keep(cast.student, "4242")
    log_in(client, cast.student)
    form = CARD | {"number": "5555 5555 5555 4444", "request_key": "k", "amount": "30", "saved": str(card.id)}
    answer = client.post("/account/top-up", data=form)
    assert (answer.status_code, "nothing was charged" in answer.text) == (422, True)
    assert db.session.scalar(select(func.count(TopUp.id))) == 0


def test_m2_only_tries_that_reach_the_provider_are_counted(app: Flask, client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    mistyped = [
        client.post("/account/top-up", data=CARD | {"request_key": str(number), "amount": "x"}).status_code
        for number in range(35)
    ]
    assert set(mistyped) == {422}
    declined = CARD | {"number": "4111 1111 1111 1111", "amount": "20"}
    codes = [
        client.post("/account/top-up", data=declined | {"request_key": f"c{number}"}).status_code
        for number in range(31)
    ]
    assert codes == [422] * 30 + [429]
    page = client.post("/account/top-up", data=declined | {"request_key": "last"}).text
    assert "There may be 30 tries in 1 h, and there were more." in page


def test_m11_a_coupon_may_take_everything_off(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=4_000)
    coupons.create(actor=cast.owner, terms=CouponTerms(code="FREE-100", percent=100))
    log_in(client, cast.student)
    page = client.get(f"/courses/{course.slug}?coupon=free-100").text
    assert "Take the course for free" in page
    form = {"shown_price_minor": "0", "coupon": "free-100"}
    assert client.post(f"/courses/{course.slug}/buy", data=form).status_code == 302
    assert db.session.scalars(select(Purchase.price_minor)).one() == 0


def test_m11_a_discount_to_nothing_is_shown_and_taken(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=4_000)
    with unguarded():
        course.discount_minor = 0
        db.session.commit()
    log_in(client, cast.student)
    assert "Take the course for free" in client.get(f"/courses/{course.slug}").text


def test_m8_a_withdrawal_that_was_decided_meanwhile_is_told_on_the_page(client: FlaskClient, cast: Cast) -> None:
    bought(cast)
    done = paid(cast, 7_000)
    log_in(client, cast.owner)
    answer = client.post(f"/account/withdrawals/{done.id}/cancel", follow_redirects=True)
    assert (answer.status_code, "It was too late to cancel" in answer.text) == (200, True)


def test_m8_the_author_reads_why_a_payout_failed_or_was_cancelled(client: FlaskClient, cast: Cast) -> None:
    fund(cast.owner, 20_000)
    purchase = bought(cast)
    asked = [
        withdrawals.ask(actor=cast.owner, request_key=key, amount_minor=2_000, payout_method=IBAN, provider="fake").id
        for key in ("one", "two")
    ]
    shown = {"shown_amount_minor": 2_000, "shown_state": WithdrawalState.ASKED}
    withdrawals.approve(actor=cast.admin, withdrawal_id=asked[0], **shown)
    failed = Payout(PayoutState.FAILED, ref="r", failure="account_closed")
    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=asked[0], payout=failed)
    give_back(cast, purchase)
    log_in(client, cast.owner)
    page = client.get("/account/withdraw").text
    assert "The account is closed." in page
    assert "A sale was taken back: A copied course" in page
    log_in(client, cast.admin)
    assert "The account is closed." in client.get("/admin/withdrawals/").text


def test_m6_an_author_finds_what_is_not_on_the_balance_by_its_status(client: FlaskClient, cast: Cast) -> None:
    bought(cast, released=False)
    log_in(client, cast.owner)
    assert "Sales that are not on your balance" not in client.get("/account/history?status=success").text
    assert "Sales that are not on your balance" in client.get("/account/history?status=pending").text


def test_m6_a_released_sale_is_done_whatever_became_of_it_later(cast: Cast) -> None:
    give_back(cast, bought(cast))
    found = {
        status: [row.kind.value for row in history.statement(cast.owner.person_id, Filters(status=status))[0]]
        for status in ("success", "cancelled")
    }
    assert found == {"success": ["release"], "cancelled": ["clawback"]}


def test_m9_the_money_of_a_sale_is_followed_to_the_withdrawal_that_took_it(client: FlaskClient, cast: Cast) -> None:
    fund(cast.owner, 1_000)
    bought(cast)
    sale = history.statement(cast.owner.person_id)[0][0]
    paid(cast, 3_000)
    line = history_lines.line(cast.owner.person_id, sale.seq)
    assert line is not None
    # The 10.00 that were there before leave first.
    assert [(use.kind.value, use.amount.minor) for use in line.used] == [("withdrawal", 2_000)]
    assert line.left.minor == 6_000
    log_in(client, cast.owner)
    page = client.get(f"/account/history/{sale.seq}").text
    assert page.index("In reserve until") < page.index("Still on your balance: $60.00")


def test_m6_a_sale_counts_in_the_month_of_its_arrival_and_against_the_one_in_which_it_left(cast: Cast) -> None:
    with clock.at(datetime(2030, 3, 1, tzinfo=UTC)):
        purchase = bought(cast)
    with clock.at(datetime(2030, 5, 20, tzinfo=UTC)):
        give_back(cast, purchase)
        rows = forecast.by_course_and_month(cast.owner.person_id, "UTC")
    assert [(row.month.month, row.sales, row.net.minor) for row in rows] == [(5, -1, -8_000), (3, 1, 8_000)]


def test_m9_the_files_add_up(app: Flask, cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    bought(cast, released=False)
    for kind in ("", "sales"):
        filters = Filters(kind=kind).to_json()
        exports.ask(actor=cast.owner, request_key=kind or "all", filters=filters, locale="en", time_zone="UTC")
    drain(app)
    statement, sales = (_rows(export) for export in db.session.scalars(select(Export).order_by(Export.id)))
    assert [(row["Operation"], row["Amount"], row["Debt"]) for row in statement] == [
        ("Sale taken back", "-10.00", "-70.00"),
        ("Withdrawal", "-70.00", ""),
        ("Sale", "80.00", ""),
    ]
    assert [(row["Status"], row["After commission"], bool(row["Given back on"])) for row in sales] == [
        ("Pending", "80.00", False),
        ("Taken back", "0.00", True),
    ]


def _rows(export: Export) -> list[dict[str, str]]:
    with storage().open(str(export.file_key)) as file:
        return list(csv.DictReader(io.StringIO(file.read().decode("utf-8-sig"))))


def test_x4_the_switch_of_language_is_that_of_letters_too(client: FlaskClient, cast: Cast) -> None:
    log_in(client, cast.student)
    client.post("/locale", data={"locale": "ru"})
    assert db.session.get_one(User, cast.student.person_id, populate_existing=True).locale == "ru"


def test_b4_a_search_that_finds_nothing_offers_what_is_like_it(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, title="Bees and honey")
    log_in(client, cast.admin)
    email = db.session.scalars(select(User.email).where(User.id == cast.owner.person_id)).one()
    page = client.get("/admin/ledger/", query_string={"user": email[:6].upper(), "course": "honey"}).text
    assert f"?user={email.replace('@', '%40')}" in page or f"?user={email}" in page
    assert f"?course={course.slug}" in page
