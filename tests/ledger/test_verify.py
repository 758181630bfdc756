"""`flask ledger verify` holds over a sound book and finds every kind of break (M-10)."""

import time
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.integrations.payments.base import Charge, ChargeState, Payout, PayoutState
from backoffice.ledger_verify import CHECKS, verify
from backoffice.models.payments import TopUp, WithdrawalState
from backoffice.models.purchases import PurchaseState
from backoffice.operations import bookkeeping, clawbacks, corrections, purchases, top_ups, withdrawals
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, make_cast, person

BREAKS = {
    "the whole book sums to zero": (
        "UPDATE ledger_entry SET amount = amount + 1 WHERE id = (SELECT min(id) FROM ledger_entry)"
    ),
    "every transaction has entries and sums to zero": (
        "DELETE FROM ledger_entry WHERE id = (SELECT max(id) FROM ledger_entry)"
    ),
    "every entry stands on an account that exists": "DELETE FROM account WHERE name = 'provider:fake'",
    "kept balances equal the sums of their entries": (
        "UPDATE account SET balance = balance + 1 WHERE kind = 'available'"
    ),
    "no account is below zero that must not be": ("UPDATE account SET may_be_negative = false WHERE kind = 'provider'"),
    "statements are numbered without gaps and each balance follows from the one before": (
        "UPDATE ledger_entry SET balance_after = balance_after + 1 WHERE seq = 1"
    ),
    "checkpoints of hot accounts equal the entries before them": (
        "INSERT INTO ledger_checkpoint (account_id, before_xid, balance, made_at)"
        " SELECT id, 9000000000, 1, now() FROM account WHERE name = 'provider:fake'"
    ),
    "keys are unique and name their event and its row": "UPDATE ledger_transaction SET key = 'x' || key",
    "a purchase's reserve is its price while open and zero after": (
        "UPDATE purchase SET state = 'released' WHERE state = 'reserved'"
    ),
    "a refunded purchase gave the student the whole price, once, and no other one did": (
        "UPDATE purchase SET student_id = author_id WHERE state = 'refunded'"
    ),
    "a released purchase is the author's part and the commission, once, and no other one is": (
        "UPDATE purchase SET commission_minor = commission_minor - 1 WHERE state = 'released'"
    ),
    "a settled top-up arrived once with its amount, and no other one did": "UPDATE top_up SET state = 'pending'",
    "no debt is above zero": (
        "ALTER TABLE account DROP CONSTRAINT ck_account_debt_not_positive;"
        "UPDATE account SET balance = 1 WHERE kind = 'debt'"
    ),
    "a clawback took the author's part and the commission and gave the student the whole price, once": (
        "UPDATE purchase SET state = 'released' WHERE state = 'clawed_back'"
    ),
    "a top-up that was charged back was taken once with its amount, and no other one was": (
        "UPDATE top_up SET state = 'settled' WHERE state = 'charged_back'"
    ),
    "a payout that bounced came back once with its amount, and no other one did": (
        "UPDATE withdrawal SET state = 'paid' WHERE state = 'bounced'"
    ),
    "a posted correction has its transaction with its amount, and no other one has": (
        "UPDATE correction SET amount_minor = amount_minor + 1"
    ),
    "a withdrawal left the balance once, is held while open, and was paid or returned once": (
        "UPDATE withdrawal SET state = 'paid' WHERE state = 'approved'"
    ),
}


