"""What goes wrong with one chunk costs that chunk, and is never half done (T-2 to T-4)."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.integrations.storage import scratch
from backoffice.integrations.storage.house import storage
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.models.chunks import ChunkState
from backoffice.models.media import UploadState
from backoffice.operations import chunks, uploads
from backoffice.operations.upload_rows import LeaseLost
from backoffice.tasks import holds
from backoffice.tasks.actors import chunks as jobs
from backoffice.tasks.actors import media
from tests.factories.media import Uploader
from tests.factories.people import Cast
from tests.factories.tasks import drain
from tests.tasks.chunked import (
    assert_complete,
    attempts,
    browser,
    change,
    chunked,
    divided,
    finish,
    rows,
    stored,
)

__all__ = ["browser", "chunked"]
pytestmark = pytest.mark.usefixtures("chunked")
LATER = timedelta(hours=1)


def test_t2_nobody_takes_a_chunk_or_its_file_twice(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    chunk = rows(upload_id)[0]
    assert chunks.start(actor=SYSTEM, chunk_id=chunk.id) is not None
    assert chunks.start(actor=SYSTEM, chunk_id=chunk.id) is None
    assert chunks.start(actor=SYSTEM, chunk_id=chunk.id + 1000) is None
    media.process_upload(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).attempt) == (UploadState.TRANSCODING, 1)
    jobs.join_chunks(upload_id=upload_id, attempt=1)
    assert stored(upload_id).state is UploadState.TRANSCODING


def test_t4_a_lost_worker_costs_its_chunk_alone_and_comes_too_late(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    lost = rows(upload_id)[1]
    piece = chunks.start(actor=SYSTEM, chunk_id=lost.id)
    assert piece is not None
    assert chunks.requeue_stuck(actor=SYSTEM) == 0
    with clock.at(clock.now() + LATER):
        assert chunks.requeue_stuck(actor=SYSTEM) == 1
        assert chunks.requeue_stuck(actor=SYSTEM) == 0
        assert uploads.requeue_stuck(actor=SYSTEM) == 0
    finish(app, upload_id)
    assert attempts(upload_id) == [1, 2, 1, 1, 1]
    assert_complete(upload_id)
    for late in (
        lambda: chunks.progress(actor=SYSTEM, chunk_id=lost.id, attempt=1, percent=90),
        lambda: chunks.finish(actor=SYSTEM, chunk_id=lost.id, attempt=1, pictures=1),
        lambda: chunks.give_back(actor=SYSTEM, chunk_id=lost.id, attempt=1, detail="late"),
        lambda: chunks.fail(actor=SYSTEM, chunk_id=lost.id, attempt=1, error_code="ffmpeg_failed", detail="late"),
    ):
        with pytest.raises(LeaseLost):
            late()
    jobs.make_chunk(chunk_id=lost.id)
    jobs.join_chunks(upload_id=upload_id, attempt=1)
    assert_complete(upload_id)


def test_t3_a_chunk_that_loses_each_worker_is_given_up(
    app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(app, monkeypatch, task_attempts=1)
    upload_id = divided(browser)
    chunks.start(actor=SYSTEM, chunk_id=rows(upload_id)[0].id)
    with clock.at(clock.now() + LATER):
        assert chunks.requeue_stuck(actor=SYSTEM) == 1
    assert (stored(upload_id).state, stored(upload_id).error_code) == (UploadState.FAILED, uploads.GAVE_UP)


def broken_at(tmp_path: Path, second: int) -> str:
    """An ffmpeg that cannot do the chunk that begins at this second."""
    path = tmp_path / "ffmpeg"
    path.write_text(f'#!/bin/sh\ncase "$*" in *"-ss {second}."*) exit 1;; esac\nexec {find_ffmpeg()} "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_t3_a_chunk_that_fails_fails_the_file_and_a_retry_does_the_rest(
    app: Flask, browser: Uploader, cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    upload_id = divided(browser)
    good, bad = rows(upload_id)[1], rows(upload_id)[2]
    jobs.make_chunk(chunk_id=good.id)
    with monkeypatch.context() as meanwhile:
        change(app, meanwhile, ffmpeg_binary=broken_at(tmp_path, 12))
        for _attempt in range(jobs.CHUNK_ATTEMPTS - 1):
            with pytest.raises(Exception, match="ffmpeg_failed"):
                jobs.make_chunk(chunk_id=bad.id)
        working = chunks.start(actor=SYSTEM, chunk_id=rows(upload_id)[0].id)
        assert working is not None
        jobs.make_chunk(chunk_id=bad.id)
    assert (stored(upload_id).state, stored(upload_id).error_code) == (UploadState.FAILED, "ffmpeg_failed")
    assert rows(upload_id)[2].state is ChunkState.FAILED
    with pytest.raises(LeaseLost):
        chunks.progress(actor=SYSTEM, chunk_id=working.chunk_id, attempt=working.attempt, percent=50)
    jobs.make_chunk(chunk_id=rows(upload_id)[3].id)
    assert attempts(upload_id) == [1, 1, 3, 0, 0]

    uploads.retry(actor=cast.owner, upload_id=upload_id)
    drain(app)
    assert_complete(upload_id)
    assert [chunk.id == good.id for chunk in rows(upload_id)] == [False, True, False, False, False]
    assert attempts(upload_id) == [1] * 5


def test_t3_a_house_that_cannot_go_on_keeps_what_is_done(
    app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = divided(browser)
    done, waiting = rows(upload_id)[:2]
    jobs.make_chunk(chunk_id=done.id)
    with monkeypatch.context() as meanwhile:
        change(app, meanwhile, ffmpeg_binary="/nowhere/ffmpeg")
        jobs.make_chunk(chunk_id=waiting.id)
        assert (stored(upload_id).state, stored(upload_id).hold_code) == (UploadState.UPLOADED, "not_equipped")
        assert holds.release() == 0
    assert holds.release() == 1
    drain(app)
    assert_complete(upload_id)
    assert rows(upload_id)[0].id == done.id
    assert attempts(upload_id) == [1] * 5


def test_t3_products_that_are_gone_are_made_again(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    gone = rows(upload_id)[2]
    for chunk in rows(upload_id):
        jobs.make_chunk(chunk_id=chunk.id)
    folder = scratch.chunk_folder(upload_id, gone.id, 1)
    (folder / "90p.nut").unlink()
    (folder / "144p.nut").unlink()
    folder.rmdir()
    drain(app)
    assert_complete(upload_id)
    assert attempts(upload_id) == [1, 1, 2, 1, 1]


def test_t3_chunks_that_make_no_whole_are_not_trusted(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = divided(browser)
    for chunk in rows(upload_id):
        jobs.make_chunk(chunk_id=chunk.id)
    damaged = scratch.chunk_folder(upload_id, rows(upload_id)[1].id, 1) / "90p.nut"
    os.truncate(damaged, damaged.stat().st_size * 2 // 3)
    drain(app)
    upload = stored(upload_id)
    assert (upload.state, upload.error_code) == (UploadState.FAILED, "incomplete_output")
    assert "90p has" in (upload.error_detail or "")
    assert list(storage().list(f"video/{upload_id}")) == []
    uploads.retry(actor=cast.owner, upload_id=upload_id)
    drain(app)
    assert_complete(upload_id)


def test_t4_a_lost_joiner_costs_the_joining_alone(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    for chunk in rows(upload_id):
        jobs.make_chunk(chunk_id=chunk.id)
    assert chunks.start_joining(actor=SYSTEM, upload_id=upload_id, attempt=1) is not None
    assert chunks.start_joining(actor=SYSTEM, upload_id=upload_id, attempt=1) is None
    with clock.at(clock.now() + LATER):
        assert uploads.requeue_stuck(actor=SYSTEM) == 1
    drain(app)
    assert_complete(upload_id)
    assert attempts(upload_id) == [1] * 5
    assert stored(upload_id).attempt == 2
