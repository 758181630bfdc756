"""Any story of money ends where plain arithmetic says: a state machine over all operations (M-10).

The model is plain numbers that know nothing of ledgers. Every step may be repeated with its key, or tried by the wrong
person; the clock jumps. After each step balances agree, and at the end of each story the proof holds.
"""

import os
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.errors import DomainError
from backoffice.integrations.payments.base import CardToken, Charge, ChargeState, Payout, PayoutState
from backoffice.ledger_verify import verify
from backoffice.models.payments import WithdrawalState
from backoffice.models.purchases import PurchaseState
from backoffice.operations import clawbacks, corrections, coupons, purchases, top_ups, withdrawals
from backoffice.operations.coupons import CouponTerms
from tests.factories.courses import live_course
from tests.factories.people import make_cast

DAY_ONE = datetime(2030, 1, 1, tzinfo=UTC)
PRICES = (1, 9_999, 10_001)
WEEK = timedelta(days=7)
STEPS = 30
# `make soak` tells stories of 50,000 steps in all.
LONG_STORIES = int(os.environ.get("STORIES", "1700"))
_keys = count(1)

students, which_course = st.integers(0, 1), st.integers(0, len(PRICES) - 1)


@dataclass
class Bought:
    """A purchase of the model."""

    number: int
    who: int
    price: int
    at: datetime
    state: PurchaseState = PurchaseState.RESERVED

    @property
    def part(self) -> int:
        """What the author gets."""
        return self.price - self.price * 20 // 100


def refused(call: object, **arguments: object) -> bool:
    try:
        call(**arguments)  # type: ignore[operator]
    except DomainError:
        return True
    return False


