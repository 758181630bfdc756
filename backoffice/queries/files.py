"""A person's own files: what takes up their room, and what uses it (X-5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, Text, cast, exists, func, literal, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH, aggregate_order_by
from sqlalchemy.orm import aliased

from backoffice import clock
from backoffice.config import settings
from backoffice.db import db
from backoffice.models.content import Lecture, RemovedNode, Resource, Revision
from backoffice.models.courses import Course
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState
from backoffice.models.people import User

PAGE_SIZE = 30
SIZE_DIGITS = 18
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes that a person's files take up, of how many; `is_own` when staff have given them another number."""

    taken: int
    quota: int
    is_own: bool

    @property
    def left(self) -> int:
        """Bytes that still fit."""
        return max(0, self.quota - self.taken)

    @property
    def percent(self) -> float:
        """How full it is, 0 to 100."""
        return min(100.0, 100 * self.taken / self.quota) if self.quota else 100.0


@dataclass(frozen=True, slots=True)
class Use:
    """A course that has a file, by the title of its newest version that does; `deleted`: only in what was deleted."""

    course_id: int
    title: str
    deleted: bool


@dataclass(frozen=True, slots=True)
class OwnFile:
    """A file with the bytes that it takes up; those of products that several rows share are told at each of them."""

    id: str
    kind: UploadKind
    state: UploadState
    filename: str
    size: int
    offset: int
    percent: int
    error_code: str | None
    duration_s: int | None
    created_at: datetime
    shared: bool
    room: int
    uses: tuple[Use, ...]

    @property
    def can_be_deleted(self) -> bool:
        """Whether nothing uses it and nobody is at it."""
        return self.state in FINISHED and not self.uses

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it is on its way."""
        return self.state is UploadState.RECEIVING

    @property
    def key(self) -> str:
        """Where the page after it begins."""
        return f"{self.room}.{self.id}"


def room_of(owner_id: int) -> Room:
    """How much of their room a person's files take up. One statement."""
    taken = Upload.room_of(owner_id, _failed_since()).scalar_subquery()
    row = db.session.execute(select(User.upload_quota_mb, taken).where(User.id == owner_id)).one()
    quota_mb, bytes_taken = row
    quota = (settings().author_quota_mb if quota_mb is None else quota_mb) * MIB
    return Room(taken=int(bytes_taken), quota=quota, is_own=quota_mb is not None)


def files_of(owner_id: int, *, after: str = "") -> list[OwnFile]:
    """A page of a person's files, the largest first, after the file with this `key`. Two statements."""
    room = Upload.room(_failed_since())
    twin = aliased(Upload)
    columns = (
        *(Upload.id, Upload.kind, Upload.state, Upload.filename, Upload.size, Upload.offset, Upload.percent),
        *(Upload.error_code, Upload.duration_s, Upload.created_at),
        exists().where(twin.products_id == Upload.products_id, twin.id != Upload.id).label("shared"),
        room.label("room"),
    )
    query = select(*columns).where(Upload.owner_id == owner_id).order_by(room.desc(), Upload.id.desc())
    size, _dot, upload_id = after.partition(".")
    if size.isascii() and size.isdigit() and len(size) <= SIZE_DIGITS:
        query = query.where(tuple_(room, Upload.id) < tuple_(literal(int(size)), literal(upload_id)))
    rows = db.session.execute(query.limit(PAGE_SIZE)).all()
    uses = _uses(owner_id, [row.id for row in rows])
    return [OwnFile(**row._mapping, uses=tuple(uses.get(row.id, ()))) for row in rows]


def _failed_since() -> datetime:
    return clock.now() - timedelta(hours=settings().upload_hours)


def _uses(owner_id: int, upload_ids: Sequence[str]) -> dict[str, list[Use]]:
    """The courses of each of these files by its id."""
    each = union_all(
        select(Lecture.video_upload_id.label("upload_id"), Lecture.revision_id, literal(False).label("deleted")),
        select(Revision.cover_upload_id, Revision.id, literal(False)),
        # Of what a cover shows a part, that has to stay.
        select(Upload.source_id, Revision.id, literal(False)).join(Revision, Revision.cover_upload_id == Upload.id),
        select(Resource.upload_id, Resource.revision_id, literal(False)),
        _in_bin(owner_id),
    ).subquery()
    newest_title = func.array_agg(aggregate_order_by(Revision.title, Revision.id.desc()))[1]
    query = (
        select(each.c.upload_id, Course.id, newest_title, func.bool_and(each.c.deleted))
        .join(Revision, Revision.id == each.c.revision_id)
        .join(Course, Course.id == Revision.course_id)
        .where(each.c.upload_id.in_(upload_ids), Course.author_id == owner_id)
        .group_by(each.c.upload_id, Course.id)
        .order_by(Course.id)
    )
    found: dict[str, list[Use]] = {}
    for upload_id, *use in db.session.execute(query):
        found.setdefault(upload_id, []).append(Use(*use))
    return found


def _in_bin(owner_id: int) -> Select[str, int, bool]:
    """Files of what was deleted from drafts and can be brought back, with the revision that it comes back to."""
    path = cast(literal(RemovedNode.UPLOADS), JSONPATH)
    file = func.jsonb_path_query(RemovedNode.content, path).op("#>>")(cast(literal("{}"), ARRAY(Text)))
    return (
        select(file, func.coalesce(Course.draft_revision_id, Course.live_revision_id), literal(True))
        .join(Course, Course.id == RemovedNode.course_id)
        .where(Course.author_id == owner_id, RemovedNode.removed_at >= clock.now() - RemovedNode.KEPT)
    )
