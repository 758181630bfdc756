"""Clawbacks, chargebacks, bounces and corrections at the same moment as each other (M-2, M-4, M-8, M-10, B-4)."""

import threading
from collections import Counter

from flask import Flask
from sqlalchemy import select, text

from backoffice import ledger
from backoffice.access import SYSTEM, Actor, Role
from backoffice.db import db
from backoffice.integrations.payments.base import Charge, ChargeState, Payout, PayoutState
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import clawbacks, corrections, purchases, top_ups, withdrawals
from tests.concurrency.test_money import CLIENTS, a_purchase, ask, assert_book_holds, available, codes, together
from tests.factories.money import fund
from tests.factories.people import make_cast, person


def debt(actor: Actor) -> int:
    return ledger.balance(ledger.debt(actor.person_id))


def test_m2_without_a_lock_a_callback_that_comes_twice_is_followed_twice(committed_app: Flask) -> None:
    """The race itself: what `record` would be if the state were read, checked and written without the row's lock."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE unlocked AS SELECT 'pending'::text AS state, 0 AS credited"))

    both_have_read = threading.Barrier(2)

    def follow() -> None:
        with db.engine.begin() as connection:
            state = connection.execute(text("SELECT state FROM unlocked")).scalar_one()
            both_have_read.wait()
            if state == "pending":
                connection.execute(text("UPDATE unlocked SET state = 'settled', credited = credited + 1"))

    together(committed_app, [follow] * 2)
    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT credited FROM unlocked")).scalar_one() == 2


def test_m2_a_callback_that_comes_eight_times_at_once_is_followed_once(committed_app: Flask) -> None:
    cast = make_cast()
    top_up = fund(cast.student, 5_000)
    number, ref = top_up.id, str(top_up.provider_ref)
    charge = Charge(ChargeState.CHARGED_BACK, ref=ref)
    jobs = [lambda: top_ups.record(actor=SYSTEM, top_up_id=number, charge=charge)] * CLIENTS
    assert codes(together(committed_app, jobs)) == {"ok": CLIENTS}
    assert (available(cast.student), debt(cast.student)) == (0, 0)
    assert_book_holds()


def test_m8_a_bounce_that_comes_eight_times_at_once_returns_once(committed_app: Flask) -> None:
    cast = make_cast()
    fund(cast.owner, 5_000)
    number = ask(cast.owner, 5_000, "k").id
    withdrawals.approve(
        actor=cast.admin, withdrawal_id=number, shown_amount_minor=5_000, shown_state=WithdrawalState.ASKED
    )
    bounce = Payout(PayoutState.BOUNCED, ref="r")
    jobs = [lambda: withdrawals.record_payout(actor=SYSTEM, withdrawal_id=number, payout=bounce)] * CLIENTS
    assert codes(together(committed_app, jobs)) == {"ok": CLIENTS}
    assert available(cast.owner) == 5_000
    assert_book_holds()


def test_m4_two_admins_who_give_back_at_once_give_back_once(committed_app: Flask) -> None:
    cast = make_cast()
    admins = [cast.admin, person(Role.ADMIN)]
    for _round in range(5):
        purchase_id = a_purchase(cast, due=True).id
        purchases.release_due(actor=SYSTEM)
        wish = {"purchase_id": purchase_id, "reason": "why", "shown_state": PurchaseState.RELEASED}
        jobs = [lambda admin=admin, wish=wish: clawbacks.give_back(actor=admin, **wish) for admin in admins]
        assert codes(together(committed_app, jobs)) == {"ok": 2}
    assert available(cast.student) == 50_000
    assert (available(cast.owner), debt(cast.owner)) == (0, 0)
    assert_book_holds()


def test_m4_m5_giving_back_against_the_release_settles_once(committed_app: Flask) -> None:
    cast = make_cast()
    ends: Counter[PurchaseState] = Counter()
    for _round in range(10):
        purchase_id = a_purchase(cast, due=True).id
        wish = {"purchase_id": purchase_id, "reason": "why", "shown_state": PurchaseState.RESERVED}
        give_back, _released = together(
            committed_app,
            [
                lambda wish=wish: clawbacks.give_back(actor=cast.admin, **wish),
                lambda: purchases.release_due(actor=SYSTEM),
            ],
        )
        db.session.rollback()
        state = db.session.scalars(select(Purchase.state).where(Purchase.id == purchase_id)).one()
        ends[state] += 1
        assert codes([give_back]) == ({"ok": 1} if state is PurchaseState.REFUNDED else {"purchase.changed": 1})
    assert available(cast.student) == ends[PurchaseState.REFUNDED] * 10_000
    assert available(cast.owner) == ends[PurchaseState.RELEASED] * 8_000
    assert_book_holds()


def test_m8_a_clawback_against_an_approval_cancels_or_leaves_a_debt(committed_app: Flask) -> None:
    cast = make_cast()
    for number in range(6):
        purchase_id = a_purchase(cast, due=True).id
        purchases.release_due(actor=SYSTEM)
        # What the rounds before have left is paid out, so that each one begins with this sale alone.
        asked = ask(cast.owner, max(1_000, available(cast.owner)), f"w{number}")
        asked_id, amount = asked.id, asked.amount_minor
        shown = {"withdrawal_id": asked_id, "shown_amount_minor": amount, "shown_state": WithdrawalState.ASKED}
        wish = {"purchase_id": purchase_id, "reason": "why", "shown_state": PurchaseState.RELEASED}
        together(
            committed_app,
            [
                lambda wish=wish: clawbacks.give_back(actor=cast.admin, **wish),
                lambda shown=shown: withdrawals.approve(actor=cast.admin, **shown),
            ],
        )
        db.session.rollback()
        state = db.session.get_one(Withdrawal, asked_id, populate_existing=True).state
        assert state in (WithdrawalState.CANCELLED, WithdrawalState.APPROVED)
        if state is WithdrawalState.APPROVED:
            assert debt(cast.owner) < 0
            failed = Payout(PayoutState.FAILED, ref=f"r{number}")
            withdrawals.record_payout(actor=SYSTEM, withdrawal_id=asked_id, payout=failed)
            db.session.rollback()
            assert debt(cast.owner) == 0, "what comes back pays it"
        assert_book_holds()


def test_b4_a_correction_that_two_admins_confirm_at_once_is_posted_once(committed_app: Flask) -> None:
    cast = make_cast()
    fund(cast.student, 100)
    name = ledger.available(cast.student.person_id)
    made = corrections.enter(
        actor=cast.admin, request_key="k", lines={ledger.GOODWILL: -20_000, name: 20_000}, reason="why"
    )
    number, admins = made.id, [person(Role.ADMIN), person(Role.ADMIN)]
    jobs = [lambda admin=admin: corrections.confirm(actor=admin, correction_id=number) for admin in admins]
    assert codes(together(committed_app, jobs)) == {"ok": 1, "state.illegal": 1}
    assert available(cast.student) == 20_100
    assert_book_holds()
