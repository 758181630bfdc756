"""The ledger as staff look into it: transactions, one transaction, one account at a moment (B-4)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select

from backoffice import ledger
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.ledger import Account, LedgerEntry, LedgerTransaction, TransactionKind
from backoffice.models.people import User
from backoffice.models.purchases import Purchase
from backoffice.money import Money

PAGE = 50
SUGGESTED = 10


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; all that is given must fit. `user` is an e-mail, `course` a short name of its address."""

    key: str = ""
    kind: str = ""
    user: str = ""
    course: str = ""
    purchase: int | None = None


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry; `balance_after` is unknown on busy accounts of the house."""

    transaction_id: int
    account: str
    amount: Money
    balance_after: Money | None


@dataclass(frozen=True, slots=True)
class TransactionView:
    """A transaction with its entries and who caused it; no actor: the house itself."""

    id: int
    at: datetime
    kind: TransactionKind
    key: str
    actor_id: int | None
    actor: str | None
    purchase_id: int | None
    withdrawal_id: int | None
    top_up_id: int | None
    correction_id: int | None
    entries: Sequence[EntryView]


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An entry on the page of its account."""

    id: int
    transaction_id: int
    key: str
    kind: TransactionKind
    at: datetime
    amount: Money
    balance_after: Money | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    """An account: its balance now and at the asked moment, and a page of its entries, newest first."""

    name: str
    owner: str | None
    owner_id: int | None
    balance: Money
    balance_at: Money | None
    lines: Sequence[AccountLine]
    next_before: int | None


def _money(minor: int) -> Money:
    return Money(int(minor), settings().currency)


_TRANSACTION = select(
    *(LedgerTransaction.id, LedgerTransaction.at, LedgerTransaction.kind, LedgerTransaction.key),
    *(LedgerTransaction.actor_id, User.name.label("actor"), LedgerTransaction.purchase_id),
    *(LedgerTransaction.withdrawal_id, LedgerTransaction.top_up_id, LedgerTransaction.correction_id),
).outerjoin(User, User.id == LedgerTransaction.actor_id)


