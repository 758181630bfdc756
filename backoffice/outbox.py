"""Events: one row written with the change, in its transaction (T-1). This module is the only writer of outbox rows."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import insert

from backoffice.db import db
from backoffice.models.outbox import OutboxEvent


class Event(StrEnum):
    """Everything that is told of; `tasks/routes.py` says who hears it. The comment gives the payload."""

    USER_REGISTERED = "user.registered"  # user_id
    REGISTERED_AGAIN = "user.registered_again"  # user_id, request
    EMAIL_CONFIRMATION_ASKED = "user.email_confirmation_asked"  # user_id, request
    PASSWORD_RESET_ASKED = "user.password_reset_asked"  # user_id, request
    UPLOAD_RECEIVED = "upload.received"  # upload_id
    ARCHIVE_RECEIVED = "upload.archive_received"  # upload_id
    UPLOAD_PROCESSED = "upload.processed"  # upload_id
    PRODUCTS_UNUSED = "upload.products_unused"  # kind, products_id
    UPLOAD_CHUNK_QUEUED = "upload.chunk_queued"  # chunk_id
    UPLOAD_CHUNKS_DONE = "upload.chunks_done"  # upload_id, attempt
    COURSE_SUBMITTED = "course.submitted"  # submission_id
    COURSE_REJECTED = "course.rejected"  # submission_id
    COURSE_PUBLISHED = "course.published"  # submission_id
    COURSE_BLOCKED = "course.blocked"  # course_id
    COURSE_UNBLOCKED = "course.unblocked"  # course_id
    CHANGE_APPROVED = "change.approved"  # submission_id
    PURCHASE_MADE = "purchase.made"  # purchase_id
    PURCHASE_REFUNDED = "purchase.refunded"  # purchase_id
    PURCHASE_RELEASED = "purchase.released"  # purchase_id
    PURCHASE_CLAWED_BACK = "purchase.clawed_back"  # purchase_id
    TOP_UP_STARTED = "top_up.started"  # top_up_id
    TOP_UP_SETTLED = "top_up.settled"  # top_up_id
    TOP_UP_DECLINED = "top_up.declined"  # top_up_id
    TOP_UP_CHARGED_BACK = "top_up.charged_back"  # top_up_id
    PROOF_ASKED = "ledger.proof_asked"  # nothing
    EXPORT_ASKED = "export.asked"  # export_id
    COURSE_EXPORT_ASKED = "export.course_asked"  # export_id
    EXPORT_DONE = "export.done"  # export_id
    WITHDRAWAL_ASKED = "withdrawal.asked"  # withdrawal_id
    WITHDRAWAL_APPROVED = "withdrawal.approved"  # withdrawal_id
    WITHDRAWAL_DECLINED = "withdrawal.declined"  # withdrawal_id
    WITHDRAWAL_CANCELLED = "withdrawal.cancelled"  # withdrawal_id
    WITHDRAWAL_PAID = "withdrawal.paid"  # withdrawal_id
    WITHDRAWAL_FAILED = "withdrawal.failed"  # withdrawal_id
    WITHDRAWAL_BOUNCED = "withdrawal.bounced"  # withdrawal_id


def emit(event: Event, **payload: Any) -> None:
    """Write an event into the current operation's transaction; `payload` is ids, never objects."""
    db.session.add(OutboxEvent(name=event.value, payload=payload))


def emit_sql(event: Event, payload: str, source: str) -> str:
    """SQL that writes an event for each row of `source`, with a payload made of its columns; both are constants."""
    return f"INSERT INTO outbox_event (name, payload) SELECT '{event.value}', {payload} FROM {source}"  # noqa: S608


def emit_many(event: Event, payloads: Sequence[dict[str, Any]]) -> None:
    """Write many events of one name in one statement."""
    if payloads:
        rows = [{"name": event.value, "payload": payload} for payload in payloads]
        db.session.execute(insert(OutboxEvent), rows)
