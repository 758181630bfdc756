"""Uploading in a real browser: lines that break, sessions that end, several files, captions, rungs (T-5, X-5, C-4)."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, Request, expect

from backoffice.integrations.video.ffmpeg import find_ffmpeg
from tests.browser import authoring
from tests.browser.conftest import House
from tests.browser.people import sign_in
from tests.test_webvtt import SRT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AUTHOR = "author@lectern.example"
SLOW = 1_500_000
SECONDS = 18
# A lecture has another box, for its files.
VIDEO = '[data-upload][data-field="video_upload_id"]'
FIGURES = re.compile(r"^[\d.]+ MB of [\d.]+ MB · [\d.]+ [KM]B/s · \d+ (s|min) left$")
NewPage = Callable[..., Page]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some MB, two rungs, three segments."""
    path = tmp_path_factory.mktemp("video") / "лекция 1.mp4"
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=854x480:rate=25:duration={SECONDS}"]
    sound = ["-f", "lavfi", "-i", f"sine=f=440:d={SECONDS}"]
    coded = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([str(find_ffmpeg()), "-loglevel", "error", *picture, *sound, *coded, str(path)], check=True)
    return path


@pytest.fixture
def author(house: House, new_page: NewPage) -> Page:
    return sign_in(new_page(), AUTHOR)


class Line:
    """The page's line to the server: slow, or cut."""

    def __init__(self, page: Page) -> None:
        self.offsets: list[int] = []
        self.announced = 0
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "PATCH" and "/uploads/" in request.url:
            self.offsets.append(int(request.headers["upload-offset"]))
        self.announced += request.method == "POST" and request.url.endswith("/uploads")

    def be(self, *, offline: bool = False, bytes_a_second: int = -1) -> None:
        """Change the line."""
        self._session.send(
            "Network.emulateNetworkConditions",
            {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_a_second},
        )


def video_lecture(page: Page, home: str, title: str) -> str:
    """A module with a video lecture, open; its address."""
    authoring.add_lecture(page, home, module=f"Module of {title}", title=title, kind="Video")
    page.wait_for_selector(VIDEO)
    return page.url


def choose(page: Page, file: Path) -> None:
    page.set_input_files(f"{VIDEO} input[type=file]", file)


def under_way(page: Page) -> None:
    """Wait until figures of speed and time are shown, and something has come."""
    expect(page.locator(f"{VIDEO} .upload-facts")).to_have_text(FIGURES, timeout=60_000)


def arrived(page: Page) -> str:
    """Wait until the file is there; its id."""
    expect(page.locator("[name=video_upload_id]")).not_to_have_value("", timeout=120_000)
    return page.locator("[name=video_upload_id]").input_value()


def test_t5_a_file_over_a_line_that_breaks_is_watched_being_prepared_and_played(
    house: House, author: Page, video: Path, tmp_path: Path
) -> None:
    home = authoring.new_course(author, "Lines that break")
    address = video_lecture(author, home, "Noise")
    line = Line(author)
    line.be(bytes_a_second=SLOW)
    choose(author, video)
    under_way(author)
    line.be(offline=True)
    expect(author.locator(f"{VIDEO} .upload-error")).to_contain_text("The connection was lost")
    line.be(bytes_a_second=SLOW)
    # Nobody presses anything: it goes on by itself.
    under_way(author)
    line.be()
    upload_id = arrived(author)
    assert line.announced == 1
    assert max(line.offsets) > 0
    assert house.rows(f"SELECT size FROM upload WHERE id = '{upload_id}'") == [(video.stat().st_size,)]

    authoring.save(author)
    state = author.locator(f"#upload-{upload_id}")
    expect(state).to_contain_text("лекция 1.mp4")
    expect(state).not_to_have_attribute("data-poll", re.compile("."), timeout=authoring.PROCESSING_MS)
    expect(state).to_contain_text(f"{SECONDS} s")

    (tmp_path / "a.srt").write_text(SRT)
    author.get_by_role("link", name="Add captions").click()
    author.set_input_files("input[name=captions]", tmp_path / "a.srt")
    author.locator("[name=language_code]").select_option("ru")
    author.locator("main").get_by_role("button", name="Upload").click()
    expect(author.get_by_text("Saved: Русский, 2 captions.")).to_be_visible()
    slug = house.rows(
        "SELECT slug FROM course JOIN revision ON revision.id = draft_revision_id WHERE title = 'Lines that break'"
    )[0][0]
    play(author, f"/preview/{slug}/{address.rpartition('/')[2]}?shown=draft")


