"""Courses of the demo shop: written, handed in, judged by the real checks and put on sale (L-1 to L-5)."""

from datetime import datetime, timedelta

from sqlalchemy import select

from backoffice import clock, webvtt
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.demo import covers, texts
from backoffice.demo.course import DemoCourse
from backoffice.demo.people_made import Shop
from backoffice.integrations.checks.registry import run_checks
from backoffice.integrations.storage.house import part_path
from backoffice.models.content import LectureKind, Revision, RevisionSkill
from backoffice.models.courses import Course
from backoffice.models.media import UploadKind
from backoffice.models.review import Submission
from backoffice.operations import captions, content, courses, revisions, submissions, uploads
from backoffice.operations.content import LectureTexts, Option, QuestionTexts
from backoffice.operations.courses import Terms
from backoffice.operations.revisions import CourseTexts
from backoffice.queries.snapshots import snapshot_of, thresholds
from backoffice.tasks.actors.media import process_upload

LECTURES_PER_MODULE = 2


def write(shop: Shop, demo: DemoCourse, number: int, *, extra: str = "", video: bytes = b"") -> Course:
    """A draft with texts, a cover, two modules and four lectures with questions; the first one is a video if given."""
    author = shop.authors[demo.author]
    course = courses.create(actor=author, title=demo.title, language_code=demo.language)
    cover_id = receive(author, UploadKind.IMAGE, "cover.jpg", covers.draw(demo.category, number))
    short, first, last = demo.short, demo.lectures[0], demo.lectures[-1]
    description = texts.DESCRIPTION[demo.language].format(short=short, first=first, last=last)
    revisions.edit_texts(
        actor=author,
        course_id=course.id,
        version=open_revision(course).version,
        texts=CourseTexts(
            title=demo.title,
            short_description=short,
            description=description + extra,
            requirements=texts.REQUIREMENTS[demo.language][number % 3],
            category_id=shop.categories[demo.category],
            level=demo.level,
            language_code=demo.language,
            cover_upload_id=cover_id,
            includes_certificate=number % 3 == 0,
            access_days=365 if number % 7 == 3 else None,
            skill_ids=frozenset(shop.skills[slug] for slug in demo.skills),
        ),
    )
    video_id = receive(author, UploadKind.VIDEO, "welcome.mp4", video) if video else None
    _write_lectures(author, course, demo, video_id)
    return course


def _write_lectures(author: Actor, course: Course, demo: DemoCourse, video_id: str | None) -> None:
    for number, title in enumerate(demo.lectures):
        if number % LECTURES_PER_MODULE == 0:
            name = texts.MODULES[demo.language][number // LECTURES_PER_MODULE]
            module = content.add_module(actor=author, course_id=course.id, title=name)
        kind = LectureKind.VIDEO if video_id and number == 0 else LectureKind.TEXT
        lecture = content.add_lecture(
            actor=author, course_id=course.id, module_node_id=module.node_id, title=title, kind=kind
        )
        content.edit_lecture(
            actor=author,
            course_id=course.id,
            node_id=lecture.node_id,
            version=open_revision(course).version,
            texts=LectureTexts(
                title=title,
                body=texts.BODY[demo.language].format(title=title),
                video_upload_id=video_id if kind is LectureKind.VIDEO else None,
                free_preview=number == 0,
            ),
        )
        if kind is LectureKind.VIDEO:
            _add_captions(author, course, lecture.node_id)
        question = _question(demo, title) if number else _first_question(demo)
        content.add_question(actor=author, course_id=course.id, lecture_node_id=lecture.node_id, texts=question)


def _add_captions(author: Actor, course: Course, node_id: int) -> None:
    for language, (label, text) in texts.CAPTIONS.items():
        captions.put(
            actor=author,
            course_id=course.id,
            node_id=node_id,
            version=open_revision(course).version,
            language=language,
            label=label,
            captions=webvtt.clean(text.encode()),
        )


def _first_question(demo: DemoCourse) -> QuestionTexts:
    text, right, *wrong = demo.question
    options = (Option(right, True), *(Option(answer, False) for answer in wrong))
    return QuestionTexts(text=text, options=options, explanation=texts.WHY[demo.language])


def _question(demo: DemoCourse, title: str) -> QuestionTexts:
    text, right, *wrong, explanation = texts.HABIT[demo.language]
    options = (Option(wrong[0], False), Option(right, True), Option(wrong[1], False))
    return QuestionTexts(text=text.format(title=title), options=options, explanation=explanation)


def receive(owner: Actor, kind: UploadKind, filename: str, data: bytes) -> str:
    """A file that arrives whole and goes through the pipeline of uploads; returns its id."""
    upload = uploads.begin(actor=owner, kind=kind, filename=filename, size=len(data))
    part_path(upload.id).write_bytes(data)
    uploads.receive(actor=owner, upload_id=upload.id, offset=len(data))
    process_upload(upload_id=upload.id)
    return upload.id


def open_revision(course: Course) -> Revision:
    """The revision that edits go to."""
    db.session.refresh(course)
    return db.session.get_one(Revision, course.draft_revision_id, populate_existing=True)


def hand_in(author: Actor, course: Course) -> Submission:
    """Hand the open revision in and let the real checks judge it."""
    revision = open_revision(course)
    submission = submissions.submit(actor=author, course_id=course.id, version=revision.version)
    snapshot = snapshot_of(submission.revision_id)
    if snapshot is None or snapshot.is_waiting:
        raise RuntimeError(f"the files of {course.slug} are not ready")
    measured_by = thresholds()
    return submissions.record_verdict(
        actor=SYSTEM,
        submission_id=submission.id,
        findings=run_checks(snapshot.course, measured_by),
        thresholds=measured_by,
    )


def sell(author: Actor, course: Course, demo: DemoCourse, discount_until: datetime) -> None:
    """Set the price and put the course on sale."""
    terms = Terms(
        price_minor=demo.price,
        discount_minor=demo.discount,
        discount_until=discount_until if demo.discount is not None else None,
    )
    courses.set_sale_terms(actor=author, course_id=course.id, terms=terms)
    courses.put_on_sale(actor=author, course_id=course.id)


def change(author: Actor, course: Course, demo: DemoCourse) -> Submission:
    """Edit a published course and hand the change in; it waits for a moderator (L-7)."""
    revision = revisions.open_draft(actor=author, course_id=course.id)
    skills = frozenset(
        db.session.scalars(select(RevisionSkill.skill_id).where(RevisionSkill.revision_id == revision.id))
    )
    revisions.edit_texts(
        actor=author,
        course_id=course.id,
        version=revision.version,
        texts=CourseTexts(
            title=revision.title,
            short_description=revision.short_description,
            description=revision.description + texts.CHANGE[demo.language],
            requirements=revision.requirements,
            category_id=revision.category_id,
            level=revision.level,
            language_code=revision.language_code,
            cover_upload_id=revision.cover_upload_id,
            includes_certificate=revision.includes_certificate,
            access_days=revision.access_days,
            skill_ids=skills,
        ),
    )
    with clock.at(clock.now() + timedelta(minutes=20)):
        return hand_in(author, course)
