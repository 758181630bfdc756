"""What letters tell: the reader of each and the facts, one query per story (X-6)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import force_locale
from sqlalchemy import case, func, select, union_all

from backoffice import ledger, words
from backoffice.db import db
from backoffice.formats import masked
from backoffice.models.catalogues import RejectionReason
from backoffice.models.content import Lecture, Module, Revision
from backoffice.models.courses import Course
from backoffice.models.exports import Export
from backoffice.models.ledger import Account, LedgerEntry, LedgerTransaction
from backoffice.models.media import Upload, UploadKind
from backoffice.models.payments import TopUp, Withdrawal
from backoffice.models.people import User
from backoffice.models.purchases import Purchase
from backoffice.models.review import Submission
from backoffice.models.timeline import Transition
from backoffice.money import Money
from backoffice.queries.money import payout_failure


@dataclass(frozen=True, slots=True)
class Reader:
    """To whom a letter goes, in which language and zone; `name` is empty until the address is confirmed."""

    id: int
    email: str
    name: str
    locale: str | None
    time_zone: str


@dataclass(frozen=True, slots=True)
class PurchaseFacts:
    """A purchase, for the student; `net` is what the author gets, `reason` why staff gave the money back.

    `debt` is what the ledger transaction behind the letter did to the reader's debt: above zero it was paid.
    """

    title: str
    slug: str
    price: Money
    net: Money
    refundable_until: datetime
    reason: str
    debt: Money


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """Money on its way: a top-up's card or a withdrawal's method as `where`, digits masked; `reason` of a refusal.

    `debt` as in `PurchaseFacts`.
    """

    amount: Money
    where: str
    reason: str
    debt: Money


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """A file that was asked for: a history, or a course with its title."""

    id: int
    course_id: int | None
    title: str


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """What an archive has become after so many attempts: a course with its title, else what is wrong with it."""

    filename: str
    attempt: int
    course_id: int | None
    title: str
    problems: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True)
class SubmissionFacts:
    """A decided submission. `findings` as JSON of the checks, `titles` of the nodes that they are about."""

    title: str
    slug: str
    is_change: bool
    findings: list[Any]
    titles: dict[int, str]
    reasons: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """The latest block of a course, or the latest lifting of one; `number` tells them apart."""

    number: int
    title: str
    reason: str


def reader(user_id: int) -> Reader | None:
    """The reader with this id; None when the account is disabled: it gets no letters."""
    row = db.session.execute(
        select(
            User.id,
            User.email,
            # Anybody may register with anybody's address: what they call themselves is not sent there.
            case((User.email_confirmed_at.is_not(None), User.name), else_=""),
            User.locale,
            User.time_zone,
        ).where(User.id == user_id, User.disabled_at.is_(None))
    ).one_or_none()
    return Reader(*row) if row else None


def purchase_for_student(purchase_id: int, posting: str) -> tuple[Reader, PurchaseFacts] | None:
    """A purchase and the student who made it; `posting` is the ledger key of what the letter is about."""
    return _purchase(purchase_id, Purchase.student_id, posting)


def purchase_for_author(purchase_id: int, posting: str) -> tuple[Reader, PurchaseFacts] | None:
    """A purchase and the author of the course; `posting` as above."""
    return _purchase(purchase_id, Purchase.author_id, posting)


def _purchase(purchase_id: int, who: Any, posting: str) -> tuple[Reader, PurchaseFacts] | None:
    row = db.session.execute(
        select(
            Purchase.price_minor,
            Purchase.commission_minor,
            Purchase.currency,
            Purchase.refundable_until,
            Purchase.return_reason,
            Revision.title,
            Course.slug,
            who.label("who"),
        )
        .join(Revision, Revision.id == Purchase.revision_id)
        .join(Course, Course.id == Purchase.course_id)
        .where(Purchase.id == purchase_id)
    ).one()
    found = reader(row.who)
    price = Money(row.price_minor, row.currency)
    net = price - Money(row.commission_minor, row.currency)
    if found is None:
        return None
    debt = _debt(row.who, posting, row.currency)
    facts = PurchaseFacts(row.title, row.slug, price, net, row.refundable_until, row.return_reason or "", debt)
    return found, facts


def _debt(user_id: int, posting: str, currency: str) -> Money:
    """What one ledger transaction did to a user's debt: below zero it grew."""
    moved = db.session.scalar(
        select(func.sum(LedgerEntry.amount))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(Account, Account.id == LedgerEntry.account_id)
        .where(LedgerTransaction.key == posting, Account.name == ledger.debt(user_id))
    )
    return Money(int(moved or 0), currency)