def play(page: Page, address: str) -> None:
    """Play it, go down to the lower rung, read the captions."""
    page.goto(address)
    player = page.locator("video")
    quality = page.locator("select[data-quality]")
    expect(quality).to_be_visible()
    assert quality.locator("option").all_inner_texts() == ["Automatic", "360p", "480p"]
    player.evaluate("video => { video.muted = true; return video.play(); }")
    # From the next segment on it is another rung.
    for label, height, second in (("480p", 480, 7), ("360p", 360, 13)):
        quality.select_option(label=label)
        player.evaluate("(video, second) => { video.currentTime = second; return video.play(); }", second)
        page.wait_for_function(
            "([height, second]) => ((v) => v.videoHeight === height && v.currentTime > second)"
            "(document.querySelector('video'))",
            arg=[height, second],
        )
    cues = player.evaluate(
        """video => new Promise((resolve) => {
          const track = video.querySelector("track");
          const told = () => resolve([...track.track.cues].map((cue) => cue.text));
          track.addEventListener("load", told);
          track.addEventListener("error", () => resolve(["error"]));
          track.track.mode = "showing";
          if (track.readyState === 2) told();
        })"""
    )
    assert cues == ["Первая строка\nи вторая", "Вторая"]


def test_t5_who_is_signed_out_signs_in_in_another_tab_and_two_files_go_on(
    house: House, author: Page, video: Path
) -> None:
    home = authoring.new_course(author, "Sessions that end")
    second = author.context.new_page()
    second.on("dialog", lambda dialog: dialog.accept())
    second.goto(video_lecture(author, home, "Second"))
    video_lecture(author, home, "First")
    lines = [Line(page) for page in (author, second)]
    for page, line in zip((author, second), lines, strict=True):
        line.be(bytes_a_second=SLOW)
        choose(page, video)
    for page in (author, second):
        under_way(page)
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Go on")).to_be_visible()

    other = author.context.new_page()
    other.context.clear_cookies(name="lectern")
    for page in (author, second):
        page.bring_to_front()
        page.get_by_role("button", name="Go on").click()
        expect(page.locator(f"{VIDEO} .upload-error")).to_contain_text("You are signed out")
    other.bring_to_front()
    sign_in(other, AUTHOR)
    for page, line in zip((author, second), lines, strict=True):
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        arrived(page)
        assert line.announced == 1
        assert max(line.offsets) > 0
    # The form of a page that was open all the time can be saved, too.
    authoring.save(author)
    # Nothing was begun anew.
    assert house.rows("SELECT count(*) FROM upload WHERE state = 'receiving'") == [(0,)]


def test_x5_what_does_not_fit_is_said_before_a_byte_is_sent(
    house: House, new_page: NewPage, author: Page, video: Path
) -> None:
    admin = sign_in(new_page(), "admin@lectern.example")
    user_id = house.rows(f"SELECT id FROM user_account WHERE email = '{AUTHOR}'")[0][0]

    def give_room(megabytes: str) -> None:
        admin.goto(f"/admin/users/{user_id}")
        admin.get_by_label("Room in MB").fill(megabytes)
        admin.get_by_role("button", name="Change the room").click()
        expect(admin.get_by_text("The room for files is changed.")).to_be_visible()

    home = authoring.new_course(author, "Rooms that are full")
    address = video_lecture(author, home, "Large")
    give_room("1")
    try:
        author.goto(address)
        line = Line(author)
        choose(author, video)
        expect(author.locator(f"{VIDEO} .upload-error")).to_contain_text("Delete files that you no longer use.")
        assert line.announced == 0
        author.goto("/studio/files")
        expect(author.get_by_text("Soon no more files fit.")).to_be_visible()
    finally:
        give_room("")
