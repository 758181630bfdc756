"""Automatic moderation: what was handed in is checked as soon as all its files are processed (L-2 to L-4, L-7)."""

from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.integrations.checks.registry import run_checks
from backoffice.operations import submissions
from backoffice.queries.snapshots import open_submission, snapshot_of, submissions_waiting_for, thresholds
from backoffice.tasks.registry import actor


@actor(long=True)
def judge_submission(*, submission_id: int) -> None:
    """Check a submission and record the verdict. While a file of it is unfinished, nothing: its end calls again."""
    _judge(submission_id)


@actor(long=True)
def judge_waiting(*, upload_id: str) -> None:
    """A file is processed: check every submission that waited for it.

    Whichever of the two events comes last sees both the submission and the finished file, so none is forgotten.
    """
    waiting = submissions_waiting_for(upload_id)
    db.session.rollback()
    for submission_id in waiting:
        _judge(submission_id)


def _judge(submission_id: int) -> None:
    revision_id = open_submission(submission_id)
    snapshot = snapshot_of(revision_id) if revision_id is not None else None
    # The checks take their time; no transaction stays open meanwhile. A submitted revision is frozen.
    db.session.rollback()
    if snapshot is None or snapshot.is_waiting:
        return
    measured_by = thresholds()
    findings = run_checks(snapshot.course, measured_by)
    submissions.record_verdict(actor=SYSTEM, submission_id=submission_id, findings=findings, thresholds=measured_by)
