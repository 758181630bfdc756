"""Uploads become what is played and shown; what is left lying is taken up again or cleared away (T-2 to T-5, C-4)."""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations import attachments
from backoffice.integrations.attachments import FileRefused
from backoffice.integrations.images import ImageRefused, prepare_cover
from backoffice.integrations.storage.base import ObjectMissing
from backoffice.integrations.storage.house import ATTACHMENT, ORIGINAL, part_path, storage, uploads_folder
from backoffice.integrations.storage.scratch import work_folder
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.integrations.video.hls import TranscodeFailed, transcode
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.loudness import leveling
from backoffice.integrations.video.probe import VideoRefused, probe
from backoffice.integrations.video.technique import inspect
from backoffice.models.media import UploadKind
from backoffice.operations import uploads
from backoffice.operations.upload_rows import LeaseLost
from backoffice.operations.upload_work import Work
from backoffice.queries.media import uploads_with_use_of_their_file
from backoffice.tasks import attempts, holds, originals
from backoffice.tasks.actors import chunks
from backoffice.tasks.registry import actor

log = logging.getLogger(__name__)

# A run of ffmpeg that goes wrong so often goes wrong because of the file.
TRANSCODE_ATTEMPTS = 3


@actor(queue="media", long=True)
def process_upload(*, upload_id: str) -> None:
    """One attempt at a received file. The file's fault ends in FAILED; any other is raised and tried again (T-3)."""
    work = attempts.begin(upload_id)
    if work is None:
        return
    try:
        _attempt(upload_id, work)
    except LeaseLost:
        log.warning("attempt %d at upload %s was taken over", work.attempt, upload_id)


def _attempt(upload_id: str, work: Work) -> None:
    try:
        with work_folder(upload_id, work.attempt) as folder:
            _make(upload_id, work, folder)
    except LeaseLost:
        raise
    except Exception as error:
        _end(upload_id, work, error)


def _end(upload_id: str, work: Work, error: Exception) -> None:
    """The file waits for the machine, or is at fault, or the task tries again."""
    if hold_code := holds.reason_to_wait(error):
        log.error("upload %s waits (%s): %s", upload_id, hold_code, error)
        _give_back(upload_id, work, error, hold_code)
        return
    is_last = work.attempt >= TRANSCODE_ATTEMPTS
    if isinstance(error, (VideoRefused, ImageRefused, FileRefused)) or (isinstance(error, TranscodeFailed) and is_last):
        _fail(upload_id, work, error.code, error.detail)
        return
    _give_back(upload_id, work, error)
    raise error


def _make(upload_id: str, work: Work, folder: Path) -> None:
    """From the file to its products; what was sent is deleted with the last use of it, or left to chunk jobs."""

    def keep_lease(percent: int) -> None:
        uploads.progress(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, percent=percent)

    source = part_path(upload_id)
    originals.bring(upload_id, on_progress=lambda: keep_lease(0))
    if work.source_id is not None:
        with suppress(ObjectMissing):
            storage().fetch(f"image/{work.source_id}/{ORIGINAL}", source)
    if not source.is_file():
        _fail(upload_id, work, "source_missing", str(source))
        return
    if work.source_id is None and _is_made_already(upload_id, work, source):
        source.unlink(missing_ok=True)
        return
    products = f"{work.kind.value}/{upload_id}"
    # A storage that is away says so here, before the long work is done for nothing.
    storage().head(products)
    holds.require_room(source)
    if work.kind is UploadKind.VIDEO:
        made = _video(upload_id, work, source, folder)
        if made is None:
            return
        asset, duration_s = made
    elif work.kind is UploadKind.IMAGE:
        asset, duration_s = _image(upload_id, work, source, folder), None
    else:
        asset, duration_s = _file(upload_id, work, source, folder), None
    # The last look at the lease, and more of them on a long way: the products of another attempt are not replaced.
    keep_lease(100)
    product_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    storage().put_tree(products, folder, on_progress=lambda: keep_lease(100))
    uploads.complete(
        actor=SYSTEM,
        upload_id=upload_id,
        attempt=work.attempt,
        asset=asset,
        product_bytes=product_bytes,
        duration_s=duration_s,
    )
    source.unlink(missing_ok=True)


def _is_made_already(upload_id: str, work: Work, source: Path) -> bool:
    """Whether the same file of the same person was finished before; another part of a picture is no such file."""
    with source.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    return uploads.reuse(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, sha256=sha256)


def _video(upload_id: str, work: Work, source: Path, folder: Path) -> tuple[dict[str, Any], int] | None:
    """Facts and seconds of the asset in the folder; None when chunk jobs go on with it."""
    ffmpeg = find_ffmpeg(settings().ffmpeg_binary or None)
    info = probe(source)

    def tell(percent: int) -> None:
        uploads.progress(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, percent=percent)

    technique = inspect(source, info, ffmpeg=ffmpeg, on_wake=_once_a_second(lambda: tell(0)))
    rungs = tuple(int(rung) for rung in settings().video_rungs.split(","))
    if chunks.is_long(info):
        chunks.divide(upload_id, work.attempt, info, technique, rungs)
        return None
    uploads.start_transcoding(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt)
    asset = transcode(
        source,
        info,
        folder,
        ffmpeg=ffmpeg,
        settings=LadderSettings(rungs=rungs),
        leveling=leveling(technique.loudness),
        on_progress=tell,
    )
    facts = {**asdict(asset), **asdict(technique), "width": info.width, "height": info.height}
    return facts, max(1, round(asset.duration_s))


def _once_a_second(sign_of_life: Callable[[], None]) -> Callable[[], None]:
    last = time.monotonic()

    def wake() -> None:
        nonlocal last
        if time.monotonic() - last >= 1:
            last = time.monotonic()
            sign_of_life()

    return wake


def _image(upload_id: str, work: Work, source: Path, folder: Path) -> dict[str, Any]:
    uploads.start_transcoding(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt)
    asset = asdict(prepare_cover(source, folder, crop=work.crop))
    if work.source_id is None:
        os.link(source, folder / ORIGINAL)
    return asset


def _file(upload_id: str, work: Work, source: Path, folder: Path) -> dict[str, Any]:
    attachments.check(source, work.filename)
    uploads.start_transcoding(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt)
    # The same bytes under another name, not a copy: the source goes when all is done.
    os.link(source, folder / ATTACHMENT)
    return {}


def _fail(upload_id: str, work: Work, code: str, detail: str) -> None:
    uploads.fail(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, error_code=code, detail=detail)


def _give_back(upload_id: str, work: Work, error: Exception, hold_code: str | None = None) -> None:
    with suppress(LeaseLost):
        uploads.give_back(
            actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, detail=str(error), hold_code=hold_code
        )


def expire_unfinished() -> int:
    """Forget files whose rest did not come in time, with their bytes (T-4); returns how many."""
    expired = uploads.expire_unfinished(actor=SYSTEM)
    for upload_id in expired:
        part_path(upload_id).unlink(missing_ok=True)
    return len(expired)


def clear_leftovers() -> int:
    """Delete files of uploads that are done, gone, or failed long ago (T-4); returns how many."""
    found = {path: path.name.partition(".")[0] for path in uploads_folder().iterdir()}
    failed_since = clock.now() - timedelta(hours=settings().upload_hours)
    used = uploads_with_use_of_their_file(set(found.values()), failed_since=failed_since)
    db.session.rollback()
    needless = [path for path, upload_id in found.items() if upload_id not in used]
    for path in needless:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(needless)
