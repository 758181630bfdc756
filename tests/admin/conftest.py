"""A queue with one changed course and one flagged first publication, made directly."""

from collections.abc import Callable

import pytest
from flask import Flask

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db, unguarded
from backoffice.models.catalogues import RejectionReason
from backoffice.models.content import Revision, RevisionState
from backoffice.models.courses import Course
from backoffice.models.review import Submission, SubmissionState
from tests.factories.courses import draft_course

FINDING = {
    "check": "contacts",
    "version": 1,
    "code": "contact_email",
    "severity": "flag",
    "place": {"field": "description", "node_id": None, "start": 0, "end": 5, "second": None},
    "excerpt": "me@example.org",
    "measured": None,
    "threshold": None,
    "params": {"match": "me@example.org"},
}


def submitted(course: Course, *, is_change: bool = False) -> Submission:
    """The open revision of the course, in review."""
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
            judged_at=clock.now(),
            findings=[FINDING],
        )
        db.session.add(submission)
        db.session.commit()
    return submission


@pytest.fixture
def in_review(app: Flask) -> Callable[..., Submission]:
    """Makes a flagged first publication of an author."""

    def make(author: Actor, title: str = "Counting with care") -> Submission:
        return submitted(draft_course(author, title=title))

    return make


@pytest.fixture
def reason(app: Flask) -> RejectionReason:
    """A reason of the catalogue."""
    with unguarded():
        made = RejectionReason(code="too-thin", text_en="There is too little in it", text_ru="Слишком мало")
        db.session.add(made)
        db.session.commit()
    return made
