"""A course out of an archive: always a new draft, all of it in one transaction, or nothing (L-1).

The archive is an upload like any other: its attempts, lease and failure are those of `uploads`. The files in it become
uploads of their own, announced before they are copied out, and handed to the workers together with the course.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.integrations.archives.model import ArchivedCourse, ArchivedFile, with_files
from backoffice.integrations.archives.problems import ArchiveRefused, Place, Problem
from backoffice.models.catalogues import Category, Skill
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations import courses, revisions, uploads
from backoffice.operations.courses import Terms
from backoffice.operations.imported_trees import insert_tree, tree_problems
from backoffice.operations.people import wait_for_turn
from backoffice.operations.quotas import MIB, require_fit
from backoffice.operations.revisions import CourseTexts
from backoffice.operations.texts import clean_filename
from backoffice.operations.upload_rows import largest_mb
from backoffice.outbox import Event, emit_many

REFUSED = "archive_refused"


def problems_of(course: ArchivedCourse) -> list[Problem]:
    """What the forms of the studio would refuse, with its place; and files that are too large."""
    return [*tree_problems(course), *_too_large(course)]


def _too_large(course: ArchivedCourse) -> Iterator[Problem]:
    for each in course.media:
        limit_mb = largest_mb(_kind(course, each))
        if each.size > limit_mb * MIB:
            yield Problem(Place(name=each.file), _l("The file is larger than %(limit)s MB.", limit=limit_mb))


def _kind(course: ArchivedCourse, each: ArchivedFile) -> UploadKind:
    return UploadKind.IMAGE if each.file == course.cover else UploadKind.VIDEO


@operation
def announce(*, actor: Actor, author: Actor, upload_id: str, attempt: int, course: ArchivedCourse) -> dict[str, str]:
    """Make uploads of the author for the files of an archive; returns their ids by name.

    What an earlier attempt has announced is forgotten. Errors: `upload.lease_lost`, `access.denied`, `upload.quota`.
    """
    uploads.start_transcoding(actor=actor, upload_id=upload_id, attempt=attempt)
    author.require(Action.UPLOAD)
    wait_for_turn(author.person_id)
    _forget(upload_id)
    require_fit(author.person_id, sum(each.size for each in course.media))
    made = {
        each.file: Upload(
            owner_id=author.person_id,
            archive_id=upload_id,
            kind=_kind(course, each),
            filename=clean_filename(each.name),
            size=each.size,
            expires_at=clock.now() + timedelta(hours=settings().upload_hours),
        )
        for each in course.media
    }
    db.session.add_all(made.values())
    db.session.flush()
    for upload in made.values():
        states.begin(upload, actor=author)
    return {file: upload.id for file, upload in made.items()}


@operation
def take_in(
    *, actor: Actor, author: Actor, upload_id: str, attempt: int, course: ArchivedCourse, upload_ids: dict[str, str]
) -> Course:
    """Make the draft of a course whose files are all in their places, and hand those to the workers (T-1).

    A number of statements that grows by one for a thousand rows. Errors: `upload.lease_lost`, those of the studio's
    operations, and `ArchiveRefused` for what `problems_of` finds.
    """
    if problems := problems_of(course):
        raise ArchiveRefused(problems)
    uploads.progress(actor=actor, upload_id=upload_id, attempt=attempt, percent=100)
    _hand_over(author, upload_id)
    course = with_files(course, upload_ids.get)
    made = courses.create(actor=author, title=course.title, language_code=course.language)
    notes = [*_texts(author, made, course), *_price(author, made, course)]
    insert_tree(made, course)
    asset = {"course_id": made.id, "title": course.title, "notes": notes}
    uploads.complete(actor=actor, upload_id=upload_id, attempt=attempt, asset=asset, product_bytes=0, duration_s=None)
    return made


@operation
def refuse(*, actor: Actor, upload_id: str, attempt: int, problems: Sequence[dict[str, str]]) -> None:
    """The archive is at fault: nothing of it stays but what is wrong with it. Errors: `upload.lease_lost`."""
    detail = "; ".join(f"{problem['place']}: {problem['what']}" for problem in problems)
    give_up(actor=actor, upload_id=upload_id, attempt=attempt, error_code=REFUSED, detail=detail)
    db.session.get_one(Upload, upload_id).asset = {"problems": list(problems)}


@operation
def give_up(*, actor: Actor, upload_id: str, attempt: int, error_code: str, detail: str) -> None:
    """The archive was not taken in, `error_code` says why; the author may try again. Errors: `upload.lease_lost`."""
    uploads.fail(actor=actor, upload_id=upload_id, attempt=attempt, error_code=error_code, detail=detail)
    _forget(upload_id)


def _forget(upload_id: str) -> None:
    """Forget files that were announced and never handed over; the sweep clears away what there is of them."""
    half = (Upload.archive_id == upload_id, Upload.state == UploadState.RECEIVING)
    db.session.execute(delete(Upload).where(*half).execution_options(synchronize_session=False))


def _hand_over(author: Actor, upload_id: str) -> None:
    query = select(Upload).where(Upload.archive_id == upload_id, Upload.state == UploadState.RECEIVING)
    files = db.session.scalars(query.order_by(Upload.id).with_for_update().execution_options(populate_existing=True))
    received = files.all()
    for upload in received:
        states.move(upload, UploadState.UPLOADED, actor=author)
        upload.offset, upload.updated_at = upload.size, clock.now()
    db.session.flush()
    emit_many(Event.UPLOAD_RECEIVED, [{"upload_id": upload.id} for upload in received])


def _texts(author: Actor, made: Course, course: ArchivedCourse) -> list[str]:
    """Fill in the course's page; returns a note for what this shop's catalogues do not have."""
    notes = []
    category_id = None
    if course.category is not None:
        offered = (Category.slug == course.category, Category.retired_at.is_(None))
        category_id = db.session.scalar(select(Category.id).where(*offered))
        if category_id is None:
            notes.append(_("There is no category “%(name)s” here. Choose another one.", name=course.category))
    offered = (Skill.slug.in_(course.skills), Skill.retired_at.is_(None))
    skills = {row.slug: row.id for row in db.session.execute(select(Skill.slug, Skill.id).where(*offered))}
    for name in course.skills:
        if name not in skills:
            notes.append(_("There is no skill “%(name)s” here. Choose another one.", name=name))
    texts = CourseTexts(
        title=course.title,
        short_description=course.short_description,
        description=course.description,
        requirements=course.requirements,
        category_id=category_id,
        level=course.level,
        language_code=course.language,
        cover_upload_id=course.cover,
        includes_certificate=course.includes_certificate,
        access_days=course.access_days,
        skill_ids=frozenset(skills.values()),
    )
    revisions.edit_texts(actor=author, course_id=made.id, version=1, texts=texts)
    return notes


def _price(author: Actor, made: Course, course: ArchivedCourse) -> list[str]:
    if course.price is None:
        return []
    if course.price.currency != made.currency:
        return [_("The price %(price)s is not in this shop's currency. Set a new one.", price=str(course.price))]
    courses.set_sale_terms(actor=author, course_id=made.id, terms=Terms(price_minor=course.price.minor))
    return []
