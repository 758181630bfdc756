"""Courses of tests, made directly in the state that a test starts from."""

from datetime import datetime
from itertools import count

from sqlalchemy import select

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db, unguarded
from backoffice.models.catalogues import Category, Language
from backoffice.models.content import (
    Lecture,
    LectureKind,
    Module,
    Node,
    NodeKind,
    Question,
    Revision,
    RevisionState,
)
from backoffice.models.courses import Course, CourseState
from backoffice.models.media import Upload, UploadKind, UploadState

_numbers = count(1)
OPTIONS = [{"key": "a", "text": "Four", "right": True}, {"key": "b", "text": "Five", "right": False}]


def catalogue() -> Category:
    """Languages and one category; made once per test."""
    found = db.session.scalar(select(Category).limit(1))
    if found is not None:
        return found
    with unguarded():
        db.session.add_all(
            [
                Language(code="en", name_en="English", name_ru="Английский"),
                Language(code="ru", name_en="Russian", name_ru="Русский"),
            ]
        )
        category = Category(slug="programming", name_en="Programming", name_ru="Программирование")
        db.session.add(category)
        db.session.commit()
    return category


def draft_course(author: Actor, *, title: str = "Counting with care", modules: int = 1, lectures: int = 2) -> Course:
    """A complete draft that passes the checks: text lectures, each with one question."""
    return _course(author, title, modules, lectures, RevisionState.DRAFT, CourseState.DRAFT, 0)


def live_course(
    author: Actor,
    *,
    title: str = "Counting with care",
    price_minor: int = 10_000,
    modules: int = 1,
    lectures: int = 2,
    state: CourseState = CourseState.ON_SALE,
    published_at: datetime | None = None,
) -> Course:
    """A course with a live revision, on sale unless said otherwise; price in minor units of USD."""
    course = _course(author, title, modules, lectures, RevisionState.LIVE, state, price_minor)
    if published_at is not None:
        with unguarded():
            course.published_at = published_at
            db.session.commit()
    return course


def _course(
    author: Actor,
    title: str,
    modules: int,
    lectures: int,
    revision_state: RevisionState,
    state: CourseState,
    price: int,
) -> Course:
    category = catalogue()
    number = next(_numbers)
    live = revision_state is RevisionState.LIVE
    with unguarded():
        course = Course(author_id=author.user_id, slug=f"course-{number}", currency="USD", price_minor=price)
        db.session.add(course)
        db.session.flush()
        revision = Revision(
            course_id=course.id,
            number=1,
            state=revision_state,
            title=title,
            short_description="How to count things that matter, and when to stop counting them.",
            description="You learn to count small things, large things and things that nobody has counted before. " * 5,
            requirements="Ten fingers",
            category_id=category.id,
            live_at=clock.now() if live else None,
        )
        db.session.add(revision)
        db.session.flush()
        for module_position in range(modules):
            _module(revision, module_position, lectures)
        if live:
            course.live_revision_id = revision.id
            course.state = state
            course.published_at = clock.now()
        else:
            course.draft_revision_id = revision.id
        db.session.commit()
    return course


def _node(course_id: int, kind: NodeKind) -> int:
    node = Node(course_id=course_id, kind=kind)
    db.session.add(node)
    db.session.flush()
    return node.id


def _module(revision: Revision, position: int, lectures: int) -> None:
    module = Module(
        revision_id=revision.id,
        node_id=_node(revision.course_id, NodeKind.MODULE),
        title=f"Module {position + 1}",
        position=position,
    )
    db.session.add(module)
    db.session.flush()
    for lecture_position in range(lectures):
        lecture = Lecture(
            revision_id=revision.id,
            module_id=module.id,
            node_id=_node(revision.course_id, NodeKind.LECTURE),
            title=f"Lecture {position + 1}.{lecture_position + 1}",
            position=lecture_position,
            kind=LectureKind.TEXT,
            body="Some things are counted, some are not, and a few of them only seem to be. " * 4,
        )
        db.session.add(lecture)
        db.session.flush()
        db.session.add(
            Question(
                revision_id=revision.id,
                lecture_id=lecture.id,
                node_id=_node(revision.course_id, NodeKind.QUESTION),
                position=0,
                text="How many are two and two?",
                options=OPTIONS,
                explanation="Two and two are four.",
            )
        )


def upload(owner: Actor, *, kind: UploadKind = UploadKind.VIDEO, state: UploadState = UploadState.DONE) -> Upload:
    """An upload as it stands after so much of the pipeline; no file behind it."""
    with unguarded():
        made = Upload(
            owner_id=owner.user_id,
            kind=kind,
            state=state,
            filename="lecture.mp4",
            size=1000,
            offset=0 if state is UploadState.RECEIVING else 1000,
            expires_at=clock.now(),
            error_code="not_a_video" if state is UploadState.FAILED else None,
            duration_s=60 if state is UploadState.DONE else None,
            asset={} if state is UploadState.DONE else None,
        )
        db.session.add(made)
        db.session.commit()
    return made
