"""A moderator's work on a submission: claiming it, approving it, sending it back (B-1, B-2, L-4, L-7)."""

from collections.abc import Sequence
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.catalogues import RejectionReason
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course
from backoffice.models.review import Submission, SubmissionState
from backoffice.operations import revisions
from backoffice.operations.texts import REMARK_MAX, cleaned
from backoffice.outbox import Event, emit


@operation
def claim(*, actor: Actor, submission_id: int) -> Submission:
    """Take a submission for `claim_minutes`, so that no two moderators work on it; a lapsed claim is taken over (B-1).

    One's own claim is renewed. Errors: `review.not_found`, `review.own_course`, `review.decided`, and `review.claimed`
    (data: until) while another holds it.
    """
    _, submission = _locked(submission_id)
    _require_reviewer(actor, submission)
    if submission.state is not SubmissionState.IN_REVIEW:
        raise _decided()
    now = clock.now()
    held_by_other = submission.claimed_by is not None and submission.claimed_by != actor.user_id
    if held_by_other and submission.claimed_until is not None and submission.claimed_until > now:
        raise Conflict(
            "review.claimed", _l("Another moderator is working on this submission."), until=submission.claimed_until
        )
    if submission.claimed_by != actor.user_id:
        what = "claim_taken_over" if held_by_other else "claimed"
        states.note(submission, what, actor=actor, course_id=submission.course_id)
    submission.claimed_by = actor.user_id
    submission.claimed_until = now + timedelta(minutes=settings().claim_minutes)
    return submission


@operation
def release_claim(*, actor: Actor, submission_id: int) -> Submission:
    """Give a claimed submission back to the queue; harmless when one does not hold it (B-1)."""
    _, submission = _locked(submission_id)
    _require_reviewer(actor, submission)
    if submission.claimed_by == actor.user_id and submission.state is SubmissionState.IN_REVIEW:
        _end_claim(submission)
        states.note(submission, "claim_released", actor=actor, course_id=submission.course_id)
    return submission


@operation
def approve(*, actor: Actor, submission_id: int, shown_revision_version: int) -> Submission:
    """Make the submitted revision live (L-4, L-7). The decision is about the content that was on the screen.

    Repeated by the same person it does nothing. Errors: `review.not_found`, `review.own_course`, `review.decided`,
    `review.not_claimed`, `review.changed`.
    """
    course, submission = _locked(submission_id)
    _require_reviewer(actor, submission)
    if submission.state is SubmissionState.APPROVED and submission.decided_by == actor.user_id:
        return submission
    _require_decidable(actor, submission, shown_revision_version)
    _decide(submission, SubmissionState.APPROVED, actor)
    revisions.go_live(actor=actor, course_id=course.id, revision_id=submission.revision_id)
    emit(Event.CHANGE_APPROVED if submission.is_change else Event.COURSE_PUBLISHED, submission_id=submission.id)
    return submission


@operation
def reject(
    *, actor: Actor, submission_id: int, shown_revision_version: int, reasons: Sequence[str], note: str = ""
) -> Submission:
    """Send a submission back to the author with reasons of the catalogue; what is live stays (L-7, B-2).

    `reasons` are codes of the catalogue; `note` is read by the author too. Repeated by the same person it does nothing.
    Errors: as `approve`, and `review.reason_needed`, `review.reason_unknown` (field: reasons).
    """
    _, submission = _locked(submission_id)
    _require_reviewer(actor, submission)
    if submission.state is SubmissionState.REJECTED and submission.decided_by == actor.user_id:
        return submission
    _require_decidable(actor, submission, shown_revision_version)
    codes = list(dict.fromkeys(reasons))
    _require_reasons(codes)
    submission.reasons = codes
    submission.note = cleaned(note, field="note", at_most=REMARK_MAX)
    _decide(submission, SubmissionState.REJECTED, actor, reason=", ".join(codes))
    revision = db.session.get_one(Revision, submission.revision_id)
    states.move(revision, RevisionState.REJECTED, actor=actor, reason=", ".join(codes), course_id=submission.course_id)
    emit(Event.COURSE_REJECTED, submission_id=submission.id)
    return submission


def _locked(submission_id: int) -> tuple[Course, Submission]:
    """The course and its submission, locked in the order of all who change both."""
    course_id = db.session.scalar(select(Submission.course_id).where(Submission.id == submission_id))
    if course_id is None:
        raise NotFound("review.not_found", _l("There is no such submission."))
    course = db.session.scalars(
        select(Course).where(Course.id == course_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    submission = db.session.scalars(
        select(Submission)
        .where(Submission.id == submission_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    return course, submission


def _require_reviewer(actor: Actor, submission: Submission) -> None:
    actor.require(Action.REVIEW)
    author_id = db.session.scalar(select(Course.author_id).where(Course.id == submission.course_id))
    if actor.user_id in (author_id, submission.submitted_by):
        raise NotAllowed("review.own_course", _l("Nobody reviews their own course."))


def _require_decidable(actor: Actor, submission: Submission, shown_revision_version: int) -> None:
    if submission.state is not SubmissionState.IN_REVIEW:
        raise _decided()
    # A claim that has lapsed still counts until somebody else takes it over: no work is lost to a long lecture.
    if submission.claimed_by != actor.user_id:
        raise Conflict("review.not_claimed", _l("Claim the submission before you decide about it."))
    revision = db.session.scalars(
        select(Revision)
        .where(Revision.id == submission.revision_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if revision.version != shown_revision_version:
        raise Conflict(
            "review.changed", _l("The content has changed since the page was shown. Look at it again and decide.")
        )


def _require_reasons(codes: Sequence[str]) -> None:
    if not codes:
        raise Refused("review.reason_needed", _l("Choose at least one reason for the author."), field="reasons")
    known = set(
        db.session.scalars(
            select(RejectionReason.code).where(RejectionReason.code.in_(codes), RejectionReason.retired_at.is_(None))
        )
    )
    if known != set(codes):
        raise Refused("review.reason_unknown", _l("One of the reasons is not in the catalogue."), field="reasons")


def _decide(submission: Submission, to: SubmissionState, actor: Actor, reason: str = "") -> None:
    states.move(submission, to, actor=actor, reason=reason, course_id=submission.course_id)
    submission.decided_by = actor.user_id
    submission.decided_at = clock.now()
    _end_claim(submission)


def _end_claim(submission: Submission) -> None:
    submission.claimed_by = None
    submission.claimed_until = None


def _decided() -> Conflict:
    return Conflict("review.decided", _l("This submission is no longer waiting: it was decided or taken back."))
