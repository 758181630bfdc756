"""Files for download in the browser: sent, named, put in order, deleted and brought back, saved (C-4, L-1)."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.authoring import add_lecture, new_course
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj << >> endobj\n"


def test_c4_files_of_a_lecture_from_the_authors_disk_to_the_students(
    new_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = new_page()
    sign_in(page, "author@lectern.example")
    home = new_course(page, "With something to take away")
    add_lecture(page, home, module="One", title="First", kind="Text")
    section = page.get_by_role("region", name="Files for download")
    picker = page.locator("#resource_upload_id-file")

    (tmp_path / "tool.exe").write_bytes(b"MZ")
    picker.set_input_files(tmp_path / "tool.exe")
    expect(section.get_by_text("This kind of file cannot be used here")).to_be_visible()

    # What is being typed is not lost when the file has arrived and the page comes again.
    page.locator("textarea[name=body]").fill("Typed meanwhile")
    for name in ("Sheet one.pdf", "Лист два.pdf"):
        (tmp_path / name).write_bytes(PDF)
        picker.set_input_files(tmp_path / name)
        expect(section.get_by_role("link", name=re.compile(re.escape(name)))).to_be_visible()
    expect(page.locator("textarea[name=body]")).to_have_value("Typed meanwhile")
    expect(section.locator("[data-poll]")).to_have_count(0)

    section.get_by_role("button", name="Move up: Лист два.pdf").click()
    expect(section.get_by_role("listitem").first).to_contain_text("Лист два.pdf")
    section.get_by_role("link", name=re.compile("Sheet one")).click()
    page.get_by_label("Title").fill("Figures")
    expect(page.locator("[data-save-status]")).to_contain_text("Saved at")
    page.get_by_role("link", name="Back to the lecture").click()
    row = section.get_by_role("listitem").filter(has_text="Figures")
    row.get_by_role("button", name="Delete").click()
    page.locator("dialog[open]").get_by_role("button").last.click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Back to the lecture").click()
    expect(row).to_have_count(1)

    page.goto(f"{home}")
    page.get_by_role("link", name="Preview as a student sees it").click()
    page.get_by_role("link", name=re.compile("First")).first.click()
    with page.expect_download() as saved:
        page.get_by_role("link", name=re.compile("Лист два")).click()
    assert saved.value.suggested_filename == "Лист два.pdf"
    assert Path(saved.value.path()).read_bytes() == PDF
