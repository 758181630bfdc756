"""An author watches in Chromium what is ready, and goes on into what is made meanwhile (T-5)."""

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from backoffice.db import db
from backoffice.tasks.actors import chunks as jobs
from tests.factories.media import Uploader
from tests.factories.people import make_cast
from tests.factories.tasks import drain
from tests.tasks.chunked import CHUNK_SECONDS, SECONDS, change, divided, rows, stored

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MOMENT = "video => [video.currentTime, video.seekable.length ? video.seekable.end(0) : 0]"


@pytest.fixture
def site(committed_app: Flask) -> Iterator[str]:
    """The site on a port, in a thread of the test."""
    server = make_server("127.0.0.1", 0, committed_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


@pytest.fixture
def page(site: str, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(base_url=site, locale="en-US", viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


def reaches(page: Page, second: float) -> None:
    page.wait_for_function("second => document.querySelector('video').currentTime >= second", arg=second)


def test_t5_the_beginning_plays_on_into_the_rest(
    committed_app: Flask, page: Page, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(
        committed_app, monkeypatch, video_chunk_above_minutes=0, video_chunk_seconds=CHUNK_SECONDS, video_rungs="144,90"
    )
    browser = Uploader(committed_app.test_client(), make_cast().owner)
    upload_id = divided(browser)
    cookie = browser.client.get_cookie("lectern")
    assert cookie is not None
    page.context.add_cookies([{"name": "lectern", "value": cookie.value, "url": site}])
    first, *others = (chunk.id for chunk in rows(upload_id))

    page.goto(f"/uploads/{upload_id}/preview")
    expect(page.get_by_text("Nothing can be watched yet")).to_be_visible()
    jobs.make_chunk(chunk_id=others[-1])
    jobs.make_chunk(chunk_id=first)
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_text("The rest is still being prepared")).to_be_visible()
    video = page.locator("video")
    video.evaluate("video => { video.muted = true; video.playbackRate = 4; return video.play(); }")
    reaches(page, 5)
    position, ready = video.evaluate(MOMENT)
    assert position <= ready <= CHUNK_SECONDS + 0.1

    for chunk_id in others[:-1]:
        jobs.make_chunk(chunk_id=chunk_id)
    drain(committed_app)
    assert stored(upload_id).asset is not None
    db.session.rollback()
    reaches(page, SECONDS - 1)
    expect(page.locator(".player-error")).to_be_hidden()
