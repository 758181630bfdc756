"""A course leaves as a file and comes back as another draft, in the browser (L-1, T-5)."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import sign_in
from tests.factories.archives import text_of, zipped

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

COURSE = "Git without tears"
MENU = "Parts of the course"
WORK_MS = 60_000


def modules(page: Page) -> list[str]:
    """The titles of the modules in the editor's outline."""
    return page.get_by_role("navigation", name=MENU).locator(".outline-module").all_inner_texts()


def send(page: Page, file: Path) -> None:
    """Find the way to the imports and choose the file."""
    page.goto("/studio/courses")
    page.locator("main").get_by_role("link", name="Import").click()
    page.wait_for_url("**/import")
    page.wait_for_load_state()
    page.set_input_files("[data-upload] input[type=file]", file)


def test_l1_a_course_is_written_fetched_and_taken_in_again(new_page: Callable[..., Page], tmp_path: Path) -> None:
    page = new_page()
    sign_in(page, "author@lectern.example")
    page.goto("/studio/courses")
    page.get_by_role("link", name=COURSE).click()
    before = modules(page)
    page.get_by_role("navigation", name=MENU).get_by_role("link", name="Archive").click()
    expect(page.get_by_text("None yet.")).to_be_visible()
    page.get_by_role("button", name="Write the archive").click()
    fetch = page.get_by_role("link", name="Fetch the file")
    expect(fetch).to_be_visible(timeout=WORK_MS)
    with page.expect_download() as download:
        fetch.click()
    archive = tmp_path / download.value.suggested_filename
    download.value.save_as(archive)
    assert re.fullmatch(r"git-without-tears.*\.zip", archive.name)

    send(page, archive)
    expect(page.get_by_text("The draft is made.")).to_be_visible(timeout=WORK_MS)
    page.locator("#imports").get_by_role("link", name=COURSE).first.click()
    assert modules(page) == before
    expect(page.get_by_text("Only you see it.")).to_be_visible()


def test_an_archive_at_fault_is_told_with_its_place(new_page: Callable[..., Page], tmp_path: Path) -> None:
    text = text_of()
    text["modules"][0]["lectures"][1]["titel"] = "x"
    archive = tmp_path / "broken.zip"
    archive.write_bytes(zipped(text))
    page = new_page(390)
    sign_in(page, "author@lectern.example")
    send(page, archive)
    expect(page.get_by_text("Nothing was taken in.").first).to_be_visible(timeout=WORK_MS)
    expect(page.get_by_text("Module 1, lecture 2, titel:").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
