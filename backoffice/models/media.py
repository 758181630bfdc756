"""Uploads: files of authors on their way from the browser to what is played and shown (T-5, X-5)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class UploadKind(StrEnum):
    """What the file is meant to be."""

    VIDEO = "video"
    IMAGE = "image"
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


class Upload(Base):
    """One file. Revisions share it by reference, nobody overwrites it; its processing is an attempt under a lease."""

    __tablename__ = "upload"
    __table_args__ = (
        CheckConstraint('"offset" between 0 and size', name="offset_within_size"),
        CheckConstraint("percent between 0 and 100", name="percent"),
        CheckConstraint("(state = 'failed') = (error_code is not null)", name="failed_has_reason"),
        Index("ix_upload_open", "updated_at", postgresql_where=text("state not in ('done', 'failed')")),
    )
    # A retry leads from FAILED, and from a step whose worker was lost, back to UPLOADED.
    TRANSITIONS = {
        UploadState.RECEIVING: {UploadState.UPLOADED},
        UploadState.UPLOADED: {UploadState.CHECKING},
        UploadState.CHECKING: {UploadState.TRANSCODING, UploadState.FAILED, UploadState.CHECKING, UploadState.UPLOADED},
        UploadState.TRANSCODING: {UploadState.DONE, UploadState.FAILED, UploadState.CHECKING, UploadState.UPLOADED},
        UploadState.FAILED: {UploadState.UPLOADED},
    }

    id: Mapped[str] = mapped_column(Text, primary_key=True, default=lambda: uuid4().hex)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[UploadKind] = mapped_column(state_type(UploadKind))
    state: Mapped[UploadState] = mapped_column(state_type(UploadState), default=UploadState.RECEIVING)
    filename: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    offset: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]

    percent: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(Text)
    error_detail: Mapped[str | None] = mapped_column(Text)

    # A cover of which another part is shown: made from the original of `source_id`. In parts of 10,000 of the upright
    # picture: {"x": of its width, "y": of its height, "width": of its width}; the height follows from 16:9.
    source_id: Mapped[str | None] = mapped_column(ForeignKey("upload.id"))
    crop: Mapped[dict[str, Any] | None]

    # For videos: manifest of the HLS asset and what was measured; for images: names of the renditions; for files: {}.
    asset: Mapped[dict[str, Any] | None]
    duration_s: Mapped[int | None]

    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
