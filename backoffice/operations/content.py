"""The content tree as its author edits it: modules, lectures, questions (L-1, C-3 to C-5).

Nodes are named by their stable id, so that an address stays right when the first edit of a live course opens its draft.
Every edit raises the revision's version. Errors of all: those of `revisions.editable`, and `node.not_found`.
"""

import re
from dataclasses import asdict, dataclass, fields
from typing import Any
from uuid import uuid4

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice.access import Actor
from backoffice.db import db, operation
from backoffice.errors import Refused
from backoffice.models.content import Lecture, LectureKind, Module, NodeKind, Question
from backoffice.models.media import UploadKind
from backoffice.operations.courses import TITLE_MAX
from backoffice.operations.revisions import editable, require_upload
from backoffice.operations.texts import cleaned
from backoffice.operations.tree import (
    LECTURES_MAX,
    MODULES_MAX,
    QUESTIONS_MAX,
    close_gap,
    count,
    modules_of,
    new_place,
    node_of,
    shift,
    swap,
)

BODY_MAX = 200_000
QUESTION_MAX = 2_000
OPTION_MAX = 500
OPTIONS_MIN, OPTIONS_MAX = 2, 10
# A form that saves by itself names its new options, so that they are the same ones at its next save.
_NEW_KEY = re.compile("[0-9a-f]{8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LectureTexts:
    """What a lecture consists of (C-4)."""

    title: str
    body: str = ""
    video_upload_id: str | None = None
    free_preview: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """An answer option; `key` of a kept one, for a new one `new_key()` or empty (C-5)."""

    text: str
    right: bool
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionTexts:
    """A question with its options in order (C-5)."""

    text: str
    options: tuple[Option, ...]
    explanation: str = ""


LECTURE_FIELDS = tuple(field.name for field in fields(LectureTexts))
QUESTION_FIELDS = tuple(field.name for field in fields(QuestionTexts))


@operation
def add_module(*, actor: Actor, course_id: int, title: str) -> Module:
    """Add a module at the end (C-3)."""
    revision = editable(actor, course_id)
    place = new_place(revision, NodeKind.MODULE, Module, modules_of(revision), MODULES_MAX)
    module = Module(title=checked_title(title), **place)
    db.session.add(module)
    return module


@operation
def edit_module(*, actor: Actor, course_id: int, node_id: int, title: str) -> Module:
    """Give a module another title (C-3)."""
    module = node_of(Module, editable(actor, course_id), node_id)
    module.title = checked_title(title)
    return module


@operation
def move_module(*, actor: Actor, course_id: int, node_id: int, by: int) -> None:
    """Move a module one place down (`by` 1) or up (-1); at the end of the list nothing happens."""
    revision = editable(actor, course_id)
    swap(Module, modules_of(revision), node_of(Module, revision, node_id), by)


@operation
def add_lecture(*, actor: Actor, course_id: int, module_node_id: int, title: str, kind: LectureKind) -> Lecture:
    """Add an empty lecture at the end of a module (C-4)."""
    revision = editable(actor, course_id)
    module = node_of(Module, revision, module_node_id)
    place = new_place(revision, NodeKind.LECTURE, Lecture, Lecture.module_id == module.id, LECTURES_MAX)
    lecture = Lecture(module_id=module.id, title=checked_title(title), kind=kind, **place)
    db.session.add(lecture)
    return lecture


@operation
def edit_lecture(*, actor: Actor, course_id: int, node_id: int, version: int, texts: LectureTexts) -> Lecture:
    """Save a lecture, on condition that the course is as shown (C-4). A video must be the author's own upload."""
    lecture = node_of(Lecture, editable(actor, course_id, version=version), node_id)
    for field, value in asdict(texts).items():
        setattr(lecture, field, lecture_value(actor, lecture, field, value))
    return lecture


@operation
def move_lecture(*, actor: Actor, course_id: int, node_id: int, by: int) -> None:
    """Move a lecture one place down (`by` 1) or up (-1), over the module's edge into the neighbouring module."""
    revision = editable(actor, course_id)
    lecture = node_of(Lecture, revision, node_id)
    siblings = Lecture.module_id == lecture.module_id
    if 0 <= lecture.position + by < count(Lecture, siblings):
        swap(Lecture, siblings, lecture, by)
        return
    module = db.session.get_one(Module, lecture.module_id)
    neighbour = db.session.scalar(select(Module).where(modules_of(revision), Module.position == module.position + by))
    if neighbour is None:
        return
    close_gap(Lecture, siblings, lecture.position)
    there = Lecture.module_id == neighbour.id
    position = 0 if by > 0 else count(Lecture, there)
    shift(Lecture, there, position, 1)
    lecture.module_id, lecture.position = neighbour.id, position


@operation
def add_question(*, actor: Actor, course_id: int, lecture_node_id: int, texts: QuestionTexts) -> Question:
    """Add a question at the end of a lecture (C-5). Errors as `edit_question`."""
    revision = editable(actor, course_id)
    lecture = node_of(Lecture, revision, lecture_node_id)
    values = question_values(texts, frozenset())
    place = new_place(revision, NodeKind.QUESTION, Question, Question.lecture_id == lecture.id, QUESTIONS_MAX)
    question = Question(lecture_id=lecture.id, **values, **place)
    db.session.add(question)
    return question


@operation
def edit_question(*, actor: Actor, course_id: int, node_id: int, version: int, texts: QuestionTexts) -> Question:
    """Save a question, on condition that the course is as shown (C-5); kept options keep their keys.

    Errors: `question.options` (2 to 10), `question.no_right_option`, `text.*`, each with its field.
    """
    question = node_of(Question, editable(actor, course_id, version=version), node_id)
    values = question_values(texts, frozenset(option["key"] for option in question.options))
    for field, value in values.items():
        setattr(question, field, value)
    return question


@operation
def move_question(*, actor: Actor, course_id: int, node_id: int, by: int) -> None:
    """Move a question one place down (`by` 1) or up (-1) within its lecture."""
    question = node_of(Question, editable(actor, course_id), node_id)
    swap(Question, Question.lecture_id == question.lecture_id, question, by)


def checked_title(title: str) -> str:
    """The title of a module or lecture as it is stored. Refused `text.*`."""
    return cleaned(title, field="title", at_most=TITLE_MAX, required=True)


def lecture_value(actor: Actor, lecture: Lecture, field: str, value: Any) -> Any:
    """The value of a field of `LectureTexts` as it is stored. Refused `text.*`, `upload.unusable`, with the field."""
    if field == "title":
        return checked_title(value)
    if field == "body":
        return cleaned(value, field=field, at_most=BODY_MAX)
    if field == "video_upload_id":
        if lecture.kind is not LectureKind.VIDEO:
            return None
        if value != lecture.video_upload_id:
            require_upload(actor, value, UploadKind.VIDEO, field=field)
    return value


def question_value(known: frozenset[str], field: str, value: Any) -> Any:
    """The value of a field of `QuestionTexts` as it is stored; `known` are the keys of its options so far.

    Refused `text.*`, `question.options`, `question.no_right_option`, with the field.
    """
    if field == "options":
        return _options(value, known)
    return cleaned(value, field=field, at_most=QUESTION_MAX, required=field == "text")


def question_values(texts: QuestionTexts, known: frozenset[str]) -> dict[str, Any]:
    """The columns of a question; an option whose key is `known` keeps it. Errors as `question_value`."""
    return {field: question_value(known, field, getattr(texts, field)) for field in QUESTION_FIELDS}


def new_key() -> str:
    """The key of an option that is not stored yet."""
    return uuid4().hex[:8]


def _options(options: tuple[Option, ...], known: frozenset[str]) -> list[dict[str, Any]]:
    if not OPTIONS_MIN <= len(options) <= OPTIONS_MAX:
        raise Refused("question.options", _l("A question needs 2 to 10 answer options."), field="options")
    if not any(option.right for option in options):
        raise Refused("question.no_right_option", _l("Mark at least one option as right."), field="options")
    kept = [option.key for option in options if option.key in known or _NEW_KEY.fullmatch(option.key)]
    if len(set(kept)) != len(kept):
        raise Refused("question.options", _l("An answer option stands there twice."), field="options")
    return [
        {
            "key": option.key if option.key in kept else new_key(),
            "text": cleaned(option.text, field="options", at_most=OPTION_MAX, required=True),
            "right": option.right,
        }
        for option in options
    ]