def transactions(search: Search, *, before: int | None = None) -> tuple[list[TransactionView], int | None]:
    """Transactions that fit, newest first, and the key of the next page. Two statements."""
    query = _TRANSACTION.order_by(LedgerTransaction.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(LedgerTransaction.id < before)
    if search.key:
        query = query.where(LedgerTransaction.key == search.key)
    if search.kind:
        query = query.where(LedgerTransaction.kind == search.kind)
    if search.purchase is not None:
        query = query.where(LedgerTransaction.purchase_id == search.purchase)
    if search.course:
        sold = select(Purchase.id).join(Course, Course.id == Purchase.course_id).where(Course.slug == search.course)
        query = query.where(LedgerTransaction.purchase_id.in_(sold))
    if search.user:
        person = select(User.id).where(func.lower(User.email) == search.user.lower()).scalar_subquery()
        names = [func.concat(kind, ":", person) for kind in ("available", "debt")]
        accounts = select(Account.id).where(Account.name.in_(names))
        query = query.where(
            LedgerTransaction.id.in_(select(LedgerEntry.transaction_id).where(LedgerEntry.account_id.in_(accounts)))
        )
    found = db.session.execute(query).mappings().all()
    page = found[:PAGE]
    entries = _entries(row["id"] for row in page)
    views = [TransactionView(**row, entries=entries[row["id"]]) for row in page]
    return views, page[-1]["id"] if len(found) > PAGE else None


@dataclass(frozen=True, slots=True)
class Suggestions:
    """People (e-mail, name) and courses (short name, title) that a search that found nothing may have meant."""

    people: Sequence[tuple[str, str]]
    courses: Sequence[tuple[str, str]]


def suggestions(search: Search) -> Suggestions:
    """What is like the user and the course of a search. At most two statements."""
    people: Sequence[tuple[str, str]] = ()
    courses: Sequence[tuple[str, str]] = ()
    if search.user:
        like = or_(
            User.email.icontains(search.user, autoescape=True), User.name.icontains(search.user, autoescape=True)
        )
        people = [
            (row.email, row.name)
            for row in db.session.execute(select(User.email, User.name).where(like).order_by(User.id).limit(SUGGESTED))
        ]
    if search.course:
        title = func.coalesce(Course.live_revision_id, Course.draft_revision_id)
        courses = [
            (row.slug, row.title)
            for row in db.session.execute(
                select(Course.slug, Revision.title)
                .join(Revision, Revision.id == title)
                .where(
                    or_(
                        Course.slug.icontains(search.course, autoescape=True),
                        Revision.title.icontains(search.course, autoescape=True),
                    )
                )
                .order_by(Course.id)
                .limit(SUGGESTED)
            )
        ]
    return Suggestions(people, courses)


def transaction(transaction_id: int) -> TransactionView | None:
    """One transaction. Two statements."""
    row = db.session.execute(_TRANSACTION.where(LedgerTransaction.id == transaction_id)).mappings().one_or_none()
    return None if row is None else TransactionView(**row, entries=_entries([transaction_id])[transaction_id])


def _entries(transaction_ids: Iterable[int]) -> dict[int, list[EntryView]]:
    rows = db.session.execute(
        select(LedgerEntry.transaction_id, Account.name, LedgerEntry.amount, LedgerEntry.balance_after)
        .join(Account, Account.id == LedgerEntry.account_id)
        .where(LedgerEntry.transaction_id.in_(list(transaction_ids)))
        .order_by(LedgerEntry.id)
    )
    found: dict[int, list[EntryView]] = defaultdict(list)
    for transaction_id, name, amount, after in rows:
        view = EntryView(transaction_id, name, _money(amount), None if after is None else _money(after))
        found[transaction_id].append(view)
    return found


def account(name: str, *, moment: datetime | None = None, before: int | None = None) -> AccountPage | None:
    """An account by its name, at a moment if one is given. At most five statements, whatever its length."""
    found = db.session.execute(select(Account.id, Account.kind, Account.ref).where(Account.name == name)).one_or_none()
    if found is None:
        return None
    # Rows first, joined afterwards: a join inside would read the whole account.
    entries = select(LedgerEntry).where(LedgerEntry.account_id == found.id)
    if before is not None:
        entries = entries.where(LedgerEntry.id < before)
    entry = entries.order_by(LedgerEntry.id.desc()).limit(PAGE + 1).subquery()
    rows = db.session.execute(
        select(
            *(entry.c.id, entry.c.transaction_id, LedgerTransaction.key, LedgerTransaction.kind),
            *(LedgerTransaction.at, entry.c.amount, entry.c.balance_after),
        )
        .join(LedgerTransaction, LedgerTransaction.id == entry.c.transaction_id)
        .order_by(entry.c.id.desc())
    ).all()
    lines = [
        AccountLine(number, transaction_id, key, kind, at, _money(amount), None if after is None else _money(after))
        for number, transaction_id, key, kind, at, amount, after in rows[:PAGE]
    ]
    is_persons = found.kind in ("available", "debt")
    owner = db.session.scalar(select(User.name).where(User.id == int(found.ref))) if is_persons else None
    return AccountPage(
        name=name,
        owner=owner,
        owner_id=int(found.ref) if is_persons else None,
        balance=_money(ledger.balance(name)),
        balance_at=None if moment is None else _balance_at(found.id, moment),
        lines=lines,
        next_before=lines[-1].id if len(rows) > PAGE else None,
    )


def _balance_at(account_id: int, moment: datetime) -> Money:
    """What stood on the account at a moment: the sum of the entries of transactions up to then."""
    total = db.session.scalar(
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerEntry.account_id == account_id, LedgerTransaction.at <= moment)
    )
    return _money(total or 0)
