"""Revisions: the draft beside what is live, its texts, its end (L-1, L-6, L-7, L-9, C-1)."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from backoffice.access import SYSTEM
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.catalogues import Skill, SkillArea
from backoffice.models.content import Lecture, Level, Module, Question, Revision, RevisionSkill, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.media import UploadKind, UploadState
from backoffice.operations import content, removals, revisions
from backoffice.operations.revisions import CourseTexts
from tests.factories.courses import draft_course, live_course, upload
from tests.factories.people import Cast, make_cast


def texts(**changes: object) -> CourseTexts:
    values: dict[str, object] = {
        "title": "A better title",
        "short_description": "Short",
        "description": "Long",
        "requirements": "",
        "category_id": None,
        "level": Level.BEGINNER,
        "language_code": "ru",
        "cover_upload_id": None,
        "includes_certificate": True,
        "access_days": 30,
        "skill_ids": frozenset(),
    }
    return CourseTexts(**(values | changes))  # type: ignore[arg-type]


def skill() -> int:
    with unguarded():
        area = SkillArea(name_en="Backend", name_ru="Бэкенд")
        db.session.add(area)
        db.session.flush()
        made = Skill(area_id=area.id, slug="php", name_en="PHP", name_ru="PHP")
        db.session.add(made)
        db.session.commit()
    return made.id


def tree(revision_id: int) -> list[tuple[object, ...]]:
    query = (
        select(
            Module.node_id, Module.title, Lecture.node_id, Lecture.title, Lecture.body, Question.node_id, Question.text
        )
        .select_from(Module)
        .outerjoin(Lecture, Lecture.module_id == Module.id)
        .outerjoin(Question, Question.lecture_id == Lecture.id)
        .where(Module.revision_id == revision_id)
        .order_by(Module.position, Lecture.position, Question.position)
    )
    return [tuple(row) for row in db.session.execute(query)]


def test_l6_the_first_edit_copies_the_live_tree_with_its_nodes(cast: Cast) -> None:
    course = live_course(cast.owner, modules=2, lectures=3)
    skill_id = skill()
    with unguarded():
        db.session.add(RevisionSkill(revision_id=course.live_revision_id, skill_id=skill_id))
        db.session.commit()
    live_id = course.live_revision_id
    before = tree(live_id)

    draft = revisions.open_draft(actor=cast.owner, course_id=course.id)
    again = revisions.open_draft(actor=cast.owner, course_id=course.id)

    assert draft.id == again.id != live_id
    assert (draft.number, draft.state, draft.based_on_id, draft.live_at) == (2, RevisionState.DRAFT, live_id, None)
    assert tree(draft.id) == before
    assert len(before) == 6
    own = select(func.count()).where(Lecture.revision_id == draft.id, Module.id == Lecture.module_id)
    assert db.session.scalar(own.where(Module.revision_id == draft.id)) == 6
    assert db.session.scalars(select(RevisionSkill.skill_id).where(RevisionSkill.revision_id == draft.id)).all() == [
        skill_id
    ]


def test_l7_what_is_live_is_not_written_by_edits(cast: Cast) -> None:
    course = live_course(cast.owner)
    live_id = course.live_revision_id
    live = db.session.get_one(Revision, live_id)
    shown, title, before = live.version, live.title, tree(live_id)
    module_node = before[0][0]

    revisions.edit_texts(actor=cast.owner, course_id=course.id, version=shown, texts=texts())
    content.edit_module(actor=cast.owner, course_id=course.id, node_id=module_node, title="Another")
    removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=before[0][2])

    db.session.expire_all()
    live = db.session.get_one(Revision, live_id)
    assert (live.version, live.title, live.state) == (shown, title, RevisionState.LIVE)
    assert tree(live_id) == before
    course = db.session.get_one(Course, course.id)
    assert course.live_revision_id == live_id
    assert db.session.get_one(Revision, course.draft_revision_id).title == "A better title"


def test_l9_two_first_edits_at_once_make_one_draft(committed_app: Flask) -> None:
    cast = make_cast()
    course_id = live_course(cast.owner).id
    found: list[int] = []
    start = threading.Barrier(4)

    def edit() -> None:
        with committed_app.app_context():
            start.wait()
            found.append(revisions.open_draft(actor=cast.owner, course_id=course_id).id)

    threads = [threading.Thread(target=edit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


def test_c1_texts_are_saved_and_the_version_rises(cast: Cast) -> None:
    course = draft_course(cast.owner)
    cover = upload(cast.owner, kind=UploadKind.IMAGE)
    skill_id = skill()
    revision = revisions.edit_texts(
        actor=cast.owner,
        course_id=course.id,
        version=1,
        texts=texts(cover_upload_id=cover.id, skill_ids=frozenset({skill_id})),
    )
    assert (revision.version, revision.title, revision.level) == (2, "A better title", Level.BEGINNER)
    assert (revision.language_code, revision.access_days, revision.includes_certificate) == ("ru", 30, True)
    assert revision.cover_upload_id == cover.id
    assert db.session.scalars(select(RevisionSkill.skill_id)).all() == [skill_id]


def test_rule4_the_second_of_two_tabs_is_told(cast: Cast) -> None:
    course = draft_course(cast.owner)
    revisions.edit_texts(actor=cast.owner, course_id=course.id, version=1, texts=texts(title="First tab"))
    with pytest.raises(Conflict) as told:
        revisions.edit_texts(actor=cast.owner, course_id=course.id, version=1, texts=texts(title="Second tab"))
    assert (told.value.code, told.value.data) == ("revision.changed", {"version": 2})
    assert db.session.scalar(select(Revision.title)) == "First tab"


def test_rule4_two_tabs_that_show_the_live_revision(cast: Cast) -> None:
    course = live_course(cast.owner)
    revisions.edit_texts(actor=cast.owner, course_id=course.id, version=1, texts=texts(title="First tab"))
    with pytest.raises(Conflict, match=r"revision\.changed"):
        revisions.edit_texts(actor=cast.owner, course_id=course.id, version=1, texts=texts(title="Second tab"))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": "x" * 10_000}, "title"),
        ({"title": "  "}, "title"),
        ({"title": "nul \0"}, "title"),
        ({"description": "x" * 60_000}, "description"),
        ({"language_code": "xx"}, "language_code"),
        ({"category_id": 999_999}, "category_id"),
        ({"skill_ids": frozenset({999_999})}, "skill_ids"),
        ({"skill_ids": frozenset(range(21))}, "skill_ids"),
        ({"access_days": 0}, "access_days"),
        ({"access_days": 10**9}, "access_days"),
        ({"cover_upload_id": "nothing"}, "cover_upload_id"),
        ({"cover_upload_id": "\0"}, "cover_upload_id"),
    ],
)
def test_c1_absurd_values_are_refused_by_field(cast: Cast, changes: dict[str, object], field: str) -> None:
    course = draft_course(cast.owner)
    with pytest.raises(Refused) as refused:
        revisions.edit_texts(actor=cast.owner, course_id=course.id, version=1, texts=texts(**changes))
    assert refused.value.data["field"] == field
    assert db.session.scalar(select(Revision.version)) == 1


def test_x5_a_foreign_unfinished_or_wrong_file_is_no_cover(cast: Cast) -> None:
    course = draft_course(cast.owner)
    for file in (
        upload(cast.other_author, kind=UploadKind.IMAGE),
        upload(cast.owner, kind=UploadKind.IMAGE, state=UploadState.RECEIVING),
        upload(cast.owner, kind=UploadKind.VIDEO),
    ):
        with pytest.raises(Refused, match=r"upload\.unusable"):
            revisions.edit_texts(actor=cast.owner, course_id=course.id, version=1, texts=texts(cover_upload_id=file.id))


@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("other_author", NotFound),
        ("student", NotAllowed),
        ("moderator", NotAllowed),
        ("admin", NotAllowed),
        ("visitor", NotAllowed),
    ],
)
def test_l1_only_the_owner_edits(cast: Cast, who: str, error: type[Exception]) -> None:
    course = live_course(cast.owner)
    actor = getattr(cast, who)
    for attempt in (
        lambda: revisions.open_draft(actor=actor, course_id=course.id),
        lambda: revisions.edit_texts(actor=actor, course_id=course.id, version=1, texts=texts()),
        lambda: revisions.discard_draft(actor=actor, course_id=course.id),
    ):
        with pytest.raises(error):
            attempt()
    assert db.session.scalar(select(func.count(Revision.id))) == 1


@pytest.mark.parametrize(
    ("state", "allowed"),
    [
        (RevisionState.DRAFT, True),
        (RevisionState.REJECTED, True),
        (RevisionState.MODERATING, False),
        (RevisionState.IN_REVIEW, False),
    ],
)
def test_l2_what_is_handed_in_is_frozen(cast: Cast, state: RevisionState, allowed: bool) -> None:
    course = draft_course(cast.owner)
    with unguarded():
        db.session.scalars(select(Revision)).one().state = state
        db.session.commit()
    if allowed:
        assert content.add_module(actor=cast.owner, course_id=course.id, title="More").position == 1
    else:
        with pytest.raises(Conflict, match=r"revision\.frozen"):
            content.add_module(actor=cast.owner, course_id=course.id, title="More")
        assert db.session.scalar(select(func.count(Module.id))) == 1


def test_l6_a_discarded_change_leaves_the_live_revision(cast: Cast) -> None:
    course = live_course(cast.owner)
    draft = revisions.open_draft(actor=cast.owner, course_id=course.id)
    for _twice in range(2):
        revisions.discard_draft(actor=cast.owner, course_id=course.id)
    course = db.session.get_one(Course, course.id)
    assert course.draft_revision_id is None
    assert db.session.get_one(Revision, draft.id).state is RevisionState.ARCHIVED
    assert db.session.get_one(Revision, course.live_revision_id).state is RevisionState.LIVE
    assert revisions.open_draft(actor=cast.owner, course_id=course.id).number == 3


def test_l6_a_draft_that_was_never_published_cannot_be_discarded(cast: Cast) -> None:
    course = draft_course(cast.owner)
    with pytest.raises(Conflict, match=r"revision\.nothing_live"):
        revisions.discard_draft(actor=cast.owner, course_id=course.id)


def test_l7_going_live_archives_the_former_revision(cast: Cast) -> None:
    course = live_course(cast.owner)
    former = course.live_revision_id
    draft = revisions.open_draft(actor=cast.owner, course_id=course.id)
    with unguarded():
        db.session.get_one(Revision, draft.id).state = RevisionState.IN_REVIEW
        db.session.commit()
    revisions.go_live(actor=cast.moderator, course_id=course.id, revision_id=draft.id)
    course = db.session.get_one(Course, course.id)
    assert (course.live_revision_id, course.draft_revision_id) == (draft.id, None)
    assert course.state is CourseState.ON_SALE
    assert db.session.get_one(Revision, former).state is RevisionState.ARCHIVED
    assert db.session.get_one(Revision, draft.id).live_at is not None


@pytest.mark.parametrize("state", [state for state in RevisionState if state not in ("moderating", "in_review")])
def test_l10_only_what_was_handed_in_goes_live(cast: Cast, state: RevisionState) -> None:
    course = draft_course(cast.owner)
    revision_id = course.draft_revision_id
    with unguarded():
        db.session.scalars(select(Revision)).one().state = state
        db.session.commit()
    with pytest.raises(Conflict, match=r"state\.illegal"):
        revisions.go_live(actor=SYSTEM, course_id=course.id, revision_id=revision_id)
    assert db.session.get_one(Course, course.id).live_revision_id is None


@pytest.mark.parametrize("who", ["owner", "student", "visitor"])
def test_l10_authors_do_not_publish_by_themselves(cast: Cast, who: str) -> None:
    course = draft_course(cast.owner)
    with pytest.raises(NotAllowed):
        revisions.go_live(actor=getattr(cast, who), course_id=course.id, revision_id=course.draft_revision_id)
