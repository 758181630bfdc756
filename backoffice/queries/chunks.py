"""Chunks of a long video as its workers see each other's."""

from dataclasses import dataclass

from sqlalchemy import select

from backoffice.db import db
from backoffice.models.chunks import Chunk, ChunkKind, ChunkState


@dataclass(frozen=True, slots=True)
class ChunkLine:
    """One chunk: `attempt` is the one that made it, when it is done."""

    id: int
    kind: ChunkKind
    position: int
    state: ChunkState
    attempt: int
    pictures: int | None

    @property
    def is_done(self) -> bool:
        """Whether its products are there."""
        return self.state is ChunkState.DONE


def chunks_of(upload_id: str) -> tuple[ChunkLine, ...]:
    """All chunks of a video, those of the picture first, in their order. One statement."""
    columns = (Chunk.id, Chunk.kind, Chunk.position, Chunk.state, Chunk.attempt, Chunk.pictures)
    query = select(*columns).where(Chunk.upload_id == upload_id).order_by(Chunk.kind, Chunk.position)
    return tuple(ChunkLine(*row) for row in db.session.execute(query))
