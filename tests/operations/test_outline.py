"""The outline of a course: a whole order, copies of parts (L-1, C-3, C-4, L-9)."""

import random
import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.content import Lecture, Module, Question, Revision
from backoffice.models.courses import Course
from backoffice.operations import outline, removals
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast, make_cast

Order = list[tuple[int, list[int]]]


def order_of(revision_id: int | None) -> Order:
    """The tree as `arrange` takes it, read by positions."""
    modules = db.session.execute(
        select(Module.id, Module.node_id).where(Module.revision_id == revision_id).order_by(Module.position)
    ).all()
    return [
        (
            node_id,
            list(
                db.session.scalars(
                    select(Lecture.node_id).where(Lecture.module_id == module_id).order_by(Lecture.position)
                )
            ),
        )
        for module_id, node_id in modules
    ]


def positions(revision_id: int | None) -> list[list[int]]:
    query = select(func.array_agg(Lecture.position)).where(Lecture.revision_id == revision_id)
    return [sorted(found) for found in db.session.scalars(query.group_by(Lecture.module_id))]


def version_of(revision_id: int | None) -> int:
    return db.session.scalars(select(Revision.version).where(Revision.id == revision_id)).one()


@pytest.mark.parametrize("seed", range(5))
def test_l1_any_order_is_kept_and_nothing_else_changes(cast: Cast, seed: int) -> None:
    course = draft_course(cast.owner, modules=4, lectures=3)
    revision_id = course.draft_revision_id
    before = order_of(revision_id)
    luck = random.Random(seed)
    lectures = [node for _module, nodes in before for node in nodes]
    luck.shuffle(lectures)
    wanted: Order = [(module, []) for module, _nodes in luck.sample(before, len(before))]
    for node in lectures:
        luck.choice(wanted)[1].append(node)

    outline.arrange(actor=cast.owner, course_id=course.id, version=version_of(revision_id), order=wanted)

    assert order_of(revision_id) == wanted
    assert all(found == list(range(len(found))) for found in positions(revision_id))


def test_l1_an_order_that_is_not_whole_changes_nothing(cast: Cast) -> None:
    course = draft_course(cast.owner, modules=2, lectures=2)
    other = draft_course(cast.owner, title="Another", modules=1, lectures=1)
    revision_id = course.draft_revision_id
    before = order_of(revision_id)
    (first, (a, b)), (second, (c, d)) = before
    foreign = order_of(other.draft_revision_id)[0]
    for wrong in (
        [],
        [(first, [a, b])],
        [(first, [a, b]), (second, [c])],
        [(first, [a, b, c]), (second, [c, d])],
        [(first, [a, b]), (first, [c, d])],
        [(first, [a, b]), (second, [c, d]), foreign],
        [(first, [a, b]), (second, [c, foreign[1][0]])],
        [(a, [first, b]), (second, [c, d])],
    ):
        with pytest.raises(Conflict) as error:
            outline.arrange(actor=cast.owner, course_id=course.id, version=version_of(revision_id), order=wrong)
        assert error.value.code == "outline.incomplete"
    with pytest.raises(Conflict) as error:
        outline.arrange(actor=cast.owner, course_id=course.id, version=version_of(revision_id) - 1, order=before)
    assert error.value.code == "revision.changed"
    with pytest.raises(NotFound):
        outline.arrange(actor=cast.other_author, course_id=course.id, version=1, order=before)
    assert order_of(revision_id) == before


def test_l6_the_order_of_a_published_course_opens_a_draft(cast: Cast) -> None:
    course = live_course(cast.owner, modules=2, lectures=2)
    live_id = course.live_revision_id
    before = order_of(live_id)
    outline.arrange(actor=cast.owner, course_id=course.id, version=version_of(live_id), order=list(reversed(before)))
    draft_id = db.session.get_one(Course, course.id, populate_existing=True).draft_revision_id
    assert order_of(live_id) == before
    assert order_of(draft_id) == list(reversed(before))


def test_l1_two_orders_at_once_one_is_told(committed_app: Flask) -> None:
    cast = make_cast()
    course = draft_course(cast.owner, modules=3, lectures=2)
    course_id, revision_id = course.id, course.draft_revision_id
    before, version = order_of(revision_id), version_of(revision_id)
    start, refused = threading.Barrier(2), []

    def arrange(order: Order) -> None:
        with committed_app.app_context():
            start.wait()
            try:
                outline.arrange(actor=cast.owner, course_id=course_id, version=version, order=order)
            except Conflict as error:
                refused.append(error.code)

    orders = [list(reversed(before)), [*before[1:], before[0]]]
    threads = [threading.Thread(target=arrange, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["revision.changed"]
    assert order_of(revision_id) in orders


def questions_of(lecture_id: int) -> list[tuple[object, ...]]:
    query = select(Question.text, Question.options, Question.explanation).where(Question.lecture_id == lecture_id)
    return [tuple(row) for row in db.session.execute(query.order_by(Question.position))]


def test_l1_a_lecture_is_copied_with_its_questions_behind_itself(cast: Cast) -> None:
    course = draft_course(cast.owner, modules=1, lectures=3)
    ((_module, before),) = order_of(course.draft_revision_id)
    with unguarded():
        lecture = db.session.scalars(select(Lecture).where(Lecture.node_id == before[0])).one()
        lecture.body, lecture.title = "Words", "x" * 200
        db.session.commit()
    lecture_id = lecture.id
    copy = outline.duplicate_lecture(actor=cast.owner, course_id=course.id, node_id=before[0])
    ((_module, after),) = order_of(course.draft_revision_id)
    assert after == [before[0], copy.node_id, *before[1:]]
    assert (copy.body, copy.node_id in before) == ("Words", False)
    assert copy.title.endswith("(copy)")
    assert len(copy.title) <= 200
    assert questions_of(copy.id) == questions_of(lecture_id) != []
    nodes = select(func.count(Question.node_id.distinct())).where(Question.lecture_id.in_((copy.id, lecture_id)))
    assert db.session.scalar(nodes) == 2 * len(questions_of(lecture_id))


def test_l1_a_module_is_copied_with_all_that_is_in_it(cast: Cast) -> None:
    course = draft_course(cast.owner, modules=2, lectures=3)
    before = order_of(course.draft_revision_id)
    copy = outline.duplicate_module(actor=cast.owner, course_id=course.id, node_id=before[0][0])
    after = order_of(course.draft_revision_id)
    assert [module for module, _lectures in after] == [before[0][0], copy.node_id, before[1][0]]
    assert len(after[1][1]) == 3
    assert not set(after[1][1]) & set(before[0][1])
    titles = select(Lecture.title).order_by(Lecture.position)
    first = db.session.scalars(titles.join(Module).where(Module.node_id == before[0][0])).all()
    assert db.session.scalars(titles.where(Lecture.module_id == copy.id)).all() == first


def test_l1_there_is_an_end_to_copies(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    course = draft_course(cast.owner, modules=1, lectures=2)
    ((_module, lectures),) = order_of(course.draft_revision_id)
    monkeypatch.setattr(outline, "LECTURES_MAX", 2)
    with pytest.raises(Refused) as error:
        outline.duplicate_lecture(actor=cast.owner, course_id=course.id, node_id=lectures[0])
    assert error.value.code == "content.too_many"
    removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=lectures[1])
    outline.duplicate_lecture(actor=cast.owner, course_id=course.id, node_id=lectures[0])
