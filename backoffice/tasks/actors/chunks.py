"""Long videos: chunks of picture and sound by any media worker, then one job that joins them (T-2 to T-5, C-4)."""

import json
import logging
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any

from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage import scratch
from backoffice.integrations.storage.house import part_path, storage
from backoffice.integrations.video import beginnings, ladder
from backoffice.integrations.video import chunks as pieces
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.integrations.video.hls import TranscodeFailed
from backoffice.integrations.video.joints import Made
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.loudness import Leveling, leveling
from backoffice.integrations.video.playlists import PlaylistBroken
from backoffice.integrations.video.probe import VideoInfo
from backoffice.integrations.video.technique import VideoTechnique
from backoffice.models.chunks import ChunkKind
from backoffice.operations import chunks, uploads
from backoffice.operations.chunks import Piece
from backoffice.operations.upload_rows import LeaseLost
from backoffice.queries.chunks import ChunkLine, chunks_of
from backoffice.tasks import holds, originals
from backoffice.tasks.registry import actor

log = logging.getLogger(__name__)

# A chunk that goes wrong so often goes wrong because of the file.
CHUNK_ATTEMPTS = 3
# A beginning is joined anew when it has grown so much: over a long video that copies its bytes three times, not a
# hundred times.
BEGINNING_GROWS = 1.5


@dataclass(frozen=True, slots=True)
class Plan:
    """What each job of one video must know, and all must know alike."""

    info: VideoInfo
    technique: dict[str, Any]
    leveling: Leveling
    rungs: tuple[int, ...]
    chunk_s: int
    many: int

    def to_json(self) -> dict[str, Any]:
        """As the database gives it back."""
        plan: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return plan

    @classmethod
    def from_json(cls, plan: dict[str, Any]) -> "Plan":
        """The inverse of `to_json`."""
        info, leveled = VideoInfo(**plan["info"]), Leveling(**plan["leveling"])
        return cls(**{**plan, "info": info, "leveling": leveled, "rungs": tuple(plan["rungs"])})

    @property
    def ladder(self) -> LadderSettings:
        """The ladder that was wanted when the video was divided."""
        return LadderSettings(rungs=self.rungs)


def is_long(info: VideoInfo) -> bool:
    """Whether the video is prepared in chunks."""
    return info.duration_s > 60 * settings().video_chunk_above_minutes and pieces.can_be_divided(info)


def divide(upload_id: str, attempt: int, info: VideoInfo, technique: VideoTechnique, rungs: tuple[int, ...]) -> None:
    """Leave the rest of an attempt to chunk jobs. What lies there of chunks that are not kept is deleted."""
    chunk_s = settings().video_chunk_seconds
    many = pieces.count(info, chunk_s)
    plan = Plan(info, asdict(technique), leveling(technique.loudness), rungs, chunk_s, many)
    chunks.divide(
        actor=SYSTEM,
        upload_id=upload_id,
        attempt=attempt,
        plan=plan.to_json(),
        many=plan.many,
        sound=info.audio_stream is not None,
    )
    kept = [scratch.chunk_folder(upload_id, line.id, line.attempt) for line in _lines(upload_id) if line.is_done]
    scratch.keep_chunks(upload_id, kept)


@actor(queue="media", long=True)
def make_chunk(*, chunk_id: int) -> None:
    """One attempt at a chunk. The file's fault ends in FAILED; any other is raised and tried again (T-3)."""
    piece = chunks.start(actor=SYSTEM, chunk_id=chunk_id)
    if piece is None:
        return
    try:
        _make(piece)
    except LeaseLost:
        log.warning("attempt %d at chunk %d was taken over", piece.attempt, chunk_id)
    except Exception as error:
        _end(piece, error)
    else:
        _show_beginning(piece)


def _end(piece: Piece, error: Exception) -> None:
    """The file waits for the machine, or is at fault, or the task tries again."""
    if hold_code := holds.reason_to_wait(error):
        log.error("upload %s waits (%s): %s", piece.upload_id, hold_code, error)
        with suppress(LeaseLost):
            chunks.hold(
                actor=SYSTEM,
                chunk_id=piece.chunk_id,
                attempt=piece.attempt,
                detail=str(error),
                hold_code=hold_code,
            )
        return
    if isinstance(error, TranscodeFailed) and piece.attempt >= CHUNK_ATTEMPTS:
        _fail(piece, error.code, error.detail)
        return
    with suppress(LeaseLost):
        chunks.give_back(actor=SYSTEM, chunk_id=piece.chunk_id, attempt=piece.attempt, detail=str(error))
    raise error


def _make(piece: Piece) -> None:
    def tell(percent: int) -> None:
        chunks.progress(actor=SYSTEM, chunk_id=piece.chunk_id, attempt=piece.attempt, percent=percent)

    source, plan = part_path(piece.upload_id), Plan.from_json(piece.plan)
    originals.bring(piece.upload_id, on_progress=lambda: tell(0))
    if not source.is_file():
        _fail(piece, "source_missing", str(source))
        return

    folder = scratch.fresh_chunk_folder(piece.upload_id, piece.chunk_id, piece.attempt)
    ffmpeg = find_ffmpeg(settings().ffmpeg_binary or None)
    pictures = 0
    if piece.kind is ChunkKind.SOUND:
        pieces.make_sound(
            source,
            plan.info,
            folder,
            ffmpeg=ffmpeg,
            settings=plan.ladder,
            leveling=plan.leveling,
            on_progress=tell,
        )
    else:
        part = pieces.span(plan.info, piece.position, plan.many, plan.chunk_s)
        pictures = pieces.make_chunk(
            source, plan.info, part, folder, ffmpeg=ffmpeg, settings=plan.ladder, on_progress=tell
        )
    chunks.finish(actor=SYSTEM, chunk_id=piece.chunk_id, attempt=piece.attempt, pictures=pictures)


