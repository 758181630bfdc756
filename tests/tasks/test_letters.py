"""Letters that events cause (X-6): each in both languages, none twice."""

import itertools
import re
import smtplib
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice import clock
from backoffice.access import SYSTEM, Actor
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.formats import masked
from backoffice.integrations.checks.model import Finding, Place, Severity
from backoffice.integrations.mail import OutgoingLetter, mailer
from backoffice.integrations.mail.log import LogMailer
from backoffice.integrations.mail.smtp import SmtpMailer
from backoffice.models.catalogues import RejectionReason
from backoffice.models.exports import Export
from backoffice.models.letters import Letter
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.people import User
from backoffice.models.review import Submission, SubmissionState
from backoffice.operations import blocks, exports, letters, purchases, withdrawals
from backoffice.outbox import Event
from backoffice.queries.history import Filters
from backoffice.tasks.actors import letters as actors
from backoffice.tasks.routes import ROUTES
from tests.factories.archives import imported, text_of, zipped
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast
from tests.factories.tasks import drain

PRICE = 10_000
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


def _read_in(locale: str, *people: Actor) -> None:
    with unguarded():
        for actor in people:
            user = db.session.get_one(User, actor.user_id)
            user.locale, user.time_zone = locale, "Europe/Moscow"
        db.session.commit()


def _submission(author: Actor, *, is_change: bool) -> Submission:
    course = live_course(author, title="Counting with care")
    finding = Finding(
        check="contacts", version=1, code="contact_email", severity=Severity.BLOCK, place=Place(field="description"),
        params={"match": "me@example.org"},
    )  # fmt: skip
    with unguarded():
        if db.session.scalar(select(RejectionReason)) is None:
            db.session.add(RejectionReason(code="sound", text_en="The sound is poor.", text_ru="Плохой звук."))
        submission = Submission(
            course_id=course.id,
            revision_id=course.live_revision_id,
            number=1,
            state=SubmissionState.REJECTED,
            is_change=is_change,
            submitted_by=author.user_id,
            findings=[finding.to_json()],
            reasons=["sound"],
            note="Take a better microphone.",
        )
        db.session.add(submission)
        db.session.commit()
    return submission


def _withdrawal(author: Actor, admin: Actor) -> Withdrawal:
    fund(author, 5_000)
    asked = withdrawals.ask(
        actor=author, request_key="once", amount_minor=1234, payout_method="IBAN ···6789", provider="fake"
    )
    return withdrawals.decline(
        actor=admin,
        withdrawal_id=asked.id,
        reason="The account is not yours.",
        shown_amount_minor=1234,
        shown_state=WithdrawalState.ASKED,
    )


@pytest.mark.parametrize("locale", ["en", "ru"])
def test_x6_every_letter_renders_in_the_readers_language(cast: Cast, app: Flask, locale: str) -> None:
    _read_in(locale, cast.owner, cast.student)
    top_up = fund(cast.student, 3 * PRICE)
    course = live_course(cast.owner, price_minor=PRICE)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    blocks.block(actor=cast.moderator, course_id=course.id, reason="Copied from a book.")
    blocks.unblock(actor=cast.moderator, course_id=course.id)
    first_id, change_id = (_submission(cast.owner, is_change=is_change).id for is_change in (False, True))
    withdrawal_id = _withdrawal(cast.owner, cast.admin).id
    course_id, purchase_id, top_up_id = course.id, purchase.id, top_up.id
    student = cast.student.user_id

    actors.on_registered(user_id=student)
    actors.on_confirmation_asked(user_id=student, request="1")
    actors.on_registered_again(user_id=student, request="1")
    actors.on_password_reset_asked(user_id=student, request="1")
    for submission_id in (first_id, change_id):
        actors.on_course_rejected(submission_id=submission_id)
    actors.on_course_published(submission_id=first_id)
    actors.on_change_approved(submission_id=change_id)
    actors.on_course_blocked(course_id=course_id)
    actors.on_course_unblocked(course_id=course_id)
    for purchase_letter in (
        *(actors.on_purchase_made, actors.on_purchase_refunded, actors.on_purchase_released),
        *(actors.on_sale_cancelled, actors.on_purchase_clawed_back, actors.on_sale_clawed_back),
    ):
        purchase_letter(purchase_id=purchase_id)
    actors.on_top_up_settled(top_up_id=top_up_id)
    actors.on_top_up_declined(top_up_id=top_up_id)
    actors.on_top_up_charged_back(top_up_id=top_up_id)
    for withdrawal_letter in (
        actors.on_withdrawal_approved,
        actors.on_withdrawal_declined,
        actors.on_withdrawal_cancelled,
        actors.on_withdrawal_paid,
        actors.on_withdrawal_failed,
        actors.on_withdrawal_bounced,
    ):
        withdrawal_letter(withdrawal_id=withdrawal_id)

    actors.on_export_done(export_id=_export(cast.student).id)
    actors.on_archive_processed(upload_id=imported(cast.owner, zipped(text_of())).id)

    _check(locale)


