"""The main job from end to end, in a real browser with real workers, a real video and the clock moved."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.people import (
    PASSWORD,
    confirm,
    confirmation_link,
    make_cover,
    make_video,
    press,
    register,
    sign_in,
)

pytestmark = pytest.mark.browser

TITLE = "Bridges that stand for a century"
TEXT = "A bridge carries its own weight first, and everybody who trusts it second. " * 6
PROCESSING = 120_000


def write_course(page: Page, folder: Path) -> str:
    """Make the draft with two modules, a text, a video with a question; returns the course's address in the studio."""
    page.goto("/studio/courses/new")
    page.get_by_label("Title").fill(TITLE)
    page.locator("main").get_by_role("button", name="Make the draft").click()
    page.wait_for_url(re.compile(r"/studio/courses/\d+"))
    home = re.search(r"/studio/courses/\d+", page.url)
    assert home
    for title, kind in (("Foundations", "Text"), ("Arches", "Video")):
        page.goto(f"{home[0]}/modules/new")
        page.locator("main").get_by_label("Title").fill(title)
        page.locator("main").get_by_role("button", name="Add", exact=True).click()
        page.get_by_role("link", name=re.compile("Add a lecture")).first.click()
        page.locator("main").get_by_label("Title").fill(f"{title}, first look")
        page.get_by_label(kind, exact=True).check()
        page.locator("main").get_by_role("button", name="Add", exact=True).click()
        if kind == "Text":
            page.get_by_label("Text", exact=True).fill(TEXT)
        else:
            page.set_input_files("[data-upload] input[type=file]", make_video(folder / "arches.mp4"))
            expect(page.locator("[name=video_upload_id]")).not_to_have_value("", timeout=60_000)
        page.locator("main").get_by_role("button", name="Save").click()
        expect(page.get_by_text("Saved.")).to_be_visible()
    page.get_by_role("link", name="Add a question").click()
    page.get_by_label("Question", exact=True).fill("What carries an arch?")
    page.locator("#option-0-text").fill("Its stones pressing on each other")
    page.locator("#option-1-text").fill("Hope")
    page.locator("#option-0-right").check()
    page.locator("main").get_by_role("button", name="Save").click()
    return home[0]


def write_texts(page: Page, home: str, folder: Path, *, description: str) -> None:
    """Fill in the course's texts and its cover."""
    page.goto(f"{home}/texts")
    page.get_by_label("Short description").fill(
        "You see why some bridges outlive their builders, and build a small one."
    )
    page.get_by_label("Description", exact=True).fill(description)
    page.get_by_label("Requirements").fill("Curiosity")
    page.get_by_label("Category").select_option(index=1)
    if not page.locator("[name=cover_upload_id]").input_value():
        page.set_input_files("[data-upload] input[type=file]", make_cover(folder / "cover.png"))
        expect(page.locator("[name=cover_upload_id]")).not_to_have_value("", timeout=60_000)
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def hand_in(page: Page, home: str, state: str) -> None:
    """Hand the course in and wait, without reloading, until its state is shown."""
    page.goto(f"{home}/submit")
    page.locator("main").get_by_role("button", name="Hand in").click()
    expect(page.get_by_text(state, exact=True).first).to_be_visible(timeout=PROCESSING)


def test_the_main_job(house: House, new_page: Callable[..., Page], tmp_path: Path) -> None:
    admin = sign_in(new_page(), "admin@lectern.example")
    author = new_page()
    register(author, name="Brunel", email="brunel@example.org")
    confirm(author, confirmation_link(admin, "brunel@example.org"))
    sign_in(author, "brunel@example.org", PASSWORD)
    author.goto("/studio/become-author")
    author.get_by_label("Name on your courses").fill("Isambard Brunel")
    author.get_by_label("Headline").fill("Builds bridges")
    author.locator("main").get_by_role("button", name=re.compile("Save|Become")).click()

    home = write_course(author, tmp_path)
    write_texts(author, home, tmp_path, description=f"{TEXT} Write to me: brunel@bridges.example.net")
    hand_in(author, home, "Sent back")
    expect(author.get_by_text(re.compile("There is an e-mail address")).first).to_be_visible()
    write_texts(author, home, tmp_path, description=TEXT)
    hand_in(author, home, "Published")
    author.goto(f"{home}/sale")
    author.get_by_label("Price", exact=True).fill("50")
    author.locator("main").get_by_role("button", name="Save").click()
    press(author, "Put on sale")
    expect(author.get_by_text("The course is on sale.")).to_be_visible()
