"""Places of nodes among their siblings: counted from 0, without gaps (C-3 to C-5). Parts of operations."""

from dataclasses import dataclass
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from backoffice.db import db
from backoffice.errors import NotFound, Refused
from backoffice.models.content import (
    Assignment,
    Lecture,
    Module,
    Node,
    NodeKind,
    Question,
    Resource,
    Revision,
    TreePart,
)

MODULES_MAX = 100
LECTURES_MAX = 100
QUESTIONS_MAX = 50
RESOURCES_MAX = 30
ASSIGNMENTS_MAX = 20

# What says where a row stands; all its other columns are its content.
_PLACE = frozenset({"id", "revision_id", "module_id", "lecture_id", "node_id", "position"})

NodeRow = TypeVar("NodeRow", bound=Module | Lecture | TreePart)


@dataclass(frozen=True, slots=True)
class Part:
    """What hangs on a module or a lecture: its table, and the column that tells on which.

    `name` is what it is called in what is kept of a deleted parent; there may be `most` of it on one.
    """

    model: type[TreePart]
    parent: type[Module | Lecture]
    owner: InstrumentedAttribute[int]
    name: str
    most: int

    def owner_of(self, row: Any) -> int:
        """The id of what this row hangs on."""
        return int(getattr(row, self.owner.key))

    def made(self, owner_id: int, **values: Any) -> TreePart:
        """A new row that hangs there."""
        return self.model(**{self.owner.key: owner_id}, **values)


PARTS = {
    NodeKind.ASSIGNMENT: Part(Assignment, Module, Assignment.module_id, "assignments", ASSIGNMENTS_MAX),
    NodeKind.RESOURCE: Part(Resource, Lecture, Resource.lecture_id, "resources", RESOURCES_MAX),
    NodeKind.QUESTION: Part(Question, Lecture, Question.lecture_id, "questions", QUESTIONS_MAX),
}


def parts_of(parent: type[Module | Lecture]) -> dict[NodeKind, Part]:
    """What hangs on modules, or on lectures."""
    return {kind: part for kind, part in PARTS.items() if part.parent is parent}


def modules_of(revision: Revision) -> ColumnElement[bool]:
    """The modules of a revision."""
    return Module.revision_id == revision.id


def node_of(model: type[NodeRow], revision: Revision, node_id: int) -> NodeRow:
    """The row of this node in the revision. NotFound `node.not_found`."""
    query = select(model).where(model.revision_id == revision.id, model.node_id == node_id)
    row = db.session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        raise NotFound("node.not_found", _l("This part of the course is no longer there."))
    return row


def content_of(row: Module | Lecture | TreePart) -> dict[str, Any]:
    """All of a row but its place and its key, by column."""
    return {column.key: getattr(row, column.key) for column in row.__table__.columns if column.key not in _PLACE}


def count(model: type[NodeRow], siblings: ColumnElement[bool]) -> int:
    """How many siblings there are."""
    return db.session.scalar(select(func.count(model.id)).where(siblings)) or 0


def new_place(
    revision: Revision, kind: NodeKind, model: type[NodeRow], siblings: ColumnElement[bool], most: int
) -> dict[str, Any]:
    """A new node at the end of its siblings. Refused `content.too_many` where there are `most`."""
    position = count(model, siblings)
    require_room(position, most)
    node = Node(course_id=revision.course_id, kind=kind)
    db.session.add(node)
    db.session.flush()
    return {"revision_id": revision.id, "node_id": node.id, "position": position}


def require_room(there: int, most: int) -> None:
    """Refused `content.too_many` where there are `most` siblings already."""
    if there >= most:
        raise Refused("content.too_many", _l("There is no room for more here: %(limit)s at most.", limit=most))


def swap(model: type[NodeRow], siblings: ColumnElement[bool], row: NodeRow, by: int) -> None:
    """Change places with the neighbour above (`by` -1) or below (1); at the end of the list nothing happens."""
    there = row.position + (1 if by > 0 else -1)
    if not 0 <= there < count(model, siblings):
        return
    total = row.position + there
    _update(model, siblings & model.position.in_((row.position, there)), total - model.position)


def remove(model: type[NodeRow], siblings: ColumnElement[bool], row: NodeRow) -> None:
    """Delete a row and close the gap."""
    position = row.position
    db.session.execute(delete(model).where(model.id == row.id))
    close_gap(model, siblings, position)


def close_gap(model: type[NodeRow], siblings: ColumnElement[bool], position: int) -> None:
    """Move everything behind this position one place up."""
    shift(model, siblings, position + 1, -1)


def shift(model: type[NodeRow], siblings: ColumnElement[bool], first: int, by: int) -> None:
    """Move everything from this position on by so many places."""
    _update(model, siblings & (model.position >= first), model.position + by)


def _update(model: type[NodeRow], condition: ColumnElement[bool], position: Any) -> None:
    statement = update(model).where(condition).values(position=position)
    db.session.execute(statement.execution_options(synchronize_session=False))
