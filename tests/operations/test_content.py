"""Editing the content tree: L-1, L-6, C-3 to C-5."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from backoffice.db import db
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.content import Lecture, LectureKind, Module, Node, Question, Revision
from backoffice.models.courses import Course
from backoffice.models.media import UploadKind, UploadState
from backoffice.operations import content, removals
from backoffice.operations.content import LectureTexts, Option, QuestionTexts
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast


def options(count: int, right: int = 1) -> tuple[Option, ...]:
    return tuple(Option(f"Option {number}", number < right) for number in range(count))


def question(**changes: object) -> QuestionTexts:
    return QuestionTexts(**({"text": "How many?", "options": options(2)} | changes))  # type: ignore[arg-type]


def outline(course: Course) -> list[tuple[str, list[str]]]:
    """Titles in order; fails when the positions are not 0, 1, 2 …"""
    modules = db.session.execute(
        select(Module.id, Module.title, Module.position)
        .where(Module.revision_id == course.draft_revision_id)
        .order_by(Module.position)
    ).all()
    assert [module.position for module in modules] == list(range(len(modules)))
    found = []
    for module in modules:
        lectures = db.session.execute(
            select(Lecture.title, Lecture.position).where(Lecture.module_id == module.id).order_by(Lecture.position)
        ).all()
        assert [lecture.position for lecture in lectures] == list(range(len(lectures)))
        found.append((module.title, [lecture.title for lecture in lectures]))
    return found


def node(model: type[Module] | type[Lecture] | type[Question], title: str) -> int:
    column = Question.text if model is Question else model.title
    return db.session.scalars(select(model.node_id).where(column == title).order_by(model.id.desc()).limit(1)).one()


def test_c3_modules_and_lectures_are_added_at_the_end(cast: Cast) -> None:
    course = draft_course(cast.owner, lectures=1)
    module = content.add_module(actor=cast.owner, course_id=course.id, title="  Module 2 ")
    content.add_lecture(
        actor=cast.owner, course_id=course.id, module_node_id=module.node_id, title="New", kind=LectureKind.VIDEO
    )
    assert outline(course) == [("Module 1", ["Lecture 1.1"]), ("Module 2", ["New"])]
    assert db.session.scalar(select(Revision.version)) == 3


@pytest.mark.parametrize(
    ("title", "by", "expected"),
    [
        ("Lecture 1.1", 1, [["Lecture 1.2", "Lecture 1.1"], ["Lecture 2.1", "Lecture 2.2"]]),
        ("Lecture 1.2", -1, [["Lecture 1.2", "Lecture 1.1"], ["Lecture 2.1", "Lecture 2.2"]]),
        ("Lecture 1.2", 1, [["Lecture 1.1"], ["Lecture 1.2", "Lecture 2.1", "Lecture 2.2"]]),
        ("Lecture 2.1", -1, [["Lecture 1.1", "Lecture 1.2", "Lecture 2.1"], ["Lecture 2.2"]]),
        ("Lecture 1.1", -1, [["Lecture 1.1", "Lecture 1.2"], ["Lecture 2.1", "Lecture 2.2"]]),
        ("Lecture 2.2", 1, [["Lecture 1.1", "Lecture 1.2"], ["Lecture 2.1", "Lecture 2.2"]]),
    ],
)
def test_c3_lectures_move_within_and_over_the_edge_of_a_module(
    cast: Cast, title: str, by: int, expected: list[list[str]]
) -> None:
    course = draft_course(cast.owner, modules=2)
    content.move_lecture(actor=cast.owner, course_id=course.id, node_id=node(Lecture, title), by=by)
    assert [lectures for _title, lectures in outline(course)] == expected


def test_c3_modules_move_and_stay_dense(cast: Cast) -> None:
    course = draft_course(cast.owner, modules=3, lectures=1)
    first = node(Module, "Module 1")
    for by in (1, 1, 1):
        content.move_module(actor=cast.owner, course_id=course.id, node_id=first, by=by)
    assert [title for title, _lectures in outline(course)] == ["Module 2", "Module 3", "Module 1"]
    removals.delete_module(actor=cast.owner, course_id=course.id, node_id=node(Module, "Module 2"))
    assert [title for title, _lectures in outline(course)] == ["Module 3", "Module 1"]


def test_l9_deleting_takes_everything_below_and_leaves_the_nodes(cast: Cast) -> None:
    course = draft_course(cast.owner)
    nodes = db.session.scalar(select(func.count(Node.id)))
    removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node(Lecture, "Lecture 1.1"))
    assert outline(course) == [("Module 1", ["Lecture 1.2"])]
    assert db.session.scalar(select(func.count(Question.id))) == 1
    removals.delete_module(actor=cast.owner, course_id=course.id, node_id=node(Module, "Module 1"))
    assert outline(course) == []
    assert [db.session.scalar(select(func.count(table.id))) for table in (Module, Lecture, Question)] == [0, 0, 0]
    assert db.session.scalar(select(func.count(Node.id))) == nodes


def test_c4_a_lecture_is_saved_with_its_own_video_only(cast: Cast) -> None:
    course = draft_course(cast.owner)
    module = node(Module, "Module 1")
    made = content.add_lecture(
        actor=cast.owner, course_id=course.id, module_node_id=module, title="Film", kind=LectureKind.VIDEO
    )
    node_id, version = made.node_id, 2
    for file in (
        upload(cast.other_author),
        upload(cast.owner, kind=UploadKind.IMAGE),
        upload(cast.owner, state=UploadState.RECEIVING),
    ):
        with pytest.raises(Refused, match=r"upload\.unusable"):
            content.edit_lecture(
                actor=cast.owner,
                course_id=course.id,
                node_id=node_id,
                version=version,
                texts=LectureTexts(title="Film", video_upload_id=file.id),
            )
    own = upload(cast.owner, state=UploadState.TRANSCODING)
    texts = LectureTexts(title="Film 2", body="Text\r\nbelow", video_upload_id=own.id, free_preview=True)
    saved = content.edit_lecture(actor=cast.owner, course_id=course.id, node_id=node_id, version=version, texts=texts)
    assert (saved.title, saved.body, saved.video_upload_id, saved.free_preview) == (
        "Film 2",
        "Text\nbelow",
        own.id,
        True,
    )


def test_rule4_a_lecture_that_another_tab_has_changed(cast: Cast) -> None:
    course = draft_course(cast.owner)
    node_id = node(Lecture, "Lecture 1.1")
    for title in ("First tab", "Second tab"):
        attempt = {"actor": cast.owner, "course_id": course.id, "node_id": node_id, "version": 1}
        if title == "First tab":
            content.edit_lecture(**attempt, texts=LectureTexts(title=title))
        else:
            with pytest.raises(Conflict, match=r"revision\.changed"):
                content.edit_lecture(**attempt, texts=LectureTexts(title=title))
    assert outline(course)[0][1] == ["First tab", "Lecture 1.2"]


def test_c5_kept_options_keep_their_keys_and_new_ones_get_others(cast: Cast) -> None:
    course = draft_course(cast.owner, lectures=1)
    node_id = node(Question, "How many are two and two?")
    wanted = (Option("Five", False, "b"), Option("Four!", True, "a"), Option("Six", False), Option("Seven", True, "zz"))
    edited = content.edit_question(
        actor=cast.owner, course_id=course.id, node_id=node_id, version=1, texts=question(options=wanted)
    )
    keys = [option["key"] for option in edited.options]
    assert keys[:2] == ["b", "a"]
    assert len(set(keys)) == 4
    assert "zz" not in keys
    assert [option["right"] for option in edited.options] == [False, True, False, True]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (question(options=options(11)), "question.options"),
        (question(options=options(1)), "question.options"),
        (question(options=()), "question.options"),
        (question(options=options(3, right=0)), "question.no_right_option"),
        (question(options=(Option("", True), Option("x", False))), "text.missing"),
        (question(options=(Option("x" * 501, True), Option("x", False))), "text.too_long"),
        (question(text=" "), "text.missing"),
        (question(text="x" * 10_000), "text.too_long"),
        (question(explanation="nul \0"), "text.forbidden"),
    ],
)
def test_c5_senseless_questions_are_refused(cast: Cast, texts: QuestionTexts, code: str) -> None:
    course = draft_course(cast.owner, lectures=1)
    lecture = node(Lecture, "Lecture 1.1")
    with pytest.raises(Refused) as refused:
        content.add_question(actor=cast.owner, course_id=course.id, lecture_node_id=lecture, texts=texts)
    assert refused.value.code == code
    assert db.session.scalar(select(func.count(Question.id))) == 1


@pytest.mark.parametrize("count", [2, 10])
def test_c5_two_to_ten_options_all_of_them_right_if_need_be(cast: Cast, count: int) -> None:
    course = draft_course(cast.owner, lectures=1)
    lecture = node(Lecture, "Lecture 1.1")
    texts = question(options=options(count, right=count))
    added = content.add_question(actor=cast.owner, course_id=course.id, lecture_node_id=lecture, texts=texts)
    assert added.position == 1
    content.move_question(actor=cast.owner, course_id=course.id, node_id=added.node_id, by=-1)
    removals.delete_question(actor=cast.owner, course_id=course.id, node_id=node(Question, "How many are two and two?"))
    assert db.session.execute(select(Question.text, Question.position)).all() == [("How many?", 0)]


@pytest.mark.parametrize("title", ["", "   ", "x" * 10_000, "nul \0"])
def test_c3_senseless_titles_are_refused(cast: Cast, title: str) -> None:
    course = draft_course(cast.owner)
    with pytest.raises(Refused) as refused:
        content.add_module(actor=cast.owner, course_id=course.id, title=title)
    assert refused.value.data["field"] == "title"
    assert db.session.scalar(select(Revision.version)) == 1


EDITS: dict[str, Callable[..., object]] = {
    "add_module": lambda **who: content.add_module(**who, title="x"),
    "edit_module": lambda **who: content.edit_module(**who, node_id=node(Module, "Module 1"), title="x"),
    "move_module": lambda **who: content.move_module(**who, node_id=node(Module, "Module 1"), by=1),
    "delete_module": lambda **who: removals.delete_module(**who, node_id=node(Module, "Module 1")),
    "add_lecture": lambda **who: content.add_lecture(
        **who, module_node_id=node(Module, "Module 1"), title="x", kind=LectureKind.TEXT
    ),
    "edit_lecture": lambda **who: content.edit_lecture(
        **who, node_id=node(Lecture, "Lecture 1.1"), version=1, texts=LectureTexts(title="x")
    ),
    "move_lecture": lambda **who: content.move_lecture(**who, node_id=node(Lecture, "Lecture 1.1"), by=1),
    "delete_lecture": lambda **who: removals.delete_lecture(**who, node_id=node(Lecture, "Lecture 1.1")),
    "add_question": lambda **who: content.add_question(
        **who, lecture_node_id=node(Lecture, "Lecture 1.1"), texts=question()
    ),
    "edit_question": lambda **who: content.edit_question(
        **who, node_id=node(Question, "How many are two and two?"), version=1, texts=question()
    ),
    "move_question": lambda **who: content.move_question(
        **who, node_id=node(Question, "How many are two and two?"), by=1
    ),
    "delete_question": lambda **who: removals.delete_question(
        **who, node_id=node(Question, "How many are two and two?")
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_l1_every_edit_is_the_owners_alone(cast: Cast, edit: str) -> None:
    course_id = draft_course(cast.owner, title="Mine").id
    for who, error in (
        (cast.other_author, NotFound),
        (cast.student, NotAllowed),
        (cast.moderator, NotAllowed),
        (cast.admin, NotAllowed),
        (cast.visitor, NotAllowed),
    ):
        with pytest.raises(error):
            EDITS[edit](actor=who, course_id=course_id)
    assert db.session.scalar(select(Revision.version)) == 1
    EDITS[edit](actor=cast.owner, course_id=course_id)
    assert db.session.scalar(select(Revision.version)) == 2


@pytest.mark.parametrize("edit", EDITS)
def test_l6_every_edit_of_a_live_course_goes_to_a_draft(cast: Cast, edit: str) -> None:
    course_id = live_course(cast.owner).id
    EDITS[edit](actor=cast.owner, course_id=course_id)
    course = db.session.get_one(Course, course_id)
    assert course.draft_revision_id not in (None, course.live_revision_id)
    assert db.session.get_one(Revision, course.live_revision_id).version == 1
    live = select(func.count(Question.id)).where(Question.revision_id == course.live_revision_id)
    assert db.session.scalar(live) == 2


@pytest.mark.parametrize("edit", [name for name in EDITS if name != "add_module"])
def test_l1_nodes_of_another_course_are_not_found(cast: Cast, edit: str) -> None:
    own = draft_course(cast.owner, modules=0).id
    draft_course(cast.other_author)
    with pytest.raises(NotFound, match=r"node\.not_found"):
        EDITS[edit](actor=cast.owner, course_id=own)
    assert db.session.scalar(select(func.max(Revision.version))) == 1