class Book(RuleBasedStateMachine):
    """The real shop beside the model."""

    @initialize()
    def open_the_shop(self) -> None:
        # Each story starts on an empty book: what the one before did is undone.
        self.chapter = db.session.get_bind().begin_nested()  # type: ignore[union-attr]
        self.now = DAY_ONE
        with clock.at(self.now):
            cast = make_cast()
            self.people: list[Actor] = [cast.student, cast.other_student]
            self.author, self.admin, self.stranger = cast.owner, cast.admin, cast.other_author
            self.offers = [live_course(self.author, price_minor=price).id for price in PRICES]
            coupons.create(actor=self.author, terms=CouponTerms(code="HALF", percent=50))
        self.money: dict[str, int] = defaultdict(int)
        self.bought: list[Bought] = []
        self.top_ups: list[tuple[int, int, int]] = []
        self.asked: dict[int, int] = {}
        self.paid: dict[int, int] = {}

    def teardown(self) -> None:
        if hasattr(self, "chapter"):
            report = verify(db.session.connection())
            db.session.remove()
            self.chapter.rollback()
            assert report.holds, [finding for finding in report.findings if finding.offenders]

    def take_due(self, name: str, amount: int) -> None:
        """The model's `due`: what is there leaves, the rest is owed; what comes pays the debt first."""
        if amount < 0:
            there = min(self.money[name], -amount)
            self.money[name] -= there
            self.money[f"debt of {name}"] += -amount - there
        else:
            paid = min(self.money[f"debt of {name}"], amount)
            self.money[f"debt of {name}"] -= paid
            self.money[name] += amount - paid

    @rule(who=students, amount=st.integers(5_000, 20_000), times=st.integers(1, 2))
    def top_up(self, who: int, amount: int, times: int) -> None:
        key = f"t{next(_keys)}"
        with clock.at(self.now):
            for _time in range(times):
                started = top_ups.start(
                    actor=self.people[who],
                    request_key=key,
                    amount_minor=amount,
                    card=CardToken(token=key, brand="visa", last4="4242"),
                    provider="fake",
                )
                number = started.id
                top_ups.record(actor=SYSTEM, top_up_id=number, charge=Charge(ChargeState.SETTLED, ref=key))
        self.top_ups.append((number, who, amount))
        self.take_due(f"student {who}", amount)

    @precondition(lambda self: self.top_ups)
    @rule(place=st.integers(0, 9), times=st.integers(1, 2))
    def charge_back(self, place: int, times: int) -> None:
        number, who, amount = self.top_ups.pop(place % len(self.top_ups))
        with clock.at(self.now):
            for _time in range(times):
                charge = Charge(ChargeState.CHARGED_BACK, ref=f"x{number}")
                top_ups.record(actor=SYSTEM, top_up_id=number, charge=charge)
        self.take_due(f"student {who}", -amount)

    @rule(who=students, which=which_course, coupon=st.booleans())
    def buy(self, who: int, which: int, coupon: bool) -> None:
        price = PRICES[which] - (PRICES[which] * 50 // 100 if coupon else 0)
        owned = any(
            (one.who, one.number in self.of_course[which]) == (who, True)
            and one.state in (PurchaseState.RESERVED, PurchaseState.RELEASED)
            for one in self.bought
        )
        possible = not owned and self.money[f"student {who}"] >= price
        order = {"actor": self.people[who], "course_id": self.offers[which], "shown_price_minor": price}
        order |= {"coupon_code": "half" if coupon else ""}
        with clock.at(self.now):
            assert refused(purchases.buy, **order | {"shown_price_minor": price + 1})
            assert refused(purchases.buy, **order | {"actor": self.author})
            if not possible:
                assert refused(purchases.buy, **order)
                return
            number = purchases.buy(**order).id
            assert refused(purchases.buy, **order)
        self.of_course[which].add(number)
        self.bought.append(Bought(number, who, price, self.now))
        self.money[f"student {who}"] -= price
        self.money["reserves"] += price

    @precondition(lambda self: self.bought)
    @rule(place=st.integers(0, 9))
    def refund(self, place: int) -> None:
        one = self.bought[place % len(self.bought)]
        in_time = one.state is PurchaseState.RESERVED and self.now < one.at + WEEK
        done = one.state is PurchaseState.REFUNDED
        with clock.at(self.now):
            assert refused(purchases.refund, actor=self.people[1 - one.who], purchase_id=one.number)
            wish = {"actor": self.people[one.who], "purchase_id": one.number}
            assert refused(purchases.refund, **wish) is not (in_time or done)
        if in_time:
            one.state = PurchaseState.REFUNDED
            self.take_due(f"student {one.who}", one.price)
            self.money["reserves"] -= one.price

    @precondition(lambda self: self.bought)
    @rule(place=st.integers(0, 9), times=st.integers(1, 2))
    def give_back(self, place: int, times: int) -> None:
        one = self.bought[place % len(self.bought)]
        wish = {"purchase_id": one.number, "reason": "because", "shown_state": one.state}
        with clock.at(self.now):
            assert refused(clawbacks.give_back, actor=self.stranger, **wish)
            if one.state not in (PurchaseState.RESERVED, PurchaseState.RELEASED):
                return
            for _time in range(times):
                clawbacks.give_back(actor=self.admin, **wish)
        self.take_due(f"student {one.who}", one.price)
        if one.state is PurchaseState.RESERVED:
            self.money["reserves"] -= one.price
            one.state = PurchaseState.REFUNDED
            return
        one.state = PurchaseState.CLAWED_BACK
        # Withdrawals that nobody has approved are cancelled first.
        for number in list(self.asked):
            self.take_due("author", self.asked.pop(number))
        self.take_due("author", -one.part)
        self.money["commission"] -= one.price - one.part

    @rule(days=st.integers(1, 8))
    def pass_days(self, days: int) -> None:
        self.now += timedelta(days=days)
        with clock.at(self.now):
            while purchases.release_due(actor=SYSTEM, limit=2):
                pass
        for one in self.bought:
            if one.state is PurchaseState.RESERVED and one.at + WEEK <= self.now:
                one.state = PurchaseState.RELEASED
                self.money["reserves"] -= one.price
                self.money["commission"] += one.price - one.part
                self.take_due("author", one.part)

    @rule(amount=st.integers(1_000, 12_000))
    def withdraw(self, amount: int) -> None:
        wish = {
            "request_key": f"w{next(_keys)}",
            "amount_minor": amount,
            "payout_method": "IBAN 6789",
            "provider": "fake",
        }
        with clock.at(self.now):
            assert refused(withdrawals.ask, actor=self.people[0], **wish)
            if self.money["author"] < amount or self.money["debt of author"]:
                assert refused(withdrawals.ask, actor=self.author, **wish)
                return
            first, second = (withdrawals.ask(actor=self.author, **wish).id for _time in range(2))
        assert first == second
        self.asked[first] = amount
        self.money["author"] -= amount

    @precondition(lambda self: self.asked)
    @rule(how=st.sampled_from(("cancel", "decline", "paid", "failed")))
    def end_withdrawal(self, how: str) -> None:
        number, amount = next(iter(self.asked.items()))
        shown = {"withdrawal_id": number, "shown_amount_minor": amount, "shown_state": WithdrawalState.ASKED}
        with clock.at(self.now):
            assert refused(withdrawals.approve, actor=self.author, **shown)
            assert refused(withdrawals.approve, actor=self.admin, **shown | {"shown_amount_minor": amount + 1})
            if how == "cancel":
                withdrawals.cancel(actor=self.author, withdrawal_id=number)
            elif how == "decline":
                withdrawals.decline(actor=self.admin, reason="no", **shown)
            else:
                withdrawals.approve(actor=self.admin, **shown)
                for _time in range(2):
                    answer = Payout(PayoutState(how), ref=f"r{number}")
                    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=number, payout=answer)
        del self.asked[number]
        if how == "paid":
            self.paid[number] = amount
        else:
            self.take_due("author", amount)

    @precondition(lambda self: self.paid)
    @rule()
    def bounce(self) -> None:
        number, amount = self.paid.popitem()
        with clock.at(self.now):
            for state in (PayoutState.BOUNCED, PayoutState.PAID, PayoutState.BOUNCED):
                answer = Payout(state, ref=f"r{number}")
                withdrawals.record_payout(actor=SYSTEM, withdrawal_id=number, payout=answer)
        self.take_due("author", amount)

    @precondition(lambda self: self.top_ups)
    @rule(who=students, amount=st.integers(-5_000, 5_000).filter(bool))
    def correct(self, who: int, amount: int) -> None:
        name = ledger.available(self.people[who].person_id)
        wish = {
            "request_key": f"c{next(_keys)}",
            "lines": {ledger.GOODWILL: -amount, name: amount},
            "reason": "a mistake",
        }
        possible = any(one == who for _number, one, _amount in self.top_ups) and (
            self.money[f"student {who}"] + amount >= 0
        )
        with clock.at(self.now):
            assert refused(corrections.enter, actor=self.author, **wish)
            if not possible:
                if self.money[f"student {who}"] + amount < 0:
                    assert refused(corrections.enter, actor=self.admin, **wish)
                return
            for _time in range(2):
                corrections.enter(actor=self.admin, **wish)
        self.money[f"student {who}"] += amount
        self.money["goodwill"] -= amount

    @property
    def of_course(self) -> list[set[int]]:
        """Numbers of the purchases of each course."""
        if not hasattr(self, "_of_course"):
            self._of_course: list[set[int]] = [set() for _price in PRICES]
        return self._of_course

    @invariant()
    def balances_agree(self) -> None:
        if not hasattr(self, "people"):
            return
        names = {f"student {who}": person for who, person in enumerate(self.people)} | {"author": self.author}
        for name, person in names.items():
            assert ledger.balance(ledger.available(person.person_id)) == self.money[name], name
            assert ledger.balance(ledger.debt(person.person_id)) == -self.money[f"debt of {name}"], name
        assert ledger.balance(ledger.COMMISSION) == self.money["commission"]
        assert ledger.balance(ledger.GOODWILL) == self.money["goodwill"]
        reserves = sum(ledger.balance(ledger.reserve(one.number)) for one in self.bought)
        assert reserves == self.money["reserves"]
        assert sum(ledger.balance(ledger.withdrawing(number)) for number in self.asked) == sum(self.asked.values())


@pytest.mark.parametrize("stories", [12, pytest.param(LONG_STORIES, marks=pytest.mark.soak)])
def test_m10_every_story_ends_where_arithmetic_says(app: Flask, stories: int) -> None:
    how = settings(
        max_examples=stories, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Book, settings=how)
