"""Handing a course in, taking it back, and what the automatic checks decide about it (L-2 to L-4, L-7)."""

from collections.abc import Sequence
from dataclasses import asdict

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound
from backoffice.integrations.checks.model import Finding, Thresholds
from backoffice.integrations.checks.registry import verdict
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course
from backoffice.models.review import Submission, SubmissionState
from backoffice.operations import revisions
from backoffice.operations.courses import owned
from backoffice.operations.revisions import require_version
from backoffice.outbox import Event, emit

_WAITING = (SubmissionState.OPEN, SubmissionState.IN_REVIEW)


@operation
def submit(*, actor: Actor, course_id: int, version: int) -> Submission:
    """Hand the open revision in, as it was shown: it is frozen, and the checks are told (L-2, T-1).

    Submitting again what is already being checked returns that submission. Errors: `submission.nothing_open`,
    `revision.changed` (data: version).
    """
    course = owned(actor, course_id)
    if course.draft_revision_id is None:
        raise Conflict("submission.nothing_open", _l("There is no change to hand in."))
    revision = _revision(course.draft_revision_id)
    waiting = _newest(revision.id)
    if waiting is not None and waiting.state in _WAITING:
        return waiting
    require_version(revision, version)
    states.move(revision, RevisionState.MODERATING, actor=actor, course_id=course.id)
    number = db.session.scalar(
        select(func.coalesce(func.max(Submission.number), 0) + 1).where(Submission.course_id == course.id)
    )
    submission = Submission(
        course_id=course.id,
        revision_id=revision.id,
        number=number,
        is_change=course.live_revision_id is not None,
        submitted_by=actor.person_id,
        submitted_at=clock.now(),
    )
    db.session.add(submission)
    db.session.flush()
    states.begin(submission, actor=actor, course_id=course.id)
    emit(Event.COURSE_SUBMITTED, submission_id=submission.id)
    return submission


@operation
def withdraw(*, actor: Actor, course_id: int) -> Submission:
    """Take the submission back before it is decided: the revision is a draft again (L-2).

    A repeated request changes nothing. Error: `submission.nothing_open`.
    """
    course = owned(actor, course_id)
    submission = _newest(course.draft_revision_id) if course.draft_revision_id is not None else None
    if submission is None or submission.state not in (*_WAITING, SubmissionState.WITHDRAWN):
        raise Conflict("submission.nothing_open", _l("Nothing is handed in, or it was decided a moment ago."))
    if submission.state is SubmissionState.WITHDRAWN:
        return submission
    states.move(submission, SubmissionState.WITHDRAWN, actor=actor, course_id=course.id)
    submission.claimed_by = submission.claimed_until = None
    revision = _revision(submission.revision_id)
    states.move(revision, RevisionState.DRAFT, actor=actor, course_id=course.id)
    return submission


@operation
def record_verdict(
    *, actor: Actor, submission_id: int, findings: Sequence[Finding], thresholds: Thresholds
) -> Submission:
    """Act on what the checks found: back to the author, to a moderator, or live at once (L-3, L-4, L-7).

    A submission that is no longer OPEN (judged before, taken back) stays as it is (T-2). Error: `submission.not_found`.
    """
    course_id = db.session.scalar(select(Submission.course_id).where(Submission.id == submission_id))
    actor.require(Action.JUDGE)
    if course_id is None:
        raise NotFound("submission.not_found", _l("There is no such submission."))
    db.session.execute(select(Course.id).where(Course.id == course_id).with_for_update())
    submission = db.session.scalars(
        select(Submission)
        .where(Submission.id == submission_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if submission.state is not SubmissionState.OPEN:
        return submission
    submission.findings = [finding.to_json() for finding in findings]
    submission.thresholds = asdict(thresholds)
    submission.judged_at = clock.now()
    _follow(submission, findings, actor)
    return submission


def _follow(submission: Submission, findings: Sequence[Finding], actor: Actor) -> None:
    decision = verdict(findings, first_publication=not submission.is_change)
    course_id = submission.course_id
    if decision == "pass":
        states.move(submission, SubmissionState.PASSED, actor=actor, course_id=course_id)
        revisions.go_live(actor=actor, course_id=course_id, revision_id=submission.revision_id)
        emit(Event.COURSE_PUBLISHED, submission_id=submission.id)
        return
    revision = _revision(submission.revision_id)
    if decision == "reject":
        states.move(submission, SubmissionState.REJECTED, actor=actor, course_id=course_id)
        states.move(revision, RevisionState.REJECTED, actor=actor, course_id=course_id)
        emit(Event.COURSE_REJECTED, submission_id=submission.id)
    else:
        states.move(submission, SubmissionState.IN_REVIEW, actor=actor, course_id=course_id)
        states.move(revision, RevisionState.IN_REVIEW, actor=actor, course_id=course_id)


def _revision(revision_id: int) -> Revision:
    return db.session.scalars(
        select(Revision).where(Revision.id == revision_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def _newest(revision_id: int) -> Submission | None:
    return db.session.scalar(
        select(Submission)
        .where(Submission.revision_id == revision_id)
        .order_by(Submission.id.desc())
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
