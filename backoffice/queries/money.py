"""Money as its owner sees it: balance, top-ups, withdrawals; and what providers are to be asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Label, Select, Text, cast, func, select

from backoffice import clock, ledger
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.payments import SavedCard, TopUp, TopUpState, Withdrawal, WithdrawalState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.models.timeline import Transition
from backoffice.money import Money

PAGE_ROWS = 25
PAYOUT_METHODS = 5
ARRIVALS = 3
PENDING_BATCH = 100


@dataclass(frozen=True, slots=True)
class Arrival:
    """Money of sales that becomes available at `at`: after commission, of `sales` purchases."""

    at: datetime
    net: Money
    sales: int


@dataclass(frozen=True, slots=True)
class Balance:
    """Available, and frozen in reserves of own sales: after commission and gross (M-7), with the next arrivals.

    `debt` is what is owed after a clawback or a chargeback; sales pay it first.
    """

    available: Money
    debt: Money
    frozen: Money
    frozen_gross: Money
    pending_sales: int
    arrivals: Sequence[Arrival]

    @property
    def expected(self) -> Money:
        """What there will be when everything that is frozen has arrived and the debt is paid."""
        return self.available + self.frozen - self.debt


@dataclass(frozen=True, slots=True)
class TopUpView:
    """A top-up as its owner sees it."""

    id: int
    state: TopUpState
    amount: Money
    card_brand: str
    card_last4: str
    decline_code: str | None
    created_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether the provider's last word is still to come."""
        return self.state in (TopUpState.STARTED, TopUpState.PENDING)


@dataclass(frozen=True, slots=True)
class WithdrawalView:
    """A withdrawal as its owner sees it; `failure` is the provider's code for why it was not paid or came back."""

    id: int
    state: WithdrawalState
    amount: Money
    payout_method: str
    asked_at: datetime
    settled_at: datetime | None
    decline_reason: str | None
    failure: str | None

    @property
    def is_open(self) -> bool:
        """Whether the money is neither paid nor returned."""
        return self.state in (WithdrawalState.ASKED, WithdrawalState.APPROVED)


@dataclass(frozen=True, slots=True)
class CardView:
    """A card that is kept, as its owner sees it; `expires` is its last good day."""

    id: int
    brand: str
    last4: str
    expires: date
    is_default: bool
    provider: str

    @property
    def expired(self) -> bool:
        """Whether it can be charged no more."""
        return self.expires < clock.now().date()

    @property
    def usable(self) -> bool:
        """Whether a top-up can be made with it now: the provider that keeps it may have been replaced."""
        return not self.expired and self.provider == settings().payment_provider


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """What the payment provider is to be asked."""

    provider: str
    provider_ref: str | None
    card_token: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """What the payout provider is to be asked."""

    provider: str
    provider_ref: str | None
    payout_method: str
    amount: Money


def available(user_id: int) -> Money:
    """What a user can spend or withdraw now. One statement."""
    return Money(ledger.balance(ledger.available(user_id)), settings().currency)


def balance(user_id: int) -> Balance:
    """Available and frozen, with the dates on which the next money arrives. Four statements."""
    currency = settings().currency
    net = func.coalesce(func.sum(Purchase.price_minor - Purchase.commission_minor), 0)
    gross = func.coalesce(func.sum(Purchase.price_minor), 0)
    mine = (Purchase.author_id == user_id, Purchase.state == PurchaseState.RESERVED)
    frozen = db.session.execute(select(net, gross, func.count()).where(*mine)).one()
    day = func.date_trunc("day", Purchase.release_at)
    arrivals = db.session.execute(
        select(func.min(Purchase.release_at), net, func.count())
        .where(*mine, Purchase.release_at.is_not(None), Purchase.price_minor > 0)
        .group_by(day)
        .order_by(day)
        .limit(ARRIVALS)
    )
    return Balance(
        available=available(user_id),
        debt=Money(-ledger.balance(ledger.debt(user_id)), currency),
        frozen=Money(int(frozen[0]), currency),
        frozen_gross=Money(int(frozen[1]), currency),
        pending_sales=frozen[2],
        arrivals=[Arrival(at, Money(int(amount), currency), sales) for at, amount, sales in arrivals if at],
    )


_TOP_UP = select(
    TopUp.id,
    TopUp.state,
    TopUp.amount_minor,
    TopUp.currency,
    TopUp.card_brand,
    TopUp.card_last4,
    TopUp.decline_code,
    TopUp.created_at,
)


def _top_ups(query: Select[*tuple[Any, ...]]) -> list[TopUpView]:
    return [
        TopUpView(number, state, Money(amount, currency), brand, last4, declined, at)
        for number, state, amount, currency, brand, last4, declined, at in db.session.execute(query)
    ]


def top_up(user_id: int, top_up_id: int) -> TopUpView | None:
    """One's own top-up, else None. One statement."""
    return next(iter(_top_ups(_TOP_UP.where(TopUp.user_id == user_id, TopUp.id == top_up_id))), None)