def _fail(piece: Piece, code: str, detail: str) -> None:
    with suppress(LeaseLost):
        chunks.fail(actor=SYSTEM, chunk_id=piece.chunk_id, attempt=piece.attempt, error_code=code, detail=detail)


def _show_beginning(piece: Piece) -> None:
    """Let the author watch the lowest rung as far as it is done without a gap. Only a convenience: it may fail."""
    plan, lines = Plan.from_json(piece.plan), _lines(piece.upload_id)
    ready = list(takewhile(lambda line: line.is_done, (line for line in lines if line.kind is ChunkKind.PICTURE)))
    sounds = [line for line in lines if line.kind is ChunkKind.SOUND]
    shown = scratch.latest_beginning(piece.upload_id)
    grown = len(ready) >= (BEGINNING_GROWS * shown[0] if shown else 1)
    if not grown or len(ready) == plan.many or not all(line.is_done for line in sounds):
        return
    lowest = ladder.plan(plan.info, plan.rungs)[-1:]
    try:
        with scratch.new_beginning(piece.upload_id, len(ready), f"{piece.chunk_id}.{piece.attempt}") as folder:
            pieces.copy(
                _made(piece.upload_id, ready, sounds),
                plan.info,
                folder,
                lowest,
                chunk_s=plan.chunk_s,
                ffmpeg=find_ffmpeg(settings().ffmpeg_binary or None),
                settings=plan.ladder,
                on_progress=lambda _percent: None,
            )
            beginnings.open_ended(folder, lowest[0].name, has_audio=bool(sounds))
    except (TranscodeFailed, PlaylistBroken, OSError):
        log.warning("no beginning of upload %s to watch", piece.upload_id, exc_info=True)


@actor(queue="media", long=True)
def join_chunks(*, upload_id: str, attempt: int) -> None:
    """Join what the chunk jobs have made, and finish the upload. Chunks whose products are gone are made again."""
    found = chunks.start_joining(actor=SYSTEM, upload_id=upload_id, attempt=attempt)
    if found is None:
        return
    try:
        _join(upload_id, attempt, Plan.from_json(found))
    except LeaseLost:
        log.warning("the joining of upload %s was taken over", upload_id)
    except Exception as error:
        _end_joining(upload_id, attempt, error)


def _end_joining(upload_id: str, attempt: int, error: Exception) -> None:
    """As `_end`. What cannot be joined once cannot be joined by trying again."""
    hold_code = holds.reason_to_wait(error)
    with suppress(LeaseLost):
        if hold_code:
            log.error("upload %s waits (%s): %s", upload_id, hold_code, error)
            uploads.give_back(
                actor=SYSTEM, upload_id=upload_id, attempt=attempt, detail=str(error), hold_code=hold_code
            )
        elif isinstance(error, TranscodeFailed):
            chunks.fail_joining(
                actor=SYSTEM, upload_id=upload_id, attempt=attempt, error_code=error.code, detail=error.detail
            )
        else:
            chunks.stop_joining(actor=SYSTEM, upload_id=upload_id, attempt=attempt)
    if not hold_code and not isinstance(error, TranscodeFailed):
        raise error


def _join(upload_id: str, attempt: int, plan: Plan) -> None:
    lines = _lines(upload_id)
    lost = [line.id for line in lines if not scratch.chunk_folder(upload_id, line.id, line.attempt).is_dir()]
    if lost:
        chunks.stop_joining(actor=SYSTEM, upload_id=upload_id, attempt=attempt, lost=lost)
        return
    pictures, sounds = ([line for line in lines if line.kind is kind] for kind in (ChunkKind.PICTURE, ChunkKind.SOUND))

    def keep_lease() -> None:
        uploads.progress(actor=SYSTEM, upload_id=upload_id, attempt=attempt, percent=99)

    with scratch.work_folder(upload_id, attempt) as folder:
        asset = pieces.join(
            _made(upload_id, pictures, sounds),
            plan.info,
            folder,
            chunk_s=plan.chunk_s,
            ffmpeg=find_ffmpeg(settings().ffmpeg_binary or None),
            settings=plan.ladder,
            leveling=plan.leveling,
            on_progress=lambda _percent: keep_lease(),
        )
        # The last look at the lease, and more of them on a long way: the products of another attempt are not replaced.
        keep_lease()
        product_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        storage().put_tree(f"video/{upload_id}", folder, on_progress=keep_lease)
    facts = {**asdict(asset), **plan.technique, "width": plan.info.width, "height": plan.info.height}
    uploads.complete(
        actor=SYSTEM,
        upload_id=upload_id,
        attempt=attempt,
        asset=facts,
        product_bytes=product_bytes,
        duration_s=max(1, round(asset.duration_s)),
    )
    part_path(upload_id).unlink(missing_ok=True)
    scratch.drop_chunks(upload_id)


def _lines(upload_id: str) -> tuple[ChunkLine, ...]:
    lines = chunks_of(upload_id)
    db.session.rollback()
    return lines


def _made(upload_id: str, pictures: list[ChunkLine], sounds: list[ChunkLine]) -> Made:
    folders = [(scratch.chunk_folder(upload_id, line.id, line.attempt), line.pictures or 0) for line in pictures]
    sound = next((scratch.chunk_folder(upload_id, line.id, line.attempt) for line in sounds), None)
    return Made(folders, sound)
