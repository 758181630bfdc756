"""What an author does in the studio, step by step; used by the stories."""

import re
import time
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.browser.people import make_cover, make_video

PROCESSING_MS = 120_000
PART_DELAY_S = 0.7


def become_author(page: Page, *, name: str, headline: str) -> None:
    """Fill in the author's profile."""
    page.goto("/studio/become-author")
    page.get_by_label("Name on your courses").fill(name)
    page.get_by_label("Headline").fill(headline)
    page.locator("main").get_by_role("button", name=re.compile("Save|Become")).click()
    page.wait_for_url(re.compile(r"^(?!.*/become-author)"))


def save(page: Page) -> None:
    """Save the form of the page and see it said."""
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.locator("main .notice", has_text="Saved.")).to_be_visible()


def new_course(page: Page, title: str) -> str:
    """Make an empty draft; returns its address in the studio."""
    page.goto("/studio/courses/new")
    page.get_by_label("Title").fill(title)
    page.locator("main").get_by_role("button", name="Make the draft").click()
    page.wait_for_url(re.compile(r"/studio/courses/\d+"))
    found = re.search(r"/studio/courses/\d+", page.url)
    assert found
    return found[0]


def add_lecture(page: Page, home: str, *, module: str, title: str, kind: str) -> None:
    """Add a module with one lecture of the kind `Text` or `Video` and stay on the lecture."""
    page.goto(f"{home}/modules/new")
    page.locator("main").get_by_label("Title").fill(module)
    page.locator("main").get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("link", name=re.compile("Add a lecture")).first.click()
    page.locator("main").get_by_label("Title").fill(title)
    page.get_by_label(kind, exact=True).check()
    page.locator("main").get_by_role("button", name="Add", exact=True).click()


def add_text(page: Page, text: str) -> None:
    """Write the text of the lecture that is open."""
    page.locator("[name=body]").fill(text)
    save(page)


def add_video(page: Page, file: Path) -> None:
    """Upload the video of the lecture that is open, over a slow line, and see its progress bar (T-5)."""

    def slowly(route: Route) -> None:
        time.sleep(PART_DELAY_S)
        route.continue_()

    page.route("**/uploads/*", slowly)
    page.set_input_files("[data-upload] input[type=file]", make_video(file))
    expect(page.locator("[data-upload]").first.get_by_role("progressbar")).to_be_visible()
    expect(page.locator("[name=video_upload_id]")).not_to_have_value("", timeout=60_000)
    page.unroute("**/uploads/*")
    save(page)


def add_question(page: Page, text: str, *, right: str, wrong: str) -> None:
    """Add a question of two options to the lecture that is open."""
    page.get_by_role("link", name="Add a question").click()
    page.locator("textarea[name=text]").fill(text)
    page.locator("#option-0-text").fill(right)
    page.locator("#option-1-text").fill(wrong)
    page.locator("#option-0-right").check()
    page.locator("main").get_by_role("button", name="Save").click()
    expect(page.get_by_text(text).first).to_be_visible()


def write_texts(page: Page, home: str, *, short: str, description: str, cover: Path) -> None:
    """Fill in the course's texts, and its cover where it has none."""
    page.goto(f"{home}/texts")
    page.locator("[name=short_description]").fill(short)
    page.locator("textarea[name=description]").fill(description)
    page.locator("[name=requirements]").fill("Curiosity")
    page.locator("[name=category_id]").select_option(index=1)
    if not page.locator("[name=cover_upload_id]").input_value():
        page.set_input_files("[data-upload] input[type=file]", make_cover(cover))
        expect(page.locator("[name=cover_upload_id]")).not_to_have_value("", timeout=60_000)
    save(page)


def hand_in(page: Page, home: str, state: str) -> None:
    """Hand the course in and wait, without reloading, until its state is shown."""
    page.goto(f"{home}/submit")
    page.locator("main").get_by_role("button", name="Hand in").click()
    expect(page.get_by_text(state, exact=True).first).to_be_visible(timeout=PROCESSING_MS)
