"""The work of staff through the pages: deciding, paying out, rights and catalogues (B-1 to B-3, L-7, M-8, C-8)."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backoffice import ledger
from backoffice.db import db, unguarded
from backoffice.models.catalogues import Category, RejectionReason
from backoffice.models.content import Lecture, LectureKind, Revision, RevisionState
from backoffice.models.courses import Course
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.people import User
from backoffice.models.review import Submission, SubmissionState
from backoffice.operations import revisions, withdrawals
from tests.admin.conftest import submitted
from tests.factories.courses import live_course, upload
from tests.factories.money import fund
from tests.factories.people import Cast, log_in


@pytest.fixture
def moderator(app: Flask, cast: Cast) -> FlaskClient:
    """A moderator's browser."""
    return log_in(app.test_client(), cast.moderator)


@pytest.fixture
def admin(app: Flask, cast: Cast) -> FlaskClient:
    """An admin's browser."""
    return log_in(app.test_client(), cast.admin)


@pytest.fixture
def change(cast: Cast) -> Submission:
    """A changed title that waits for review."""
    course = live_course(cast.owner, title="Counting with care")
    draft = revisions.open_draft(actor=cast.owner, course_id=course.id)
    with unguarded():
        draft.title = "Counting with joy"
        db.session.commit()
    return submitted(course, is_change=True)


def test_l7_a_moderator_sees_what_changed_and_approves_it(moderator: FlaskClient, change: Submission) -> None:
    address = f"/admin/review/{change.id}"
    moderator.post(f"{address}/claim")
    page = moderator.get(address).get_data(as_text=True)
    assert '<del><span class="visually-hidden">removed: </span>care</del>' in page
    assert '<ins><span class="visually-hidden">added: </span>joy</ins>' in page
    assert "1 place differs from what buyers see" in page
    version = db.session.get_one(Revision, change.revision_id).version

    answer = moderator.post(f"{address}/approve", data={"revision_version": version}, follow_redirects=True)

    assert "Approved: buyers see this revision now." in answer.get_data(as_text=True)
    assert db.session.get_one(Course, change.course_id).live_revision_id == change.revision_id
    assert "Approved" in moderator.get(address).get_data(as_text=True)


def test_b2_a_refused_rejection_keeps_the_note_and_a_good_one_sends_it_back(
    moderator: FlaskClient, change: Submission, reason: RejectionReason
) -> None:
    address = f"/admin/review/{change.id}"
    moderator.post(f"{address}/claim")
    form = {"revision_version": db.session.get_one(Revision, change.revision_id).version, "note": "More, please"}
    answer = moderator.post(f"{address}/reject", data=form)
    assert answer.status_code == 422
    assert "More, please" in answer.get_data(as_text=True)
    assert "Choose at least one reason" in answer.get_data(as_text=True)

    moderator.post(f"{address}/reject", data=form | {"reasons": [reason.code]})

    decided = db.session.get_one(Submission, change.id, populate_existing=True)
    assert (decided.state, decided.reasons, decided.note) == (SubmissionState.REJECTED, ["too-thin"], "More, please")
    assert db.session.get_one(Revision, change.revision_id).state is RevisionState.REJECTED


def test_b1_the_page_says_who_holds_a_submission(
    app: Flask, cast: Cast, moderator: FlaskClient, admin: FlaskClient, in_review: Callable[..., Submission]
) -> None:
    address = f"/admin/review/{in_review(cast.owner).id}"
    moderator.post(f"{address}/claim")
    page = admin.get(address).get_data(as_text=True)
    assert "Mona Moderator is working on it" in page
    assert "Approve" not in page
    answer = admin.post(f"{address}/claim", follow_redirects=True)
    assert "Another moderator is working on this submission." in answer.get_data(as_text=True)
    moderator.post(f"{address}/release")
    assert "Claim it" in admin.get(address).get_data(as_text=True)


