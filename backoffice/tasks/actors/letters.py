"""Letters that events cause: written down, sent, marked as sent, so that a second run sends nothing twice (X-6, T-2).

All of them are long: no transaction stays open while the mail server is asked (rule 7).
"""

from datetime import timedelta
from typing import Any

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.mail import OutgoingLetter, mailer
from backoffice.operations import account_tokens, letters
from backoffice.operations.account_tokens import Purpose
from backoffice.queries import letters as facts_for
from backoffice.queries.letters import Reader
from backoffice.tasks.letter_text import render, what_is_wrong
from backoffice.tasks.registry import actor


def _deliver(key: str, template: str, reader: Reader | None, **facts: Any) -> None:
    if reader is None:
        return
    subject, body = render(template, reader, **facts)
    letter = letters.write(actor=SYSTEM, key=key, user_id=reader.id, recipient=reader.email, subject=subject, body=body)
    if letter.sent_at is not None:
        return
    outgoing = OutgoingLetter(key=key, recipient=letter.recipient, subject=letter.subject, body=letter.body)
    db.session.close()
    log_file = settings().var_dir / "log" / "letters.log"
    mailer(settings().smtp_url, settings().mail_from, log_file).send(outgoing)
    letters.mark_sent(actor=SYSTEM, letter_id=letter.id)


def _deliver_facts(key: str, template: str, found: tuple[Reader, Any] | None, **more: Any) -> None:
    if found is not None:
        _deliver(key, template, found[0], facts=found[1], **more)


@actor(long=True)
def on_registered(*, user_id: int) -> None:
    """The link that confirms the address."""
    _confirmation(f"registered:{user_id}", user_id)


@actor(long=True)
def on_confirmation_asked(*, user_id: int, request: str) -> None:
    """The same link once more, on request."""
    _confirmation(f"confirmation:{user_id}:{request}", user_id)


def _confirmation(key: str, user_id: int) -> None:
    token = account_tokens.make(user_id, Purpose.CONFIRM_EMAIL)
    until = clock.now() + timedelta(hours=settings().confirmation_hours)
    _deliver(key, "confirm_email", facts_for.reader(user_id), token=token, until=until)


@actor(long=True)
def on_registered_again(*, user_id: int, request: str) -> None:
    """Somebody registered with an address that has an account: only its owner learns so."""
    _deliver(f"registered-again:{user_id}:{request}", "registered_again", facts_for.reader(user_id))


@actor(long=True)
def on_password_reset_asked(*, user_id: int, request: str) -> None:
    """The link that sets a new password."""
    reader = facts_for.reader(user_id)
    if reader is None:
        return
    token = account_tokens.make(user_id, Purpose.RESET_PASSWORD)
    key = f"password-reset:{user_id}:{request}"
    until = clock.now() + timedelta(hours=settings().reset_hours)
    _deliver(key, "password_reset", reader, token=token, until=until)


@actor(long=True)
def on_course_rejected(*, submission_id: int) -> None:
    """What has to be mended, item by item (L-3, L-7)."""
    found = facts_for.submission(submission_id)
    if found is not None:
        reader, facts = found
        template = "change_rejected" if facts.is_change else "course_rejected"
        _deliver(f"rejected:{submission_id}", template, reader, facts=facts, items=what_is_wrong(reader, facts))


@actor(long=True)
def on_course_published(*, submission_id: int) -> None:
    """The course has passed and can be put on sale (L-4)."""
    _deliver_facts(f"published:{submission_id}", "course_published", facts_for.submission(submission_id))


@actor(long=True)
def on_change_approved(*, submission_id: int) -> None:
    """The change is live (L-7)."""
    _deliver_facts(f"change-approved:{submission_id}", "change_approved", facts_for.submission(submission_id))


@actor(long=True)
def on_course_blocked(*, course_id: int) -> None:
    """The course is blocked, and why (L-8)."""
    _block(course_id, "blocked")


@actor(long=True)
def on_course_unblocked(*, course_id: int) -> None:
    """The course is where it was before the block (L-8)."""
    _block(course_id, "unblocked")


def _block(course_id: int, what: str) -> None:
    found = facts_for.block(course_id, what)
    if found is not None:
        _deliver_facts(f"{what}:{course_id}:{found[1].number}", f"course_{what}", found)


@actor(long=True)
def on_purchase_made(*, purchase_id: int) -> None:
    """The receipt, with the date until which the course can be given back (M-3, M-4)."""
    _bought(f"purchase:{purchase_id}", "purchase_made", purchase_id, posting=f"purchase:{purchase_id}")


