"""Uploads: files of authors on their way from the browser to what is played and shown (T-5, X-5)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, Select, Text, and_, case, func, select, text
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class UploadKind(StrEnum):
    """What the file is meant to be."""

    VIDEO = "video"
    IMAGE = "image"
    ARCHIVE = "archive"
    FILE = "file"


class UploadState(StrEnum):
    """RECEIVING bytes; UPLOADED and waiting for a worker; CHECKING and TRANSCODING by it; DONE or FAILED."""

    RECEIVING = "receiving"
    UPLOADED = "uploaded"
    CHECKING = "checking"
    TRANSCODING = "transcoding"
    DONE = "done"
    FAILED = "failed"


FINISHED = frozenset({UploadState.DONE, UploadState.FAILED})


def _own_id(context: DefaultExecutionContext) -> str:
    return str(context.get_current_parameters()["id"])


class Upload(Base):
    """One file. Revisions share it by reference, nobody overwrites it; its processing is an attempt under a lease."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint('"offset" between 0 and size', name="offset_within_size"),
        CheckConstraint("state = 'receiving' or (size_known and not is_part)", name="received_whole"),
        CheckConstraint("percent between 0 and 100", name="percent"),
        CheckConstraint("(state = 'failed') = (error_code is not null)", name="failed_has_reason"),
        CheckConstraint("hold_code is null or state = 'uploaded'", name="held_waits"),
        # One file of one person is made once; its other rows share what was made.
        Index(
            "uq_upload_made_once",
            *("owner_id", "kind", "sha256"),
            unique=True,
            postgresql_where=text("state = 'done' and products_id = id"),
        ),
        Index("ix_upload_open", "updated_at", postgresql_where=text("state not in ('done', 'failed')")),
        Index("ix_upload_archive_id", "archive_id", postgresql_where=text("archive_id is not null")),
    )
    # A retry leads from FAILED, and from a step whose worker was lost, back to UPLOADED.
    TRANSITIONS = {
        UploadState.RECEIVING: {UploadState.UPLOADED},
        UploadState.UPLOADED: {UploadState.CHECKING},
        # To DONE at once when the same file was made before.
        UploadState.CHECKING: {
            UploadState.TRANSCODING,
            UploadState.DONE,
            UploadState.FAILED,
            UploadState.CHECKING,
            UploadState.UPLOADED,
        },
        UploadState.TRANSCODING: {UploadState.DONE, UploadState.FAILED, UploadState.CHECKING, UploadState.UPLOADED},
        UploadState.FAILED: {UploadState.UPLOADED},
    }

    id: Mapped[str] = mapped_column(Text, primary_key=True, default=lambda: uuid4().hex)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[UploadKind] = mapped_column(state_type(UploadKind))
    state: Mapped[UploadState] = mapped_column(state_type(UploadState), default=UploadState.RECEIVING)
    # The archive of a whole course that this file came in.
    archive_id: Mapped[str | None] = mapped_column(ForeignKey("upload.id", ondelete="SET NULL"))
    filename: Mapped[str] = mapped_column(Text)
    # Bytes of the whole file; where its sender tells that later, the most that may come.
    size: Mapped[int]
    size_known: Mapped[bool] = mapped_column(default=True)
    # Of a file that comes over several lines at once, put together from its parts in the end.
    is_part: Mapped[bool] = mapped_column(default=False)
    parts: Mapped[list[Any] | None]
    # What its sender announced it with, to be told again.
    client_metadata: Mapped[str] = mapped_column(Text, default="")
    offset: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]

    # Of all its bytes, as the worker has read them; None before.
    sha256: Mapped[str | None] = mapped_column(Text)
    percent: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(Text)
    error_detail: Mapped[str | None] = mapped_column(Text)
    # What a received file waits for when it is the house that cannot go on; nobody has to do anything about it.
    hold_code: Mapped[str | None] = mapped_column(Text)

    # What was found out about a video that is prepared in chunks, for all of its jobs.
    plan: Mapped[dict[str, Any] | None]
    # Whose products are played and shown: they lie in the storage under `<kind>/<products_id>`. Rows may share them.
    products_id: Mapped[str] = mapped_column(Text, default=_own_id, index=True)
    product_bytes: Mapped[int] = mapped_column(default=0)
    # A cover of which another part is shown: made from the original of `source_id`. In parts of 10,000 of the upright
    # picture: {"x": of its width, "y": of its height, "width": of its width}; the height follows from 16:9.
    source_id: Mapped[str | None] = mapped_column(ForeignKey("upload.id"))
    crop: Mapped[dict[str, Any] | None]

    # For videos: manifest of the HLS asset and what was measured; for images: names of the renditions; for files: {};
    # for archives: the course that was made of it, or what is wrong with it.
    asset: Mapped[dict[str, Any] | None]
    duration_s: Mapped[int | None]

    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)

    @classmethod
    def room(cls, failed_since: datetime) -> ColumnElement[int]:
        """Bytes that a row takes up: its products when they are made, else the file itself.

        The file of one that failed before `failed_since` is cleared away.
        """
        gone = and_(cls.state == UploadState.FAILED, cls.updated_at <= failed_since)
        return case((cls.state == UploadState.DONE, cls.product_bytes), (gone, 0), else_=cls.size)

    @classmethod
    def room_of(cls, owner_id: int, failed_since: datetime) -> Select[int]:
        """Bytes that all files of a person take up; products that several rows share count once."""
        shared = case((cls.state == UploadState.DONE, cls.products_id), else_=cls.id)
        each = select(func.max(cls.room(failed_since)).label("bytes")).where(cls.owner_id == owner_id).group_by(shared)
        return select(func.coalesce(func.sum(each.subquery().c.bytes), 0))
