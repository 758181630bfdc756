"""Chunks of long videos: jobs of their own, so that several workers share a video and a lost one costs little (T-2)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from backoffice import clock
from backoffice.db import Base, state_type


class ChunkKind(StrEnum):
    """A stretch of the picture in all sizes, or the whole sound."""

    PICTURE = "picture"
    SOUND = "sound"


class ChunkState(StrEnum):
    """WAITING for a worker; WORKING under a lease; DONE; or FAILED, and its upload with it."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


class Chunk(Base):
    """One job. Its products lie in a work folder named by its id and the attempt that ended well."""

    __tablename__ = "upload_chunk"
    __table_args__ = (
        UniqueConstraint("upload_id", "kind", "position"),
        CheckConstraint("percent between 0 and 100", name="percent"),
        CheckConstraint("(state = 'working') = (lease_until is not null)", name="working_has_lease"),
        CheckConstraint("state <> 'done' or kind = 'sound' or pictures > 0", name="done_has_pictures"),
        Index("ix_upload_chunk_lease", "lease_until", postgresql_where=text("state = 'working'")),
    )
    # Back to WAITING: from a lost worker, and when the products of a finished one are gone.
    TRANSITIONS = {
        ChunkState.WAITING: {ChunkState.WORKING},
        ChunkState.WORKING: {ChunkState.DONE, ChunkState.FAILED, ChunkState.WAITING},
        ChunkState.DONE: {ChunkState.WAITING},
    }

    id: Mapped[int] = mapped_column(primary_key=True)
    upload_id: Mapped[str] = mapped_column(ForeignKey("upload.id", ondelete="CASCADE"))
    kind: Mapped[ChunkKind] = mapped_column(state_type(ChunkKind))
    # From 0 on, in the order of the video.
    position: Mapped[int]
    state: Mapped[ChunkState] = mapped_column(state_type(ChunkState), default=ChunkState.WAITING)
    percent: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    # Counted when it was made.
    pictures: Mapped[int | None]
    error_detail: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now)
