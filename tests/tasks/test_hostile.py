"""Hostile files on the way from the browser to the worker: refused with their reason, or made harmless (C-4, X-5).

A canary stands where they point: a web server, a file elsewhere, and a file beside the upload. Nobody may come near.
"""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backoffice.db import db
from backoffice.integrations.storage.house import ORIGINAL, part_path, storage, uploads_folder
from backoffice.integrations.video import sandbox
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.models.media import Upload, UploadState
from tests.factories import hostile
from tests.factories.hostile import SCRIPT, Canary, concat_of, dash_of, encoded, playlist_of, svg_of
from tests.factories.media import Uploader, picture_bytes, video_bytes
from tests.factories.people import Cast
from tests.factories.tasks import drain

TINY = ("-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d={seconds}")
CODECS = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@dataclass(frozen=True)
class Case:
    """A file under a name; `code` is the reason that its author gets, empty for what is made harmless."""

    name: str
    code: str
    make: Callable[[Canary], bytes]
    kind: str = "video"


def tiny(seconds: float, *more: str) -> list[str]:
    return [part.format(seconds=seconds) for part in TINY] + list(more)


POINTERS = [
    Case("local.m3u8", "not_a_video", lambda c: playlist_of(str(c.file))),
    Case("beside.m3u8", "not_a_video", lambda c: playlist_of(c.neighbour.name)),
    Case("net.m3u8", "not_a_video", lambda c: playlist_of(f"{c.url}/x.ts")),
    Case("local-list.mp4", "not_a_video", lambda c: playlist_of(str(c.file))),
    Case("net-list.avi", "not_a_video", lambda c: playlist_of(f"{c.url}/x.ts")),
    Case("disguised.mp4", "damaged", lambda c: b"#EXTftyp\n" + playlist_of(str(c.file))),
    Case("tagged.mp3", "damaged", lambda c: b"ID3\x04\x00\x00\x00\x00\x00\x00" + playlist_of(str(c.file)) * 20),
    Case("local.ffconcat", "not_a_video", lambda c: concat_of(str(c.file))),
    Case("beside.mp4", "not_a_video", lambda c: concat_of(c.neighbour.name)),
    Case("net.ffconcat", "not_a_video", lambda c: concat_of(f"{c.url}/x.mp4")),
    Case("endless.ffconcat", "not_a_video", lambda c: concat_of(*[c.neighbour.name] * 20_000)),
    Case("net.mpd", "not_a_video", lambda c: dash_of(f"{c.url}/x.mp4")),
    Case("local.mp4", "not_a_video", lambda c: dash_of(str(c.file))),
    Case("drawn.mp4", "not_a_video", lambda c: svg_of(str(c.file))),
    Case("radio.sdp", "not_a_video", lambda c: b"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"),
    Case("drawn.png", "not_an_image", lambda c: svg_of(f"{c.url}/x.png"), "image"),
    Case("list.jpg", "not_an_image", lambda c: playlist_of(str(c.file)), "image"),
    Case("script.png", "not_an_image", lambda c: f"%!PS-Adobe-3.0\n({c.file}) run showpage\n".encode(), "image"),
]
WRONG = [
    Case("text.mp4", "not_a_video", lambda c: b"hello, I am no video\n" * 100),
    Case("page.mp4", "not_a_video", lambda c: SCRIPT),
    Case("program.mp4", "not_a_video", lambda c: b"\x7fELF\x02\x01\x01" + bytes(1000)),
    Case("bomb.zip", "not_a_video", lambda c: hostile.zip_bomb()),
    Case("bomb.mp4", "not_a_video", lambda c: hostile.gzip_bomb()),
    Case("picture.mp4", "not_a_video", lambda c: picture_bytes()),
    Case("noise.mp4", "damaged", lambda c: b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 100),
    Case("half.mp4", "damaged", lambda c: video_bytes()[: len(video_bytes()) * 6 // 10]),
    Case("start.ts", "damaged", lambda c: b"\x47" + bytes(187) + (b"\x47" + bytes(187)) * 20),
    Case("hours.mp4", "too_few_pictures", lambda c: hostile.hours_apart()),
    Case("claims.mp4", "damaged", lambda c: hostile.endless_samples()),
    Case("giant.mov", "too_large_picture", lambda c: hostile.giant()),
    Case("streams.mkv", "too_many_streams", lambda c: hostile.many_streams()),
    Case("fast.mp4", "too_high_frame_rate", lambda c: encoded("fast.mp4", *tiny(1.5), "-r", "500", *CODECS)),
    Case("blink.mp4", "too_short", lambda c: encoded("blink.mp4", *tiny(0.3), *CODECS)),
    Case("rare.avi", "unsupported_codec", lambda c: encoded("rare.avi", *tiny(1.5), "-c:v", "huffyuv")),
    Case("bomb.png", "too_many_pixels", lambda c: hostile.picture_bomb(), "image"),
    Case("page.jpg", "not_an_image", lambda c: SCRIPT, "image"),
    Case("bomb.jpg", "not_an_image", lambda c: hostile.zip_bomb(), "image"),
    Case("half.png", "damaged", lambda c: picture_bytes()[:200], "image"),
]
HARMLESS = [
    Case("page-inside.mp4", "", lambda c: hostile.video_with_script()),
    Case("archive-behind.mp4", "", lambda c: hostile.video_with_archive()),
    Case("page-inside.gif", "", lambda c: hostile.picture_with_script(), "image"),
]


@pytest.fixture
def canary(app: Flask, tmp_path: Path) -> Iterator[Canary]:
    with hostile.canary(tmp_path, uploads_folder()) as made:
        yield made


@pytest.fixture
def browser(client: FlaskClient, cast: Cast) -> Uploader:
    return Uploader(client, cast.owner)


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch) -> list[tuple[sandbox.Limits, float]]:
    """The limits of every process that the worker starts, and the CPU seconds that it took."""
    seen: list[tuple[sandbox.Limits, float]] = []
    run = sandbox.run

    def and_note(*arguments: object, limits: sandbox.Limits, **more: object) -> sandbox.Finished:
        finished = run(*arguments, limits=limits, **more)  # type: ignore[arg-type]
        seen.append((limits, finished.cpu_s))
        return finished

    monkeypatch.setattr(sandbox, "run", and_note)
    return seen


def stored(upload_id: str) -> Upload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Upload, upload_id)


