"""What was deleted from a draft comes back as it was (L-1, L-9)."""

import random
import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice import clock
from backoffice.db import db
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.content import Lecture, Module, Question, RemovedNode
from backoffice.operations import removals, revisions
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast, make_cast
from tests.factories.statements import selects


def whole(revision_id: int | None) -> list[tuple[object, ...]]:
    """All that stands in a revision, with keys and places."""
    query = (
        select(
            *(Module.node_id, Module.title, Module.position),
            *(Lecture.node_id, Lecture.title, Lecture.kind, Lecture.body, Lecture.free_preview, Lecture.position),
            *(Question.node_id, Question.text, Question.options, Question.explanation, Question.position),
        )
        .select_from(Module)
        .outerjoin(Lecture, Lecture.module_id == Module.id)
        .outerjoin(Question, Question.lecture_id == Lecture.id)
        .where(Module.revision_id == revision_id)
        .order_by(Module.position, Lecture.position, Question.position)
    )
    return [tuple(row) for row in db.session.execute(query)]


def node(model: type[Module] | type[Lecture] | type[Question], revision_id: int | None, number: int) -> int:
    query = select(model.node_id).where(model.revision_id == revision_id).order_by(model.id)
    return db.session.scalars(query).all()[number]


DELETE = {Module: removals.delete_module, Lecture: removals.delete_lecture, Question: removals.delete_question}


@pytest.mark.parametrize("model", DELETE)
@pytest.mark.parametrize("number", [0, 1, -1])
def test_l1_what_was_deleted_comes_back_where_it_was(cast: Cast, model: type[Module], number: int) -> None:
    course = draft_course(cast.owner, modules=3, lectures=3)
    revision_id = course.draft_revision_id
    before = whole(revision_id)
    kept = DELETE[model](actor=cast.owner, course_id=course.id, node_id=node(model, revision_id, number))
    assert len(whole(revision_id)) <= len(before)
    assert whole(revision_id) != before
    for _click in range(2):
        removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept.id)
        assert whole(revision_id) == before


@pytest.mark.parametrize("seed", range(4))
def test_l1_deletions_undone_in_reverse_leave_nothing_changed(cast: Cast, seed: int) -> None:
    course = draft_course(cast.owner, modules=3, lectures=2)
    revision_id = course.draft_revision_id
    before, luck, kept = whole(revision_id), random.Random(seed), []
    for _step in range(6):
        model = luck.choice(list(DELETE))
        there = db.session.scalars(select(model.node_id).where(model.revision_id == revision_id)).all()
        if there:
            kept.append(DELETE[model](actor=cast.owner, course_id=course.id, node_id=luck.choice(there)).id)
    for removed_id in reversed(kept):
        removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=removed_id)
    assert whole(revision_id) == before


def test_l1_a_part_waits_for_what_it_was_in(cast: Cast) -> None:
    course = draft_course(cast.owner, modules=2, lectures=2)
    revision_id = course.draft_revision_id
    before = whole(revision_id)
    lecture = removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node(Lecture, revision_id, 0)).id
    module = removals.delete_module(actor=cast.owner, course_id=course.id, node_id=node(Module, revision_id, 0)).id
    with pytest.raises(Conflict) as error:
        removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=lecture)
    assert error.value.code == "removed.parent_gone"
    for removed_id in (module, lecture):
        removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=removed_id)
    assert whole(revision_id) == before


def test_l6_what_an_older_version_brought_back_does_not_come_twice(cast: Cast) -> None:
    course = live_course(cast.owner, modules=2, lectures=2)
    before = whole(course.live_revision_id)
    kept = removals.delete_module(
        actor=cast.owner, course_id=course.id, node_id=node(Module, course.live_revision_id, 0)
    ).id
    draft = revisions.restore(actor=cast.owner, course_id=course.id, number=1)
    removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept)
    assert whole(draft.id) == before


def test_l1_only_the_author_brings_back_and_only_for_a_while(cast: Cast) -> None:
    course, other = draft_course(cast.owner), draft_course(cast.other_author, title="Another")
    kept = removals.delete_lecture(
        actor=cast.owner, course_id=course.id, node_id=node(Lecture, course.draft_revision_id, 0)
    ).id
    after = whole(course.draft_revision_id)
    for actor, course_id in ((cast.other_author, course.id), (cast.other_author, other.id)):
        with pytest.raises(NotFound):
            removals.bring_back(actor=actor, course_id=course_id, removed_id=kept)
    with clock.at(clock.now() + timedelta(days=31)):
        with pytest.raises(NotFound) as error:
            removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept)
        assert error.value.code == "removed.not_found"
        assert whole(course.draft_revision_id) == after
        # The next deletion clears away what nobody can bring back.
        removals.delete_lecture(
            actor=cast.owner, course_id=course.id, node_id=node(Lecture, course.draft_revision_id, 0)
        )
    assert db.session.scalars(select(func.count(RemovedNode.id))).one() == 1


def test_l1_there_is_room_for_what_comes_back(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    course = draft_course(cast.owner, modules=1, lectures=2)
    revision_id = course.draft_revision_id
    kept = removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node(Lecture, revision_id, 0)).id
    monkeypatch.setattr(removals, "LECTURES_MAX", 1)
    with pytest.raises(Refused) as error:
        removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept)
    assert error.value.code == "content.too_many"
    assert len(whole(revision_id)) == 1


def test_rule6_a_module_goes_and_comes_back_in_the_same_number_of_queries(cast: Cast) -> None:
    taken = []
    for size in (1, 6):
        course = draft_course(cast.owner, modules=1, lectures=size)
        module = node(Module, course.draft_revision_id, 0)
        with selects() as statements:
            kept = removals.delete_module(actor=cast.owner, course_id=course.id, node_id=module)
            removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept.id)
        taken.append(len(statements))
    assert taken[0] == taken[1]


def test_l1_four_clicks_at_once_bring_one_back(committed_app: Flask) -> None:
    cast = make_cast()
    course = draft_course(cast.owner, modules=1, lectures=2)
    course_id, revision_id = course.id, course.draft_revision_id
    before = whole(revision_id)
    kept = removals.delete_lecture(actor=cast.owner, course_id=course_id, node_id=node(Lecture, revision_id, 1)).id
    start = threading.Barrier(4)

    def click() -> None:
        with committed_app.app_context():
            start.wait()
            removals.bring_back(actor=cast.owner, course_id=course_id, removed_id=kept)

    threads = [threading.Thread(target=click) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert whole(revision_id) == before
