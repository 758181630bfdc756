"""Captions as content: in the draft, in copies, in what was deleted, in the difference (C-4, L-6, L-9, T-4)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from backoffice import clock, webvtt
from backoffice.access import SYSTEM, Actor
from backoffice.db import db, unguarded
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.content import Caption, Lecture, LectureKind, RemovedNode, Revision, RevisionState
from backoffice.models.courses import Course
from backoffice.operations import captions, content, outline, removals, revisions, submissions
from backoffice.queries.captions import is_free_caption, readable_texts
from backoffice.queries.review import content_diff
from backoffice.webvtt import Captions
from tests.factories.courses import draft_course, live_course
from tests.factories.people import Cast

LATER = Caption.KEPT + timedelta(days=1)


def written(text: str) -> Captions:
    return webvtt.clean(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{text}\n".encode())


def shown_version(course: Course) -> int:
    course = db.session.get_one(Course, course.id, populate_existing=True)
    revision_id = course.draft_revision_id or course.live_revision_id
    return db.session.get_one(Revision, revision_id, populate_existing=True).version


def put(
    owner: Actor, course: Course, node_id: int, text: str, language: str = "en", version: int | None = None
) -> Lecture:
    return captions.put(
        actor=owner,
        course_id=course.id,
        node_id=node_id,
        version=shown_version(course) if version is None else version,
        language=language,
        label=language.upper(),
        captions=written(text),
    )


def remove(owner: Actor, course: Course, node_id: int, language: str = "en") -> Lecture:
    version = shown_version(course)
    return captions.remove(actor=owner, course_id=course.id, node_id=node_id, version=version, language=language)


def video_of(course: Course, revision_id: int) -> int:
    """Make the first lecture of the revision a video; its node."""
    with unguarded():
        lecture = db.session.scalars(select(Lecture).where(Lecture.revision_id == revision_id)).first()
        lecture.kind = LectureKind.VIDEO
        db.session.commit()
    return lecture.node_id


def texts_in(revision_id: int) -> dict[str, str]:
    """Language and text of all captions of a revision."""
    query = select(Lecture.captions).where(Lecture.revision_id == revision_id)
    return {
        entry["language"]: webvtt.cues_of(db.session.get_one(Caption, entry["caption_id"]).text)[0].plain
        for entries in db.session.scalars(query)
        for entry in entries
    }


@pytest.fixture
def course(cast: Cast) -> Course:
    return draft_course(cast.owner)


@pytest.fixture
def node_id(course: Course) -> int:
    return video_of(course, course.draft_revision_id)


def test_c4_captions_of_each_language_are_added_replaced_and_removed(cast: Cast, course: Course, node_id: int) -> None:
    put(cast.owner, course, node_id, "Hello")
    put(cast.owner, course, node_id, "Привет", "ru")
    lecture = put(cast.owner, course, node_id, "Hello again")
    assert [entry["language"] for entry in lecture.captions] == ["en", "ru"]
    assert texts_in(course.draft_revision_id) == {"en": "Hello again", "ru": "Привет"}
    remove(cast.owner, course, node_id)
    assert texts_in(course.draft_revision_id) == {"ru": "Привет"}
    with pytest.raises(NotFound, match=r"captions\.not_found"):
        remove(cast.owner, course, node_id)


def test_c4_what_is_no_video_and_no_language_has_no_captions(cast: Cast, course: Course, node_id: int) -> None:
    text_node = db.session.scalar(select(Lecture.node_id).where(Lecture.kind == LectureKind.TEXT))
    with pytest.raises(Refused, match=r"lecture\.not_a_video"):
        put(cast.owner, course, text_node, "Hello")
    with pytest.raises(Refused, match=r"language\.unknown"):
        put(cast.owner, course, node_id, "Hello", "tlh")
    with pytest.raises(Conflict, match=r"revision\.changed"):
        put(cast.owner, course, node_id, "Hello", version=99)
    for person in (cast.other_author, cast.moderator, cast.student):
        with pytest.raises((NotFound, NotAllowed)):
            put(person, course, node_id, "Hello")
    assert db.session.scalar(select(func.count(Caption.id))) == 0


def test_l2_a_frozen_submission_keeps_its_captions(cast: Cast, course: Course, node_id: int) -> None:
    put(cast.owner, course, node_id, "Hello")
    submissions.submit(actor=cast.owner, course_id=course.id, version=shown_version(course))
    with pytest.raises(Conflict, match=r"revision\.frozen"):
        put(cast.owner, course, node_id, "Changed")
    with pytest.raises(Conflict, match=r"revision\.frozen"):
        remove(cast.owner, course, node_id)
    assert texts_in(course.draft_revision_id) == {"en": "Hello"}


def test_l6_a_change_leaves_the_live_version_alone_and_is_in_the_difference(cast: Cast) -> None:
    course = live_course(cast.owner)
    live_id = course.live_revision_id
    node_id = video_of(course, live_id)
    put(cast.owner, course, node_id, "Hello")
    draft_id = db.session.get_one(Course, course.id, populate_existing=True).draft_revision_id
    assert (texts_in(live_id), texts_in(draft_id)) == ({}, {"en": "Hello"})

    with unguarded():
        revision = db.session.get_one(Revision, draft_id)
        revision.state = RevisionState.IN_REVIEW
        db.session.commit()
    revisions.go_live(actor=cast.moderator, course_id=course.id, revision_id=draft_id)
    put(cast.owner, course, node_id, "Good evening")
    third_id = db.session.get_one(Course, course.id, populate_existing=True).draft_revision_id
    assert (texts_in(draft_id), texts_in(third_id)) == ({"en": "Hello"}, {"en": "Good evening"})

    [changed] = [node for node in content_diff(draft_id, third_id).nodes if node.changes]
    [one] = changed.captions
    texts = readable_texts(cast.moderator, [one.before_id, one.after_id])
    lines = webvtt.compare(*(webvtt.cues_of(texts[number]) for number in (one.before_id, one.after_id)))
    assert [(line.kind, line.cue.plain) for line in lines] == [("removed", "Hello"), ("added", "Good evening")]
    assert readable_texts(cast.other_author, texts) == {}
    [same] = [node for node in content_diff(draft_id, draft_id).nodes if node.captions]
    assert same.captions[0].before_id == same.captions[0].after_id


def test_l9_captions_come_along_with_copies_and_come_back(cast: Cast, course: Course, node_id: int) -> None:
    put(cast.owner, course, node_id, "Hello")
    outline.duplicate_lecture(actor=cast.owner, course_id=course.id, node_id=node_id)
    query = select(Lecture.captions).where(Lecture.kind == LectureKind.VIDEO)
    first, second = db.session.scalars(query)
    assert first == second != []
    kept = removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node_id)
    removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept.id)
    assert list(db.session.scalars(query)) == [first, first]


def test_c4_everybody_reads_captions_of_a_free_lecture_of_what_is_live(cast: Cast) -> None:
    course = live_course(cast.owner)
    node_id = video_of(course, course.live_revision_id)
    lecture = put(cast.owner, course, node_id, "Hello")
    caption_id = lecture.captions[0]["caption_id"]
    assert not is_free_caption(caption_id)
    with unguarded():
        live = db.session.scalars(
            select(Lecture).where(Lecture.revision_id == course.live_revision_id, Lecture.node_id == node_id)
        ).one()
        live.captions, live.free_preview = lecture.captions, True
        db.session.commit()
    assert is_free_caption(caption_id)
    with unguarded():
        blocked = db.session.get_one(Course, course.id)
        blocked.blocked_at, blocked.block_reason = clock.now(), "Stolen"
        db.session.commit()
    assert not is_free_caption(caption_id)


def test_t4_texts_that_no_version_has_are_cleared_in_time(cast: Cast, course: Course, node_id: int) -> None:
    put(cast.owner, course, node_id, "First")
    put(cast.owner, course, node_id, "Second")
    kept = removals.delete_lecture(actor=cast.owner, course_id=course.id, node_id=node_id)
    assert captions.clear_unused(actor=SYSTEM) == 0
    with unguarded():
        # What was deleted comes later than its captions, and is kept as long.
        db.session.get_one(RemovedNode, kept.id).removed_at = clock.now() + LATER - timedelta(days=2)
        db.session.commit()
    with clock.at(clock.now() + LATER):
        assert captions.clear_unused(actor=SYSTEM) == 1
        removals.bring_back(actor=cast.owner, course_id=course.id, removed_id=kept.id)
        assert texts_in(course.draft_revision_id) == {"en": "Second"}
        assert captions.clear_unused(actor=SYSTEM) == 0
        remove(cast.owner, course, node_id)
    with clock.at(clock.now() + 3 * LATER):
        assert captions.clear_unused(actor=SYSTEM) == 1
    assert db.session.scalar(select(func.count(Caption.id))) == 0
    with pytest.raises(NotAllowed):
        captions.clear_unused(actor=cast.admin)


def test_t4_a_text_that_is_used_again_is_young_again(cast: Cast, course: Course, node_id: int) -> None:
    put(cast.owner, course, node_id, "Hello")
    remove(cast.owner, course, node_id)
    with clock.at(clock.now() + LATER):
        put(cast.owner, course, node_id, "Hello")
        remove(cast.owner, course, node_id)
        assert captions.clear_unused(actor=SYSTEM) == 0
    assert db.session.scalar(select(func.count(Caption.id))) == 1


def test_editing_a_lecture_keeps_its_captions(cast: Cast, course: Course, node_id: int) -> None:
    put(cast.owner, course, node_id, "Hello")
    texts = content.LectureTexts(title="Another title")
    content.edit_lecture(
        actor=cast.owner, course_id=course.id, node_id=node_id, version=shown_version(course), texts=texts
    )
    assert texts_in(course.draft_revision_id) == {"en": "Hello"}


def test_the_database_refuses_captions_without_end(cast: Cast, course: Course) -> None:
    db.session.add(Caption(course_id=course.id, sha256="x", text="", cues=10_001))
    with unguarded(), pytest.raises(IntegrityError, match="number_of_cues"):
        db.session.commit()
    db.session.rollback()