@pytest.mark.parametrize("case", POINTERS + WRONG, ids=lambda case: case.name)
def test_each_is_refused_with_its_reason(
    app: Flask, browser: Uploader, canary: Canary, processes: list[tuple[sandbox.Limits, float]], case: Case
) -> None:
    upload_id = browser.send(case.make(canary), kind=case.kind, filename=case.name)
    canary.bitten()
    drain(app)
    upload = stored(upload_id)
    assert (upload.state, upload.error_code) == (UploadState.FAILED, case.code), upload.error_detail
    assert not canary.bitten()
    assert list(storage().list(f"{case.kind}/{upload_id}")) == []
    assert list(uploads_folder().glob(f"{upload_id}.*.tmp")) == []
    for limits, cpu_s in processes:
        assert limits.memory_bytes <= 4 * sandbox.GIB
        assert cpu_s <= limits.cpu_s <= 60


@pytest.mark.parametrize("case", HARMLESS, ids=lambda case: case.name)
def test_what_has_two_faces_is_made_anew(app: Flask, browser: Uploader, canary: Canary, case: Case) -> None:
    """Only what we have encoded ourselves is served, under types that run nothing."""
    data = case.make(canary)
    assert SCRIPT in data or b"PK\x05\x06" in data
    upload_id = browser.send(data, kind=case.kind, filename=case.name)
    drain(app)
    assert stored(upload_id).state is UploadState.DONE
    assert not part_path(upload_id).exists()
    # A picture as it was sent is kept, to cut another part of it, and given to nobody.
    assert browser.client.get(f"/media/image/{upload_id}/{ORIGINAL}").status_code == 404
    kept = [key for key in storage().list(f"{case.kind}/{upload_id}") if not key.endswith(f"/{ORIGINAL}")]
    assert {key.rpartition(".")[2] for key in kept} <= {"m3u8", "m4s", "jpg", "vtt", "webp"}
    for key in kept:
        content = storage().open(key).read()
        assert b"<script" not in content
        assert b"PK\x05\x06" not in content


BITING = [
    ("local.m3u8", lambda c: playlist_of(str(c.file))),
    ("beside.m3u8", lambda c: playlist_of(c.neighbour.name)),
    ("net.m3u8", lambda c: playlist_of(f"{c.url}/x.ts")),
    ("beside.ffconcat", lambda c: concat_of(c.neighbour.name)),
    ("net.mpd", lambda c: dash_of(f"{c.url}/x.mp4")),
]


@pytest.mark.parametrize(("name", "make"), BITING, ids=[name for name, _ in BITING])
def test_the_corpus_bites_whoever_opens_it_unguarded(
    canary: Canary, name: str, make: Callable[[Canary], bytes]
) -> None:
    """Without this the canary would prove nothing."""
    path = canary.neighbour.with_name(name)
    path.write_bytes(make(canary))
    canary.bitten()
    unguarded = [str(find_ffmpeg()), "-nostdin", "-v", "error", "-protocol_whitelist", "file,http,tcp", "-i", str(path)]
    subprocess.run([*unguarded, "-t", "0.1", "-f", "null", "-"], check=False, capture_output=True, timeout=60)
    path.unlink()
    assert canary.bitten()


@pytest.mark.parametrize(
    "name",
    ["../../../etc/passwd", "/etc/passwd", "..\\..\\x.mp4", "a\x00b.mp4", "x/../../y.mp4", "\u202e4pm.exe", "." * 300],
)
def test_x5_a_name_leads_nowhere(app: Flask, browser: Uploader, name: str) -> None:
    """Bytes lie under the upload's number alone, whatever the sender calls them."""
    before = set(uploads_folder().parent.rglob("*"))
    upload_id = browser.send(b"no video at all", filename=name)
    assert set(uploads_folder().parent.rglob("*")) - before <= {uploads_folder(), part_path(upload_id)}
    drain(app)
    shown = stored(upload_id)
    assert shown.error_code == "not_a_video"
    assert not set("/\\\x00\u202e") & set(shown.filename)
    assert 0 < len(shown.filename) <= 200