def open_top_ups(user_id: int) -> list[TopUpView]:
    """Top-ups whose money is still on its way, newest first. One statement."""
    state = TopUp.state.in_((TopUpState.STARTED, TopUpState.PENDING))
    return _top_ups(_TOP_UP.where(TopUp.user_id == user_id, state).order_by(TopUp.id.desc()).limit(PAGE_ROWS))


def withdrawals(user_id: int) -> list[WithdrawalView]:
    """One's latest withdrawals, newest first. One statement."""
    query = (
        select(
            Withdrawal.id,
            Withdrawal.state,
            Withdrawal.amount_minor,
            Withdrawal.currency,
            Withdrawal.payout_method,
            Withdrawal.asked_at,
            Withdrawal.settled_at,
            Withdrawal.decline_reason,
            payout_failure(),
        )
        .where(Withdrawal.user_id == user_id)
        .order_by(Withdrawal.id.desc())
        .limit(PAGE_ROWS)
    )
    return [
        WithdrawalView(number, state, Money(amount, currency), method, asked, settled, reason, failure)
        for number, state, amount, currency, method, asked, settled, reason, failure in db.session.execute(query)
    ]


def payout_failure() -> Label[str | None]:
    """The column `failure` of a query on withdrawals: the provider's code of the one that failed or bounced."""
    return (
        select(Transition.reason)
        .where(
            Transition.subject == Withdrawal.__tablename__,
            Transition.subject_id == cast(Withdrawal.id, Text),
            Transition.to_state.in_((WithdrawalState.FAILED, WithdrawalState.BOUNCED)),
        )
        .correlate(Withdrawal)
        .scalar_subquery()
        .label("failure")
    )


def payout_methods(user_id: int) -> list[str]:
    """Where one's money has been paid before, the last first; not where it once failed. One statement (M-8)."""
    last = func.max(Withdrawal.id)
    query = (
        select(Withdrawal.payout_method)
        .where(Withdrawal.user_id == user_id)
        .group_by(Withdrawal.payout_method)
        .having(
            func.bool_or(Withdrawal.state == WithdrawalState.PAID),
            ~func.bool_or(Withdrawal.state.in_((WithdrawalState.FAILED, WithdrawalState.BOUNCED))),
        )
        .order_by(last.desc())
        .limit(PAYOUT_METHODS)
    )
    return list(db.session.scalars(query))


def cards(user_id: int) -> list[CardView]:
    """One's kept cards, the default first. One statement."""
    query = (
        select(
            SavedCard.id, SavedCard.brand, SavedCard.last4, SavedCard.expires, SavedCard.is_default, SavedCard.provider
        )
        .where(SavedCard.user_id == user_id, SavedCard.removed_at.is_(None))
        .order_by(SavedCard.is_default.desc(), SavedCard.id.desc())
    )
    return [CardView(**row) for row in db.session.execute(query).mappings()]


def charge_order(top_up_id: int) -> ChargeOrder | None:
    """What to ask the payment provider about this top-up; None when it is settled or declined."""
    row = db.session.execute(
        select(TopUp.provider, TopUp.provider_ref, TopUp.card_token, TopUp.amount_minor, TopUp.currency).where(
            TopUp.id == top_up_id, TopUp.state.in_((TopUpState.STARTED, TopUpState.PENDING))
        )
    ).one_or_none()
    if row is None:
        return None
    return ChargeOrder(row.provider, row.provider_ref, row.card_token, Money(row.amount_minor, row.currency))


def payout_order(withdrawal_id: int) -> PayoutOrder | None:
    """What to ask the payout provider; None when the withdrawal does not wait for it."""
    row = db.session.execute(
        select(
            *(Withdrawal.provider, Withdrawal.provider_ref, Withdrawal.payout_method),
            *(Withdrawal.amount_minor, Withdrawal.currency),
        ).where(Withdrawal.id == withdrawal_id, Withdrawal.state == WithdrawalState.APPROVED)
    ).one_or_none()
    if row is None:
        return None
    return PayoutOrder(row.provider, row.provider_ref, row.payout_method, Money(row.amount_minor, row.currency))


def pending_top_ups() -> list[int]:
    """Ids of top-ups whose provider answers later, oldest first."""
    query = select(TopUp.id).where(TopUp.state == TopUpState.PENDING).order_by(TopUp.created_at).limit(PENDING_BATCH)
    return list(db.session.scalars(query))


def pending_payouts() -> list[int]:
    """Ids of approved withdrawals whose provider answers later, oldest first."""
    query = (
        select(Withdrawal.id)
        .where(Withdrawal.state == WithdrawalState.APPROVED, Withdrawal.provider_ref.is_not(None))
        .order_by(Withdrawal.asked_at)
        .limit(PENDING_BATCH)
    )
    return list(db.session.scalars(query))
