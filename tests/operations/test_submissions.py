"""Handing in, taking back and the verdict: L-2 to L-4, L-7, L-10, T-1, T-2."""

import pytest
from sqlalchemy import func, select

from backoffice.access import SYSTEM
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound
from backoffice.integrations.checks.model import Finding, Severity, Thresholds
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.review import Submission, SubmissionState
from backoffice.models.timeline import Transition
from backoffice.operations import content, revisions, submissions
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast


def finding(severity: Severity) -> Finding:
    return Finding(check="structure", version=1, code="too_few_lectures", severity=severity)


def judge(submission_id: int, *severities: Severity) -> Submission:
    found = [finding(severity) for severity in severities]
    return submissions.record_verdict(
        actor=SYSTEM, submission_id=submission_id, findings=found, thresholds=Thresholds(min_lectures=3)
    )


def changed_course(cast: Cast) -> int:
    course_id = live_course(cast.owner).id
    revisions.open_draft(actor=cast.owner, course_id=course_id)
    return course_id


def events() -> list[str]:
    return list(db.session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)))


def test_l2_handing_in_freezes_and_tells_in_one_transaction(cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    first = submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    again = submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    assert first.id == again.id
    assert (first.number, first.state, first.is_change) == (1, SubmissionState.OPEN, False)
    assert db.session.scalar(select(Revision.state)) is RevisionState.MODERATING
    event = db.session.scalars(select(OutboxEvent)).one()
    assert (event.name, event.payload) == ("course.submitted", {"submission_id": first.id})
    moves = db.session.execute(select(Transition.subject, Transition.to_state).order_by(Transition.id)).all()
    assert [tuple(move) for move in moves] == [("revision", "moderating"), ("submission", "open")]


def test_rule4_what_was_changed_since_it_was_shown_is_not_handed_in(cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    content.add_module(actor=cast.owner, course_id=course_id, title="Other tab")
    with pytest.raises(Conflict, match=r"revision\.changed"):
        submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    assert events() == []
    assert db.session.scalar(select(Revision.state)) is RevisionState.DRAFT


def test_l2_a_live_course_without_a_change_has_nothing_to_hand_in(cast: Cast) -> None:
    course_id = live_course(cast.owner).id
    with pytest.raises(Conflict, match=r"submission\.nothing_open"):
        submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    with pytest.raises(Conflict, match=r"submission\.nothing_open"):
        submissions.withdraw(actor=cast.owner, course_id=course_id)


@pytest.mark.parametrize("state", [SubmissionState.OPEN, SubmissionState.IN_REVIEW])
def test_l2_taking_back_makes_a_draft_again(cast: Cast, state: SubmissionState) -> None:
    course_id = draft_course(cast.owner).id
    submission_id = submissions.submit(actor=cast.owner, course_id=course_id, version=1).id
    if state is SubmissionState.IN_REVIEW:
        judge(submission_id, Severity.FLAG)
    for _twice in range(2):
        assert submissions.withdraw(actor=cast.owner, course_id=course_id).state is SubmissionState.WITHDRAWN
    assert db.session.scalar(select(Revision.state)) is RevisionState.DRAFT
    assert submissions.submit(actor=cast.owner, course_id=course_id, version=1).number == 2


def test_l10_what_is_decided_cannot_be_taken_back(cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    judge(submissions.submit(actor=cast.owner, course_id=course_id, version=1).id, Severity.BLOCK)
    with pytest.raises(Conflict, match=r"submission\.nothing_open"):
        submissions.withdraw(actor=cast.owner, course_id=course_id)
    assert db.session.scalar(select(Revision.state)) is RevisionState.REJECTED


FIRST, CHANGE = False, True


@pytest.mark.parametrize(
    ("is_change", "severities", "submission", "revision", "course", "event"),
    [
        (FIRST, [], "passed", "live", "published", "course.published"),
        (FIRST, [Severity.INFO], "passed", "live", "published", "course.published"),
        (FIRST, [Severity.FLAG], "in_review", "in_review", "draft", None),
        (FIRST, [Severity.FLAG, Severity.BLOCK], "rejected", "rejected", "draft", "course.rejected"),
        (CHANGE, [], "in_review", "in_review", "on_sale", None),
        (CHANGE, [Severity.FLAG], "in_review", "in_review", "on_sale", None),
        (CHANGE, [Severity.BLOCK], "rejected", "rejected", "on_sale", "course.rejected"),
    ],
)
def test_l3_l4_l7_the_verdict_moves_everything_once(
    cast: Cast,
    is_change: bool,
    severities: list[Severity],
    submission: str,
    revision: str,
    course: str,
    event: str | None,
) -> None:
    course_id = changed_course(cast) if is_change else draft_course(cast.owner).id
    handed_in = submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    submission_id, revision_id = handed_in.id, handed_in.revision_id
    assert handed_in.is_change is is_change

    judge(submission_id, *severities)
    judge(submission_id, Severity.BLOCK)

    found = db.session.get_one(Submission, submission_id)
    assert (found.state, len(found.findings)) == (submission, len(severities))
    assert found.thresholds["min_lectures"] == 3
    assert found.judged_at is not None
    assert db.session.get_one(Revision, revision_id).state == revision
    assert db.session.get_one(Course, course_id).state == course
    assert events() == ["course.submitted", *([event] if event else [])]


def test_l4_the_first_publication_does_not_put_on_sale(cast: Cast) -> None:
    course_id = draft_course(cast.owner).id
    revision_id = submissions.submit(actor=cast.owner, course_id=course_id, version=1).revision_id
    judge(db.session.scalars(select(Submission.id)).one())
    course = db.session.get_one(Course, course_id)
    assert (course.state, course.live_revision_id, course.draft_revision_id) == (
        CourseState.PUBLISHED,
        revision_id,
        None,
    )
    assert course.published_at is not None


@pytest.mark.parametrize("state", [state for state in SubmissionState if state is not SubmissionState.OPEN])
def test_t2_a_verdict_about_what_is_no_longer_open_changes_nothing(cast: Cast, state: SubmissionState) -> None:
    course_id = draft_course(cast.owner).id
    submission_id = submissions.submit(actor=cast.owner, course_id=course_id, version=1).id
    with unguarded():
        db.session.get_one(Submission, submission_id).state = state
        db.session.commit()
    assert judge(submission_id).state is state
    assert events() == ["course.submitted"]
    assert db.session.get_one(Course, course_id).live_revision_id is None


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("other_author", NotFound),
        ("student", NotAllowed),
        ("moderator", NotAllowed),
        ("admin", NotAllowed),
        ("visitor", NotAllowed),
    ],
)
def test_l10_only_the_owner_hands_in_and_takes_back(cast: Cast, who: str, error: type[Exception]) -> None:
    course_id = draft_course(cast.owner).id
    with pytest.raises(error):
        submissions.submit(actor=getattr(cast, who), course_id=course_id, version=1)
    assert db.session.scalar(select(func.count(Submission.id))) == 0
    submissions.submit(actor=cast.owner, course_id=course_id, version=1)
    with pytest.raises(error):
        submissions.withdraw(actor=getattr(cast, who), course_id=course_id)
    assert db.session.scalar(select(Submission.state)) is SubmissionState.OPEN


@pytest.mark.parametrize("who", ["owner", "student", "moderator", "admin", "visitor"])
def test_l10_only_the_house_records_verdicts(cast: Cast, who: str) -> None:
    course_id = draft_course(cast.owner).id
    submission_id = submissions.submit(actor=cast.owner, course_id=course_id, version=1).id
    with pytest.raises(NotAllowed):
        submissions.record_verdict(
            actor=getattr(cast, who), submission_id=submission_id, findings=[], thresholds=Thresholds()
        )
    assert db.session.scalar(select(Submission.state)) is SubmissionState.OPEN


def test_t2_a_verdict_about_nothing(cast: Cast) -> None:
    with pytest.raises(NotFound, match=r"submission\.not_found"):
        judge(10**9)