@pytest.fixture
def asked(cast: Cast) -> Withdrawal:
    """A withdrawal that waits for an admin."""
    fund(cast.owner, 5_000)
    return withdrawals.ask(
        actor=cast.owner,
        request_key="one",
        amount_minor=3_000,
        payout_method="IBAN DE89 3704 0044 0532 0130 00",
        provider="fake",
    )


def test_m8_an_admin_approves_a_withdrawal(admin: FlaskClient, asked: Withdrawal) -> None:
    page = admin.get("/admin/withdrawals/").get_data(as_text=True)
    assert "$30.00" in page
    assert "IBAN DE89" in page
    admin.post(f"/admin/withdrawals/{asked.id}/approve", data={"amount_minor": 3_000, "state": "asked"})
    assert db.session.get_one(Withdrawal, asked.id, populate_existing=True).state is WithdrawalState.APPROVED


def test_m8_a_declined_withdrawal_returns_the_money(cast: Cast, admin: FlaskClient, asked: Withdrawal) -> None:
    shown = {"amount_minor": 3_000, "state": "asked"}
    admin.post(f"/admin/withdrawals/{asked.id}/decline", data=shown | {"reason": "Wrong account"})
    assert db.session.get_one(Withdrawal, asked.id, populate_existing=True).state is WithdrawalState.DECLINED
    assert ledger.balance(ledger.available(cast.owner.person_id)) == 5_000
    assert "Wrong account" in admin.get("/admin/withdrawals/").get_data(as_text=True)


def test_m8_a_decision_about_another_amount_is_refused(admin: FlaskClient, asked: Withdrawal) -> None:
    for shown in ({"amount_minor": 1, "state": "asked"}, {"amount_minor": 3_000, "state": "nonsense"}, {}):
        admin.post(f"/admin/withdrawals/{asked.id}/approve", data=shown)
        assert db.session.get_one(Withdrawal, asked.id, populate_existing=True).state is WithdrawalState.ASKED


def test_b3_an_admin_gives_a_role_and_closes_an_account(app: Flask, cast: Cast, admin: FlaskClient) -> None:
    address = f"/admin/users/{cast.student.user_id}"
    theirs = log_in(app.test_client(), cast.student)
    assert theirs.get("/admin/").status_code == 403
    admin.post(f"{address}/grant", data={"role": "moderator"})
    assert theirs.get("/admin/").status_code == 200
    admin.post(f"{address}/grant", data={"role": "emperor"})
    admin.post(f"{address}/disable")
    assert theirs.get("/admin/").status_code == 302
    assert "Open the account again" in admin.get(address).get_data(as_text=True)
    admin.post(f"{address}/enable")
    assert db.session.get_one(User, cast.student.user_id, populate_existing=True).disabled_at is None


def test_c8_an_admin_edits_a_catalogue(admin: FlaskClient) -> None:
    entry = {"text_en": "Gardens", "text_ru": "Сады", "parent_id": ""}
    admin.post("/admin/catalogues/category/add", data=entry)
    made = db.session.scalars(db.select(Category).where(Category.slug == "gardens")).one()
    again = admin.post("/admin/catalogues/category/add", data=entry)
    assert again.status_code == 409
    assert 'value="Сады"' in again.get_data(as_text=True)
    admin.post(f"/admin/catalogues/category/{made.id}/retire")
    assert "Retired" in admin.get("/admin/catalogues/category").get_data(as_text=True)
    assert admin.get("/admin/catalogues/nothing").status_code == 404


def test_l8_a_moderator_plays_a_video_that_is_under_review(
    cast: Cast, moderator: FlaskClient, in_review: Callable[..., Submission]
) -> None:
    submission = in_review(cast.owner)
    video = upload(cast.owner)
    with unguarded():
        lecture = db.session.scalars(db.select(Lecture).where(Lecture.revision_id == submission.revision_id)).first()
        lecture.kind, lecture.video_upload_id = LectureKind.VIDEO, video.id
        db.session.commit()
    page = moderator.get(f"/admin/review/{submission.id}").get_data(as_text=True)
    assert page.count("data-hls=") == 1
    assert f"{video.id}/" in page.split("data-hls=")[1].split(">")[0]
