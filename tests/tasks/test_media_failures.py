"""A full disk, an ffmpeg that lacks a codec, a broken file: who is told what, what is left, how it goes on (T-3)."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backoffice.access import SYSTEM
from backoffice.config import Settings, settings
from backoffice.db import db, unguarded
from backoffice.errors import NotAllowed
from backoffice.integrations.storage.house import part_path, storage, uploads_folder
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.integrations.video.hls import TranscodeFailed, transcode
from backoffice.integrations.video.probe import probe
from backoffice.models.content import LectureKind, Revision
from backoffice.models.media import Upload, UploadState
from backoffice.models.outbox import Delivery
from backoffice.operations import content, held_uploads, uploads
from backoffice.operations.content import LectureTexts
from backoffice.operations.held_uploads import ROOM_LEAST_BYTES, room_needed
from backoffice.operations.uploads import MIB
from backoffice.tasks import holds
from backoffice.tasks.actors import media
from tests.factories import courses, learning
from tests.factories.media import Uploader, video_bytes
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain

Change = Callable[..., None]
# Has everything but the one encoder that nothing goes without, and says so in ffmpeg's words.
CRIPPLED = """#!/bin/sh
case "$*" in
    *-encoders*) echo " V....D mjpeg x"; echo " A....D aac x";;
    *libx264*) echo "Unknown encoder 'libx264'" >&2; exit 8;;
    *) exec {ffmpeg} "$@";;
esac
"""


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


@pytest.fixture
def change(app: Flask) -> Iterator[Change]:
    """Change settings of the running application for one test."""
    before: Settings = app.extensions["lectern.settings"]

    def to(**values: Any) -> None:
        app.extensions["lectern.settings"] = replace(settings(), **values)

    yield to
    app.extensions["lectern.settings"] = before


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of 96 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={ROOM_LEAST_BYTES + 32 * MIB}", "lectern-test", str(disk)], check=False
    )
    if mounted.returncode != 0:
        pytest.skip("NO RIGHT TO MOUNT: the tests on a full disk need root")
    try:
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def send_onto(disk: Path, browser: Uploader, change: Change) -> str:
    """A received video on this disk, where all further media of the application go."""
    upload_id = browser.send(video_bytes())
    data = part_path(upload_id).read_bytes()
    change(var_dir=disk)
    part_path(upload_id).write_bytes(data)
    return upload_id


def fill(disk: Path, *, but_for: int) -> Path:
    """A file that leaves so many bytes free."""
    filler = disk / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(disk).free - but_for)
    return filler


def products(upload_id: str) -> list[str]:
    return [*storage().list(f"video/{upload_id}"), *(path.name for path in uploads_folder().glob(f"{upload_id}.*.tmp"))]


def waits(upload_id: str) -> tuple[UploadState, str | None]:
    upload = stored(upload_id)
    return upload.state, upload.hold_code


def test_t3_a_file_waits_for_room_on_the_disk(app: Flask, browser: Uploader, change: Change, small_disk: Path) -> None:
    """Not begun, not failed, nobody's fault; it goes on when there is room."""
    upload_id = send_onto(small_disk, browser, change)
    filler = fill(small_disk, but_for=ROOM_LEAST_BYTES)
    drain(app)
    assert waits(upload_id) == (UploadState.UPLOADED, "disk_full")
    assert db.session.scalars(select(Delivery.done_at).where(Delivery.actor == media.process_upload.name)).one()
    assert products(upload_id) == []
    assert "Nothing is wrong with your" in browser.client.get(f"/uploads/{upload_id}/state").text
    assert holds.release() == 0
    filler.unlink()
    assert holds.release() == 1
    assert holds.release() == 0
    drain(app)
    assert waits(upload_id) == (UploadState.DONE, None)


