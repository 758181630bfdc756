"""The tree of an imported course: checked by the rules of the forms, written by the thousand (C-3 to C-5)."""

from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert

from backoffice.db import db
from backoffice.errors import Refused
from backoffice.integrations.archives.model import ArchivedCourse, ArchivedLecture, ArchivedModule, ArchivedQuestion
from backoffice.integrations.archives.problems import Place, Problem
from backoffice.models.content import Lecture, Module, Node, NodeKind, Question
from backoffice.models.courses import Course
from backoffice.operations.content import BODY_MAX, Option, QuestionTexts, question_values
from backoffice.operations.courses import TITLE_MAX
from backoffice.operations.texts import cleaned
from backoffice.operations.tree import LECTURES_MAX, MODULES_MAX, QUESTIONS_MAX

Values = dict[str, Any]


def tree_problems(course: ArchivedCourse) -> Iterator[Problem]:
    """What is wrong with modules, lectures and questions, each by its place."""
    yield from _too_many(Place(name="modules"), course.modules, MODULES_MAX)
    for number, module in enumerate(course.modules, 1):
        place = Place(module=number)
        yield from _refusals(place, module, _module_values)
        yield from _too_many(place.at("lectures"), module.lectures, LECTURES_MAX)
        for which, lecture in enumerate(module.lectures, 1):
            yield from _lecture_problems(Place(module=number, lecture=which), lecture)


def _lecture_problems(place: Place, lecture: ArchivedLecture) -> Iterator[Problem]:
    yield from _refusals(place, lecture, _lecture_values)
    yield from _too_many(place.at("questions"), lecture.questions, QUESTIONS_MAX)
    for number, question in enumerate(lecture.questions, 1):
        at = Place(module=place.module, lecture=place.lecture, question=number)
        yield from _refusals(at, question, _question_values)


def _too_many(place: Place, rows: Sequence[object], most: int) -> Iterator[Problem]:
    if len(rows) > most:
        yield Problem(place, _l("There is no room for more here: %(limit)s at most.", limit=most))


def _refusals(place: Place, thing: Any, values: Any) -> Iterator[Problem]:
    try:
        values(thing)
    except Refused as refusal:
        yield Problem(place.at(refusal.data.get("field", "")), refusal.message)


def insert_tree(made: Course, course: ArchivedCourse) -> None:
    """Write the tree into the new draft of `made`; lectures name their videos by upload. Refused as in the forms.

    Four kinds of rows, each in one statement for a thousand of them.
    """
    modules = [
        {"revision_id": made.draft_revision_id, "position": place, **_module_values(module)}
        for place, module in enumerate(course.modules)
    ]
    module_ids = _insert(made, NodeKind.MODULE, Module, modules)
    lectures = [
        {
            "revision_id": made.draft_revision_id,
            "module_id": module_id,
            "position": place,
            **_lecture_values(lecture),
        }
        for module_id, module in zip(module_ids, course.modules, strict=True)
        for place, lecture in enumerate(module.lectures)
    ]
    lecture_ids = _insert(made, NodeKind.LECTURE, Lecture, lectures)
    everything = [lecture for module in course.modules for lecture in module.lectures]
    questions = [
        {
            "revision_id": made.draft_revision_id,
            "lecture_id": lecture_id,
            "position": place,
            **_question_values(question),
        }
        for lecture_id, lecture in zip(lecture_ids, everything, strict=True)
        for place, question in enumerate(lecture.questions)
    ]
    _insert(made, NodeKind.QUESTION, Question, questions)


def _insert(
    made: Course, kind: NodeKind, model: type[Module] | type[Lecture] | type[Question], rows: list[Values]
) -> list[int]:
    """The ids of the new rows, in their order, each under a node of its own."""
    if not rows:
        return []
    nodes = db.session.scalars(insert(Node).returning(Node.id), [{"course_id": made.id, "kind": kind}] * len(rows))
    for row, node_id in zip(rows, nodes, strict=True):
        row["node_id"] = node_id
    return list(db.session.scalars(insert(model).returning(model.id, sort_by_parameter_order=True), rows))


def _module_values(module: ArchivedModule) -> Values:
    return {"title": cleaned(module.title, field="title", at_most=TITLE_MAX, required=True)}


def _lecture_values(lecture: ArchivedLecture) -> Values:
    return {
        "title": cleaned(lecture.title, field="title", at_most=TITLE_MAX, required=True),
        "kind": lecture.kind,
        "body": cleaned(lecture.body, field="body", at_most=BODY_MAX),
        "video_upload_id": lecture.video,
        "free_preview": lecture.free_preview,
    }


def _question_values(question: ArchivedQuestion) -> Values:
    options = tuple(Option(text=option.text, right=option.right) for option in question.options)
    texts = QuestionTexts(text=question.text, options=options, explanation=question.explanation)
    return question_values(texts, frozenset())
