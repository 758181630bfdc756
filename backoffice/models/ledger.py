"""Tables of the ledger (M-10). Append only, held by triggers; `backoffice.ledger` is the only writer."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class TransactionKind(StrEnum):
    """Postings of the ledger, by event."""

    TOP_UP = "top_up"
    PURCHASE = "purchase"
    REFUND = "refund"
    RELEASE = "release"
    WITHDRAWAL = "withdrawal"
    WITHDRAWAL_PAID = "withdrawal_paid"
    WITHDRAWAL_RETURNED = "withdrawal_returned"
    CLAWBACK = "clawback"
    CHARGEBACK = "chargeback"
    PAYOUT_BOUNCED = "payout_bounced"
    CORRECTION = "correction"


class Account(Base):
    """One account, named `kind:ref` (`available:42`). Hot accounts of the house keep no balance on the row."""

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("may_be_negative or balance >= 0", name="balance_not_negative"),
        CheckConstraint("keeps_balance or balance = 0", name="hot_account_keeps_none"),
        CheckConstraint("kind <> 'debt' or balance <= 0", name="debt_not_positive"),
        Index("ix_account_kind_ref", "kind", "ref"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    kind: Mapped[str] = mapped_column(Text)
    ref: Mapped[str] = mapped_column(Text)
    keeps_balance: Mapped[bool]
    may_be_negative: Mapped[bool]
    balance: Mapped[int] = mapped_column(default=0)
    # Number of the last entry, given while the account is locked: the order of a statement.
    last_seq: Mapped[int] = mapped_column(default=0)


class LedgerTransaction(Base):
    """A set of entries that sums to zero, posted once under its key."""

    __tablename__ = "ledger_transaction"
    __table_args__ = (
        Index(
            "uq_ledger_transaction_purchase_settled",
            "purchase_id",
            unique=True,
            postgresql_where=text("kind in ('refund', 'release')"),
        ),
        Index(
            "uq_ledger_transaction_withdrawal_settled",
            "withdrawal_id",
            unique=True,
            postgresql_where=text("kind in ('withdrawal_paid', 'withdrawal_returned')"),
        ),
        Index("ix_ledger_transaction_purchase_id", "purchase_id", postgresql_where=text("purchase_id is not null")),
        Index("ix_ledger_transaction_top_up_id", "top_up_id", postgresql_where=text("top_up_id is not null")),
        Index(
            "ix_ledger_transaction_withdrawal_id", "withdrawal_id", postgresql_where=text("withdrawal_id is not null")
        ),
        Index(
            "ix_ledger_transaction_correction_id", "correction_id", postgresql_where=text("correction_id is not null")
        ),
        Index("ix_ledger_transaction_actor_id", "actor_id", "id", postgresql_where=text("actor_id is not null")),
        Index("ix_ledger_transaction_at", "at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(Text, unique=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[TransactionKind] = mapped_column(state_type(TransactionKind))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    actor_id: Mapped[int | None]
    purchase_id: Mapped[int | None] = mapped_column(ForeignKey("purchase.id"))
    withdrawal_id: Mapped[int | None] = mapped_column(ForeignKey("withdrawal.id"))
    top_up_id: Mapped[int | None] = mapped_column(ForeignKey("top_up.id"))
    correction_id: Mapped[int | None] = mapped_column(ForeignKey("correction.id"))


class LedgerEntry(Base):
    """One signed amount on one account. No foreign key to the account: posting checks that it exists."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        CheckConstraint("amount <> 0", name="amount_not_zero"),
        UniqueConstraint("transaction_id", "account_id"),
        Index("ix_ledger_entry_statement", "account_id", "seq", unique=True, postgresql_where=text("seq is not null")),
        Index("ix_ledger_entry_account", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[int] = mapped_column(ForeignKey("ledger_transaction.id"))
    account_id: Mapped[int]
    amount: Mapped[int]
    # Both empty on hot accounts, which are not locked.
    balance_after: Mapped[int | None]
    seq: Mapped[int | None]
    # Orders entries against checkpoints: a lower id may commit later than a higher one.
    xid: Mapped[int] = mapped_column(server_default=text("(pg_current_xact_id()::text)::bigint"))


class LedgerCheckpoint(Base):
    """The sum of a hot account's entries of all transactions below `before_xid`."""

    __tablename__ = "ledger_checkpoint"
    __table_args__ = (UniqueConstraint("account_id", "before_xid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    before_xid: Mapped[int]
    balance: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(default=clock.now)
