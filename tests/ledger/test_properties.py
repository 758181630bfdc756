"""Any story of purchases, refunds, releases and withdrawals ends where plain arithmetic says (M-10)."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.errors import DomainError
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.ledger_verify import verify
from backoffice.models.courses import Course
from backoffice.models.payments import WithdrawalState
from backoffice.operations import purchases, withdrawals
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import make_cast

DAY_ONE = datetime(2030, 1, 1, tzinfo=UTC)
PRICES = (1, 9_999, 10_001)
_keys = count(1)

students = st.integers(0, 1)
courses = st.integers(0, len(PRICES) - 1)
steps = st.one_of(
    st.tuples(st.just("fund"), students, st.integers(5_000, 20_000)),
    st.tuples(st.just("buy"), students, courses),
    st.tuples(st.just("buy"), students, courses),
    st.tuples(st.just("refund"), students, courses),
    st.tuples(st.just("pass_days"), st.integers(1, 8), st.just(0)),
    st.tuples(st.just("withdraw"), st.integers(1_000, 12_000), st.just(0)),
    st.tuples(st.just("end_withdrawal"), st.sampled_from(("cancel", "decline", "pay", "fail")), st.just(0)),
)


@dataclass
class World:
    """The real shop beside a model of plain numbers, which knows nothing of ledgers."""

    people: list[Actor]
    author: Actor
    admin: Actor
    offers: list[Course]
    now: datetime = DAY_ONE
    money: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    owned: dict[tuple[int, int], tuple[int, datetime]] = field(default_factory=dict)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def refused(self, call: object, **arguments: object) -> bool:
        try:
            call(**arguments)  # type: ignore[operator]
        except DomainError:
            return True
        return False

    def fund(self, who: int, amount: int) -> None:
        fund(self.people[who], amount)
        self.money[f"student {who}"] += amount

    def buy(self, who: int, which: int) -> None:
        price, course = PRICES[which], self.offers[which]
        possible = (who, which) not in self.owned and self.money[f"student {who}"] >= price
        shown = {"actor": self.people[who], "course_id": course.id, "shown_price_minor": price}
        if not possible:
            assert self.refused(purchases.buy, **shown)
            return
        self.owned[who, which] = (purchases.buy(**shown).id, self.now)
        self.money[f"student {who}"] -= price
        self.money["reserves"] += price

    def refund(self, who: int, which: int) -> None:
        if (who, which) not in self.owned:
            return
        purchase_id, bought_at = self.owned[who, which]
        late = self.now >= bought_at + timedelta(days=7)
        assert self.refused(purchases.refund, actor=self.people[who], purchase_id=purchase_id) is late
        if not late:
            del self.owned[who, which]
            self.money[f"student {who}"] += PRICES[which]
            self.money["reserves"] -= PRICES[which]

    def pass_days(self, days: int, _nothing: int) -> None:
        before, self.now = self.now, self.now + timedelta(days=days)
        with clock.at(self.now):
            purchases.release_due(actor=SYSTEM)
        for (_who, which), (_purchase_id, bought_at) in self.owned.items():
            if before < bought_at + timedelta(days=7) <= self.now:
                self.money["reserves"] -= PRICES[which]
                self.money["commission"] += PRICES[which] * 20 // 100
                self.money["author"] += PRICES[which] - PRICES[which] * 20 // 100

    def withdraw(self, amount: int, _nothing: int) -> None:
        wish = {
            "actor": self.author,
            "request_key": f"w{next(_keys)}",
            "amount_minor": amount,
            "payout_method": "IBAN 6789",
            "provider": "fake",
        }
        if self.money["author"] < amount:
            assert self.refused(withdrawals.ask, **wish)
            return
        self.asked.append((withdrawals.ask(**wish).id, amount))
        self.money["author"] -= amount
        self.money["withdrawing"] += amount

    def end_withdrawal(self, how: str, _nothing: int) -> None:
        if not self.asked:
            return
        withdrawal_id, amount = self.asked.pop(0)
        shown = {"withdrawal_id": withdrawal_id, "shown_amount_minor": amount, "shown_state": WithdrawalState.ASKED}
        if how == "cancel":
            withdrawals.cancel(actor=self.author, withdrawal_id=withdrawal_id)
        elif how == "decline":
            withdrawals.decline(actor=self.admin, reason="no", **shown)
        else:
            withdrawals.approve(actor=self.admin, **shown)
            answer = Payout(PayoutState.PAID if how == "pay" else PayoutState.FAILED, ref=f"r{withdrawal_id}")
            withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal_id, payout=answer)
        self.money["withdrawing"] -= amount
        self.money["paid out" if how == "pay" else "author"] += amount

    def assert_same(self) -> None:
        names = {f"student {who}": ledger.available(person.person_id) for who, person in enumerate(self.people)}
        names |= {"author": ledger.available(self.author.person_id), "commission": ledger.COMMISSION}
        for name, account in names.items():
            assert ledger.balance(account) == self.money[name], name
        reserves = sum(ledger.balance(ledger.reserve(number)) for number, _bought_at in self.owned.values())
        assert reserves == self.money["reserves"]
        assert sum(ledger.balance(ledger.withdrawing(number)) for number, _ in self.asked) == self.money["withdrawing"]
        report = verify(db.session.connection())
        assert report.holds, [finding for finding in report.findings if finding.offenders]


def new_world() -> World:
    cast = make_cast()
    return World(
        people=[cast.student, cast.other_student],
        author=cast.owner,
        admin=cast.admin,
        offers=[live_course(cast.owner, price_minor=price) for price in PRICES],
    )


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=st.lists(steps, min_size=5, max_size=25))
def test_m10_every_story_ends_where_arithmetic_says(app: Flask, story: list[tuple[str, object, object]]) -> None:
    # Each story starts on an empty book: what the one before did is undone.
    chapter = db.session.get_bind().begin_nested()  # type: ignore[union-attr]
    try:
        with clock.at(DAY_ONE):
            world = new_world()
        for step, first, second in story:
            with clock.at(world.now):
                getattr(world, step)(first, second)
        with clock.at(world.now):
            world.assert_same()
    finally:
        db.session.remove()
        chapter.rollback()
