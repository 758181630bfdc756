"""What students of a module are given to do, as its author writes it (C-3). Errors: those of `revisions.editable`."""

from typing import Any

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.models.content import Assignment, Module, NodeKind
from backoffice.operations.content import BODY_MAX, checked_title
from backoffice.operations.revisions import editable
from backoffice.operations.texts import cleaned
from backoffice.operations.tree import ASSIGNMENTS_MAX, new_place, node_of, swap

ASSIGNMENT_FIELDS = ("title", "body")


@operation
def add_assignment(*, actor: Actor, course_id: int, module_node_id: int, title: str) -> Assignment:
    """Add an empty assignment at the end of a module. Errors: `node.not_found`, `text.*`, `content.too_many`."""
    revision = editable(actor, course_id)
    module = node_of(Module, revision, module_node_id)
    siblings = Assignment.module_id == module.id
    place = new_place(revision, NodeKind.ASSIGNMENT, Assignment, siblings, ASSIGNMENTS_MAX)
    assignment = Assignment(module_id=module.id, title=checked_title(title), **place)
    db.session.add(assignment)
    return assignment


@operation
def move_assignment(*, actor: Actor, course_id: int, node_id: int, by: int) -> None:
    """Move an assignment one place down (`by` 1) or up (-1) within its module."""
    assignment = node_of(Assignment, editable(actor, course_id), node_id)
    swap(Assignment, Assignment.module_id == assignment.module_id, assignment, by)


def assignment_value(field: str, value: Any) -> Any:
    """The value of a field of an assignment as it is stored. Refused `text.*` with the field."""
    return checked_title(value) if field == "title" else cleaned(value, field=field, at_most=BODY_MAX)
