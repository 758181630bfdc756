"""Long videos in chunks: complete, shared, and nothing is left lying (T-2, T-4, T-5, C-4)."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.errors import NotAllowed
from backoffice.integrations.storage import scratch
from backoffice.integrations.storage.house import part_path, storage, uploads_folder
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.models.chunks import ChunkKind, ChunkState
from backoffice.models.media import UploadState
from backoffice.operations import chunks
from backoffice.tasks.actors import chunks as jobs
from backoffice.tasks.actors import media
from tests.factories.media import Uploader
from tests.factories.people import Cast
from tests.factories.tasks import drain
from tests.tasks.chunked import (
    CHUNK_SECONDS,
    assert_complete,
    browser,
    change,
    chunked,
    divided,
    lecture,
    rows,
    stored,
)

__all__ = ["browser", "chunked"]
pytestmark = pytest.mark.usefixtures("chunked")
LATER = timedelta(hours=1)


def test_c4_chunks_make_the_video_that_one_process_makes(
    app: Flask, browser: Uploader, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = browser.send(lecture())
    drain(app)
    assert_complete(upload_id)
    made = rows(upload_id)
    assert [(chunk.kind, chunk.position, chunk.pictures) for chunk in made] == [
        *((ChunkKind.PICTURE, position, CHUNK_SECONDS * 30) for position in range(4)),
        (ChunkKind.SOUND, 0, 0),
    ]
    assert {(chunk.state, chunk.percent, chunk.attempt) for chunk in made} == {(ChunkState.DONE, 100, 1)}
    assert list(uploads_folder().glob(f"{upload_id}*")) == []

    change(app, monkeypatch, video_chunk_above_minutes=10)
    in_one = Uploader(app.test_client(), cast.other_author).send(lecture())
    drain(app)
    assert rows(in_one) == []
    mine, other = (stored(one).asset for one in (upload_id, in_one))
    assert mine is not None
    assert other is not None
    assert mine.keys() == other.keys()
    for name in ("files", "duration_s", "has_audio", "has_sound", "mean_volume_db", "width", "height"):
        assert mine[name] == other[name]
    sizes = ("name", "width", "height", "playlist", "file")
    assert [[r[s] for s in sizes] for r in mine["renditions"]] == [[r[s] for s in sizes] for r in other["renditions"]]
    lists = [storage().local_path(f"video/{one}/90p.m3u8").read_text() for one in (upload_id, in_one)]
    assert [text.count("#EXTINF:6.0") for text in lists] == [4, 4]
    assert all("#EXT-X-PLAYLIST-TYPE:VOD" in text for text in lists)


def test_a_container_without_an_index_stays_in_one_process(app: Flask, browser: Uploader, tmp_path: Path) -> None:
    source, stream = tmp_path / "source.mp4", tmp_path / "source.ts"
    source.write_bytes(lecture())
    subprocess.run([str(find_ffmpeg()), "-v", "error", "-i", str(source), "-c", "copy", str(stream)], check=True)
    upload_id = browser.send(stream.read_bytes())
    drain(app)
    assert rows(upload_id) == []
    assert stored(upload_id).state is UploadState.DONE


def test_t5_percent_is_the_mean_and_the_chunks_are_signs_of_life(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    first, second = rows(upload_id)[:2]
    for chunk, percent in ((first, 50), (second, 100)):
        piece = chunks.start(actor=SYSTEM, chunk_id=chunk.id)
        assert piece is not None
        with clock.at(clock.now() + timedelta(seconds=20)):
            chunks.progress(actor=SYSTEM, chunk_id=chunk.id, attempt=piece.attempt, percent=percent)
            assert stored(upload_id).updated_at == clock.now()
    assert stored(upload_id).percent == 30


def test_t4_what_chunks_have_left_goes_with_the_file(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = divided(browser)
    sound = rows(upload_id)[-1]
    jobs.make_chunk(chunk_id=sound.id)
    media.clear_leftovers()
    assert scratch.chunk_folder(upload_id, sound.id, 1).is_dir()
    chunks.fail(
        actor=SYSTEM,
        chunk_id=rows(upload_id)[0].id,
        attempt=chunks.start(actor=SYSTEM, chunk_id=rows(upload_id)[0].id).attempt,  # type: ignore[union-attr]
        error_code="ffmpeg_failed",
        detail="",
    )
    media.clear_leftovers()
    assert scratch.chunk_folder(upload_id, sound.id, 1).is_dir()
    with clock.at(clock.now() + timedelta(hours=settings().upload_hours + 1)):
        media.clear_leftovers()
    assert list(uploads_folder().glob(f"{upload_id}*")) == []
    deleted = divided(browser)
    jobs.make_chunk(chunk_id=rows(deleted)[-1].id)
    with unguarded():
        db.session.delete(stored(deleted))
        db.session.commit()
    media.clear_leftovers()
    assert rows(deleted) == []
    assert list(uploads_folder().glob(f"{deleted}*")) == []


def test_a_source_that_is_gone_is_said(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    part_path(upload_id).unlink()
    jobs.make_chunk(chunk_id=rows(upload_id)[0].id)
    assert stored(upload_id).error_code == "source_missing"


def test_only_the_house_works_at_chunks(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = divided(browser)
    chunk_id = rows(upload_id)[0].id
    for step in (
        lambda: chunks.start(actor=cast.owner, chunk_id=chunk_id),
        lambda: chunks.progress(actor=cast.owner, chunk_id=chunk_id, attempt=0, percent=1),
        lambda: chunks.start_joining(actor=cast.owner, upload_id=upload_id, attempt=1),
        lambda: chunks.requeue_stuck(actor=cast.owner),
        lambda: chunks.stop_joining(actor=cast.owner, upload_id=upload_id, attempt=1),
    ):
        with pytest.raises(NotAllowed):
            step()
