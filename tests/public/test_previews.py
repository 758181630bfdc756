"""What is ready of a video can be watched before the rest is, by its author and by staff alone (T-5, L-1, X-5)."""

import re
from pathlib import Path

import av
import pytest
from flask import Flask
from flask.testing import FlaskClient

from backoffice.access import SYSTEM, Actor
from backoffice.integrations.storage import scratch
from backoffice.integrations.storage.house import storage
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.models.media import UploadState
from backoffice.operations import uploads
from backoffice.tasks.actors import chunks as jobs
from backoffice.tasks.actors import media
from tests.factories.media import Uploader
from tests.factories.people import Cast, log_in
from tests.factories.tasks import drain
from tests.tasks.chunked import CHUNK_SECONDS, assert_complete, change, divided, lecture, rows, stored

SEGMENT_FRAMES = 180


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


def address(upload_id: str, name: str = "") -> str:
    return f"/uploads/{upload_id}/preview" + (f"/{name}" if name else "")


def playlist(client: FlaskClient, upload_id: str, name: str) -> str:
    answer = client.get(address(upload_id, name), follow_redirects=True)
    assert answer.status_code == 200, answer.text
    assert answer.history or answer.headers["Cache-Control"] == "no-store"
    return answer.text


def download(client: FlaskClient, upload_id: str, text: str) -> bytes:
    """All bytes that a media playlist names, as a player takes them."""
    name = text.splitlines()[-1 if "ENDLIST" not in text else -2]
    spans = [(int(at), int(length)) for length, at in re.findall(r"BYTERANGE[:=]\"?(\d+)@(\d+)", text)]
    pieces = []
    for at, length in spans:
        asked = {"Range": f"bytes={at}-{at + length - 1}"}
        answer = client.get(address(upload_id, name), headers=asked, follow_redirects=True)
        assert (answer.status_code, len(answer.data)) == (206, length)
        pieces.append(answer.data)
    return b"".join(pieces)


def pictures(data: bytes, folder: Path) -> int:
    path = folder / "downloaded.mp4"
    path.write_bytes(data)
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def slowly(folder: Path) -> str:
    """An ffmpeg that codes no faster than eight seconds a second."""
    path = folder / "ffmpeg"
    path.write_text(f'#!/bin/sh\ncase "$*" in *libx264*) set -- -readrate 8 "$@";; esac\nexec {find_ffmpeg()} "$@"\n')
    path.chmod(0o755)
    return str(path)


