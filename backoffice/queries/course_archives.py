"""A version of a course as its archive says it, with its files; and archives on their way in."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, and_, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, array_agg
from sqlalchemy.orm import aliased

from backoffice.db import db
from backoffice.integrations.archives.model import (
    ArchivedCourse,
    ArchivedLecture,
    ArchivedModule,
    ArchivedOption,
    ArchivedQuestion,
)
from backoffice.models.catalogues import Category, Skill
from backoffice.models.content import Lecture, Module, Question, Revision, RevisionSkill
from backoffice.models.courses import Course
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState
from backoffice.money import Money

READ_TRIES = 5
IMPORTS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class FileToPack:
    """An upload that belongs into the archive; what was made of it lies under `products_id`."""

    upload_id: str
    products_id: str
    kind: UploadKind
    state: UploadState
    filename: str
    size: int
    asset: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """A course whose references are ids of uploads, and these uploads: the cover, then the videos in their order."""

    course: ArchivedCourse
    files: tuple[FileToPack, ...]


def contents(revision_id: int) -> Contents:
    """All content of a revision, as it was at one moment though its author may be typing. Four statements."""
    for _try in range(READ_TRIES):
        before, course = _course(revision_id)
        files = _files(course)
        if db.session.scalar(select(Revision.version).where(Revision.id == revision_id)) == before:
            break
    return Contents(course, files)


def _course(revision_id: int) -> tuple[int, ArchivedCourse]:
    query = (
        select(
            Revision,
            Category.slug.label("category"),
            Course.price_minor,
            Course.currency,
            select(array_agg(aggregate_order_by(Skill.slug, Skill.slug)))
            .join(RevisionSkill, RevisionSkill.skill_id == Skill.id)
            .where(RevisionSkill.revision_id == Revision.id)
            .scalar_subquery()
            .label("skills"),
        )
        .join(Course, Course.id == Revision.course_id)
        .outerjoin(Category, Category.id == Revision.category_id)
        .where(Revision.id == revision_id)
        .execution_options(populate_existing=True)
    )
    row = db.session.execute(query).one()
    revision: Revision = row.Revision
    return revision.version, ArchivedCourse(
        title=revision.title,
        short_description=revision.short_description,
        description=revision.description,
        requirements=revision.requirements,
        category=row.category,
        level=revision.level,
        language=revision.language_code,
        skills=tuple(row.skills or ()),
        cover=revision.cover_upload_id,
        includes_certificate=revision.includes_certificate,
        access_days=revision.access_days,
        price=Money(row.price_minor, row.currency) if row.price_minor else None,
        modules=_modules(revision_id),
    )


def _modules(revision_id: int) -> tuple[ArchivedModule, ...]:
    questions = _questions(revision_id)
    columns = (Module.id, Module.title.label("module_title"), Lecture.id.label("lecture_id"), Lecture.title)
    query = (
        select(*columns, Lecture.kind, Lecture.body, Lecture.video_upload_id, Lecture.free_preview)
        .outerjoin(Lecture, Lecture.module_id == Module.id)
        .where(Module.revision_id == revision_id)
        .order_by(Module.position, Lecture.position)
    )
    titles: dict[int, str] = {}
    lectures: defaultdict[int, list[ArchivedLecture]] = defaultdict(list)
    for row in db.session.execute(query):
        titles[row.id] = row.module_title
        if row.lecture_id is not None:
            lectures[row.id].append(_lecture(row, tuple(questions[row.lecture_id])))
    return tuple(ArchivedModule(title=title, lectures=tuple(lectures[key])) for key, title in titles.items())


def _lecture(row: Any, questions: tuple[ArchivedQuestion, ...]) -> ArchivedLecture:
    return ArchivedLecture(
        title=row.title,
        kind=row.kind,
        body=row.body,
        video=row.video_upload_id,
        free_preview=row.free_preview,
        questions=questions,
    )


def _questions(revision_id: int) -> defaultdict[int, list[ArchivedQuestion]]:
    query = select(Question.lecture_id, Question.text, Question.options, Question.explanation)
    found: defaultdict[int, list[ArchivedQuestion]] = defaultdict(list)
    for row in db.session.execute(query.where(Question.revision_id == revision_id).order_by(Question.position)):
        options = tuple(ArchivedOption(text=option["text"], right=option["right"]) for option in row.options)
        found[row.lecture_id].append(ArchivedQuestion(text=row.text, options=options, explanation=row.explanation))
    return found


def _files(course: ArchivedCourse) -> tuple[FileToPack, ...]:
    videos = [lecture.video for module in course.modules for lecture in module.lectures if lecture.video]
    # Each of them once, however many lectures show it.
    wanted = list(dict.fromkeys([*([course.cover] if course.cover else []), *videos]))
    found = {row.id: _file(row) for row in db.session.execute(_FILE.where(Upload.id.in_(wanted)))}
    return tuple(found[upload_id] for upload_id in wanted)


def file_to_pack(upload_id: str) -> FileToPack:
    """How an upload is by now. One statement."""
    return _file(db.session.execute(_FILE.where(Upload.id == upload_id)).one())


_FILE = select(Upload.id, Upload.products_id, Upload.kind, Upload.state, Upload.filename, Upload.size, Upload.asset)


def _file(row: Row[Any]) -> FileToPack:
    return FileToPack(row.id, row.products_id, row.kind, row.state, row.filename, row.size, row.asset or {})


@dataclass(frozen=True, slots=True)
class ImportView:
    """An archive on its way to a course.

    `problems` have a place and a sentence; `files` came with it, so many of them `finished` and `failed`.
    """

    id: str
    state: UploadState
    filename: str
    size: int
    offset: int
    percent: int
    error_code: str | None
    hold_code: str | None
    asset: Mapping[str, Any]
    created_at: datetime
    files: int
    finished: int
    failed: int

    @property
    def is_moving(self) -> bool:
        """Whether the page should look again by itself."""
        return self.state not in FINISHED or self.files > self.finished

    @property
    def problems(self) -> list[dict[str, str]]:
        """What is wrong with a refused archive: place and sentence."""
        return list(self.asset.get("problems", ()))


def imports_of(user_id: int) -> list[ImportView]:
    """The newest archives of a person, with how far their files are. One statement."""
    query = _imports().where(Upload.owner_id == user_id, Upload.kind == UploadKind.ARCHIVE)
    rows = db.session.execute(query.order_by(Upload.created_at.desc(), Upload.id).limit(IMPORTS_SHOWN))
    return [ImportView(**row) for row in rows.mappings()]


def imported(upload_id: str) -> ImportView:
    """One archive. One statement."""
    return ImportView(**db.session.execute(_imports().where(Upload.id == upload_id)).mappings().one())


def _imports() -> Select[*tuple[Any, ...]]:
    part = aliased(Upload)
    counts = (
        func.count(part.id).label("files"),
        func.count(part.id).filter(part.state.in_(FINISHED)).label("finished"),
        func.count(part.id).filter(part.state == UploadState.FAILED).label("failed"),
    )
    columns = (
        *(Upload.id, Upload.state, Upload.filename, Upload.size, Upload.offset, Upload.percent, Upload.error_code),
        Upload.hold_code,
        *(func.coalesce(Upload.asset, literal({}, Upload.asset.type)).label("asset"), Upload.created_at),
    )
    handed_over = and_(part.archive_id == Upload.id, part.state != UploadState.RECEIVING)
    return select(*columns, *counts).outerjoin(part, handed_over).group_by(Upload.id)
