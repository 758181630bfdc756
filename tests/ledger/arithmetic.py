"""The shop of two students and an author as plain numbers: what `test_crowds` compares the real one with."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from backoffice.models.payments import WithdrawalState
from backoffice.models.purchases import PurchaseState

WEEK = timedelta(days=7)
PRICES = (3_333, 10_001)
RESERVED, RELEASED = PurchaseState.RESERVED, PurchaseState.RELEASED
REFUNDED, CLAWED_BACK = PurchaseState.REFUNDED, PurchaseState.CLAWED_BACK


@dataclass
class Deal:
    """A purchase of the model; `by_staff` when staff gave it back."""

    who: int
    which: int
    at: datetime
    state: PurchaseState = RESERVED
    by_staff: bool = False


@dataclass
class Arithmetic:
    """The shop as plain numbers: 0 and 1 are students, 2 is the author."""

    money: list[int] = field(default_factory=lambda: [0, 0, 0])
    debt: list[int] = field(default_factory=lambda: [0, 0, 0])
    deals: dict[int, Deal] = field(default_factory=dict)
    top_ups: dict[int, tuple[int, int]] = field(default_factory=dict)
    back: set[int] = field(default_factory=set)
    asked: dict[str, int] = field(default_factory=dict)
    state_of: dict[str, WithdrawalState] = field(default_factory=dict)

    def due(self, who: int, amount: int) -> None:
        """What is there leaves and the rest is owed; what comes pays the debt first."""
        if amount < 0:
            there = min(self.money[who], -amount)
            self.money[who] -= there
            self.debt[who] += -amount - there
        else:
            paid = min(self.debt[who], amount)
            self.debt[who] -= paid
            self.money[who] += amount - paid

    def states(self) -> dict[int, PurchaseState]:
        """How far each purchase is."""
        return {number: deal.state for number, deal in self.deals.items()}

    def buy(self, number: int | None, who: int, which: int, now: datetime) -> bool:
        """`number` is the row that the shop made, None where it refused."""
        owned = any(
            (deal.who, deal.which) == (who, which) and deal.state in (RESERVED, RELEASED)
            for deal in self.deals.values()
        )
        if owned or self.money[who] < PRICES[which]:
            return False
        self.money[who] -= PRICES[which]
        if number is not None:
            self.deals[number] = Deal(who, which, now)
        return True

    def refund(self, number: int, now: datetime) -> bool:
        """The student's wish."""
        deal = self.deals[number]
        if deal.state is REFUNDED:
            return True
        if deal.state is not RESERVED or now >= deal.at + WEEK:
            return False
        deal.state = REFUNDED
        self.due(deal.who, PRICES[deal.which])
        return True

    def give_back(self, number: int, shown: PurchaseState) -> bool:
        """The admin's decision."""
        deal = self.deals[number]
        if deal.by_staff:
            return True
        if deal.state is not shown:
            return False
        deal.by_staff = True
        price = PRICES[deal.which]
        self.due(deal.who, price)
        if deal.state is RESERVED:
            deal.state = REFUNDED
            return True
        deal.state = CLAWED_BACK
        for key, state in self.state_of.items():
            if state is WithdrawalState.ASKED:
                self.state_of[key] = WithdrawalState.CANCELLED
                self.due(2, self.asked[key])
        self.due(2, price * 20 // 100 - price)
        return True

    def charge_back(self, number: int) -> bool:
        """The bank's word."""
        if number not in self.back:
            self.back.add(number)
            who, amount = self.top_ups[number]
            self.due(who, -amount)
        return True

    def release(self, now: datetime) -> bool:
        """The sweep."""
        for deal in self.deals.values():
            if deal.state is RESERVED and now >= deal.at + WEEK:
                deal.state = RELEASED
                price = PRICES[deal.which]
                self.due(2, price - price * 20 // 100)
        return True

    def ask(self, key: str, amount: int) -> bool:
        """The author's withdrawal."""
        if key in self.asked:
            return self.asked[key] == amount
        if self.money[2] < amount:
            return False
        self.money[2] -= amount
        self.asked[key], self.state_of[key] = amount, WithdrawalState.ASKED
        return True

    def cancel(self, key: str) -> bool:
        """The author takes it back."""
        if self.state_of[key] is WithdrawalState.ASKED:
            self.due(2, self.asked[key])
            self.state_of[key] = WithdrawalState.CANCELLED
        return self.state_of[key] is WithdrawalState.CANCELLED

    def approve(self, key: str) -> bool:
        """An admin lets it go out."""
        if self.state_of[key] is WithdrawalState.ASKED:
            self.state_of[key] = WithdrawalState.APPROVED
        return self.state_of[key] is WithdrawalState.APPROVED
