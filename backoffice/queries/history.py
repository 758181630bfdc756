"""A user's history: the statement of *available*, filtered and paged by key; the story of each line (M-6, M-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Text, case, cast, func, or_, select
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
from backoffice.models.purchases import Purchase
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
    """One entry on a user's *available* account. `state` is that of the purchase, top-up or withdrawal behind it."""

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


@dataclass(frozen=True, slots=True)
class Part:
    """What a transaction moved on one account, as far as the reader may see it."""

    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class StoryStep:
    """One ledger transaction of a line's story, with its key and its parts."""

    at: datetime
    kind: TransactionKind
    key: str
    parts: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with all the transactions about the same purchase, top-up, withdrawal or correction.

    `release_at` is when an open reserve is due, `reason` why staff stepped in.
    """

    row: StatementRow
    steps: Sequence[StoryStep]
    release_at: datetime | None
    refundable_until: datetime | None
    reason: str


def statement(
    user_id: int, filters: Filters = Filters(), *, before: int | None = None, limit: int = PAGE_ROWS
) -> tuple[list[StatementRow], bool]:
    """Entries of a user's *available* account, newest first, and whether there are older ones (M-9). One statement.

    `before` is the `seq` of the last row of the page before. Rows are taken first and joined afterwards.
    """
    rows = _entries(user_id, filters)
    if before is not None:
        rows = rows.where(LedgerEntry.seq < before)
    found = db.session.execute(_joined(user_id, rows.order_by(LedgerEntry.seq.desc()).limit(limit + 1))).all()
    return [_row(row) for row in found[:limit]], len(found) > limit


def count(user_id: int, filters: Filters) -> int:
    """How many entries a filter finds. One statement."""
    return int(db.session.scalar(select(func.count()).select_from(_entries(user_id, filters).subquery())) or 0)


def debts(user_id: int, *, limit: int = PAGE_ROWS) -> list[StatementRow]:
    """How a debt came about and what has paid it, newest first; amounts below zero are owed. One statement."""
    query = _joined(user_id, _lines(ledger.debt(user_id)).order_by(LedgerEntry.seq.desc()).limit(limit))
    return [_row(row) for row in db.session.execute(query)]


def _lines(account_name: str) -> Select[Any]:
    account = select(Account.id).where(Account.name == account_name).scalar_subquery()
    return select(LedgerEntry).where(LedgerEntry.account_id == account, LedgerEntry.seq.is_not(None))


def _entries(user_id: int, filters: Filters) -> Select[Any]:
    rows = _lines(ledger.available(user_id))
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


_STATE = func.coalesce(*(cast(thing.state, Text) for thing in (Purchase, TopUp, Withdrawal, Correction)))


def _joined(user_id: int, rows: Select[Any]) -> Select[Any]:
    entry, other = rows.subquery(), aliased(User)
    # A buyer deals with the author; an author's release came from the buyer.
    other_id = case((Purchase.student_id == user_id, Purchase.author_id), else_=Purchase.student_id)
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


def _row(row: Any) -> StatementRow:
    unit = settings().currency
    # A release is the good end of a sale, whatever became of the purchase later (M-6).
    state = "success" if row.kind is TransactionKind.RELEASE else row.state
    return StatementRow(
        *(row.seq, row.at, row.kind, Money(row.amount, unit), Money(row.balance_after, unit)),
        *(state, row.title, row.slug, row.counterpart, row.key),
    )


def line(user_id: int, seq: int) -> Line | None:
    """One line of the own statement and the story behind it; None when there is none. Four statements (M-9)."""
    rows = _entries(user_id, Filters()).where(LedgerEntry.seq == seq)
    found = db.session.execute(_joined(user_id, rows)).one_or_none()
    if found is None:
        return None
    thing = db.session.execute(select(LedgerTransaction).where(LedgerTransaction.key == found.key)).scalar_one()
    column, number = next(
        (column, getattr(thing, column))
        for column in ("purchase_id", "top_up_id", "withdrawal_id", "correction_id", "id")
        if getattr(thing, column) is not None
    )
    purchase = db.session.get(Purchase, thing.purchase_id) if thing.purchase_id is not None else None
    sees_all = purchase is not None and purchase.author_id == user_id
    return Line(
        row=_row(found),
        steps=_steps(user_id, column, number, sees_all=sees_all),
        release_at=purchase.release_at if purchase is not None and found.state == "reserved" else None,
        refundable_until=purchase.refundable_until if purchase is not None and found.state == "reserved" else None,
        reason=(purchase.return_reason or "") if purchase is not None else "",
    )


def story_of_purchase(student_id: int, purchase_id: int) -> list[StoryStep]:
    """The ledger transactions behind an own purchase, as far as a student sees them. One statement (M-9)."""
    return _steps(student_id, "purchase_id", purchase_id, sees_all=False)


def _steps(user_id: int, column: str, number: int, *, sees_all: bool) -> list[StoryStep]:
    """Every transaction about a thing; who is not its author sees own accounts and the reserve, not the commission."""
    query = (
        select(
            *(LedgerTransaction.id, LedgerTransaction.at, LedgerTransaction.kind, LedgerTransaction.key),
            *(Account.kind.label("account"), Account.ref, LedgerEntry.amount),
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .join(Account, Account.id == LedgerEntry.account_id)
        .where(getattr(LedgerTransaction, column) == number)
        .order_by(LedgerTransaction.id, LedgerEntry.id)
    )
    if not sees_all:
        own = Account.name.in_([ledger.available(user_id), ledger.debt(user_id)])
        # A release is the author's part of the story: for the student it ends with the reserve.
        query = query.where(
            or_(own, Account.kind.in_(("reserve", "withdrawing"))), LedgerTransaction.kind != TransactionKind.RELEASE
        )
    steps: dict[int, StoryStep] = {}
    for row in db.session.execute(query):
        is_mine = row.ref == str(user_id)
        account = row.account if row.account not in ("available", "debt") or is_mine else f"{row.account}_of_other"
        step = steps.setdefault(row.id, StoryStep(row.at, row.kind, row.key, []))
        step.parts.append(Part(account, Money(row.amount, settings().currency)))  # type: ignore[attr-defined]
    return list(steps.values())