@actor(long=True)
def on_purchase_refunded(*, purchase_id: int) -> None:
    """The money is back (M-4)."""
    _bought(f"refund:{purchase_id}", "purchase_refunded", purchase_id, posting=f"refund:{purchase_id}")


def _bought(key: str, template: str, purchase_id: int, *, posting: str) -> None:
    _deliver_facts(key, template, facts_for.purchase_for_student(purchase_id, posting))


@actor(long=True)
def on_sale_cancelled(*, purchase_id: int) -> None:
    """A sale that was pending is cancelled: its money went back to the student (M-6)."""
    _sale(f"sale-cancelled:{purchase_id}", "sale_cancelled", purchase_id)


@actor(long=True)
def on_purchase_clawed_back(*, purchase_id: int) -> None:
    """The house has given the student the money back (M-4)."""
    _bought(f"given-back:{purchase_id}", "purchase_refunded", purchase_id, posting=f"clawback:{purchase_id}")


@actor(long=True)
def on_sale_clawed_back(*, purchase_id: int) -> None:
    """The author's part of a released sale was taken back, and what that leaves as a debt (M-5)."""
    _sale(f"clawback:{purchase_id}", "sale_clawed_back", purchase_id)


@actor(long=True)
def on_purchase_released(*, purchase_id: int) -> None:
    """The money of a sale has arrived (M-5)."""
    _sale(f"release:{purchase_id}", "sale_released", purchase_id)


def _sale(key: str, template: str, purchase_id: int) -> None:
    """A letter about an author's money, with the key of its posting; a course that costs nothing has none."""
    found = facts_for.purchase_for_author(purchase_id, key)
    if found is not None and found[1].price.minor:
        _deliver_facts(key, template, found)


@actor(long=True)
def on_top_up_settled(*, top_up_id: int) -> None:
    """The balance has grown (M-2)."""
    _deliver_facts(f"top-up-settled:{top_up_id}", "top_up_settled", facts_for.top_up(top_up_id, f"top-up:{top_up_id}"))


@actor(long=True)
def on_top_up_declined(*, top_up_id: int) -> None:
    """The card was declined; nothing was taken (M-2)."""
    _deliver_facts(f"top-up-declined:{top_up_id}", "top_up_declined", facts_for.top_up(top_up_id, ""))


@actor(long=True)
def on_top_up_charged_back(*, top_up_id: int) -> None:
    """The bank has taken a top-up's money again (M-2)."""
    _deliver_facts(
        f"top-up-charged-back:{top_up_id}",
        "top_up_charged_back",
        facts_for.top_up(top_up_id, f"chargeback:{top_up_id}"),
    )


@actor(long=True)
def on_export_done(*, export_id: int) -> None:
    """The file that was asked for can be fetched (M-9)."""
    _deliver_facts(f"export:{export_id}", "export_done", facts_for.export(export_id))


@actor(long=True)
def on_archive_processed(*, upload_id: str) -> None:
    """An archive has become a draft, or what is wrong with it (L-1). Other files tell it on their pages alone."""
    found = facts_for.course_import(upload_id)
    if found is not None:
        _deliver_facts(f"archive:{upload_id}:{found[1].attempt}", "archive_processed", found)


@actor(long=True)
def on_withdrawal_approved(*, withdrawal_id: int) -> None:
    """The money is on its way (M-8)."""
    _withdrawal(withdrawal_id, "approved")


@actor(long=True)
def on_withdrawal_declined(*, withdrawal_id: int) -> None:
    """An admin has declined it; the money is back (M-8)."""
    _withdrawal(withdrawal_id, "declined")


@actor(long=True)
def on_withdrawal_cancelled(*, withdrawal_id: int) -> None:
    """A clawback has cancelled it; the money is back, as far as the clawback left it (M-8)."""
    _withdrawal(withdrawal_id, "cancelled")


@actor(long=True)
def on_withdrawal_paid(*, withdrawal_id: int) -> None:
    """The provider has paid it out (M-8)."""
    _withdrawal(withdrawal_id, "paid")


@actor(long=True)
def on_withdrawal_failed(*, withdrawal_id: int) -> None:
    """The provider could not pay it out; the money is back (M-8)."""
    _withdrawal(withdrawal_id, "failed")


@actor(long=True)
def on_withdrawal_bounced(*, withdrawal_id: int) -> None:
    """The bank has sent a payout back; the money is on the balance again (M-8)."""
    _withdrawal(withdrawal_id, "bounced")


def _withdrawal(withdrawal_id: int, what: str) -> None:
    _deliver_facts(f"withdrawal-{what}:{withdrawal_id}", f"withdrawal_{what}", facts_for.withdrawal(withdrawal_id))
