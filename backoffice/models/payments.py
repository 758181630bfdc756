"""Money on its way in and out of the house: top-ups and withdrawals (M-2, M-8)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class TopUpState(StrEnum):
    """STARTED: the provider is being asked; PENDING: it answers later; SETTLED and DECLINED are final."""

    STARTED = "started"
    PENDING = "pending"
    SETTLED = "settled"
    DECLINED = "declined"


class WithdrawalState(StrEnum):
    """ASKED waits for an admin, APPROVED for the payout provider; the others are final."""

    ASKED = "asked"
    APPROVED = "approved"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"


class TopUp(Base):
    """One top-up of a balance by card. Never the card number: only brand, last four digits and token (M-2)."""

    __tablename__ = "top_up"
    __table_args__ = (
        UniqueConstraint("user_id", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_top_up_open", "created_at", postgresql_where=text("state in ('started', 'pending')")),
        Index("uq_top_up_provider_ref", "provider", "provider_ref", unique=True),
    )
    TRANSITIONS = {
        TopUpState.STARTED: {TopUpState.PENDING, TopUpState.SETTLED, TopUpState.DECLINED},
        TopUpState.PENDING: {TopUpState.SETTLED, TopUpState.DECLINED},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    # Made by the page that showed the form: a double click or a reload is the same top-up.
    request_key: Mapped[str] = mapped_column(Text)
    state: Mapped[TopUpState] = mapped_column(state_type(TopUpState), default=TopUpState.STARTED)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    provider_ref: Mapped[str | None] = mapped_column(Text)
    card_token: Mapped[str] = mapped_column(Text)
    card_brand: Mapped[str] = mapped_column(Text)
    card_last4: Mapped[str] = mapped_column(Text)
    decline_code: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    settled_at: Mapped[datetime | None]


class Withdrawal(Base):
    """An author's wish to be paid out. The amount leaves *available* at once (M-8)."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        UniqueConstraint("user_id", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("state <> 'declined' or decline_reason is not null", name="declined_has_reason"),
        Index("ix_withdrawal_open", "asked_at", "id", postgresql_where=text("state in ('asked', 'approved')")),
    )
    TRANSITIONS = {
        WithdrawalState.ASKED: {WithdrawalState.APPROVED, WithdrawalState.DECLINED, WithdrawalState.CANCELLED},
        WithdrawalState.APPROVED: {WithdrawalState.PAID, WithdrawalState.FAILED},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    request_key: Mapped[str] = mapped_column(Text)
    state: Mapped[WithdrawalState] = mapped_column(state_type(WithdrawalState), default=WithdrawalState.ASKED)
    amount_minor: Mapped[int]
    currency: Mapped[str] = mapped_column(Text)
    # Where the money goes, in the payee's words, for example "IBAN ...6789".
    payout_method: Mapped[str] = mapped_column(Text)
    provider: Mapped[str] = mapped_column(Text)
    provider_ref: Mapped[str | None] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None] = mapped_column(Text)
    settled_at: Mapped[datetime | None]
