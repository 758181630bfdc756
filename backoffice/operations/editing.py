"""The studio's editors save by themselves, from several tabs and by whoever is at it (C-1, C-3 to C-5, L-1).

`typed` are the fields of a form by name, all or some of them; `shown` is what they were filled with. Each saves what
can be saved and tells the rest, see `merging`; two at once come one after the other by the revision's lock. Errors of
all: those of `revisions.editable`, and `node.not_found`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import select

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.models.content import Assignment, Lecture, Module, Question, Resource, Revision, RevisionSkill, TreePart
from backoffice.operations.assignments import ASSIGNMENT_FIELDS, assignment_value
from backoffice.operations.content import LECTURE_FIELDS, QUESTION_FIELDS, checked_title, lecture_value, question_value
from backoffice.operations.merging import Saved, Shown, merge
from backoffice.operations.revisions import TEXT_COLUMNS, editable, text_value, write_texts
from backoffice.operations.tree import node_of

Typed = Mapping[str, Any]


@operation
def save_texts(*, actor: Actor, course_id: int, typed: Typed, shown: Shown) -> Saved:
    """Save what stands on the course's page: fields of `CourseTexts` (C-1)."""
    revision = editable(actor, course_id)
    values, saved = merge(
        texts_of(revision), typed, shown, lambda field, value: text_value(actor, revision, field, value)
    )
    write_texts(revision, values)
    return saved


@operation
def save_module(*, actor: Actor, course_id: int, node_id: int, typed: Typed, shown: Shown) -> Saved:
    """Save a module: `title` (C-3)."""
    module = node_of(Module, editable(actor, course_id), node_id)
    return _save(module, ("title",), typed, shown, lambda _field, value: checked_title(value))


@operation
def save_lecture(*, actor: Actor, course_id: int, node_id: int, typed: Typed, shown: Shown) -> Saved:
    """Save a lecture: fields of `LectureTexts` (C-4)."""
    lecture = node_of(Lecture, editable(actor, course_id), node_id)
    return _save(
        lecture, LECTURE_FIELDS, typed, shown, lambda field, value: lecture_value(actor, lecture, field, value)
    )


@operation
def save_question(*, actor: Actor, course_id: int, node_id: int, typed: Typed, shown: Shown) -> Saved:
    """Save a question: fields of `QuestionTexts` (C-5)."""
    question = node_of(Question, editable(actor, course_id), node_id)
    known = frozenset(option["key"] for option in question.options)
    return _save(question, QUESTION_FIELDS, typed, shown, lambda field, value: question_value(known, field, value))


@operation
def save_resource(*, actor: Actor, course_id: int, node_id: int, typed: Typed, shown: Shown) -> Saved:
    """Save the name under which a file is offered: `title` (C-4)."""
    resource = node_of(Resource, editable(actor, course_id), node_id)
    return _save(resource, ("title",), typed, shown, lambda _field, value: checked_title(value))


@operation
def save_assignment(*, actor: Actor, course_id: int, node_id: int, typed: Typed, shown: Shown) -> Saved:
    """Save an assignment: `title` and `body` (C-3)."""
    assignment = node_of(Assignment, editable(actor, course_id), node_id)
    return _save(assignment, ASSIGNMENT_FIELDS, typed, shown, assignment_value)


def texts_of(revision: Revision) -> dict[str, Any]:
    """The texts of a course's page as they are stored, by the fields of `CourseTexts`."""
    skills = db.session.scalars(select(RevisionSkill.skill_id).where(RevisionSkill.revision_id == revision.id))
    return {name: getattr(revision, name) for name in TEXT_COLUMNS} | {"skill_ids": frozenset(skills)}


def _save(
    row: Module | Lecture | TreePart,
    fields: tuple[str, ...],
    typed: Typed,
    shown: Shown,
    check: Callable[[str, Any], Any],
) -> Saved:
    values, saved = merge({field: getattr(row, field) for field in fields}, typed, shown, check)
    for field, value in values.items():
        setattr(row, field, value)
    return saved
