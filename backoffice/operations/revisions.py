"""Revisions: opening a draft beside what is live, its texts, and the moment when it goes live (L-1, L-6, L-7, L-9)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.catalogues import Category, Skill
from backoffice.models.content import (
    EDITABLE,
    Lecture,
    Level,
    Revision,
    RevisionSkill,
    RevisionState,
)
from backoffice.models.courses import Course, CourseState
from backoffice.models.media import Upload, UploadKind, UploadState
from backoffice.operations.courses import TITLE_MAX, owned, require_language
from backoffice.operations.progress import keep_floors
from backoffice.operations.revision_copies import copied
from backoffice.operations.texts import cleaned

LENGTHS = {"title": TITLE_MAX, "short_description": 1_000, "description": 50_000, "requirements": 5_000}
ACCESS_DAYS_MAX = 3_650
SKILLS_MAX = 20
_FROZEN = _l("What is handed in cannot be changed. Take it back first, then go on editing.")


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseTexts:
    """What stands on a course's page besides its content (C-1); `access_days` None is for life."""

    title: str
    short_description: str
    description: str
    requirements: str
    category_id: int | None
    level: Level
    language_code: str
    cover_upload_id: str | None
    includes_certificate: bool
    access_days: int | None
    skill_ids: frozenset[int]


TEXT_COLUMNS = tuple(field.name for field in fields(CourseTexts) if field.name != "skill_ids")


@operation
def open_draft(*, actor: Actor, course_id: int) -> Revision:
    """The open revision of a course; the first call after a publication copies the live tree (L-6, L-9).

    Race-safe by the course's lock: the second of two calls gets the first one's draft.
    """
    course = owned(actor, course_id)
    if course.draft_revision_id is not None:
        return _locked(course.draft_revision_id)
    live = db.session.get_one(Revision, course.live_revision_id)
    draft = _locked(copied(live))
    course.draft_revision_id = draft.id
    states.begin(draft, actor=actor, course_id=course.id)
    return draft


def editable(actor: Actor, course_id: int, *, version: int | None = None) -> Revision:
    """The locked revision that an edit goes to, its version raised; a live course gets its draft first (L-6).

    Errors: `course.not_found`, `revision.frozen` while it is submitted, `revision.changed` (data: version) when
    `version`, the one that was shown, is not the present one.
    """
    course = db.session.scalar(select(Course).where(Course.id == course_id).execution_options(populate_existing=True))
    actor.require(Action.EDIT_COURSES)
    if course is None or course.author_id != actor.user_id:
        raise NotFound("course.not_found", _l("There is no such course."))
    if course.draft_revision_id is None:
        revision = open_draft(actor=actor, course_id=course_id)
    else:
        revision = _locked(course.draft_revision_id)
    if revision.state not in EDITABLE:
        raise Conflict("revision.frozen", _FROZEN)
    require_version(revision, version)
    revision.version += 1
    revision.updated_at = clock.now()
    return revision


def require_version(revision: Revision, version: int | None) -> None:
    """Conflict `revision.changed` unless the revision is as it was shown (rule 4)."""
    if version is not None and revision.version != version:
        raise Conflict(
            "revision.changed",
            _l("The course has been changed in another window. What you typed is kept below: compare and save again."),
            version=revision.version,
        )


@operation
def edit_texts(*, actor: Actor, course_id: int, version: int, texts: CourseTexts) -> Revision:
    """Save the texts of the open revision, on condition that it is still as shown (C-1, L-1).

    Errors: as `editable`, and Refused with the field's name for a senseless value.
    """
    revision = editable(actor, course_id, version=version)
    write_texts(revision, {field: text_value(actor, revision, field, value) for field, value in asdict(texts).items()})
    return revision


def text_value(actor: Actor, revision: Revision, field: str, value: Any) -> Any:
    """The value of a field of `CourseTexts` as it is stored. Refused with the field's name for a senseless one."""
    if field in LENGTHS:
        return cleaned(value, field=field, at_most=LENGTHS[field], required=field == "title")
    if field == "access_days" and value is not None and not 1 <= value <= ACCESS_DAYS_MAX:
        raise Refused("access_days.senseless", _l("Give the access in days, 1 to 3650."), field=field)
    if field == "language_code":
        require_language(value)
    elif field == "category_id":
        _require_category(value, revision.category_id)
    elif field == "cover_upload_id":
        require_upload(actor, value, UploadKind.IMAGE, field=field)
    elif field == "skill_ids":
        _require_skills(value)
    return value


def write_texts(revision: Revision, values: Mapping[str, Any]) -> None:
    """Write checked values of fields of `CourseTexts`."""
    for field, value in values.items():
        if field == "skill_ids":
            _set_skills(revision.id, value)
        else:
            setattr(revision, field, value)


