"""What the database refuses by itself, in plain SQL that goes around the code (M-10, rule 5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backoffice import ledger
from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.models.payments import WithdrawalState
from backoffice.models.purchases import Purchase
from backoffice.operations import purchases, withdrawals
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast

UNIQUE, CHECK, POSTED_OTHERWISE, UNBALANCED, APPEND_ONLY, PROMISED = (
    "23505",
    "23514",
    "LK001",
    "LK002",
    "LK003",
    "LK004",
)

POST = (
    "SELECT transaction_id, replayed FROM ledger_post(:key, :hash, :kind, now(), NULL, :purchase, :withdrawal, NULL,"
    " NULL, CAST(:accounts AS text[]), CAST(:amounts AS bigint[]))"
)


def sql(statement: str, **values: Any) -> Any:
    return db.session.execute(text(statement), values)


@contextmanager
def refused(state: str) -> Iterator[None]:
    """The database refuses what is done inside, at the latest at the commit, with this SQLSTATE."""
    attempt = db.session.begin_nested()
    try:
        yield
        sql("SET CONSTRAINTS ALL IMMEDIATE")
        found = "no error at all"
    except DBAPIError as error:
        attempt.rollback()
        found = str(getattr(error.orig, "sqlstate", None))
    assert found == state


def post(key: str, kind: str, lines: dict[str, int], *, purchase: int | None = None, withdrawal: int | None = None):
    return sql(
        POST,
        key=key,
        hash=repr(sorted(lines.items())).encode(),
        kind=kind,
        purchase=purchase,
        withdrawal=withdrawal,
        accounts=list(lines),
        amounts=list(lines.values()),
    ).one()


def a_purchase(cast: Cast) -> Purchase:
    course = live_course(cast.owner, price_minor=10_000)
    fund(cast.student, 10_000)
    return purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=10_000)


def empty_transaction(key: str) -> int:
    return sql(
        "INSERT INTO ledger_transaction (key, request_hash, kind, at) VALUES (:key, '', 'top_up', now()) RETURNING id",
        key=key,
    ).scalar_one()


def entries(transaction: int, *amounts: int) -> None:
    rows = ", ".join(f"({transaction}, {900_000 + place}, {amount})" for place, amount in enumerate(amounts))
    sql(f"INSERT INTO ledger_entry (transaction_id, account_id, amount) VALUES {rows}")


@pytest.mark.parametrize("amounts", [(5, -4), (5,), (5, 5), (-1, -1, 1)])
def test_m10_an_unbalanced_transaction_is_refused(app: Flask, amounts: tuple[int, ...]) -> None:
    transaction = empty_transaction("unbalanced")
    with refused(UNBALANCED):
        entries(transaction, *amounts)


def test_m10_a_balanced_transaction_is_taken_and_then_complete(app: Flask) -> None:
    transaction = empty_transaction("balanced")
    entries(transaction, 5, -3, -2)
    with refused(UNBALANCED):
        sql(
            "INSERT INTO ledger_entry (transaction_id, account_id, amount)"
            " VALUES (:id, 1000001, 7), (:id, 1000002, -7)",
            id=transaction,
        )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_entry SET amount = amount",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
        "UPDATE ledger_transaction SET key = key || 'x'",
        "DELETE FROM ledger_transaction",
        "TRUNCATE ledger_transaction CASCADE",
        "UPDATE ledger_checkpoint SET balance = 0",
        "DELETE FROM ledger_checkpoint",
        "TRUNCATE ledger_checkpoint",
    ],
)
def test_m10_the_book_is_append_only(cast: Cast, statement: str) -> None:
    fund(cast.student, 5_000)
    with refused(APPEND_ONLY):
        sql(statement)


def test_m10_no_account_of_a_user_goes_below_zero(cast: Cast) -> None:
    fund(cast.student, 5_000)
    account = ledger.available(cast.student.person_id)
    with refused(CHECK):
        sql("UPDATE account SET balance = -1 WHERE name = :name", name=account)
    with refused(CHECK):
        post("too-much", "withdrawal", {account: -5_001, "provider:fake": 5_001})
    assert ledger.balance(account) == 5_000


@pytest.mark.parametrize("name", ["reserve:1", "withdrawing:1", "available:1"])
def test_m10_accounts_that_hold_promised_money_cannot_owe(app: Flask, name: str) -> None:
    with refused(CHECK):
        post("owing", "refund", {name: -1, "provider:fake": 1})


def test_m10_a_debt_is_never_above_zero(app: Flask) -> None:
    with refused(CHECK):
        post("a gift", "correction", {"debt:1": 1, "provider:fake": -1})
    post("owed", "clawback", {"debt:1": -5, "provider:fake": 5})
    assert ledger.balance("debt:1") == -5


def test_m10_a_posted_correction_without_its_posting_cannot_be_committed(cast: Cast) -> None:
    with refused(PROMISED):
        sql(
            "INSERT INTO correction (request_key, state, reason, lines, amount_minor, currency, asked_by, asked_at)"
            " VALUES ('k', 'posted', 'because', '{}', 5, 'USD', :admin, now())",
            admin=cast.admin.user_id,
        )


def test_m10_a_key_posts_once_and_never_with_another_content(cast: Cast) -> None:
    account = ledger.available(cast.student.person_id)
    lines = {account: 100, "provider:fake": -100}
    first = post("once", "top_up", lines)
    second = post("once", "top_up", lines)
    assert (first.replayed, second.replayed) == (False, True)
    assert first.transaction_id == second.transaction_id
    with refused(POSTED_OTHERWISE):
        post("once", "top_up", {account: 101, "provider:fake": -101})
    with refused(UNIQUE):
        empty_transaction("once")
    assert ledger.balance(account) == 100


def test_m3_a_course_is_owned_once(cast: Cast) -> None:
    purchase = a_purchase(cast)
    columns = (
        "student_id, course_id, author_id, revision_id, state, price_minor, list_price_minor, currency, commission_bp,"
        " commission_minor, bought_at, refundable_until"
    )
    again = f"INSERT INTO purchase ({columns}) SELECT {columns} FROM purchase WHERE id = :id"
    with refused(UNIQUE):
        sql(again, id=purchase.id)


def test_m4_m5_a_purchase_is_settled_once(cast: Cast) -> None:
    purchase = a_purchase(cast)
    reserve, student = ledger.reserve(purchase.id), ledger.available(purchase.student_id)
    post(f"refund:{purchase.id}", "refund", {reserve: -5_000, student: 5_000}, purchase=purchase.id)
    with refused(UNIQUE):
        post(f"release:{purchase.id}", "release", {reserve: -5_000, student: 5_000}, purchase=purchase.id)


def test_m8_a_withdrawal_is_settled_once(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    asked = withdrawals.ask(
        actor=cast.owner, request_key="k", amount_minor=5_000, payout_method="IBAN 6789", provider="fake"
    )
    withdrawals.approve(
        actor=cast.admin, withdrawal_id=asked.id, shown_amount_minor=5_000, shown_state=WithdrawalState.ASKED
    )
    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=asked.id, payout=Payout(PayoutState.PAID, ref="r"))
    with refused(UNIQUE):
        post("returned", "withdrawal_returned", {"provider:fake": -1, "available:1": 1}, withdrawal=asked.id)


def test_m10_a_purchase_without_its_posting_cannot_be_committed(cast: Cast) -> None:
    purchase = a_purchase(cast)
    columns = "course_id, author_id, revision_id, state, list_price_minor, currency, commission_bp, commission_minor"
    columns += ", bought_at, refundable_until"
    promise = (
        f"INSERT INTO purchase (student_id, price_minor, {columns})"
        f" SELECT :student, :price, {columns} FROM purchase WHERE id = :id"
    )
    with refused(PROMISED):
        sql(promise, student=cast.other_student.user_id, price=10_000, id=purchase.id)


@pytest.mark.parametrize("state", ["refunded", "released", "clawed_back"])
def test_m10_a_settled_purchase_without_its_posting_cannot_be_committed(cast: Cast, state: str) -> None:
    purchase = a_purchase(cast)
    with refused(PROMISED):
        sql("UPDATE purchase SET state = :state WHERE id = :id", state=state, id=purchase.id)


@pytest.mark.parametrize("state", ["paid", "cancelled", "failed", "bounced"])
def test_m10_a_settled_withdrawal_without_its_posting_cannot_be_committed(cast: Cast, state: str) -> None:
    fund(cast.owner, 10_000)
    withdrawals.ask(actor=cast.owner, request_key="k", amount_minor=5_000, payout_method="IBAN 6789", provider="fake")
    with refused(PROMISED):
        sql("UPDATE withdrawal SET state = :state", state=state)


def test_m10_a_settled_top_up_without_its_posting_cannot_be_committed(cast: Cast) -> None:
    values = "(:user, 'k', 'settled', 100, 'USD', 'fake', 't', 'visa', '4242', now())"
    with refused(PROMISED):
        sql(
            "INSERT INTO top_up (user_id, request_key, state, amount_minor, currency, provider, card_token, card_brand,"
            f" card_last4, created_at) VALUES {values}",
            user=cast.student.user_id,
        )
