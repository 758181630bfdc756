"""Assignments of a module: C-3, L-1, L-6, L-9."""

import pytest
from sqlalchemy import select

from backoffice.db import db
from backoffice.errors import DomainError, Refused
from backoffice.integrations.checks.registry import run_checks
from backoffice.models.content import Assignment, Module
from backoffice.models.courses import Course
from backoffice.operations import assignments, editing, outline, removals
from backoffice.operations.merging import fingerprints
from backoffice.operations.tree import ASSIGNMENTS_MAX
from backoffice.queries.contents import content_diff
from backoffice.queries.snapshots import snapshot_of, thresholds
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast


def module_node(revision_id: int | None) -> int:
    query = select(Module.node_id).where(Module.revision_id == revision_id).order_by(Module.position)
    return db.session.scalars(query).first() or 0


def found(revision_id: int | None) -> list[tuple[int, str, str]]:
    """Module, title and text of each, in order; fails when the positions are not 0, 1, 2 …"""
    query = (
        select(Module.position, Assignment.title, Assignment.body, Assignment.position.label("place"))
        .join(Module, Module.id == Assignment.module_id)
        .where(Assignment.revision_id == revision_id)
        .order_by(Module.position, Assignment.position)
    )
    rows = db.session.execute(query).all()
    for module in {row.position for row in rows}:
        places = [row.place for row in rows if row.position == module]
        assert places == list(range(len(places)))
    return [(row.position, row.title, row.body) for row in rows]


def write(cast: Cast, course: Course, title: str, body: str = "") -> Assignment:
    revision_id = course.draft_revision_id or course.live_revision_id
    who = {"actor": cast.owner, "course_id": course.id}
    made = assignments.add_assignment(**who, module_node_id=module_node(revision_id), title=title)
    if body:
        typed, shown = {"title": title, "body": body}, fingerprints({"title": title, "body": ""})
        editing.save_assignment(**who, node_id=made.node_id, typed=typed, shown=shown)
    return made


def test_c3_assignments_are_written_moved_copied_deleted_and_brought_back(cast: Cast) -> None:
    course = draft_course(cast.owner)
    who, revision_id = {"actor": cast.owner, "course_id": course.id}, course.draft_revision_id
    one = write(cast, course, "One", "Count *something*.")
    two = write(cast, course, "Two")
    assignments.move_assignment(**who, node_id=two.node_id, by=-1)
    assert [title for _module, title, _body in found(revision_id)] == ["Two", "One"]
    copy = outline.duplicate_assignment(**who, node_id=one.node_id)
    assert found(revision_id)[2] == (0, "One (copy)", "Count *something*.")
    before = found(revision_id)
    kept = removals.delete_assignment(**who, node_id=one.node_id)
    assert [title for _module, title, _body in found(revision_id)] == ["Two", "One (copy)"]
    for _click in range(2):
        removals.bring_back(**who, removed_id=kept.id)
        assert found(revision_id) == before
    assert copy.node_id != one.node_id


def test_c3_a_module_is_copied_deleted_and_brought_back_with_its_assignments(cast: Cast) -> None:
    course = draft_course(cast.owner, modules=2)
    who, revision_id = {"actor": cast.owner, "course_id": course.id}, course.draft_revision_id
    write(cast, course, "One", "Text")
    write(cast, course, "Two")
    outline.duplicate_module(**who, node_id=module_node(revision_id))
    assert found(revision_id) == [(0, "One", "Text"), (0, "Two", ""), (1, "One", "Text"), (1, "Two", "")]
    before = found(revision_id)
    kept = removals.delete_module(**who, node_id=module_node(revision_id))
    assert len(found(revision_id)) == 2
    removals.bring_back(**who, removed_id=kept.id)
    assert found(revision_id) == before


def test_l6_a_new_draft_carries_them_and_the_difference_tells_what_changed(cast: Cast) -> None:
    course = live_course(cast.owner)
    made = write(cast, course, "Count your books", "All of them.")
    course = db.session.get_one(Course, course.id, populate_existing=True)
    assert found(course.live_revision_id) == []
    diff = content_diff(course.live_revision_id, course.draft_revision_id or 0)
    (node,) = [node for node in diff.nodes if node.changes]
    assert (node.kind, node.title, node.node_id) == ("assignment", "Count your books", made.node_id)


def test_l3_the_checks_read_assignments(cast: Cast) -> None:
    course = draft_course(cast.owner)
    made = write(cast, course, "Send it to me", "Write to olga.sells@gmail.com when you are done.")
    checked = run_checks(snapshot_of(course.draft_revision_id or 0).course, thresholds())
    assert made.node_id in {finding.place.node_id for finding in checked}


def test_c3_there_is_an_end_to_assignments_and_to_titles(cast: Cast) -> None:
    course = draft_course(cast.owner)
    for number in range(ASSIGNMENTS_MAX):
        write(cast, course, f"Assignment {number}")
    with pytest.raises(Refused, match=r"content\.too_many"):
        write(cast, course, "One more")
    for title in ("", "x" * 10_000, "nul \0"):
        with pytest.raises(Refused):
            write(cast, course, title)


@pytest.mark.parametrize("who", ["other_author", "student", "moderator", "visitor"])
def test_l1_nobody_but_the_author_writes_them(cast: Cast, who: str) -> None:
    course = draft_course(cast.owner)
    made = write(cast, course, "Mine")
    stranger = {"actor": getattr(cast, who), "course_id": course.id}
    shown = fingerprints({"title": "Mine"})
    for attempt in (
        lambda: assignments.add_assignment(**stranger, module_node_id=module_node(course.draft_revision_id), title="x"),
        lambda: assignments.move_assignment(**stranger, node_id=made.node_id, by=1),
        lambda: editing.save_assignment(**stranger, node_id=made.node_id, typed={"title": "x"}, shown=shown),
        lambda: removals.delete_assignment(**stranger, node_id=made.node_id),
        lambda: outline.duplicate_assignment(**stranger, node_id=made.node_id),
    ):
        with pytest.raises(DomainError):
            attempt()
    assert [title for _module, title, _body in found(course.draft_revision_id)] == ["Mine"]