def require_upload(actor: Actor, upload_id: str | None, kind: UploadKind, *, field: str) -> None:
    """Refused `upload.unusable` unless it is the actor's own upload of this kind and has arrived (X-5)."""
    if upload_id is None:
        return
    query = select(Upload.id).where(
        Upload.id == upload_id,
        Upload.owner_id == actor.user_id,
        Upload.kind == kind,
        Upload.state != UploadState.RECEIVING,
    )
    # Who is just deleting the file is waited for.
    query = query.with_for_update(read=True, key_share=True)
    if "\0" in upload_id or db.session.scalar(query) is None:
        raise Refused("upload.unusable", _l("This file has not arrived. Upload it again."), field=field)


def _require_category(category_id: int | None, before: int | None) -> None:
    if category_id is None or category_id == before:
        return
    query = select(Category.id).where(Category.id == category_id, Category.retired_at.is_(None))
    if db.session.scalar(query) is None:
        raise Refused("category.unknown", _l("Choose a category of the list."), field="category_id")


def _require_skills(skill_ids: frozenset[int]) -> None:
    if len(skill_ids) > SKILLS_MAX:
        raise Refused("skills.too_many", _l("Choose 20 skills at most."), field="skill_ids")
    known = select(Skill.id).where(Skill.id.in_(skill_ids))
    if db.session.scalar(select(func.count()).select_from(known.subquery())) != len(skill_ids):
        raise Refused("skills.unknown", _l("Choose skills of the list."), field="skill_ids")


def _set_skills(revision_id: int, skill_ids: frozenset[int]) -> None:
    db.session.execute(delete(RevisionSkill).where(RevisionSkill.revision_id == revision_id))
    if skill_ids:
        rows = [{"revision_id": revision_id, "skill_id": skill_id} for skill_id in sorted(skill_ids)]
        db.session.execute(insert(RevisionSkill), rows)


@operation
def restore(*, actor: Actor, course_id: int, number: int) -> Revision:
    """Make a new draft of the course's revision `number`; an open draft is put aside, nothing is deleted (L-6, L-9).

    Errors: `revision.not_found`, `revision.already_open` when it is the open one, `revision.frozen` while one is
    submitted.
    """
    course = owned(actor, course_id)
    wanted = db.session.scalar(select(Revision).where(Revision.course_id == course.id, Revision.number == number))
    if wanted is None:
        raise NotFound("revision.not_found", _l("There is no such version."))
    if course.draft_revision_id == wanted.id:
        raise Conflict("revision.already_open", _l("This version is the one that you are working on."))
    if course.draft_revision_id is not None:
        opened = _locked(course.draft_revision_id)
        if opened.state not in EDITABLE:
            raise Conflict("revision.frozen", _FROZEN)
        states.move(opened, RevisionState.ARCHIVED, actor=actor, course_id=course.id)
        # The unique index on the open revision is not deferred.
        db.session.flush()
    draft = _locked(copied(wanted))
    course.draft_revision_id = draft.id
    states.begin(draft, actor=actor, course_id=course.id)
    return draft


@operation
def discard_draft(*, actor: Actor, course_id: int) -> Course:
    """Put the open change of a published course aside; what is live stays (L-6). Nothing is deleted.

    Without an open change it does nothing. Errors: `revision.nothing_live`, and `state.illegal` while it is submitted.
    """
    course = owned(actor, course_id)
    if course.live_revision_id is None:
        raise Conflict("revision.nothing_live", _l("A course that was never published has nothing to go back to."))
    if course.draft_revision_id is None:
        return course
    states.move(_locked(course.draft_revision_id), RevisionState.ARCHIVED, actor=actor, course_id=course.id)
    course.draft_revision_id = None
    return course


@operation
def go_live(*, actor: Actor, course_id: int, revision_id: int) -> Course:
    """Make the submitted revision the one that everybody sees; the one before it is archived (L-4, L-6, L-7).

    For the operations that decide about a submission: they say who may, and emit the event. A first publication makes
    the course PUBLISHED. Error: `state.illegal`.
    """
    course = db.session.scalars(
        select(Course).where(Course.id == course_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if not actor.may(Action.JUDGE):
        actor.require(Action.REVIEW)
    revision = _locked(revision_id)
    if course.live_revision_id is not None:
        keep_floors(actor=actor, course_id=course_id)
        states.move(_locked(course.live_revision_id), RevisionState.ARCHIVED, actor=actor, course_id=course_id)
        # The unique index on the live revision is not deferred.
        db.session.flush()
    states.move(revision, RevisionState.LIVE, actor=actor, course_id=course_id)
    now = clock.now()
    revision.live_at = now
    course.live_revision_id = revision.id
    course.draft_revision_id = None
    course.duration_s = _duration(revision.id)
    course.updated_at = now
    if course.state is CourseState.DRAFT:
        course.published_at = now
        states.move(course, CourseState.PUBLISHED, actor=actor, course_id=course_id)
    return course


def _duration(revision_id: int) -> int:
    query = (
        select(func.coalesce(func.sum(Upload.duration_s), 0))
        .join(Lecture, Lecture.video_upload_id == Upload.id)
        .where(Lecture.revision_id == revision_id)
    )
    return db.session.scalar(query) or 0


def _locked(revision_id: int) -> Revision:
    return db.session.scalars(
        select(Revision).where(Revision.id == revision_id).with_for_update().execution_options(populate_existing=True)
    ).one()
