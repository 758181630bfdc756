"""What the tests of chunks share: a lecture of four chunks, and the proof that it is complete."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.storage.house import storage
from backoffice.models.chunks import Chunk
from backoffice.models.media import Upload, UploadState
from backoffice.tasks.actors import chunks as jobs
from backoffice.tasks.actors import media
from tests.factories.media import Uploader, video_bytes
from tests.factories.people import Cast
from tests.factories.tasks import drain, expand

SECONDS, CHUNK_SECONDS = 24, 6


def change(app: Flask, monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    monkeypatch.setitem(app.extensions, "lectern.settings", replace(settings(), **changes))  # type: ignore[arg-type]


@pytest.fixture
def chunked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every video is long."""
    change(app, monkeypatch, video_chunk_above_minutes=0, video_chunk_seconds=CHUNK_SECONDS, video_rungs="144,90")


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def lecture() -> bytes:
    return video_bytes(SECONDS, "256x144")


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


def rows(upload_id: str) -> list[Chunk]:
    db.session.rollback()
    query = select(Chunk).where(Chunk.upload_id == upload_id).order_by(Chunk.kind, Chunk.position)
    return list(db.session.scalars(query.execution_options(populate_existing=True)))


def attempts(upload_id: str) -> list[int]:
    return [chunk.attempt for chunk in rows(upload_id)]


def divided(browser: Uploader, data: bytes | None = None) -> str:
    """An upload that waits for its chunk jobs; their messages are not sent."""
    upload_id = browser.send(data or lecture())
    media.process_upload(upload_id=upload_id)
    expand()
    return upload_id


def finish(app: Flask, upload_id: str) -> None:
    """What the workers do with all chunks that wait."""
    for chunk in rows(upload_id):
        jobs.make_chunk(chunk_id=chunk.id)
    drain(app)


def track(path: Path) -> tuple[list[float], list[float]]:
    """When each packet of the first track is shown, seconds, and which of them begin a group."""
    with av.open(str(path)) as container:
        stream = container.streams[0]
        packets = [packet for packet in container.demux(stream) if packet.size and packet.pts is not None]
        shown = sorted(float(packet.pts * packet.time_base) for packet in packets)
        return shown, [round(float(packet.pts * packet.time_base), 3) for packet in packets if packet.is_keyframe]


def pictures(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(container.streams.video[0]))


def assert_complete(upload_id: str) -> None:
    """Every picture of the source, in even steps, key frames on the grid, all of the sound."""
    upload = stored(upload_id)
    assert (upload.state, upload.error_detail, upload.percent) == (UploadState.DONE, None, 100)
    assert upload.asset is not None
    assert upload.duration_s == SECONDS
    kept = {key.rsplit("/", 1)[-1] for key in storage().list(f"video/{upload_id}")}
    assert kept == set(upload.asset["files"])
    for rendition in upload.asset["renditions"]:
        path = storage().local_path(f"video/{upload_id}/{rendition['file']}")
        shown, keys = track(path)
        assert len(shown) == pictures(path) == SECONDS * 30
        assert {round(later - earlier, 4) for earlier, later in pairwise(shown)} == {0.0333}
        assert keys == [2.0 * number for number in range(SECONDS // 2)]
    sound, _ = track(storage().local_path(f"video/{upload_id}/audio.m4s"))
    assert sound[-1] + 1024 / 48000 == pytest.approx(SECONDS, abs=0.03)
