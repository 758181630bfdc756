"""Money on its way in and out of the house: top-ups and withdrawals (M-2, M-8)."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class TopUpState(StrEnum):
    """STARTED: the provider is being asked; PENDING: it answers later. A bank may have SETTLED money CHARGED_BACK."""

    STARTED = "started"
    PENDING = "pending"
    SETTLED = "settled"
    DECLINED = "declined"
    CHARGED_BACK = "charged_back"


class WithdrawalState(StrEnum):
    """ASKED waits for an admin, APPROVED for the payout provider. PAID money that no bank would take has BOUNCED."""

    ASKED = "asked"
    APPROVED = "approved"
    PAID = "paid"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    FAILED = "failed"
    BOUNCED = "bounced"


class TopUp(Base):
    """One top-up of a balance by card. Never the card number: only brand, last four digits and token (M-2)."""

    __tablename__ = "top_up"
    __table_args__ = (
        UniqueConstraint("user_id", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        Index("ix_top_up_open", "created_at", postgresql_where=text("state in ('started', 'pending')")),
        Index("ix_top_up_user", "user_id", "id"),
        Index("uq_top_up_provider_ref", "provider", "provider_ref", unique=True),
    )
    TRANSITIONS = {
        TopUpState.STARTED: {TopUpState.PENDING, TopUpState.SETTLED, TopUpState.DECLINED},
        TopUpState.PENDING: {TopUpState.SETTLED, TopUpState.DECLINED},
        TopUpState.SETTLED: {TopUpState.CHARGED_BACK},
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
    # The card's last good day, when its owner wants it kept once it was charged.
    keep_expires: Mapped[date | None] = mapped_column(Date)
    decline_code: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    settled_at: Mapped[datetime | None]
    charged_back_at: Mapped[datetime | None]


class Withdrawal(Base):
    """An author's wish to be paid out. The amount leaves *available* at once (M-8)."""

    __tablename__ = "withdrawal"
    __table_args__ = (
        UniqueConstraint("user_id", "request_key"),
        CheckConstraint("amount_minor > 0", name="amount_positive"),
        CheckConstraint("state <> 'declined' or decline_reason is not null", name="declined_has_reason"),
        Index("ix_withdrawal_user", "user_id", "id"),
        Index("ix_withdrawal_open", "asked_at", "id", postgresql_where=text("state in ('asked', 'approved')")),
    )
    TRANSITIONS = {
        WithdrawalState.ASKED: {WithdrawalState.APPROVED, WithdrawalState.DECLINED, WithdrawalState.CANCELLED},
        WithdrawalState.APPROVED: {WithdrawalState.PAID, WithdrawalState.FAILED},
        WithdrawalState.PAID: {WithdrawalState.BOUNCED},
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
    bounced_at: Mapped[datetime | None]


class SavedCard(Base):
    """A card that its owner lets the provider keep: never the number, only token, brand, last four digits (M-2)."""

    __tablename__ = "saved_card"
    __table_args__ = (
        CheckConstraint("length(last4) = 4", name="last4"),
        CheckConstraint("removed_at is null or not is_default", name="removed_is_no_default"),
        Index(
            "uq_saved_card_present",
            *("user_id", "provider", "brand", "last4", "expires"),
            unique=True,
            postgresql_where=text("removed_at is null"),
        ),
        Index("uq_saved_card_default", "user_id", unique=True, postgresql_where=text("is_default")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    provider: Mapped[str] = mapped_column(Text)
    token: Mapped[str] = mapped_column(Text)
    brand: Mapped[str] = mapped_column(Text)
    last4: Mapped[str] = mapped_column(Text)
    expires: Mapped[date] = mapped_column(Date)
    is_default: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    removed_at: Mapped[datetime | None]
