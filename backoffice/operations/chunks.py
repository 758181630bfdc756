"""Chunk jobs of long videos: each an attempt under a lease of its own, then one job that joins them (T-2 to T-5, C-4).

While the chunks are in work nobody holds the lease of the upload itself. Every operation locks the upload first.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from backoffice import clock, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.models.chunks import Chunk, ChunkKind, ChunkState
from backoffice.models.media import Upload, UploadState
from backoffice.operations import uploads
from backoffice.operations.upload_rows import lost as lease_lost
from backoffice.operations.uploads import GAVE_UP, SWEEP_BATCH
from backoffice.outbox import Event, emit, emit_many


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk in work: `attempt` proves that the lease is still held; `plan` is what was found out about the video,
    the same for all of its chunks."""

    chunk_id: int
    attempt: int
    upload_id: str
    kind: ChunkKind
    position: int
    plan: dict[str, Any]


@operation
def divide(*, actor: Actor, upload_id: str, attempt: int, plan: dict[str, Any], many: int, sound: bool) -> None:
    """Leave the long part of an attempt to `many` chunk jobs, and one for the sound.

    What was done by an earlier attempt after the very same plan is kept. Errors: `upload.lease_lost`.
    """
    uploads.start_transcoding(actor=actor, upload_id=upload_id, attempt=attempt)
    upload = db.session.get_one(Upload, upload_id)
    stale = delete(Chunk).where(Chunk.upload_id == upload_id)
    db.session.execute(stale.where(Chunk.state != ChunkState.DONE) if upload.plan == plan else stale)
    done = {(kind, position) for kind, position in db.session.execute(_of(upload_id, Chunk.kind, Chunk.position))}
    upload.plan, upload.lease_until = plan, None
    wanted = [(ChunkKind.SOUND, 0)] if sound else []
    wanted += [(ChunkKind.PICTURE, position) for position in range(many)]
    fresh = [
        Chunk(upload_id=upload_id, kind=kind, position=position)
        for kind, position in wanted
        if (kind, position) not in done
    ]
    db.session.add_all(fresh)
    db.session.flush()
    for chunk in fresh:
        states.begin(chunk, actor=actor)
    emit_many(Event.UPLOAD_CHUNK_QUEUED, [{"chunk_id": chunk.id} for chunk in fresh])
    _tell(upload)


@operation
def start(*, actor: Actor, chunk_id: int) -> Piece | None:
    """Begin an attempt at a chunk under a lease; None when it is not waiting, or no longer wanted (T-2)."""
    actor.require(Action.RUN_SWEEPS)
    upload, chunk = _locked(chunk_id)
    if upload is None or chunk is None or upload.state is not UploadState.TRANSCODING:
        return None
    if chunk.state is not ChunkState.WAITING:
        return None
    states.move(chunk, ChunkState.WORKING, actor=actor)
    chunk.attempt += 1
    _renew(chunk)
    upload.updated_at = clock.now()
    return Piece(chunk.id, chunk.attempt, upload.id, chunk.kind, chunk.position, upload.plan or {})


@operation
def progress(*, actor: Actor, chunk_id: int, attempt: int, percent: int) -> None:
    """Tell how far the chunk is, and keep its lease (T-5). Errors: `upload.lease_lost`."""
    upload, chunk = _attempted(actor, chunk_id, attempt)
    chunk.percent = percent
    _renew(chunk)
    _tell(upload)


@operation
def finish(*, actor: Actor, chunk_id: int, attempt: int, pictures: int) -> None:
    """The chunk is made; with the last one of its video the joining is queued. Errors: `upload.lease_lost`."""
    upload, chunk = _attempted(actor, chunk_id, attempt, done=ChunkState.DONE)
    if chunk.state is ChunkState.DONE:
        return
    _end(chunk, ChunkState.DONE, actor)
    chunk.percent, chunk.pictures = 100, pictures
    _tell(upload)


@operation
def give_back(*, actor: Actor, chunk_id: int, attempt: int, detail: str) -> None:
    """The attempt broke for a reason that may pass: let the task's next try begin at once (T-3).

    Errors: `upload.lease_lost`.
    """
    upload, chunk = _attempted(actor, chunk_id, attempt)
    _wait_again(chunk, actor, detail)
    _tell(upload)


@operation
def hold(*, actor: Actor, chunk_id: int, attempt: int, detail: str, hold_code: str) -> None:
    """The house itself cannot go on: the whole file waits until it can, what is done of it is kept (T-3).

    Errors: `upload.lease_lost`.
    """
    upload, chunk = _attempted(actor, chunk_id, attempt)
    _wait_again(chunk, actor, detail)
    uploads.give_back(actor=actor, upload_id=upload.id, attempt=upload.attempt, detail=detail, hold_code=hold_code)


@operation
def fail(*, actor: Actor, chunk_id: int, attempt: int, error_code: str, detail: str) -> None:
    """Nothing can be made of this chunk, hence of the whole file; the workers at other chunks of it will stop.

    Errors: `upload.lease_lost`.
    """
    upload, chunk = _attempted(actor, chunk_id, attempt)
    _fail(upload, chunk, actor, error_code, detail)


