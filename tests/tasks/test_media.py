"""From received bytes to what is played and shown, and what happens when that goes wrong (T-2 to T-5, C-1, C-4)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage.house import part_path, storage, uploads_folder
from backoffice.integrations.video.hls import TranscodeFailed
from backoffice.integrations.video.sandbox import SandboxBroken
from backoffice.models.media import Upload, UploadState
from backoffice.models.outbox import Delivery, OutboxEvent
from backoffice.operations import uploads
from backoffice.outbox import Event
from backoffice.tasks.actors import media
from tests.conftest import ROOT
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast, make_cast
from tests.factories.tasks import drain

LATER = timedelta(hours=1)


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def told() -> int:
    query = select(func.count(OutboxEvent.id)).where(OutboxEvent.name == Event.UPLOAD_PROCESSED.value)
    return db.session.scalar(query) or 0


def our_delivery() -> Delivery:
    return db.session.scalars(select(Delivery).where(Delivery.actor == media.process_upload.name)).one()


def test_c4_a_video_becomes_a_ladder(app: Flask, browser: Uploader) -> None:
    upload_id = browser.send(video_bytes())
    drain(app)
    upload = stored(upload_id)
    assert (upload.state, upload.error_code, upload.percent) == (UploadState.DONE, None, 100)
    assert upload.duration_s == 3
    assert upload.asset is not None
    assert (upload.asset["width"], upload.asset["height"]) == (320, 180)
    assert upload.asset["has_sound"]
    assert upload.asset["black_share"] == 0
    assert -40 < upload.asset["mean_volume_db"] < 0
    loudness, leveling = upload.asset["loudness"], upload.asset["leveling"]
    assert loudness["lufs"] + leveling["gain_db"] == pytest.approx(-16)
    assert (upload.asset["poster"], upload.asset["storyboard"]) == ("poster.jpg", "storyboard.vtt")
    kept = set(storage().list(f"video/{upload_id}"))
    assert kept == {f"video/{upload_id}/{name}" for name in upload.asset["files"]}
    assert f"video/{upload_id}/master.m3u8" in kept
    assert list(uploads_folder().glob(f"{upload_id}*")) == []
    assert told() == 1


def test_c1_a_picture_becomes_covers(app: Flask, browser: Uploader) -> None:
    upload_id = browser.send(picture_bytes(), kind="image", pieces=1)
    drain(app)
    upload = stored(upload_id)
    assert upload.state is UploadState.DONE
    assert upload.asset is not None
    assert [made["width"] for made in upload.asset["renditions"]] == [480, 960]
    assert set(storage().list(f"image/{upload_id}")) == {
        f"image/{upload_id}/{name}" for name in ("cover-480.webp", "cover-960.webp", "whole.webp", "original")
    }


@pytest.mark.parametrize(
    ("make", "kind", "code"),
    [
        (lambda: b"hello, I am no video" * 100, "video", "not_a_video"),
        (lambda: video_bytes()[: len(video_bytes()) // 2], "video", "damaged"),
        (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image", "not_an_image"),
        (lambda: picture_bytes(100, 100), "image", "too_small"),
    ],
    ids=["text", "half a video", "svg", "small picture"],
)
def test_t3_a_file_at_fault_fails_with_its_reason(
    app: Flask, browser: Uploader, make: Callable[[], bytes], kind: str, code: str
) -> None:
    upload_id = browser.send(make(), kind=kind)
    drain(app)
    upload = stored(upload_id)
    assert (upload.state, upload.error_code) == (UploadState.FAILED, code)
    assert our_delivery().done_at is not None
    assert told() == 1
    assert list(storage().list(f"{kind}/{upload_id}")) == []


def test_t2_an_attempt_more_changes_nothing(app: Flask, browser: Uploader) -> None:
    upload_id = browser.send(picture_bytes(), kind="image")
    drain(app)
    before = stored(upload_id).updated_at
    media.process_upload(upload_id=upload_id)
    assert (stored(upload_id).updated_at, stored(upload_id).attempt, told()) == (before, 1, 1)


def test_t2_a_file_in_other_hands_is_left_to_them(app: Flask, browser: Uploader) -> None:
    upload_id = browser.send(picture_bytes(), kind="image")
    uploads.start_processing(actor=SYSTEM, upload_id=upload_id)
    media.process_upload(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).attempt) == (UploadState.CHECKING, 1)


def test_t3_a_fault_of_the_platform_is_tried_again(
    app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = browser.send(picture_bytes(), kind="image")
    with monkeypatch.context() as broken:

        def break_down(*_: object, **__: object) -> None:
            raise SandboxBroken("no room for a process")

        broken.setattr(media, "prepare_cover", break_down)
        drain(app)
    assert stored(upload_id).state is UploadState.UPLOADED
    delivery = our_delivery()
    assert delivery.done_at is None
    assert "no room for a process" in (delivery.error or "")
    media.process_upload(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).attempt) == (UploadState.DONE, 2)


def test_t3_ffmpeg_failing_each_time_is_the_file(
    app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = browser.send(video_bytes())

    def go_wrong(*_: object, **__: object) -> None:
        raise TranscodeFailed("ffmpeg_failed", "exit status 1")

    monkeypatch.setattr(media, "transcode", go_wrong)
    for _attempt in range(media.TRANSCODE_ATTEMPTS - 1):
        with pytest.raises(TranscodeFailed):
            media.process_upload(upload_id=upload_id)
    media.process_upload(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).error_code) == (UploadState.FAILED, "ffmpeg_failed")


def test_t3_a_lost_lease_stops_the_worker(app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch) -> None:
    upload_id = browser.send(video_bytes())
    begin_transcoding = uploads.start_transcoding

    def and_lose_it(**arguments: object) -> None:
        begin_transcoding(**arguments)
        with clock.at(clock.now() + LATER):
            uploads.start_processing(actor=SYSTEM, upload_id=upload_id)

    monkeypatch.setattr(uploads, "start_transcoding", and_lose_it)
    media.process_upload(upload_id=upload_id)
    assert (stored(upload_id).state, stored(upload_id).attempt) == (UploadState.CHECKING, 2)
    assert list(storage().list(f"video/{upload_id}")) == []
    assert part_path(upload_id).exists()


def test_a_source_that_is_gone_is_said(app: Flask, browser: Uploader) -> None:
    upload_id = browser.send(video_bytes())
    part_path(upload_id).unlink()
    drain(app)
    assert stored(upload_id).error_code == "source_missing"


def test_t4_files_without_use_are_cleared_away(app: Flask, browser: Uploader) -> None:
    media.clear_leftovers()
    done = browser.send(picture_bytes(), kind="image")
    drain(app)
    part_path(done).write_bytes(b"left by a crash")
    (uploads_folder() / f"{done}.1.tmp").mkdir()
    failed = browser.send(b"no picture", kind="image")
    drain(app)
    waiting = browser.send(picture_bytes(), kind="image")
    part_path("0" * 32).write_bytes(b"nobody's")
    assert media.clear_leftovers() == 3
    assert {path.name for path in uploads_folder().iterdir()} == {f"{failed}.part", f"{waiting}.part"}
    with clock.at(clock.now() + timedelta(hours=settings().upload_hours + 1)):
        assert media.clear_leftovers() == 1
    assert {path.name for path in uploads_folder().iterdir()} == {f"{waiting}.part"}


def test_t4_unfinished_files_go_with_their_bytes(app: Flask, browser: Uploader) -> None:
    location = browser.create(100).headers["Location"]
    browser.append(location, 0, b"x" * 40)
    upload_id = location.rsplit("/", 1)[-1]
    assert part_path(upload_id).stat().st_size == 40
    with clock.at(clock.now() + timedelta(hours=settings().upload_hours + 1)):
        assert media.expire_unfinished() == 1
    assert not part_path(upload_id).exists()
    assert db.session.get(Upload, upload_id) is None


WORKER = """
import sys
from backoffice.app import create_app
from backoffice.tasks.actors import media
with create_app().app_context():
    media.process_upload(upload_id=sys.argv[1])
"""


def test_t4_a_worker_killed_in_the_middle_is_replaced(committed_app: Flask, tmp_path: Path) -> None:
    upload_id = Uploader(committed_app.test_client(), make_cast().owner).send(video_bytes(20, "640x360"))
    environ = os.environ | {
        "DATABASE_URL": committed_app.config["SQLALCHEMY_DATABASE_URI"],
        "REDIS_URL": settings().redis_url,
        "SECRET_KEY": settings().secret_key,
        "VAR_DIR": str(tmp_path),
    }
    worker = subprocess.Popen([sys.executable, "-c", WORKER, upload_id], cwd=ROOT, env=environ)
    try:
        until = time.monotonic() + 60
        while stored(upload_id).state is not UploadState.TRANSCODING:
            assert worker.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    db.session.rollback()
    assert stored(upload_id).state is UploadState.TRANSCODING
    with unguarded():
        stored(upload_id).lease_until = clock.now()
        db.session.commit()

    assert uploads.requeue_stuck(actor=SYSTEM) == 1
    drain(committed_app)

    upload = stored(upload_id)
    assert (upload.state, upload.attempt, upload.duration_s) == (UploadState.DONE, 2, 20)
    assert told() == 1
    assert list(uploads_folder().iterdir()) == []