def _export(owner: Actor) -> Export:
    filters = Filters().to_json()
    return exports.ask(actor=owner, request_key="k", filters=filters, locale="en", time_zone="UTC")


def _check(locale: str) -> None:
    found = db.session.scalars(select(Letter).order_by(Letter.id)).all()
    # Each actor has written, and the one of rejections twice: to the author of a course and to one of a change.
    assert len(found) == len(_letter_actors()) + 1
    for letter in found:
        assert letter.sent_at is not None
        assert letter.subject
        assert settings().base_url in letter.body
        assert "%(" not in letter.subject + letter.body
        # An address that no page answers to is built as "#".
        assert "#" not in letter.body
    bodies = {letter.key.partition(":")[0]: letter.body for letter in found}
    assert "me@example.org" in bodies["rejected"]
    assert ("The sound is poor." if locale == "en" else "Плохой звук.") in bodies["rejected"]
    assert "Take a better microphone." in bodies["rejected"]
    assert "Copied from a book." in bodies["blocked"]
    assert "The account is not yours." in bodies["withdrawal-declined"]
    assert "80" in bodies["release"]


def _letter_actors() -> set[str]:
    return {actor.name for actor in itertools.chain(*ROUTES.values()) if actor.name.startswith("letters.")}


def test_x6_dates_are_in_the_readers_zone(cast: Cast, app: Flask) -> None:
    _read_in("en", cast.student)
    fund(cast.student, PRICE)
    course = live_course(cast.owner, price_minor=PRICE)
    moment = clock.now().replace(month=6, day=10, hour=22, minute=30, second=0, microsecond=0)
    with clock.at(moment):
        purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=PRICE)
    actors.on_purchase_made(purchase_id=purchase.id)
    body = db.session.scalars(select(Letter.body)).one()
    # Seven days later, and three hours ahead of UTC: the next day already.
    assert f"June 18, {moment.year}" in body
    assert "1:30\u202fAM GMT+03:00" in body


def test_x6_what_costs_nothing_is_no_news_about_money(cast: Cast, app: Flask) -> None:
    course = live_course(cast.owner, price_minor=0)
    purchase_id = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=0).id
    for letter in (actors.on_purchase_made, actors.on_purchase_refunded, actors.on_purchase_released):
        letter(purchase_id=purchase_id)
    written = db.session.scalars(select(Letter)).all()
    assert {letter.user_id for letter in written} == {cast.student.user_id}
    assert not [letter.body for letter in written if "$" in letter.subject + letter.body]


def test_x6_letters_do_not_carry_the_number_of_an_account() -> None:
    assert masked("IBAN DE89 3704 0044 0532 0130 00") == "IBAN DE·· ···· ···· ···· ··30 00"
    assert masked("Wise, me@example.org") == "Wise, me@example.org"


