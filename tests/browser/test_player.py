"""The player: looking for a place by pictures, lectures of sound alone, and upright ones (C-4)."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from backoffice.integrations.video.ffmpeg import find_ffmpeg
from tests.browser import authoring
from tests.browser.conftest import House
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

NewPage = Callable[..., Page]
LAST_UPLOAD = "SELECT state FROM upload ORDER BY created_at DESC LIMIT 1"


def make_file(path: Path, *arguments: str) -> Path:
    subprocess.run([str(find_ffmpeg()), "-loglevel", "error", *arguments, str(path)], check=True)
    return path


def lecture_of(house: House, file: Path, author: Page, home: str) -> str:
    """A lecture with this file, processed; the address of its preview."""
    authoring.add_lecture(author, home, module=file.name, title=file.name, kind="Video")
    author.set_input_files("[data-upload] input[type=file]", file)
    expect(author.locator("[name=video_upload_id]")).not_to_have_value("")
    authoring.save(author)
    house.wait_for(LAST_UPLOAD, "done")
    lecture = "SELECT slug, node_id FROM lecture JOIN course ON draft_revision_id = revision_id"
    slug, node_id = house.rows(f"{lecture} WHERE lecture.title = '{file.name}'")[0]
    return f"/preview/{slug}/{node_id}?shown=draft"


def play(page: Page) -> None:
    page.locator("video").evaluate("video => { video.muted = true; return video.play() }")
    page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")


def sides(page: Page) -> tuple[float, float]:
    box = page.locator("video").bounding_box()
    assert box is not None
    return box["width"], box["height"]


def test_a_place_is_looked_for_by_pictures(house: House, new_page: NewPage, tmp_path: Path) -> None:
    page = sign_in(new_page(), "author@lectern.example")
    home = authoring.new_course(page, "Rivers")
    picture = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=40", "-pix_fmt", "yuv420p"]
    page.goto(lecture_of(house, make_file(tmp_path / "river.mp4", *picture), page, home))
    strip, glance = page.locator(".player-strip input"), page.locator(".player-glance")
    expect(strip).to_have_attribute("aria-valuetext", "0:00 of 0:40")
    expect(glance).to_be_hidden()

    strip.scroll_into_view_if_needed()
    box = strip.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.51, box["y"] + box["height"] / 2)
    expect(glance).to_contain_text("0:20")
    expect(glance.locator("[data-picture]")).to_have_css("background-position", "0px -90px")
    expect(glance.locator("[data-picture]")).to_have_css("width", "160px")
    assert "storyboard-01.jpg" in glance.locator("[data-picture]").evaluate("node => node.style.backgroundImage")
    assert page.locator("video").evaluate("video => video.currentTime") == 0

    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('video').currentTime > 18")
    page.mouse.move(box["x"], box["y"] - 200)
    expect(glance).to_be_hidden()
    strip.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.querySelector('video').currentTime > 20")
    expect(glance).to_be_visible()
    assert not Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag22aa"]}).violations_count


def test_sound_alone_plays_in_the_same_player(house: House, new_page: NewPage, tmp_path: Path) -> None:
    page = sign_in(new_page(), "author@lectern.example")
    home = authoring.new_course(page, "Birds by their voices")
    tone = ["-f", "lavfi", "-i", "sine=f=440:d=8"]
    page.goto(lecture_of(house, make_file(tmp_path / "cuckoo.mp3", *tone, "-c:a", "libmp3lame"), page, home))
    play(page)
    expect(page.locator(".player-strip")).to_have_count(0)
    poster = page.locator("video").get_attribute("poster")
    assert poster is not None
    assert page.request.get(poster).status == 200
    width, height = sides(page)
    assert width / height == pytest.approx(16 / 9, abs=0.05)


@pytest.mark.parametrize("width", [1280, 390])
def test_an_upright_video_fits_the_window(house: House, new_page: NewPage, tmp_path: Path, width: int) -> None:
    page = sign_in(new_page(width), "author@lectern.example")
    home = authoring.new_course(page, f"A tower {width} wide")
    source = ["-f", "lavfi", "-i", "testsrc2=size=360x640:rate=25:duration=5", "-pix_fmt", "yuv420p"]
    page.goto(lecture_of(house, make_file(tmp_path / f"tower-{width}.mp4", *source), page, home))
    play(page)
    shown = sides(page)
    assert shown[1] <= 0.72 * 900 + 1
    assert shown[1] / shown[0] == pytest.approx(16 / 9, abs=0.05)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
