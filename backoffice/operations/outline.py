"""The outline of a course as a whole: its order in one go, and copies of its parts (L-1, C-3, C-4)."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, column, select, update, values

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, Refused
from backoffice.models.content import Assignment, Lecture, Module, Node, NodeKind, Revision
from backoffice.operations.courses import TITLE_MAX
from backoffice.operations.revisions import editable
from backoffice.operations.tree import (
    ASSIGNMENTS_MAX,
    LECTURES_MAX,
    MODULES_MAX,
    content_of,
    modules_of,
    new_place,
    node_of,
    parts_of,
    shift,
)

Order = Sequence[tuple[int, Sequence[int]]]
"""Module nodes from first to last, each with its lecture nodes from first to last."""


@operation
def arrange(*, actor: Actor, course_id: int, version: int, order: Order) -> Revision:
    """Put all modules and lectures in this order, on condition that the course is as shown (L-1).

    Errors: as `revisions.editable`; `outline.incomplete` unless each module and lecture is named once;
    `content.too_many`.
    """
    revision = editable(actor, course_id, version=version)
    modules = _ids(Module, revision)
    lectures = _ids(Lecture, revision)
    named = [node for _module, nodes in order for node in nodes]
    if sorted(module for module, _nodes in order) != sorted(modules) or sorted(named) != sorted(lectures):
        raise Conflict("outline.incomplete", _l("Parts of the course are missing in this order. Load the page again."))
    if any(len(nodes) > LECTURES_MAX for _module, nodes in order):
        raise Refused("content.too_many", _l("There is no room for more here: %(limit)s at most.", limit=LECTURES_MAX))
    if modules:
        place = values(column("id", Integer), column("position", Integer), name="place").data(
            [(modules[module], position) for position, (module, _nodes) in enumerate(order)]
        )
        db.session.execute(update(Module).where(Module.id == place.c.id).values(position=place.c.position))
    if lectures:
        place = values(*(column(name, Integer) for name in ("id", "module_id", "position")), name="place").data(
            [
                (lectures[node], modules[module], position)
                for module, nodes in order
                for position, node in enumerate(nodes)
            ]
        )
        db.session.execute(
            update(Lecture)
            .where(Lecture.id == place.c.id)
            .values(module_id=place.c.module_id, position=place.c.position)
        )
    return revision


def _place_behind(
    part: Module | Lecture | Assignment, revision: Revision, kind: NodeKind, siblings: ColumnElement[bool], most: int
) -> dict[str, Any]:
    """The place of a copy: right behind what it is a copy of, the others make room."""
    place = new_place(revision, kind, type(part), siblings, most)
    shift(type(part), siblings, part.position + 1, 1)
    return place | {"position": part.position + 1}


@operation
def duplicate_lecture(*, actor: Actor, course_id: int, node_id: int) -> Lecture:
    """A copy of a lecture with all that hangs on it, behind it; its nodes are new, never learnt with (L-9)."""
    revision = editable(actor, course_id)
    lecture = node_of(Lecture, revision, node_id)
    siblings = Lecture.module_id == lecture.module_id
    place = _place_behind(lecture, revision, NodeKind.LECTURE, siblings, LECTURES_MAX)
    copied = content_of(lecture) | {"title": _copy_title(lecture.title)}
    copy = Lecture(module_id=lecture.module_id, **copied, **place)
    db.session.add(copy)
    db.session.flush()
    _copy_parts(revision, Lecture, {lecture.id: copy.id})
    return copy


@operation
def duplicate_assignment(*, actor: Actor, course_id: int, node_id: int) -> Assignment:
    """A copy of an assignment, right behind it; its node is new (C-3, L-9)."""
    revision = editable(actor, course_id)
    assignment = node_of(Assignment, revision, node_id)
    siblings = Assignment.module_id == assignment.module_id
    place = _place_behind(assignment, revision, NodeKind.ASSIGNMENT, siblings, ASSIGNMENTS_MAX)
    copied = content_of(assignment) | {"title": _copy_title(assignment.title)}
    copy = Assignment(module_id=assignment.module_id, **copied, **place)
    db.session.add(copy)
    return copy


@operation
def duplicate_module(*, actor: Actor, course_id: int, node_id: int) -> Module:
    """A copy of a module with all that is in it, right behind it; its nodes are new (L-9)."""
    revision = editable(actor, course_id)
    module = node_of(Module, revision, node_id)
    place = _place_behind(module, revision, NodeKind.MODULE, modules_of(revision), MODULES_MAX)
    copy = Module(title=_copy_title(module.title), **place)
    lectures = db.session.scalars(select(Lecture).where(Lecture.module_id == module.id)).all()
    nodes = _nodes(revision, NodeKind.LECTURE, len(lectures))
    db.session.add(copy)
    db.session.flush()
    copies = [
        Lecture(
            revision_id=revision.id,
            module_id=copy.id,
            node_id=node,
            position=lecture.position,
            **content_of(lecture),
        )
        for lecture, node in zip(lectures, nodes, strict=True)
    ]
    db.session.add_all(copies)
    db.session.flush()
    _copy_parts(revision, Module, {module.id: copy.id})
    _copy_parts(revision, Lecture, {old.id: new.id for old, new in zip(lectures, copies, strict=True)})
    return copy


def _ids(model: type[Module] | type[Lecture], revision: Revision) -> dict[int, int]:
    rows = db.session.execute(select(model.node_id, model.id).where(model.revision_id == revision.id))
    return dict(rows.all())


def _copy_title(title: str) -> str:
    suffix = _(" (copy)")
    return title[: TITLE_MAX - len(suffix)] + suffix


def _nodes(revision: Revision, kind: NodeKind, many: int) -> list[int]:
    nodes = [Node(course_id=revision.course_id, kind=kind) for _number in range(many)]
    db.session.add_all(nodes)
    db.session.flush()
    return [node.id for node in nodes]


def _copy_parts(revision: Revision, parent: type[Module | Lecture], parents: dict[int, int]) -> None:
    """Copies of what hangs on these modules or lectures: old id to new id."""
    for kind, part in parts_of(parent).items():
        rows = db.session.scalars(select(part.model).where(part.owner.in_(parents))).all()
        nodes = _nodes(revision, kind, len(rows))
        db.session.add_all(
            part.made(
                parents[part.owner_of(row)],
                revision_id=revision.id,
                node_id=node,
                position=row.position,
                **content_of(row),
            )
            for row, node in zip(rows, nodes, strict=True)
        )
