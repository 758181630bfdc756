"""Forms that save by themselves from several tabs: L-1, C-1, C-3 to C-5, rule 4."""

from typing import Any

import pytest
from sqlalchemy import select

from backoffice.db import db
from backoffice.errors import Conflict, NotFound
from backoffice.models.content import Lecture, Module, Question, Revision, RevisionSkill
from backoffice.models.courses import Course
from backoffice.operations import content, editing, submissions
from backoffice.operations.content import Option
from backoffice.operations.merging import Shown, fingerprint, fingerprints
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast

SHOWN = fingerprints({"title": "Lecture 1.1", "free_preview": False, "video_upload_id": None})


def lecture_node() -> int:
    return db.session.scalars(select(Lecture.node_id).where(Lecture.title == "Lecture 1.1")).first() or 0


def stored(node_id: int, course: Course) -> Lecture:
    query = select(Lecture).where(Lecture.node_id == node_id, Lecture.revision_id == course.draft_revision_id)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def test_rule4_two_tabs_that_change_different_fields_both_get_their_way(cast: Cast) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    body = stored(node_id, course).body
    tab = {"actor": cast.owner, "course_id": course.id, "node_id": node_id}
    shown = {**SHOWN, "body": fingerprint(body)}
    first = editing.save_lecture(**tab, typed={"title": "First tab", "body": body}, shown=shown)
    second = editing.save_lecture(**tab, typed={"title": "Lecture 1.1", "body": "Second\r\ntab"}, shown=shown)
    assert (first.clashes, second.clashes, second.refused) == ([], [], {})
    assert second.stored["title"] == "First tab"
    row = stored(node_id, course)
    assert (row.title, row.body) == ("First tab", "Second\ntab")


def test_rule4_a_field_that_both_have_changed_is_written_by_nobody_and_told(cast: Cast) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    tab = {"actor": cast.owner, "course_id": course.id, "node_id": node_id}
    editing.save_lecture(**tab, typed={"title": "First tab"}, shown=SHOWN)
    told = editing.save_lecture(**tab, typed={"title": "Second tab", "free_preview": True}, shown=SHOWN)
    assert (list(told.clashes), told.stored["title"]) == (["title"], "First tab")
    row = stored(node_id, course)
    # The rest of the form is saved all the same.
    assert (row.title, row.free_preview) == ("First tab", True)
    # Who has seen the others' version may put theirs in its place.
    editing.save_lecture(**tab, typed={"title": "Second tab"}, shown=fingerprints({"title": "First tab"}))
    assert stored(node_id, course).title == "Second tab"


@pytest.mark.parametrize("shown", [{}, {"title": "nonsense"}])
def test_rule4_who_does_not_say_what_was_shown_overwrites_nothing(cast: Cast, shown: Shown) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    saved = editing.save_lecture(
        actor=cast.owner, course_id=course.id, node_id=node_id, typed={"title": "Blind"}, shown=shown
    )
    assert list(saved.clashes) == ["title"]
    assert stored(node_id, course).title == "Lecture 1.1"


def test_rule4_both_typed_the_same_or_nothing_at_all(cast: Cast) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    tab = {"actor": cast.owner, "course_id": course.id, "node_id": node_id, "shown": SHOWN}
    editing.save_lecture(**tab, typed={"title": "The same"})
    assert editing.save_lecture(**tab, typed={"title": " The same\r\n"}).clashes == []
    assert editing.save_lecture(**tab, typed={"title": "Lecture 1.1"}).stored["title"] == "The same"
    assert stored(node_id, course).title == "The same"


@pytest.mark.parametrize(
    ("typed", "field", "code"),
    [
        ({"title": ""}, "title", "text.missing"),
        ({"body": "x" * 200_001}, "body", "text.too_long"),
        ({"body": "nul \0"}, "body", "text.forbidden"),
    ],
)
def test_c4_a_senseless_value_is_told_and_the_rest_is_saved(
    cast: Cast, typed: dict[str, Any], field: str, code: str
) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    shown = {**SHOWN, "body": fingerprint(stored(node_id, course).body)}
    saved = editing.save_lecture(
        actor=cast.owner, course_id=course.id, node_id=node_id, typed={**typed, "free_preview": True}, shown=shown
    )
    assert {name: error.code for name, error in saved.refused.items()} == {field: code}
    row = stored(node_id, course)
    assert (row.title, row.free_preview) == ("Lecture 1.1", True)