def test_t5_one_process_lets_watch_what_it_has_made(
    app: Flask, browser: Uploader, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    change(app, monkeypatch, video_rungs="144,90", ffmpeg_binary=slowly(tmp_path))
    upload_id, client = browser.send(lecture()), browser.client
    looks: list[tuple[str, bytes]] = []
    tell = uploads.progress

    def look_too(**arguments: object) -> None:
        tell(**arguments)
        if client.get(address(upload_id, "master.m3u8")).status_code == 200 and stored(upload_id).percent < 100:
            text = playlist(client, upload_id, "90p.m3u8")
            looks.append((text, download(client, upload_id, text)))
            assert "Watch what is ready" in client.get(f"/uploads/{upload_id}/state").text
            assert "master.m3u8" in client.get(address(upload_id)).text

    monkeypatch.setattr(uploads, "progress", look_too)
    assert "Nothing can be watched yet" in client.get(address(upload_id)).text
    media.process_upload(upload_id=upload_id)
    monkeypatch.undo()
    text, data = looks[0]
    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text
    assert "#EXT-X-START:TIME-OFFSET=0\n" in text
    assert "ENDLIST" not in text
    assert pictures(data, tmp_path) == SEGMENT_FRAMES * text.count("#EXTINF:6.0") > 0
    # Whoever watches goes on into the finished video without noticing.
    whole = playlist(client, upload_id, "90p.m3u8")
    assert "#EXT-X-ENDLIST" in whole
    assert "#EXT-X-START" not in whole
    assert download(client, upload_id, whole).startswith(data)
    assert "Watch what is ready" not in client.get(f"/uploads/{upload_id}/state").text


@pytest.fixture
def chunked(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    change(app, monkeypatch, video_chunk_above_minutes=0, video_chunk_seconds=CHUNK_SECONDS, video_rungs="144,90")


@pytest.mark.usefixtures("chunked")
def test_t5_the_lowest_rung_can_be_watched_before_the_rest(app: Flask, browser: Uploader, tmp_path: Path) -> None:
    upload_id, client = divided(browser), browser.client
    first, second, third, last, sound = (chunk.id for chunk in rows(upload_id))

    jobs.make_chunk(chunk_id=first)
    assert client.get(address(upload_id, "master.m3u8")).status_code == 404
    jobs.make_chunk(chunk_id=sound)
    jobs.make_chunk(chunk_id=third)
    master = playlist(client, upload_id, "master.m3u8")
    assert re.findall(r"^\w+\.m3u8", master, re.MULTILINE) == ["90p.m3u8"]
    seen = []
    for chunk_id, segments in ((None, 1), (second, 3)):
        if chunk_id is not None:
            jobs.make_chunk(chunk_id=chunk_id)
        picture, tone = (playlist(client, upload_id, name) for name in ("90p.m3u8", "audio.m3u8"))
        assert "ENDLIST" not in picture + tone
        assert (picture.count("#EXTINF"), tone.count("#EXTINF")) == (segments, segments)
        seen.append(download(client, upload_id, picture))
        assert pictures(seen[-1], tmp_path) == SEGMENT_FRAMES * segments
    assert seen[1].startswith(seen[0])
    assert stored(upload_id).asset is None
    assert list(storage().list(f"video/{upload_id}")) == []

    jobs.make_chunk(chunk_id=last)
    drain(app)
    assert_complete(upload_id)
    whole = playlist(client, upload_id, "90p.m3u8")
    assert download(client, upload_id, whole).startswith(seen[1])


@pytest.mark.usefixtures("chunked")
def test_l1_nobody_else_sees_what_is_being_made(app: Flask, browser: Uploader, cast: Cast) -> None:
    upload_id = divided(browser)
    for chunk in (rows(upload_id)[0], rows(upload_id)[-1]):
        jobs.make_chunk(chunk_id=chunk.id)
    pages = [address(upload_id), *(address(upload_id, name) for name in ("master.m3u8", "90p.m3u8", "90p.m4s"))]

    def statuses(actor: Actor | None) -> set[int]:
        client = app.test_client() if actor is None else log_in(app.test_client(), actor)
        return {client.get(page).status_code for page in pages}

    expected: list[tuple[Actor | None, int]] = [
        *((cast.owner, 200), (cast.admin, 200), (cast.other_author, 404), (cast.student, 404), (None, 302))
    ]
    assert [statuses(actor) for actor, _ in expected] == [{status} for _, status in expected]


@pytest.mark.usefixtures("chunked")
def test_only_what_a_player_needs_is_served(browser: Uploader) -> None:
    upload_id, client = divided(browser), browser.client
    for chunk in (rows(upload_id)[0], rows(upload_id)[-1]):
        jobs.make_chunk(chunk_id=chunk.id)
    assert client.get(address(upload_id, "90p.m4s")).status_code == 200
    names = ("144p.nut", "..%2f..%2fmaster.m3u8", "MASTER.m3u8", "720p.m4s", "x.m3u8", "master.m3u8.m4s")
    assert {client.get(address(upload_id, name)).status_code for name in names} == {404}
    assert client.get(address("0" * 32)).status_code == 404


@pytest.mark.usefixtures("chunked")
def test_a_failed_video_cannot_be_watched(app: Flask, browser: Uploader) -> None:
    upload_id = divided(browser)
    jobs.make_chunk(chunk_id=rows(upload_id)[0].id)
    jobs.make_chunk(chunk_id=rows(upload_id)[-1].id)
    assert scratch.latest_beginning(upload_id) is not None
    uploads.fail(actor=SYSTEM, upload_id=upload_id, attempt=1, error_code="ffmpeg_failed", detail="")
    assert stored(upload_id).state is UploadState.FAILED
    assert browser.client.get(address(upload_id, "master.m3u8")).status_code == 404
    assert "Nothing can be watched yet" in browser.client.get(address(upload_id)).text