def top_up(top_up_id: int, posting: str) -> tuple[Reader, PaymentFacts] | None:
    """A top-up and its owner; `posting` is the ledger key of what the letter is about."""
    row = db.session.execute(
        select(TopUp.user_id, TopUp.amount_minor, TopUp.currency, TopUp.card_brand, TopUp.card_last4).where(
            TopUp.id == top_up_id
        )
    ).one()
    found = reader(row.user_id)
    card = f"{row.card_brand} ··{row.card_last4}"
    debt = _debt(row.user_id, posting, row.currency)
    return (found, PaymentFacts(Money(row.amount_minor, row.currency), card, "", debt)) if found else None


def withdrawal(withdrawal_id: int) -> tuple[Reader, PaymentFacts] | None:
    """A withdrawal and its author."""
    row = db.session.execute(
        select(
            Withdrawal.user_id,
            Withdrawal.amount_minor,
            Withdrawal.currency,
            Withdrawal.payout_method,
            Withdrawal.decline_reason,
            payout_failure(),
        ).where(Withdrawal.id == withdrawal_id)
    ).one()
    found = reader(row.user_id)
    amount = Money(row.amount_minor, row.currency)
    if found is None:
        return None
    with force_locale(found.locale or "en"):
        reason = row.decline_reason or (words.payout_failure(row.failure) if row.failure else "")
    return found, PaymentFacts(amount, masked(row.payout_method), reason, Money(0, row.currency))


def export(export_id: int) -> tuple[Reader, ExportFacts] | None:
    """An export that is done, and its owner."""
    row = db.session.execute(
        select(Export.user_id, Revision.course_id, Revision.title)
        .outerjoin(Revision, Revision.id == Export.revision_id)
        .where(Export.id == export_id)
    ).one()
    found = reader(row.user_id)
    return (found, ExportFacts(export_id, row.course_id, row.title or "")) if found else None


def course_import(upload_id: str) -> tuple[Reader, ImportFacts] | None:
    """An archive that was taken in or refused, and its owner; None for every other upload."""
    upload = db.session.scalars(select(Upload).where(Upload.id == upload_id, Upload.kind == UploadKind.ARCHIVE)).first()
    found = reader(upload.owner_id) if upload is not None else None
    if upload is None or found is None:
        return None
    asset = upload.asset or {}
    course_id, problems = asset.get("course_id"), tuple(asset.get("problems", ()))
    return found, ImportFacts(upload.filename, upload.attempt, course_id, asset.get("title", ""), problems)


def submission(submission_id: int) -> tuple[Reader, SubmissionFacts] | None:
    """A decided submission and the author of the course."""
    row = db.session.execute(
        select(
            Course.author_id,
            Course.slug,
            Revision.title,
            Submission.revision_id,
            Submission.is_change,
            Submission.findings,
            Submission.reasons,
            Submission.note,
        )
        .join(Course, Course.id == Submission.course_id)
        .join(Revision, Revision.id == Submission.revision_id)
        .where(Submission.id == submission_id)
    ).one()
    found = reader(row.author_id)
    if found is None:
        return None
    russian = found.locale == "ru"
    reasons = db.session.scalars(
        select(RejectionReason.text_ru if russian else RejectionReason.text_en)
        .where(RejectionReason.code.in_(row.reasons))
        .order_by(RejectionReason.position)
    ).all()
    return found, SubmissionFacts(
        row.title,
        row.slug,
        row.is_change,
        row.findings,
        _titles(row.revision_id),
        tuple(reasons),
        row.note,
    )


def _titles(revision_id: int) -> dict[int, str]:
    rows = db.session.execute(
        union_all(
            select(Module.node_id, Module.title).where(Module.revision_id == revision_id),
            select(Lecture.node_id, Lecture.title).where(Lecture.revision_id == revision_id),
        )
    )
    return {row.node_id: row.title for row in rows}


def block(course_id: int, what: str) -> tuple[Reader, BlockFacts] | None:
    """The latest note `what` ("blocked" or "unblocked") of a course and its author (L-8)."""
    row = db.session.execute(
        select(Transition.id, Transition.reason, Course.author_id, Revision.title)
        .join(Course, Course.id == Transition.course_id)
        .join(Revision, Revision.id == func.coalesce(Course.live_revision_id, Course.draft_revision_id))
        .where(
            Transition.subject == Course.__tablename__,
            Transition.subject_id == str(course_id),
            Transition.to_state == what,
        )
        .order_by(Transition.id.desc())
        .limit(1)
    ).one()
    found = reader(row.author_id)
    return (found, BlockFacts(row.id, row.title, row.reason)) if found else None
