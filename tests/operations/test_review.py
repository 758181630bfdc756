"""Claims, approvals and rejections of submissions: B-1, B-2, L-4, L-7, L-10."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from backoffice import clock
from backoffice.access import Actor, Role
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.catalogues import RejectionReason
from backoffice.models.content import Lecture, Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.review import Submission, SubmissionState
from backoffice.models.timeline import Transition
from backoffice.operations import review, revisions, submissions
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast, make_cast, person


def in_review(course: Course, *, is_change: bool = False) -> Submission:
    """The open revision of the course handed in, checked and waiting for a moderator."""
    with unguarded():
        revision = db.session.get_one(Revision, course.draft_revision_id)
        revision.state = RevisionState.IN_REVIEW
        submission = Submission(
            course_id=course.id,
            revision_id=revision.id,
            number=1,
            state=SubmissionState.IN_REVIEW,
            is_change=is_change,
            submitted_by=course.author_id,
        )
        db.session.add(submission)
        db.session.commit()
    return submission


def version_of(submission: Submission) -> int:
    return db.session.scalars(select(Revision.version).where(Revision.id == submission.revision_id)).one()


def approve(actor: Actor, submission: Submission) -> Submission:
    return review.approve(actor=actor, submission_id=submission.id, shown_revision_version=version_of(submission))


def reject(actor: Actor, submission: Submission, *codes: str, note: str = "") -> Submission:
    return review.reject(
        actor=actor,
        submission_id=submission.id,
        shown_revision_version=version_of(submission),
        reasons=codes,
        note=note,
    )


def claimed(actor: Actor, submission: Submission) -> Submission:
    return review.claim(actor=actor, submission_id=submission.id)


@pytest.fixture
def first(cast: Cast) -> Submission:
    """A flagged first publication."""
    return in_review(draft_course(cast.owner))


@pytest.fixture
def change(cast: Cast) -> Submission:
    """A change of a course on sale."""
    course = live_course(cast.owner)
    draft = revisions.open_draft(actor=cast.owner, course_id=course.id)
    with unguarded():
        draft.title = "Counting with more care"
        db.session.commit()
    return in_review(course, is_change=True)


@pytest.fixture
def reason(app: Flask) -> str:
    """The code of a reason of the catalogue."""
    with unguarded():
        db.session.add(RejectionReason(code="too-thin", text_en="Too little in it", text_ru="Слишком мало"))
        db.session.add(RejectionReason(code="old", text_en="Old", text_ru="Старая", retired_at=clock.now()))
        db.session.commit()
    return "too-thin"


def test_b1_a_claim_keeps_others_away_until_it_lapses(cast: Cast, first: Submission) -> None:
    colleague = person(Role.MODERATOR)
    claimed(cast.moderator, first)
    with pytest.raises(Conflict, match=r"review\.claimed"):
        claimed(colleague, first)
    with clock.at(clock.now() + timedelta(minutes=31)):
        claimed(colleague, first)
        assert first.claimed_by == colleague.user_id
        with pytest.raises(Conflict, match=r"review\.not_claimed"):
            approve(cast.moderator, first)
    notes = db.session.scalars(select(Transition.to_state).where(Transition.subject == "submission")).all()
    assert notes == ["claimed", "claim_taken_over"]


def test_b1_a_claim_given_back_is_free_at_once(cast: Cast, first: Submission) -> None:
    claimed(cast.moderator, first)
    review.release_claim(actor=person(Role.MODERATOR), submission_id=first.id)
    assert first.claimed_by == cast.moderator.user_id
    review.release_claim(actor=cast.moderator, submission_id=first.id)
    assert claimed(cast.admin, first).claimed_by == cast.admin.user_id


def test_l4_an_approved_first_publication_is_published(cast: Cast, first: Submission) -> None:
    claimed(cast.moderator, first)
    approve(cast.moderator, first)
    course = db.session.get_one(Course, first.course_id)
    assert course.state is CourseState.PUBLISHED
    assert course.live_revision_id == first.revision_id
    assert (first.state, first.decided_by, first.claimed_by) == (
        SubmissionState.APPROVED,
        cast.moderator.user_id,
        None,
    )
    assert db.session.scalars(select(OutboxEvent.name)).all() == ["course.published"]


def test_l7_an_approved_change_replaces_what_buyers_see(cast: Cast, change: Submission) -> None:
    course = db.session.get_one(Course, change.course_id)
    before = course.live_revision_id
    claimed(cast.moderator, change)
    approve(cast.moderator, change)
    assert course.live_revision_id == change.revision_id
    assert course.state is CourseState.ON_SALE
    assert db.session.get_one(Revision, before).state is RevisionState.ARCHIVED
    assert "change.approved" in db.session.scalars(select(OutboxEvent.name)).all()


def test_l7_a_rejected_change_leaves_what_is_live_and_tells_why(cast: Cast, change: Submission, reason: str) -> None:
    course = db.session.get_one(Course, change.course_id)
    before = course.live_revision_id
    claimed(cast.moderator, change)
    reject(cast.moderator, change, reason, reason, note="  Add examples. ")
    assert (change.state, change.reasons, change.note) == (SubmissionState.REJECTED, ["too-thin"], "Add examples.")
    assert db.session.get_one(Revision, change.revision_id).state is RevisionState.REJECTED
    assert course.live_revision_id == before
    assert "course.rejected" in db.session.scalars(select(OutboxEvent.name)).all()


def test_b2_a_rejection_needs_a_reason_of_the_catalogue(cast: Cast, first: Submission, reason: str) -> None:
    claimed(cast.moderator, first)
    for codes in ((), ("invented",), ("old",)):
        with pytest.raises(Refused, match=r"review\.reason_"):
            reject(cast.moderator, first, *codes)
    assert first.state is SubmissionState.IN_REVIEW


def test_l10_a_repeated_decision_is_harmless_and_another_one_too_late(
    cast: Cast, first: Submission, reason: str
) -> None:
    claimed(cast.moderator, first)
    approve(cast.moderator, first)
    approve(cast.moderator, first)
    assert db.session.scalars(select(OutboxEvent.name)).all() == ["course.published"]
    with pytest.raises(Conflict, match=r"review\.decided"):
        approve(cast.admin, first)
    with pytest.raises(Conflict, match=r"review\.decided"):
        reject(cast.moderator, first, reason)


def test_b2_a_submission_withdrawn_meanwhile_is_not_approved(cast: Cast, first: Submission) -> None:
    claimed(cast.moderator, first)
    submissions.withdraw(actor=cast.owner, course_id=first.course_id)
    with pytest.raises(Conflict, match=r"review\.decided"):
        approve(cast.moderator, first)
    assert db.session.get_one(Course, first.course_id).state is CourseState.DRAFT


def test_b2_a_decision_is_about_what_was_shown(cast: Cast, first: Submission) -> None:
    claimed(cast.moderator, first)
    with pytest.raises(Conflict, match=r"review\.changed"):
        review.approve(actor=cast.moderator, submission_id=first.id, shown_revision_version=version_of(first) + 1)
    assert first.state is SubmissionState.IN_REVIEW


def test_b2_nobody_decides_without_a_claim(cast: Cast, first: Submission, reason: str) -> None:
    with pytest.raises(Conflict, match=r"review\.not_claimed"):
        approve(cast.moderator, first)
    claimed(cast.admin, first)
    with pytest.raises(Conflict, match=r"review\.not_claimed"):
        reject(cast.moderator, first, reason)


def test_b8_who_may_review(cast: Cast, first: Submission) -> None:
    for actor in (cast.owner, cast.other_author, cast.student, cast.visitor):
        with pytest.raises(NotAllowed):
            claimed(actor, first)
        with pytest.raises(NotAllowed):
            approve(actor, first)
    with pytest.raises(NotFound):
        review.claim(actor=cast.moderator, submission_id=999_999)


def test_b8_a_moderator_does_not_review_their_own_course(app: Flask, cast: Cast) -> None:
    both = person(Role.AUTHOR, Role.MODERATOR)
    own = in_review(draft_course(both))
    with pytest.raises(NotAllowed, match=r"review\.own_course"):
        claimed(both, own)


@pytest.fixture
def race(committed_app: Flask) -> tuple[Flask, Submission, list[Actor]]:
    """A submission and two moderators with real commits."""
    cast = make_cast()
    submission = in_review(draft_course(cast.owner))
    return committed_app, submission, [cast.moderator, cast.admin]


def test_b1_two_moderators_who_claim_at_once_get_one_claim(race: tuple[Flask, Submission, list[Actor]]) -> None:
    app, submission, moderators = race
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(actor: Actor) -> None:
        with app.app_context():
            start.wait()
            try:
                review.claim(actor=actor, submission_id=submission.id)
                outcomes.append("claimed")
            except Conflict as error:
                outcomes.append(error.code)

    threads = [threading.Thread(target=run, args=(actor,)) for actor in moderators]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["claimed", "review.claimed"]


def test_b2_approve_and_withdraw_at_once_have_one_winner(race: tuple[Flask, Submission, list[Actor]]) -> None:
    app, submission, moderators = race
    review.claim(actor=moderators[0], submission_id=submission.id)
    author = Actor(user_id=submission.submitted_by, roles=frozenset({Role.AUTHOR}))
    version = version_of(submission)
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def run(name: str) -> None:
        with app.app_context():
            start.wait()
            try:
                if name == "approve":
                    review.approve(actor=moderators[0], submission_id=submission.id, shown_revision_version=version)
                else:
                    submissions.withdraw(actor=author, course_id=submission.course_id)
                outcomes.append(name)
            except Conflict:
                outcomes.append("refused")

    threads = [threading.Thread(target=run, args=(name,)) for name in ("approve", "withdraw")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) in (["approve", "refused"], ["refused", "withdraw"])
    db.session.rollback()
    revision = db.session.get_one(Revision, submission.revision_id, populate_existing=True)
    expected = RevisionState.LIVE if "approve" in outcomes else RevisionState.DRAFT
    assert revision.state is expected
    assert db.session.scalars(select(Lecture.id).where(Lecture.revision_id == revision.id)).all()
