"""Uploads that wait for the house itself, for room or for a fit ffmpeg, and go on by themselves (T-3, T-4)."""

from sqlalchemy import select

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.models.media import Upload, UploadState
from backoffice.operations.quotas import MIB
from backoffice.operations.upload_rows import tell_workers
from backoffice.operations.uploads import SWEEP_BATCH

DISK_FULL, NOT_EQUIPPED = "disk_full", "not_equipped"
# The original stays while its renditions are made and moved; small files have larger ones.
ROOM_FACTOR, ROOM_LEAST_BYTES = 3, 64 * MIB


def room_needed(size: int, attempts: int = 1) -> int:
    """Bytes that must be free before work on a file of `size` bytes begins; more after each attempt that ran out."""
    return ROOM_LEAST_BYTES + ROOM_FACTOR * size * max(attempts, 1)


@operation
def codes_waited_for(*, actor: Actor) -> frozenset[str]:
    """What files are waiting for at the moment."""
    actor.require(Action.RUN_SWEEPS)
    codes = db.session.scalars(
        select(Upload.hold_code).where(Upload.state == UploadState.UPLOADED, Upload.hold_code.is_not(None)).distinct()
    )
    return frozenset(code for code in codes if code is not None)


@operation
def release(*, actor: Actor, room_bytes: int, equipped: bool, limit: int = SWEEP_BATCH) -> int:
    """Queue a batch of waiting files again, the longest waiting first, as far as the room goes; returns how many."""
    actor.require(Action.RUN_SWEEPS)
    waiting = db.session.scalars(
        select(Upload)
        .where(Upload.state == UploadState.UPLOADED, Upload.hold_code.is_not(None))
        .order_by(Upload.updated_at, Upload.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    released = 0
    for upload in waiting:
        needed = room_needed(upload.size, upload.attempt)
        if needed > room_bytes or (upload.hold_code == NOT_EQUIPPED and not equipped):
            continue
        room_bytes -= needed
        released += 1
        upload.hold_code, upload.updated_at = None, clock.now()
        tell_workers(upload)
    return released
