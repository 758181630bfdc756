"""The story of one line of a history: every ledger transaction behind it, and where its money went since (M-9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from backoffice import ledger
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.ledger import Account, LedgerEntry, LedgerTransaction, TransactionKind
from backoffice.models.purchases import Purchase
from backoffice.money import Money
from backoffice.queries.history import PAGE_ROWS, StatementRow, account_id, joined, lines_of, row_of


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
class Use:
    """A later entry that took `amount` of a line's money."""

    seq: int
    at: datetime
    kind: TransactionKind
    key: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Line:
    """An entry with all the transactions about the same purchase, top-up, withdrawal or correction.

    `release_at` is when an open reserve is due, `reason` why staff stepped in, `withdrawal_id` one's own that waits.
    For money of a sale that has arrived, `used` is where it went since, first in, first out, and `left` what is still
    on the balance.
    """

    row: StatementRow
    steps: Sequence[StoryStep]
    release_at: datetime | None
    refundable_until: datetime | None
    reason: str
    withdrawal_id: int | None
    used: Sequence[Use]
    left: Money


def line(user_id: int, seq: int, *, of_debt: bool = False) -> Line | None:
    """One line of the own statement, or of the own debt, and the story behind it. At most five statements (M-9)."""
    account = ledger.debt(user_id) if of_debt else ledger.available(user_id)
    found = db.session.execute(joined(user_id, lines_of(account).where(LedgerEntry.seq == seq))).one_or_none()
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
    used: list[Use] = []
    left = 0
    if found.kind is TransactionKind.RELEASE and not of_debt:
        used, left = _uses(user_id, seq, found.amount, found.balance_after)
    return Line(
        row=row_of(found),
        steps=_steps(user_id, column, number, sees_all=sees_all),
        release_at=purchase.release_at if purchase is not None else None,
        refundable_until=purchase.refundable_until if purchase is not None and found.state == "reserved" else None,
        reason=(purchase.return_reason or "") if purchase is not None else "",
        withdrawal_id=thing.withdrawal_id if found.state == "asked" else None,
        used=used,
        left=Money(left, settings().currency),
    )


def _uses(user_id: int, seq: int, amount: int, balance_after: int) -> tuple[list[Use], int]:
    """The first later entries that took the money of a line, and what is left of it after all of them.

    What was there before it goes first. One statement.
    """
    gone = -LedgerEntry.amount
    after = (
        select(
            LedgerEntry.seq,
            LedgerEntry.transaction_id,
            gone.label("gone"),
            func.sum(gone).over(order_by=LedgerEntry.seq).label("until"),
        )
        .where(
            LedgerEntry.account_id == account_id(ledger.available(user_id)),
            LedgerEntry.seq > seq,
            LedgerEntry.amount < 0,
        )
        .subquery()
    )
    first = balance_after - amount
    part = func.least(after.c.until, balance_after) - func.greatest(after.c.until - after.c.gone, first)
    rows = db.session.execute(
        select(
            *(after.c.seq, LedgerTransaction.at, LedgerTransaction.kind, LedgerTransaction.key),
            *(part, func.sum(part).over()),
        )
        .join(LedgerTransaction, LedgerTransaction.id == after.c.transaction_id)
        .where(after.c.until > first, after.c.until - after.c.gone < balance_after)
        .order_by(after.c.seq)
        .limit(PAGE_ROWS)
    ).all()
    unit = settings().currency
    used = [Use(number, at, kind, key, Money(int(minor), unit)) for number, at, kind, key, minor, _all in rows]
    return used, amount - (int(rows[0][-1]) if rows else 0)


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
