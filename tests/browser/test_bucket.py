"""A house with its media in a bucket, in a real browser: files go there and come from there (X-5)."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from sqlalchemy import select
from werkzeug.serving import make_server

from backoffice.config import settings
from backoffice.db import db, unguarded
from backoffice.integrations.storage import parts as parts_module
from backoffice.integrations.storage.base import INCOMING
from backoffice.integrations.storage.house import parts, storage
from backoffice.models.content import Lecture, LectureKind
from backoffice.models.courses import Course
from backoffice.models.media import Upload, UploadState
from backoffice.tasks import originals
from tests.browser.people import make_video
from tests.factories import courses
from tests.factories.media import Uploader
from tests.factories.people import Cast, log_in, make_cast
from tests.factories.s3 import KEYS, S3Server, keep_media_in
from tests.factories.tasks import drain

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.browser]

PLAY_A_SECOND = """video => new Promise((played, failed) => {
    video.muted = true;
    video.addEventListener("timeupdate", () => { if (video.currentTime > 1) played(); });
    video.addEventListener("error", failed);
    video.play().catch(failed);
})"""
PART = 5 * 1024 * 1024


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Server]:
    """A bucket that lets pages of other origins in."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    server = S3Server("moto", tmp_path / "s3")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house(committed_app: Flask, bucket: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """The application on a port, with real transactions."""
    monkeypatch.setattr(parts_module, "LEAST_PART_BYTES", PART)
    keep_media_in(committed_app, bucket, monkeypatch)
    server = make_server("127.0.0.1", 0, committed_app, threaded=True)
    committed_app.config["ADDRESS"] = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield committed_app
    server.shutdown()
    thread.join()


@pytest.fixture
def cast(house: Flask) -> Cast:
    return make_cast()


@pytest.fixture
def context(house: Flask, browser: Browser, cast: Cast) -> Iterator[BrowserContext]:
    """The browser of an author who has logged in."""
    expect.set_options(timeout=20_000)
    cookie = log_in(house.test_client(), cast.owner).get_cookie(house.config["SESSION_COOKIE_NAME"])
    assert cookie is not None
    made = browser.new_context(base_url=house.config["ADDRESS"], locale="en-US")
    made.add_cookies([{"name": cookie.key, "value": cookie.value, "url": house.config["ADDRESS"]}])
    yield made
    made.close()


def part_of(request: Request) -> str:
    """The number of the part that the request sends into the bucket; empty for any other."""
    return parse_qs(urlsplit(request.url).query).get("partNumber", [""])[0] if request.method == "PUT" else ""


def noise(path: Path) -> Path:
    """A picture that no codec makes smaller: three parts and a rest."""
    Image.effect_noise((2400, 2000), 90).convert("RGB").save(path, compress_level=0)
    return path


def test_x5_a_file_goes_into_the_bucket_and_on_after_the_tab_was_closed(
    house: Flask, cast: Cast, context: BrowserContext, tmp_path: Path
) -> None:
    course, picture = courses.draft_course(cast.owner), noise(tmp_path / "cover.png")
    assert 2 * PART < picture.stat().st_size < 3 * PART
    sent: list[str] = []
    context.on("request", lambda request: sent.append(part_of(request)) if part_of(request) else None)

    def open_page(meet: Callable[[Route], None]) -> Page:
        page = context.new_page()
        page.route("**/*partNumber=*", meet)
        page.goto(f"/studio/courses/{course.id}/texts")
        page.set_input_files("[data-upload] input[type=file]", picture)
        return page

    cut: list[str] = []

    def cut_once_then_for_good(route: Route) -> None:
        number = part_of(route.request)
        if (number == "2" and not cut) or number == "3":
            cut.append(number)
            route.abort("internetdisconnected")
        else:
            route.continue_()

    page = open_page(cut_once_then_for_good)
    with page.expect_request(lambda request: part_of(request) == "3"):
        pass
    expect(page.locator("[data-upload]").get_by_role("progressbar")).to_be_visible()
    page.close()
    assert sent[:4] == ["1", "2", "2", "3"]

    sent.clear()
    page = open_page(lambda route: route.continue_())
    hidden = page.locator("[name=cover_upload_id]")
    expect(hidden).not_to_have_value("", timeout=60_000)
    assert sent == ["3"]
    upload_id = hidden.input_value()
    with storage().open(f"{INCOMING}/{upload_id}") as file:
        assert file.read() == picture.read_bytes()
    drain(house)
    db.session.rollback()
    assert db.session.get_one(Upload, upload_id, populate_existing=True).state is UploadState.DONE
    assert originals.clear_incoming() == 1


def test_x5_a_cancelled_file_leaves_nothing_in_the_bucket(
    house: Flask, cast: Cast, context: BrowserContext, tmp_path: Path
) -> None:
    course, page = courses.draft_course(cast.owner), context.new_page()
    page.route("**/*partNumber=*", lambda route: route.abort("internetdisconnected"))
    page.goto(f"/studio/courses/{course.id}/texts")
    with page.expect_request(lambda request: part_of(request) == "1"):
        page.set_input_files("[data-upload] input[type=file]", noise(tmp_path / "cover.png"))
    with page.expect_response(lambda response: response.request.method == "DELETE") as answer:
        page.get_by_role("button", name="Cancel the upload").click()
    assert answer.value.status == 204
    bucket = parts()
    assert bucket is not None
    assert list(bucket.begun(INCOMING)) == []
    db.session.rollback()
    assert [(each.filename, each.state) for each in db.session.scalars(select(Upload))] == []


def test_x5_a_video_plays_out_of_the_bucket(house: Flask, cast: Cast, context: BrowserContext, tmp_path: Path) -> None:
    data = make_video(tmp_path / "lecture.mp4", seconds=3).read_bytes()
    upload_id = Uploader(house.test_client(), cast.owner).send(data)
    drain(house)
    course = courses.live_course(cast.owner)
    with unguarded():
        lecture = db.session.scalars(select(Lecture).where(Lecture.revision_id == course.live_revision_id)).first()
        assert lecture is not None
        lecture.kind, lecture.body = LectureKind.VIDEO, ""
        lecture.video_upload_id, lecture.free_preview = upload_id, True
        db.session.commit()
    slug = db.session.get_one(Course, course.id).slug
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    came: list[tuple[str, int]] = []
    page.on("response", lambda response: came.append((response.url, response.status)))
    page.goto(f"/preview/{slug}/{lecture.node_id}")
    video = page.locator("video[data-hls]")
    video.evaluate(PLAY_A_SECOND)
    assert problems == []
    server = settings().s3_endpoint_url
    pieces = [status for url, status in came if url.startswith(server) and ".m4s?" in url]
    assert pieces
    assert set(pieces) <= {200, 206}
    assert not [url for url, _status in came if ".m4s" in url and not url.startswith(server)]
