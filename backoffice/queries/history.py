"""A user's history: the statement of *available*, filtered and paged by key, and the debt beside it (M-6, M-9)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, Select, Text, case, cast, func, select
from sqlalchemy.orm import aliased

from backoffice import ledger
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.corrections import Correction
from backoffice.models.courses import Course
from backoffice.models.ledger import Account, LedgerEntry, LedgerTransaction, TransactionKind
from backoffice.models.payments import TopUp, Withdrawal
from backoffice.models.people import User
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.money import Money

PAGE_ROWS = 25

# What people call the entries of their balance.
KINDS: dict[str, tuple[TransactionKind, ...]] = {
    "purchases": (TransactionKind.PURCHASE,),
    "refunds": (TransactionKind.REFUND, TransactionKind.CLAWBACK),
    "top_ups": (TransactionKind.TOP_UP, TransactionKind.CHARGEBACK),
    "withdrawals": (
        TransactionKind.WITHDRAWAL,
        TransactionKind.WITHDRAWAL_RETURNED,
        TransactionKind.PAYOUT_BOUNCED,
    ),
    "releases": (TransactionKind.RELEASE,),
    "corrections": (TransactionKind.CORRECTION,),
}
STATUSES: dict[str, tuple[str, ...]] = {
    "pending": ("reserved", "asked", "approved"),
    "success": ("released", "settled", "paid", "posted"),
    "cancelled": ("refunded", "clawed_back", "charged_back", "declined", "cancelled", "failed", "bounced"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the history is asked for: a key of KINDS, one of STATUSES, moments from (included) to (excluded)."""

    kind: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def to_json(self) -> dict[str, str | None]:
        """As an export keeps them."""
        since, until = (moment.isoformat() if moment else None for moment in (self.since, self.until))
        return {"kind": self.kind, "status": self.status, "since": since, "until": until}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> "Filters":
        """The filters of an export."""
        since, until = (datetime.fromisoformat(kept[name]) if kept[name] else None for name in ("since", "until"))
        return cls(kind=kept["kind"], status=kept["status"], since=since, until=until)

    @property
    def all_of_it(self) -> bool:
        """Whether nothing is filtered."""
        return self == Filters()


@dataclass(frozen=True, slots=True)
class StatementRow:
    """One entry on a user's *available* account. `state` is that of the purchase, top-up or withdrawal behind it.

    `debt` is what the same transaction did to the user's debt: above zero it was paid, below zero it grew.
    """

    seq: int
    at: datetime
    kind: TransactionKind
    amount: Money
    balance_after: Money
    state: str
    course_title: str | None
    course_slug: str | None
    counterpart: str | None
    key: str
    debt: Money


def statement(
    user_id: int, filters: Filters = Filters(), *, before: int | None = None, limit: int = PAGE_ROWS
) -> tuple[list[StatementRow], bool]:
    """Entries of a user's *available* account, newest first, and whether there are older ones (M-9). One statement.

    `before` is the `seq` of the last row of the page before. Rows are taken first and joined afterwards.
    """
    rows = _entries(user_id, filters)
    if before is not None:
        rows = rows.where(LedgerEntry.seq < before)
    found = db.session.execute(joined(user_id, rows.order_by(LedgerEntry.seq.desc()).limit(limit + 1))).all()
    return [row_of(row) for row in found[:limit]], len(found) > limit


def count(user_id: int, filters: Filters) -> int:
    """How many entries a filter finds. One statement."""
    return int(db.session.scalar(select(func.count()).select_from(_entries(user_id, filters).subquery())) or 0)


def debts(user_id: int, *, limit: int = PAGE_ROWS) -> list[StatementRow]:
    """How a debt came about and what has paid it, newest first; amounts below zero are owed. One statement."""
    query = joined(user_id, lines_of(ledger.debt(user_id)).order_by(LedgerEntry.seq.desc()).limit(limit))
    return [row_of(row) for row in db.session.execute(query)]