def a_full_book(cast: Cast) -> None:
    """A purchase, a withdrawal and a top-up in each state, a debt and a correction."""
    for number, settle in enumerate(("open", "refund", "release", "free", "claw back")):
        student = person()
        course = live_course(cast.owner, title=f"Course {number}", price_minor=0 if settle == "free" else 9_999)
        fund(student, 9_999)
        bought = purchases.buy(actor=student, course_id=course.id, shown_price_minor=course.price_minor)
        if settle == "refund":
            purchases.refund(actor=student, purchase_id=bought.id)
        if settle in ("release", "claw back"):
            with clock.at(bought.refundable_until + timedelta(seconds=1)):
                db.session.execute(
                    text("UPDATE purchase SET release_at = NULL WHERE state = 'reserved' AND id <> :id"),
                    {"id": bought.id},
                )
                db.session.commit()
                purchases.release_due(actor=SYSTEM)
        if settle == "claw back":
            clawbacks.give_back(
                actor=cast.admin, purchase_id=bought.id, reason="a copy", shown_state=PurchaseState.RELEASED
            )
    debts_and_corrections(cast)
    fund(cast.owner, 50_000)
    for number, end in enumerate(("asked", "cancelled", "declined", "approved", "paid", "failed", "bounced")):
        asked = withdrawals.ask(
            actor=cast.owner,
            request_key=f"w{number}",
            amount_minor=1_000 + number,
            payout_method="IBAN 6789",
            provider="fake",
        )
        shown = {"shown_amount_minor": 1_000 + number, "shown_state": WithdrawalState.ASKED}
        if end == "cancelled":
            withdrawals.cancel(actor=cast.owner, withdrawal_id=asked.id)
        elif end == "declined":
            withdrawals.decline(actor=cast.admin, withdrawal_id=asked.id, reason="no", **shown)
        elif end != "asked":
            withdrawals.approve(actor=cast.admin, withdrawal_id=asked.id, **shown)
        if end in ("paid", "failed", "bounced"):
            payout = Payout(PayoutState(end), ref=f"r{number}")
            withdrawals.record_payout(actor=SYSTEM, withdrawal_id=asked.id, payout=payout)


def debts_and_corrections(cast: Cast) -> None:
    """Top-ups that were charged back, one of them spent before, and a correction."""
    poor = person()
    charged_back(fund(poor, 4_000))
    spent = person()
    lost = fund(spent, 5_000)
    course = live_course(cast.owner, title="Bought with a stolen card", price_minor=5_000)
    purchases.buy(actor=spent, course_id=course.id, shown_price_minor=5_000)
    charged_back(lost)
    corrections.enter(
        actor=cast.admin,
        request_key="c",
        lines={ledger.GOODWILL: -100, ledger.available(poor.person_id): 100},
        reason="for the trouble",
    )


def charged_back(top_up: TopUp) -> None:
    charge = Charge(ChargeState.CHARGED_BACK, ref=str(top_up.provider_ref), decline_code="fraud")
    top_ups.record(actor=SYSTEM, top_up_id=top_up.id, charge=charge)


def broken() -> set[str]:
    report = verify(db.session.connection())
    return {finding.check.name for finding in report.findings if finding.offenders}


def test_m10_a_sound_book_holds(cast: Cast) -> None:
    a_full_book(cast)
    report = verify(db.session.connection())
    assert report.holds, [finding for finding in report.findings if finding.offenders]
    assert (report.counts["purchases"], report.counts["withdrawals"]) == (6, 7)
    assert all(finding.looked_at for finding in report.findings if finding.check.subject != "checkpoints")


def test_m10_an_empty_book_holds(app: Flask) -> None:
    assert broken() == set()


def test_m10_every_check_has_a_break_that_it_finds() -> None:
    assert set(BREAKS) == {check.name for check in CHECKS}


@pytest.mark.parametrize("name", BREAKS)
def test_m10_each_break_is_found_by_its_check(cast: Cast, name: str) -> None:
    a_full_book(cast)
    # As somebody who owns the tables and switches the guarantees off.
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(text(BREAKS[name]))
    found = broken()
    db.session.execute(text("SET LOCAL session_replication_role = origin"))
    assert name in found


def checkpoint_when_nobody_is_older() -> None:
    """Checkpoints wait for the oldest transaction of the whole server, which may be a test in another database."""
    deadline = time.monotonic() + 60
    while bookkeeping.checkpoint(actor=SYSTEM) == 0:
        assert time.monotonic() < deadline, "no checkpoint was made"
        time.sleep(0.05)


def test_m10_command_proves_the_committed_book_and_shows_what_breaks_it(committed_app: Flask) -> None:
    a_full_book(make_cast())
    checkpoint_when_nobody_is_older()
    run = committed_app.test_cli_runner().invoke
    good = run(args=["ledger", "verify"])
    assert good.exit_code == 0, good.output
    assert "The book holds" in good.output
    assert "6 purchases" in good.output
    assert sum(line.startswith("ok ") for line in good.output.splitlines()) == len(CHECKS)
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE account SET balance = balance + 7 WHERE kind = 'available'"))
    bad = run(args=["ledger", "verify"])
    assert bad.exit_code == 1
    assert "BROKEN kept balances equal the sums of their entries" in bad.output
    assert "name=available:" in bad.output