@operation
def requeue_stuck(*, actor: Actor, limit: int = SWEEP_BATCH) -> int:
    """Queue a batch of chunks again whose worker was lost (T-4); returns how many. Call until it returns 0.

    A chunk that lost its worker in every attempt is given up with its file (`gave_up`).
    """
    actor.require(Action.RUN_SWEEPS)
    is_due = (Chunk.state == ChunkState.WORKING, Chunk.lease_until <= clock.now())
    query = select(Chunk.id).where(*is_due).order_by(Chunk.upload_id, Chunk.id).limit(limit)
    handled = 0
    for chunk_id in db.session.scalars(query).all():
        upload, chunk = _locked(chunk_id)
        if upload is None or chunk is None or chunk.lease_until is None or chunk.lease_until > clock.now():
            continue
        handled += 1
        wanted = upload.state is UploadState.TRANSCODING
        if wanted and chunk.attempt >= settings().task_attempts:
            _fail(upload, chunk, actor, GAVE_UP, f"no sign of life in attempt {chunk.attempt} of chunk {chunk.id}")
            continue
        _wait_again(chunk, actor, "lease over")
        if wanted:
            emit(Event.UPLOAD_CHUNK_QUEUED, chunk_id=chunk.id)
            _tell(upload)
    return handled


@operation
def start_joining(*, actor: Actor, upload_id: str, attempt: int) -> dict[str, Any] | None:
    """Begin to join the chunks under the lease of the upload; returns the plan, None when there is nothing to join any
    more: it is done, in work or overtaken (T-2)."""
    actor.require(Action.RUN_SWEEPS)
    upload = _locked_upload(upload_id)
    if upload is None or upload.attempt != attempt or upload.state is not UploadState.TRANSCODING:
        return None
    if upload.lease_until is not None or not _all_done(upload_id):
        return None
    uploads.start_transcoding(actor=actor, upload_id=upload_id, attempt=attempt)
    return upload.plan or {}


@operation
def stop_joining(*, actor: Actor, upload_id: str, attempt: int, lost: Collection[int] = ()) -> None:
    """Let the task's next try begin at once; chunks whose products are `lost` are made again before it.

    Errors: `upload.lease_lost`.
    """
    uploads.start_transcoding(actor=actor, upload_id=upload_id, attempt=attempt)
    upload = db.session.get_one(Upload, upload_id)
    upload.lease_until = None
    for chunk in db.session.scalars(select(Chunk).where(Chunk.upload_id == upload_id, Chunk.id.in_(lost))):
        _wait_again(chunk, actor, "products lost")
        emit(Event.UPLOAD_CHUNK_QUEUED, chunk_id=chunk.id)
    db.session.flush()


@operation
def fail_joining(*, actor: Actor, upload_id: str, attempt: int, error_code: str, detail: str) -> None:
    """The chunks do not make a whole: none of them is trusted any more, a retry begins anew.

    Errors: `upload.lease_lost`.
    """
    uploads.fail(actor=actor, upload_id=upload_id, attempt=attempt, error_code=error_code, detail=detail)
    db.session.execute(delete(Chunk).where(Chunk.upload_id == upload_id))


def _tell(upload: Upload) -> None:
    """Percent is the mean of all chunks; when all are done, the last step is queued."""
    db.session.flush()
    all_done = func.bool_and(Chunk.state == ChunkState.DONE)
    mean, done = db.session.execute(_of(upload.id, func.avg(Chunk.percent), all_done)).one()
    upload.percent = min(99, int(mean))
    upload.updated_at = clock.now()
    if done:
        emit(Event.UPLOAD_CHUNKS_DONE, upload_id=upload.id, attempt=upload.attempt)


def _all_done(upload_id: str) -> bool:
    return db.session.scalar(_of(upload_id, Chunk.id).where(Chunk.state != ChunkState.DONE).limit(1)) is None


def _of(upload_id: str, *columns: Any) -> Any:
    return select(*columns).where(Chunk.upload_id == upload_id)


def _fail(upload: Upload, chunk: Chunk, actor: Actor, error_code: str, detail: str) -> None:
    _end(chunk, ChunkState.FAILED, actor, error_code)
    chunk.error_detail = detail[:2000]
    uploads.fail(actor=actor, upload_id=upload.id, attempt=upload.attempt, error_code=error_code, detail=detail)


def _wait_again(chunk: Chunk, actor: Actor, reason: str) -> None:
    _end(chunk, ChunkState.WAITING, actor, reason)
    chunk.percent, chunk.pictures = 0, None


def _end(chunk: Chunk, state: ChunkState, actor: Actor, reason: str = "") -> None:
    states.move(chunk, state, actor=actor, reason=reason[:500])
    chunk.lease_until = None
    chunk.updated_at = clock.now()


def _renew(chunk: Chunk) -> None:
    chunk.lease_until = clock.now() + timedelta(seconds=settings().task_lease_seconds)
    chunk.updated_at = clock.now()


def _locked_upload(upload_id: str | None) -> Upload | None:
    query = select(Upload).where(Upload.id == upload_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _locked(chunk_id: int) -> tuple[Upload | None, Chunk | None]:
    upload = _locked_upload(db.session.scalar(select(Chunk.upload_id).where(Chunk.id == chunk_id)))
    query = select(Chunk).where(Chunk.id == chunk_id).with_for_update()
    return upload, db.session.scalar(query.execution_options(populate_existing=True))


def _attempted(actor: Actor, chunk_id: int, attempt: int, done: ChunkState | None = None) -> tuple[Upload, Chunk]:
    """The chunk while this attempt is the current one and in work, or has led to `done` already."""
    upload, chunk = _locked(chunk_id)
    actor.require(Action.RUN_SWEEPS)
    wanted = upload is not None and upload.state is UploadState.TRANSCODING
    if upload is None or chunk is None or not wanted or chunk.attempt != attempt:
        raise lease_lost()
    if chunk.state not in {ChunkState.WORKING, done}:
        raise lease_lost()
    return upload, chunk