def test_t3_a_disk_that_fills_up_meanwhile(
    app: Flask, browser: Uploader, change: Change, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = send_onto(small_disk, browser, change)
    begin_transcoding = uploads.start_transcoding

    def and_others_write(**arguments: Any) -> None:
        begin_transcoding(**arguments)
        fill(small_disk, but_for=32 * 1024)

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(uploads, "start_transcoding", and_others_write)
        drain(app)
    assert waits(upload_id) == (UploadState.UPLOADED, "disk_full")
    assert products(upload_id) == []
    (small_disk / "filler").unlink()
    assert holds.release() == 1
    drain(app)
    assert waits(upload_id) == (UploadState.DONE, None)


@pytest.mark.parametrize("state", ["crippled", "absent"])
def test_t3_a_file_waits_for_a_fit_ffmpeg(
    app: Flask, browser: Uploader, change: Change, tmp_path: Path, state: str
) -> None:
    """A codec that the house lacks is no fault of the file's."""
    upload_id = browser.send(video_bytes())
    binary = tmp_path / state
    if state == "crippled":
        binary.write_text(CRIPPLED.format(ffmpeg=find_ffmpeg()))
        binary.chmod(0o755)
    before = settings().ffmpeg_binary
    change(ffmpeg_binary=str(binary))
    drain(app)
    assert waits(upload_id) == (UploadState.UPLOADED, "not_equipped")
    assert products(upload_id) == []
    assert "Nothing is wrong with your" in browser.client.get(f"/uploads/{upload_id}/state").text
    assert holds.release() == 0
    change(ffmpeg_binary=before)
    assert holds.release() == 1
    drain(app)
    assert waits(upload_id) == (UploadState.DONE, None)


def test_t3_the_old_video_plays_while_the_new_one_fails(app: Flask, browser: Uploader, cast: Cast) -> None:
    old = browser.send(video_bytes())
    drain(app)
    course = courses.live_course(cast.owner)
    with unguarded():
        shown = learning.lectures_of(course.live_revision_id)[0]
        shown.kind, shown.video_upload_id = LectureKind.VIDEO, old
        db.session.commit()
    node_id, course_id, slug, live_id = shown.node_id, course.id, course.slug, course.live_revision_id
    new = browser.send(video_bytes()[:20_000])
    content.edit_lecture(
        actor=cast.owner,
        course_id=course_id,
        node_id=node_id,
        version=db.session.get_one(Revision, live_id).version,
        texts=LectureTexts(title="Anew", video_upload_id=new),
    )
    drain(app)
    assert stored(new).state is UploadState.FAILED
    author = log_in(app.test_client(), cast.owner)
    assert f"/{old}/master.m3u8" in author.get(f"/learn/{slug}/{node_id}").text
    assert products(new) == []
    assert products(old) != []
    author.post(f"/uploads/{new}/retry")
    assert stored(new).state is UploadState.UPLOADED
    drain(app)
    assert (stored(new).state, stored(new).attempt) == (UploadState.FAILED, 2)


def test_t4_room_is_given_in_the_order_of_waiting(app: Flask, cast: Cast) -> None:
    sizes = {10 * MIB: 1, 400 * MIB: 1, 20 * MIB: 1, 30 * MIB: 4}
    waiting = {}
    for size, attempt in sizes.items():
        made = courses.upload(cast.owner, state=UploadState.UPLOADED)
        with unguarded():
            made.size, made.offset, made.attempt, made.hold_code = size, size, attempt, "disk_full"
            db.session.commit()
        waiting[made.id] = size
    room = room_needed(10 * MIB) + room_needed(20 * MIB) + room_needed(30 * MIB, attempts=3)
    assert held_uploads.release(actor=SYSTEM, room_bytes=room, equipped=False) == 2
    still = {waiting[upload_id] for upload_id in waiting if stored(upload_id).hold_code}
    assert still == {400 * MIB, 30 * MIB}
    with pytest.raises(NotAllowed):
        held_uploads.release(actor=cast.owner, room_bytes=room, equipped=True)


def test_only_a_received_file_can_wait(app: Flask, cast: Cast) -> None:
    made = courses.upload(cast.owner)
    made.hold_code = "disk_full"
    with unguarded(), pytest.raises(IntegrityError, match="held_waits"):
        db.session.flush()


def test_the_tiny_disk_is_named_by_ffmpeg(small_disk: Path, tmp_path: Path) -> None:
    source, out_dir = tmp_path / "source.mp4", small_disk / "asset"
    source.write_bytes(video_bytes())
    out_dir.mkdir()
    fill(small_disk, but_for=8 * 1024)
    with pytest.raises(TranscodeFailed) as caught:
        transcode(source, probe(source), out_dir, ffmpeg=find_ffmpeg())
    assert caught.value.code == "disk_full"
