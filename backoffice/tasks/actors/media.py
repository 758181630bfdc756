"""Uploads become what is played and shown; what is left lying is taken up again or cleared away (T-2 to T-5, C-4)."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db
from backoffice.errors import Conflict
from backoffice.integrations import attachments
from backoffice.integrations.attachments import FileRefused
from backoffice.integrations.images import ImageRefused, prepare_cover
from backoffice.integrations.storage.base import ObjectMissing
from backoffice.integrations.storage.house import ATTACHMENT, ORIGINAL, part_path, storage, uploads_folder
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.integrations.video.hls import TranscodeFailed, transcode
from backoffice.integrations.video.ladder import LadderSettings
from backoffice.integrations.video.probe import VideoRefused, probe
from backoffice.integrations.video.technique import inspect
from backoffice.models.media import UploadKind
from backoffice.operations import uploads
from backoffice.operations.upload_work import Work
from backoffice.operations.uploads import LeaseLost
from backoffice.queries.media import uploads_with_use_of_their_file
from backoffice.tasks.registry import actor

log = logging.getLogger(__name__)

# A run of ffmpeg that goes wrong so often goes wrong because of the file.
TRANSCODE_ATTEMPTS = 3


@actor(queue="media", long=True)
def process_upload(*, upload_id: str) -> None:
    """One attempt at a received file. The file's fault ends in FAILED; any other is raised and tried again (T-3)."""
    try:
        work = uploads.start_processing(actor=SYSTEM, upload_id=upload_id)
    except Conflict as conflict:
        if conflict.code != "upload.busy":
            raise
        # Should the other worker be lost, the sweep queues the file again when its lease is over.
        return
    if work is None:
        return
    try:
        _attempt(upload_id, work)
    except LeaseLost:
        log.warning("attempt %d at upload %s was taken over", work.attempt, upload_id)


def _attempt(upload_id: str, work: Work) -> None:
    try:
        with _work_folder(upload_id, work.attempt) as folder:
            _make(upload_id, work, folder)
    except (VideoRefused, ImageRefused, FileRefused) as refused:
        _fail(upload_id, work, refused.code, refused.detail)
    except TranscodeFailed as failed:
        if failed.code == "disk_full" or work.attempt < TRANSCODE_ATTEMPTS:
            _give_back(upload_id, work, failed)
            raise
        _fail(upload_id, work, failed.code, failed.detail)
    except LeaseLost:
        raise
    except Exception as error:
        _give_back(upload_id, work, error)
        raise
    else:
        part_path(upload_id).unlink(missing_ok=True)


def _make(upload_id: str, work: Work, folder: Path) -> None:
    source = part_path(upload_id)
    if work.source_id is not None:
        with suppress(ObjectMissing):
            storage().fetch(f"image/{work.source_id}/{ORIGINAL}", source)
    if not source.is_file():
        _fail(upload_id, work, "source_missing", str(source))
        return
    if work.kind is UploadKind.VIDEO:
        asset, duration_s = _video(upload_id, work, source, folder)
    elif work.kind is UploadKind.IMAGE:
        asset, duration_s = _image(upload_id, work, source, folder), None
    else:
        asset, duration_s = _file(upload_id, work, source, folder), None
    # The last look at the lease: the products of another attempt are not replaced.
    uploads.progress(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, percent=100)
    storage().put_tree(f"{work.kind.value}/{upload_id}", folder)
    uploads.complete(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, asset=asset, duration_s=duration_s)


def _video(upload_id: str, work: Work, source: Path, folder: Path) -> tuple[dict[str, Any], int]:
    ffmpeg = find_ffmpeg(settings().ffmpeg_binary or None)
    info = probe(source)
    technique = inspect(source, info, ffmpeg=ffmpeg)
    uploads.start_transcoding(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt)

    def tell(percent: int) -> None:
        uploads.progress(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, percent=percent)

    rungs = tuple(int(rung) for rung in settings().video_rungs.split(","))
    asset = transcode(source, info, folder, ffmpeg=ffmpeg, settings=LadderSettings(rungs=rungs), on_progress=tell)
    facts = {**asdict(asset), **asdict(technique), "width": info.width, "height": info.height}
    return facts, max(1, round(asset.duration_s))


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


def _give_back(upload_id: str, work: Work, error: Exception) -> None:
    with suppress(LeaseLost):
        uploads.give_back(actor=SYSTEM, upload_id=upload_id, attempt=work.attempt, detail=str(error))


@contextmanager
def _work_folder(upload_id: str, attempt: int) -> Iterator[Path]:
    """An empty folder of this attempt; what a lost one has left is gone."""
    for old in uploads_folder().glob(f"{upload_id}.*.tmp"):
        shutil.rmtree(old, ignore_errors=True)
    folder = uploads_folder() / f"{upload_id}.{attempt}.tmp"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
