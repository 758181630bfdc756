"""Uploads as their owner sees them, and who may see a picture."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from backoffice import clock
from backoffice.db import db
from backoffice.models.content import Lecture, Resource, Revision, RevisionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.media import FINISHED, Upload, UploadKind, UploadState
from backoffice.models.purchases import Enrolment

SILENCE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class UploadStatus:
    """How far one file is: bytes while it comes in, percent while it is processed, seconds of a finished video.

    `size` is the most that may come while it is not known. `error_code` of a failed one; `hold_code` of one that waits
    for the house.
    """

    id: str
    owner_id: int
    kind: UploadKind
    state: UploadState
    filename: str
    size: int
    offset: int
    percent: int
    error_code: str | None
    hold_code: str | None
    duration_s: int | None
    expires_at: datetime
    size_known: bool
    is_part: bool
    parts: list[str] | None
    client_metadata: str
    products_id: str

    @property
    def finished(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in FINISHED

    @property
    def expired(self) -> bool:
        """Whether the rest of the file did not come in time."""
        return self.state is UploadState.RECEIVING and self.expires_at <= clock.now()


def upload_status(upload_id: str) -> UploadStatus | None:
    """One upload; None when there is none. Whoever asks checks the owner. One statement."""
    columns: tuple[Any, ...] = (
        *(Upload.id, Upload.owner_id, Upload.kind, Upload.state, Upload.filename, Upload.size, Upload.offset),
        *(Upload.percent, Upload.error_code, Upload.hold_code, Upload.duration_s, Upload.expires_at),
        *(Upload.size_known, Upload.is_part, Upload.parts, Upload.client_metadata, Upload.products_id),
    )
    row = db.session.execute(select(*columns).where(Upload.id == upload_id)).one_or_none()
    return None if row is None else UploadStatus(*row)


def bytes_on_their_way() -> int:
    """Bytes that were announced, by whomever, and have not come yet. One statement.

    A sender who has been silent for an hour keeps no room from others.
    """
    open_now = (Upload.state == UploadState.RECEIVING, Upload.updated_at > clock.now() - SILENCE)
    return int(db.session.scalar(select(func.sum(Upload.size - Upload.offset)).where(*open_now)) or 0)


@dataclass(frozen=True, slots=True)
class CoverPicture:
    """A finished cover and the picture that it shows a part of.

    `whole` is the name of the rendition among the products of `source_id` that shows all of it; `width` and `height`
    are the original's pixels; `crop` as in `Upload.crop`, None for the middle.
    """

    upload_id: str
    source_id: str
    whole: str
    width: int
    height: int
    crop: dict[str, int] | None


def cover_picture(upload_id: str) -> CoverPicture | None:
    """The cover and its picture; None unless both are ready and the original was kept. One statement."""
    source = aliased(Upload)
    query = (
        select(Upload.id, source.products_id, source.asset, Upload.crop)
        .join(source, source.id == func.coalesce(Upload.source_id, Upload.id))
        .where(Upload.id == upload_id, Upload.kind == UploadKind.IMAGE)
        .where(Upload.state == UploadState.DONE, source.state == UploadState.DONE)
    )
    row = db.session.execute(query).one_or_none()
    if row is None or "whole" not in (row.asset or {}):
        return None
    asset = row.asset
    return CoverPicture(row[0], row[1], asset["whole"]["name"], asset["width"], asset["height"], row.crop)


@dataclass(frozen=True, slots=True)
class PictureAccess:
    """Whose picture it is, whether everybody may see it as a cover of what is live, whether the viewer is enrolled."""

    owner_id: int
    is_public: bool
    is_enrolled: bool


def picture_access(products_id: str, viewer_id: int | None) -> PictureAccess | None:
    """Who may see this picture, in whichever of its uploads; None when there is no finished one. One statement."""
    shown = and_(
        Revision.cover_upload_id == Upload.id,
        Revision.state == RevisionState.LIVE,
        Course.live_revision_id == Revision.id,
        Course.state != CourseState.DRAFT,
    )
    enrolled = and_(
        Enrolment.course_id == Course.id,
        Enrolment.student_id == viewer_id,
        Enrolment.ended_at.is_(None),
        or_(Enrolment.access_until.is_(None), Enrolment.access_until > clock.now()),
    )
    query = (
        select(
            Upload.owner_id,
            func.bool_or(exists().where(shown, Course.blocked_at.is_(None))),
            func.bool_or(exists().where(shown, enrolled)),
        )
        .where(Upload.products_id == products_id, Upload.kind == UploadKind.IMAGE, Upload.state == UploadState.DONE)
        .group_by(Upload.owner_id)
    )
    row = db.session.execute(query).one_or_none()
    return None if row is None else PictureAccess(*row)


@dataclass(frozen=True, slots=True)
class FileAccess:
    """Whose file it is, how it is called and where it lies; whether a free preview or the viewer's enrolment has it."""

    owner_id: int
    products_id: str
    filename: str
    is_public: bool
    is_enrolled: bool


def file_access(upload_id: str, viewer_id: int | None) -> FileAccess | None:
    """Who may save this file for download; None when there is none that is ready (C-4, P-1). One statement."""
    offered = and_(
        Resource.upload_id == Upload.id,
        Lecture.id == Resource.lecture_id,
        Course.live_revision_id == Resource.revision_id,
    )
    enrolled = and_(Enrolment.course_id == Course.id, Enrolment.student_id == viewer_id, Enrolment.open_at(clock.now()))
    query = select(
        Upload.owner_id,
        Upload.products_id,
        Upload.filename,
        exists().where(offered, Lecture.free_preview, Course.blocked_at.is_(None)),
        exists().where(offered, enrolled),
    ).where(Upload.id == upload_id, Upload.kind == UploadKind.FILE, Upload.state == UploadState.DONE)
    row = db.session.execute(query).one_or_none()
    return None if row is None else FileAccess(*row)


def may_watch(products_id: str, viewer_id: int) -> bool:
    """Whether the video is one's own, or of a course to which one has access now, whichever version has it (M-4, X-5).

    One statement.
    """
    own = exists().where(Upload.products_id == products_id, Upload.owner_id == viewer_id)
    enrolled = exists().where(
        Upload.products_id == products_id,
        Lecture.video_upload_id == Upload.id,
        Revision.id == Lecture.revision_id,
        Enrolment.course_id == Revision.course_id,
        Enrolment.student_id == viewer_id,
        Enrolment.open_at(clock.now()),
    )
    return bool(db.session.scalar(select(or_(own, enrolled))))


def is_free_preview(products_id: str) -> bool:
    """Whether everybody may watch this video: a free lecture of a live revision, of a course that is not blocked."""
    shown = (Upload.products_id == products_id, Lecture.free_preview, Course.blocked_at.is_(None))
    query = (
        select(Lecture.id)
        .join(Course, Course.live_revision_id == Lecture.revision_id)
        .join(Upload, Upload.id == Lecture.video_upload_id)
        .where(*shown)
        .limit(1)
    )
    return db.session.scalar(query) is not None


def uploads_with_use_of_their_file(upload_ids: Collection[str], *, failed_since: datetime) -> frozenset[str]:
    """Those of the uploads that are on their way, or failed after `failed_since` and may be tried again."""
    query = select(Upload.id).where(
        Upload.id.in_(upload_ids),
        or_(
            Upload.state.not_in(FINISHED),
            and_(Upload.state == UploadState.FAILED, Upload.updated_at > failed_since),
        ),
    )
    return frozenset(db.session.scalars(query))