def test_t2_a_second_run_sends_nothing_again(cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[OutgoingLetter] = []
    monkeypatch.setattr(LogMailer, "send", lambda _self, letter: sent.append(letter))
    course = live_course(cast.owner, price_minor=0)
    purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=0)

    assert drain(app) == 1
    assert drain(app) == 0
    actors.on_purchase_made(purchase_id=int(sent[0].key.partition(":")[2]))

    assert len(sent) == 1
    assert db.session.scalars(select(Letter.sent_at)).one() is not None


def test_t3_a_letter_that_could_not_be_sent_is_kept_and_sent_later(
    cast: Cast, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_self: LogMailer, _letter: OutgoingLetter) -> None:
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as patched:
        patched.setattr(LogMailer, "send", refuse)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            actors.on_password_reset_asked(user_id=cast.student.user_id, request="1")
    written = db.session.scalars(select(Letter)).one()
    assert written.sent_at is None
    body = written.body

    with clock.at(clock.now() + timedelta(minutes=5)):
        actors.on_password_reset_asked(user_id=cast.student.user_id, request="1")

    assert db.session.scalars(select(Letter)).one().body == body
    assert db.session.scalars(select(Letter.sent_at)).one() is not None


def test_x6_a_disabled_account_gets_no_letters(cast: Cast, app: Flask) -> None:
    with unguarded():
        db.session.get_one(User, cast.student.user_id).disabled_at = clock.now()
        db.session.commit()
    actors.on_password_reset_asked(user_id=cast.student.user_id, request="1")
    assert db.session.scalars(select(Letter)).all() == []


def test_x6_a_letter_is_written_once_per_key(cast: Cast) -> None:
    values = {"user_id": cast.student.user_id, "recipient": "a@example.org", "subject": "First", "body": "Text"}
    first = letters.write(actor=SYSTEM, key="k", **values)
    second = letters.write(actor=SYSTEM, key="k", **values | {"subject": "Second"})
    assert (first.id, second.subject) == (second.id, "First")


def test_x6_every_event_about_a_person_has_its_letter() -> None:
    silent = {
        Event.UPLOAD_RECEIVED,
        Event.ARCHIVE_RECEIVED,
        Event.PRODUCTS_UNUSED,
        Event.UPLOAD_CHUNK_QUEUED,
        Event.UPLOAD_CHUNKS_DONE,
        Event.COURSE_SUBMITTED,
        Event.TOP_UP_STARTED,
        Event.PROOF_ASKED,
        Event.EXPORT_ASKED,
        Event.COURSE_EXPORT_ASKED,
        Event.WITHDRAWAL_ASKED,
    }
    without = {event for event, heard in ROUTES.items() if not any(a.name.startswith("letters.") for a in heard)}
    assert without == silent


def test_x6_the_mailer_follows_the_setting(tmp_path: Path) -> None:
    log = tmp_path / "log" / "letters.log"
    assert isinstance(mailer("smtp://user:pass@mail.example:2525", "a@example.org", log), SmtpMailer)
    with pytest.raises(ValueError, match="smtp://"):
        mailer("mail.example", "a@example.org", log)
    for number in (1, 2):
        letter = OutgoingLetter(key=f"k{number}", recipient="b@example.org", subject="Привет", body=f"Text {number}")
        mailer("", "a@example.org", log).send(letter)
    assert log.read_text().count("To: b@example.org\nSubject: Привет\n") == 2
    assert "Text 2" in log.read_text()
    assert log.stat().st_mode & 0o077 == 0


def test_x6_message_id_comes_from_the_key_and_headers_cannot_be_injected() -> None:
    smtp = SmtpMailer("smtp://mail.example", "Lectern <no-reply@lectern.example>")
    letter = OutgoingLetter(key="k:1", recipient="a@example.org", subject="Привет", body="Тело\n")
    again = smtp.message(letter)
    assert smtp.message(letter)["Message-ID"] == again["Message-ID"]
    assert again["Message-ID"].endswith("@lectern.example>")
    assert again.get_content() == "Тело\n"
    evil = OutgoingLetter(key="k:2", recipient="a@example.org", subject="Hi\nBcc: b@example.org", body="")
    with pytest.raises(ValueError, match="linefeed"):
        smtp.message(evil)
