"""Students of tests: enrolments as a purchase leaves them, and videos in lectures."""

from sqlalchemy import select

from backoffice import clock
from backoffice.access import Actor
from backoffice.db import db, unguarded
from backoffice.models.content import Lecture, LectureKind, Question, Revision
from backoffice.models.courses import Course
from backoffice.models.purchases import Enrolment, Purchase
from backoffice.operations import purchases
from backoffice.pricing import current_price
from tests.factories.courses import upload
from tests.factories.money import fund


def own(student: Actor, course: Course) -> Purchase:
    """Buy the course at its price, with money for exactly that."""
    price = current_price(course, clock.now())
    if price:
        fund(student, price)
    return purchases.buy(actor=student, course_id=course.id, shown_price_minor=price)


def enrolment_of(student: Actor, course: Course) -> Enrolment:
    """The latest enrolment of this student in this course, as it stands in the database."""
    return db.session.scalars(
        select(Enrolment)
        .where(Enrolment.student_id == student.user_id, Enrolment.course_id == course.id)
        .order_by(Enrolment.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).one()


def lectures_of(revision_id: int | None) -> list[Lecture]:
    """Lectures of a revision in the order in which they were made."""
    return list(db.session.scalars(select(Lecture).where(Lecture.revision_id == revision_id).order_by(Lecture.id)))


def questions_of(revision_id: int | None) -> list[Question]:
    """Questions of a revision in the order in which they were made."""
    return list(db.session.scalars(select(Question).where(Question.revision_id == revision_id).order_by(Question.id)))


def make_video(lecture: Lecture, author: Actor, *, seconds: int = 100) -> None:
    """Turn a text lecture into a video of this length; no file behind it."""
    with unguarded():
        file = upload(author)
        file.duration_s, file.asset = seconds, {"master": "master.m3u8", "poster": "poster.jpg"}
        lecture.kind, lecture.video_upload_id, lecture.body = LectureKind.VIDEO, file.id, ""
        db.session.commit()


def without_questions(revision_id: int | None) -> None:
    """Take all questions out of a revision."""
    with unguarded():
        for question in questions_of(revision_id):
            db.session.delete(question)
        db.session.commit()


def open_draft(course: Course, *, marker: str) -> Revision:
    """A draft beside the live revision, whose texts hold the marker; one lecture, no questions."""
    live = db.session.get_one(Revision, course.live_revision_id)
    with unguarded():
        draft = Revision(
            course_id=course.id,
            number=live.number + 1,
            based_on_id=live.id,
            title=marker,
            short_description=marker,
            description=marker,
            category_id=live.category_id,
        )
        db.session.add(draft)
        db.session.flush()
        course.draft_revision_id = draft.id
        db.session.commit()
    return draft