def test_c4_another_persons_video_is_refused_and_a_text_has_none(cast: Cast) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    typed = {"video_upload_id": upload(cast.other_author).id}
    tab = {"actor": cast.owner, "course_id": course.id, "node_id": node_id, "shown": SHOWN}
    editing.save_lecture(**tab, typed=typed)
    assert stored(node_id, course).video_upload_id is None


def test_c1_texts_are_merged_field_by_field_with_skills_and_lists(cast: Cast) -> None:
    course = draft_course(cast.owner)
    revision = db.session.get_one(Revision, course.draft_revision_id)
    shown = fingerprints(editing.texts_of(revision))
    page = {"actor": cast.owner, "course_id": course.id, "shown": shown}
    editing.save_texts(**page, typed={"title": "New title", "access_days": 30})
    saved = editing.save_texts(
        **page, typed={"title": revision.title, "requirements": "None", "skill_ids": frozenset({999}), "access_days": 0}
    )
    assert sorted(saved.refused) == ["skill_ids"]
    assert list(saved.clashes) == ["access_days"]
    db.session.refresh(revision)
    assert (revision.title, revision.requirements, revision.access_days) == ("New title", "None", 30)
    assert db.session.scalars(select(RevisionSkill.skill_id)).all() == []


def test_c5_new_options_keep_the_keys_that_the_form_gave_them(cast: Cast) -> None:
    course = draft_course(cast.owner, lectures=1)
    question = db.session.scalars(select(Question)).one()
    form = {"actor": cast.owner, "course_id": course.id, "node_id": question.node_id}
    options = (Option("Four", True, "a"), Option("Six", False, "0123abcd"), Option("Seven", False, "no key"))
    shown = fingerprints({"options": question.options})
    saved = editing.save_question(**form, typed={"options": options}, shown=shown)
    keys = [option["key"] for option in saved.stored["options"]]
    assert keys[:2] == ["a", "0123abcd"]
    assert keys[2] not in ("no key", "a", "0123abcd")
    told = editing.save_question(**form, typed={"options": options[:1]}, shown=fingerprints(saved.stored))
    assert told.refused["options"].code == "question.options"


def test_l6_the_first_save_of_a_live_course_opens_its_draft_and_knows_its_content(cast: Cast) -> None:
    course_id, node_id = live_course(cast.owner).id, lecture_node()
    saved = editing.save_lecture(
        actor=cast.owner, course_id=course_id, node_id=node_id, typed={"title": "Changed"}, shown=SHOWN
    )
    assert saved.clashes == []
    course = db.session.get_one(Course, course_id)
    assert course.draft_revision_id != course.live_revision_id
    assert stored(node_id, course).title == "Changed"


def test_l1_what_was_handed_in_or_deleted_meanwhile_is_not_saved(cast: Cast) -> None:
    course, node_id = draft_course(cast.owner), lecture_node()
    tab = {"actor": cast.owner, "course_id": course.id, "typed": {"title": "Late"}, "shown": {}}
    with pytest.raises(NotFound, match=r"node\.not_found"):
        editing.save_module(**tab, node_id=node_id)
    submissions.submit(actor=cast.owner, course_id=course.id, version=1)
    with pytest.raises(Conflict, match=r"revision\.frozen"):
        editing.save_lecture(**tab, node_id=node_id)


def test_l1_nobody_saves_in_the_course_of_somebody_else(cast: Cast) -> None:
    course = draft_course(cast.owner)
    node_id = db.session.scalars(select(Module.node_id)).one()
    with pytest.raises(NotFound, match=r"course\.not_found"):
        editing.save_module(
            actor=cast.other_author,
            course_id=course.id,
            node_id=node_id,
            typed={"title": "Mine"},
            shown=fingerprints({"title": "Module 1"}),
        )


def test_l1_a_change_elsewhere_in_the_course_does_not_stop_a_form(cast: Cast) -> None:
    course = draft_course(cast.owner)
    revision = db.session.get_one(Revision, course.draft_revision_id)
    shown = fingerprints(editing.texts_of(revision))
    content.add_module(actor=cast.owner, course_id=course.id, title="Another tab adds")
    saved = editing.save_texts(actor=cast.owner, course_id=course.id, typed={"title": "Goes on"}, shown=shown)
    assert saved.stored["title"] == "Goes on"
