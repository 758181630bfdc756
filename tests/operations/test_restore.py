"""An old version of a course as a new draft (L-6, L-9)."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound
from backoffice.models.content import Revision, RevisionSkill, RevisionState
from backoffice.models.courses import Course
from backoffice.operations import removals, revisions
from tests.factories.courses import live_course
from tests.factories.people import Cast, make_cast
from tests.operations.test_revisions import skill, tree


def test_l6_an_old_version_is_restored_as_a_new_draft_and_nothing_is_lost(cast: Cast) -> None:
    course = live_course(cast.owner, modules=2, lectures=2)
    first_id = course.live_revision_id
    before = tree(first_id)
    with unguarded():
        db.session.add(RevisionSkill(revision_id=first_id, skill_id=skill()))
        db.session.commit()
    removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=before[0][2])
    second_id = db.session.get_one(Course, course.id).draft_revision_id
    shortened = tree(second_id)
    assert len(shortened) == 3

    third = revisions.restore(actor=cast.owner, course_id=course.id, number=1)

    assert (third.number, third.state, third.based_on_id) == (3, RevisionState.DRAFT, first_id)
    assert tree(third.id) == before
    assert db.session.scalar(select(func.count()).where(RevisionSkill.revision_id == third.id)) == 1
    course = db.session.get_one(Course, course.id, populate_existing=True)
    assert (course.live_revision_id, course.draft_revision_id) == (first_id, third.id)
    assert db.session.get_one(Revision, second_id).state is RevisionState.ARCHIVED
    assert tree(second_id) == shortened
    back = revisions.restore(actor=cast.owner, course_id=course.id, number=2)
    assert (back.number, tree(back.id)) == (4, shortened)


def test_l6_what_is_handed_in_is_not_put_aside_by_restoring(cast: Cast) -> None:
    course = live_course(cast.owner)
    draft = revisions.open_draft(actor=cast.owner, course_id=course.id)
    with pytest.raises(Conflict) as error:
        revisions.restore(actor=cast.owner, course_id=course.id, number=draft.number)
    assert error.value.code == "revision.already_open"
    with unguarded():
        db.session.get_one(Revision, draft.id).state = RevisionState.IN_REVIEW
        db.session.commit()
    with pytest.raises(Conflict) as error:
        revisions.restore(actor=cast.owner, course_id=course.id, number=1)
    assert error.value.code == "revision.frozen"
    assert db.session.scalar(select(func.count(Revision.id)).where(Revision.course_id == course.id)) == 2


@pytest.mark.parametrize("number", [0, 2, -1, 999])
def test_l6_only_the_author_restores_and_only_what_there_is(cast: Cast, number: int) -> None:
    course = live_course(cast.owner)
    with pytest.raises(NotFound):
        revisions.restore(actor=cast.owner, course_id=course.id, number=number)
    with pytest.raises(NotFound):
        revisions.restore(actor=cast.other_author, course_id=course.id, number=1)
    with pytest.raises(NotAllowed):
        revisions.restore(actor=cast.admin, course_id=course.id, number=1)
    assert db.session.scalar(select(func.count(Revision.id)).where(Revision.course_id == course.id)) == 1


def test_l6_two_restorations_at_once_leave_one_draft(committed_app: Flask) -> None:
    cast = make_cast()
    course_id = live_course(cast.owner).id
    start = threading.Barrier(4)

    def restore() -> None:
        with committed_app.app_context():
            start.wait()
            revisions.restore(actor=cast.owner, course_id=course_id, number=1)

    threads = [threading.Thread(target=restore) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = db.session.execute(select(Revision.number, Revision.state).order_by(Revision.number)).all()
    assert [number for number, _state in states] == [1, 2, 3, 4, 5]
    assert [state for _number, state in states if state is RevisionState.DRAFT] == [RevisionState.DRAFT]