def debts_alone(user_id: int) -> list[StatementRow]:
    """Lines of a debt whose transaction never touched the balance: the statement has none of them. One statement."""
    on_balance = select(LedgerEntry.transaction_id).where(
        LedgerEntry.account_id == account_id(ledger.available(user_id))
    )
    lines = lines_of(ledger.debt(user_id)).where(LedgerEntry.transaction_id.not_in(on_balance))
    return [row_of(row) for row in db.session.execute(joined(user_id, lines.order_by(LedgerEntry.seq.desc())))]


def account_id(name: str) -> ScalarSelect[int]:
    """The id of an account by its name, inside a statement."""
    return select(Account.id).where(Account.name == name).scalar_subquery()


def lines_of(account_name: str) -> Select[Any]:
    """Entries of an account that belong to its statement."""
    return select(LedgerEntry).where(LedgerEntry.account_id == account_id(account_name), LedgerEntry.seq.is_not(None))


def _entries(user_id: int, filters: Filters) -> Select[Any]:
    rows = lines_of(ledger.available(user_id))
    if filters.all_of_it:
        return rows
    rows = rows.join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
    if filters.kind:
        rows = rows.where(LedgerTransaction.kind.in_(KINDS[filters.kind]))
    if filters.since is not None:
        rows = rows.where(LedgerTransaction.at >= filters.since)
    if filters.until is not None:
        rows = rows.where(LedgerTransaction.at < filters.until)
    if filters.status:
        things = ((Purchase, "purchase_id"), (TopUp, "top_up_id"), (Withdrawal, "withdrawal_id"))
        for thing, column in (*things, (Correction, "correction_id")):
            rows = rows.outerjoin(thing, thing.id == getattr(LedgerTransaction, column))
        rows = rows.where(_STATE.in_(STATUSES[filters.status]))
    return rows


# A release is the good end of a sale, whatever became of the purchase later (M-6).
_STATE = case(
    (LedgerTransaction.kind == TransactionKind.RELEASE, PurchaseState.RELEASED.value),
    else_=func.coalesce(*(cast(thing.state, Text) for thing in (Purchase, TopUp, Withdrawal, Correction))),
)


def joined(user_id: int, rows: Select[Any]) -> Select[Any]:
    """Entries with all that a `StatementRow` tells of them, newest first."""
    entry, other = rows.subquery(), aliased(User)
    # A buyer deals with the author; an author's release came from the buyer.
    other_id = case((Purchase.student_id == user_id, Purchase.author_id), else_=Purchase.student_id)
    owed = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .where(
            LedgerEntry.transaction_id == entry.c.transaction_id,
            LedgerEntry.account_id == account_id(ledger.debt(user_id)),
        )
        .scalar_subquery()
    )
    return (
        select(
            entry.c.seq,
            entry.c.amount,
            entry.c.balance_after,
            LedgerTransaction.at,
            LedgerTransaction.kind,
            LedgerTransaction.key,
            _STATE.label("state"),
            Revision.title,
            Course.slug,
            func.coalesce(
                other.name, TopUp.card_brand + " ···· " + TopUp.card_last4, Withdrawal.payout_method, Correction.reason
            ).label("counterpart"),
            owed.label("debt"),
        )
        .join(LedgerTransaction, LedgerTransaction.id == entry.c.transaction_id)
        .outerjoin(Purchase, Purchase.id == LedgerTransaction.purchase_id)
        .outerjoin(Revision, Revision.id == Purchase.revision_id)
        .outerjoin(Course, Course.id == Purchase.course_id)
        .outerjoin(other, other.id == other_id)
        .outerjoin(TopUp, TopUp.id == LedgerTransaction.top_up_id)
        .outerjoin(Withdrawal, Withdrawal.id == LedgerTransaction.withdrawal_id)
        .outerjoin(Correction, Correction.id == LedgerTransaction.correction_id)
        .order_by(entry.c.seq.desc())
    )


def row_of(row: Any) -> StatementRow:
    """A row of `joined`."""
    unit = settings().currency
    return StatementRow(
        *(row.seq, row.at, row.kind, Money(row.amount, unit), Money(row.balance_after, unit)),
        *(row.state, row.title, row.slug, row.counterpart, row.key),
        Money(int(row.debt), unit),
    )
