"""Money moved by several callers at one moment is as if they had come one after the other, in some order (M-10).

A machine like the one of `test_properties`, with real commits: each step lets two to four callers in at once and looks
for an order in which plain arithmetic gives the same answers and the same balances. Chance is a plain seed: which
caller wins is the machine's business, so that no story can be told twice alike.
"""

import os
import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.integrations.payments.base import CardToken, Charge, ChargeState
from backoffice.ledger_verify import verify_book
from backoffice.models.payments import WithdrawalState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import clawbacks, purchases, top_ups, withdrawals
from tests.concurrency.test_money import codes, together
from tests.factories.courses import live_course
from tests.factories.people import make_cast
from tests.ledger.arithmetic import PRICES, RELEASED, RESERVED, Arithmetic

DAY_ONE = datetime(2030, 1, 1, tzinfo=UTC)
STEPS = 25
LONG_STORIES = int(os.environ.get("CROWDS", "400"))
_keys = count(1)


@dataclass
class Wish:
    """What one caller does to the shop, and the same in arithmetic, given what the shop answered."""

    what: str
    real: Callable[[], Any]
    model: Callable[[Arithmetic, Any], bool]


class Crowd:
    """The real shop beside the arithmetic."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.app, self.chance, self.now = app, random.Random(seed), DAY_ONE
        with clock.at(self.now):
            cast = make_cast()
            self.students, self.author, self.admin = (cast.student, cast.other_student), cast.owner, cast.admin
            self.offers = [live_course(self.author, price_minor=price).id for price in PRICES]
        self.people = (*self.students, self.author)
        self.sums = Arithmetic()
        self.numbers: dict[str, int] = {}
        self.key = ""

    def tell(self, steps: int) -> None:
        """One story."""
        for number in range(steps):
            act = self.top_up if number < 2 else self.chance.choice((self.top_up, self.pass_days, *[self.let_in] * 4))
            act()
        db.session.rollback()
        report = verify_book()
        assert report.holds, [finding for finding in report.findings if finding.offenders]

    def top_up(self) -> None:
        who, amount = self.chance.randint(0, 1), self.chance.randint(3_000, 25_000)
        key = f"crowd{next(_keys)}"
        with clock.at(self.now):
            card = CardToken(token=key, brand="visa", last4="4242")
            number = top_ups.start(
                actor=self.students[who], request_key=key, amount_minor=amount, card=card, provider="fake"
            ).id
            settled = Charge(ChargeState.SETTLED, ref=key)
            tell = [lambda: top_ups.record(actor=SYSTEM, top_up_id=number, charge=settled)] * 3
            assert codes(together(self.app, tell)) == {"ok": 3}
        self.sums.top_ups[number] = (who, amount)
        self.sums.due(who, amount)
        self.look()

    def pass_days(self) -> None:
        self.now += timedelta(days=self.chance.randint(1, 8))

    def let_in(self) -> None:
        size = self.chance.randint(2, 4)
        wishes = [self.draw() for _caller in range(size)]
        with clock.at(self.now):
            answers = together(self.app, [wish.real for wish in wishes])
            codes(answers)
            # What the sweep has left to others, since they were at work on it, it finds the next time.
            if any(wish.what == "release" for wish in wishes):
                while purchases.release_due(actor=SYSTEM, limit=50):
                    pass
        db.session.rollback()
        seen = self.balances()
        states = self.states()
        for order in permutations(range(size)):
            sums = deepcopy(self.sums)
            fits = all(
                wishes[place].model(sums, answers[place]) is not isinstance(answers[place], Exception)
                for place in order
            )
            if any(wish.what == "release" for wish in wishes):
                sums.release(self.now)
            if fits and (sums.money, sums.debt) == seen and sums.states() == states:
                self.sums = sums
                return
        told = [(wish.what, repr(answer)[:60]) for wish, answer in zip(wishes, answers, strict=True)]
        raise AssertionError(f"no order explains {told}: {seen} after {self.sums}")

    def draw(self) -> Wish:
        """One caller's wish, about things that exist."""
        kinds = ["buy", "buy", "release", "ask", "ask"]
        kinds += ["refund", "give_back"] if self.sums.deals else []
        kinds += ["charge_back"] if self.sums.top_ups else []
        kinds += ["cancel", "approve"] if self.numbers else []
        made: Wish = getattr(self, f"_{self.chance.choice(kinds)}")()
        return made

    def _buy(self) -> Wish:
        who, which = self.chance.randint(0, 1), self.chance.randint(0, 1)
        order = {"actor": self.students[who], "course_id": self.offers[which], "shown_price_minor": PRICES[which]}
        now = self.now
        return Wish(
            f"buy {who} {which}",
            lambda: purchases.buy(**order).id,
            lambda sums, answer: sums.buy(answer if isinstance(answer, int) else None, who, which, now),
        )

    def _deal(self) -> int:
        # The newest ones are where something can still happen.
        return self.chance.choice(sorted(self.sums.deals)[-3:])

    def _refund(self) -> Wish:
        number, now = self._deal(), self.now
        student = self.students[self.sums.deals[number].who]
        return Wish(
            f"refund {number}",
            lambda: purchases.refund(actor=student, purchase_id=number),
            lambda sums, _answer: sums.refund(number, now),
        )

    def _give_back(self) -> Wish:
        number = self._deal()
        shown = self.chance.choice((RESERVED, RELEASED))
        wish = {"purchase_id": number, "reason": "because", "shown_state": shown}
        return Wish(
            f"give back {number} {shown}",
            lambda: clawbacks.give_back(actor=self.admin, **wish),
            lambda sums, _answer: sums.give_back(number, shown),
        )

    def _charge_back(self) -> Wish:
        number = self.chance.choice(sorted(self.sums.top_ups)[-3:])
        charge = Charge(ChargeState.CHARGED_BACK, ref=f"back{number}")
        return Wish(
            f"charge back {number}",
            lambda: top_ups.record(actor=SYSTEM, top_up_id=number, charge=charge),
            lambda sums, _answer: sums.charge_back(number),
        )

    def _release(self) -> Wish:
        now = self.now
        return Wish(
            "release",
            lambda: purchases.release_due(actor=SYSTEM, limit=50),
            lambda sums, _answer: sums.release(now),
        )

    def _ask(self) -> Wish:
        # The key of the wish before: a double click, or a form that was sent again with another amount.
        if not self.key or self.chance.randint(0, 2):
            self.key = f"crowd{next(_keys)}"
        key, amount = self.key, self.chance.choice((1_000, 5_000))

        def real() -> int:
            number = withdrawals.ask(
                actor=self.author, request_key=key, amount_minor=amount, payout_method="IBAN 6789", provider="fake"
            ).id
            self.numbers[key] = number
            return number

        return Wish(f"ask {key} {amount}", real, lambda sums, _answer: sums.ask(key, amount))

    def _withdrawal(self) -> tuple[str, dict[str, Any]]:
        key = self.chance.choice(sorted(self.numbers, key=self.numbers.__getitem__)[-3:])
        return key, {"withdrawal_id": self.numbers[key]}

    def _cancel(self) -> Wish:
        key, one = self._withdrawal()
        return Wish(
            f"cancel {key}",
            lambda: withdrawals.cancel(actor=self.author, **one),
            lambda sums, _answer: sums.cancel(key),
        )

    def _approve(self) -> Wish:
        key, one = self._withdrawal()
        shown = one | {"shown_amount_minor": self.sums.asked[key], "shown_state": WithdrawalState.ASKED}
        return Wish(
            f"approve {key}",
            lambda: withdrawals.approve(actor=self.admin, **shown),
            lambda sums, _answer: sums.approve(key),
        )

    def balances(self) -> tuple[list[int], list[int]]:
        """Available and owed of the two students and the author, as the book has them."""
        ids = [person.person_id for person in self.people]
        return [ledger.balance(ledger.available(i)) for i in ids], [-ledger.balance(ledger.debt(i)) for i in ids]

    def states(self) -> dict[int, PurchaseState]:
        """How far each purchase is: two orders may lead to the same balances and leave it in different states."""
        mine = select(Purchase.id, Purchase.state).where(Purchase.author_id == self.author.person_id)
        return {row.id: row.state for row in db.session.execute(mine)}

    def look(self) -> None:
        db.session.rollback()
        assert self.balances() == (self.sums.money, self.sums.debt)


@pytest.mark.parametrize("stories", [8, pytest.param(LONG_STORIES, marks=pytest.mark.soak)])
def test_m10_callers_at_one_moment_are_as_if_one_after_the_other(committed_app: Flask, stories: int) -> None:
    for seed in range(stories):
        Crowd(committed_app, seed).tell(STEPS)
