"""The order of a course changed in the browser: by dragging and by keys (L-1)."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def titles(page: Page) -> list[list[str]]:
    """What stands on the page: each module with its lectures."""
    modules = page.locator("[data-modules] > li")
    return [
        [str(module.get_attribute("data-title")), *(str(each.get_attribute("data-title")) for each in lectures(module))]
        for module in modules.all()
    ]


def lectures(module: Locator) -> list[Locator]:
    return module.locator("[data-lecture]").all()


def drag(page: Page, what: Locator, onto: Locator) -> None:
    """With the mouse, in steps, as a hand does it."""
    start, end = what.locator("[data-handle]").first.bounding_box(), onto.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + 8, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(end["x"] + 20, end["y"] + 4, steps=12)
    page.mouse.move(end["x"] + 20, end["y"] + 2, steps=4)
    page.mouse.up()


def save(page: Page) -> None:
    page.get_by_role("button", name="Save the order").click()
    expect(page.locator("main .notice", has_text="Saved.")).to_be_visible()


def test_l1_a_course_is_put_in_order_by_dragging_and_by_keys(new_page: Callable[..., Page]) -> None:
    page = new_page()
    sign_in(page, "author@lectern.example")
    page.goto("/studio/courses")
    page.get_by_role("link", name="SQL beyond SELECT").click()
    page.get_by_role("link", name="Order").click()
    page.wait_for_load_state()
    before = titles(page)
    assert len(before) == 2
    first, second = page.locator("[data-modules] > li").all()

    moved = before[0][1]
    drag(page, lectures(first)[0], lectures(second)[0])
    dragged = titles(page)
    assert moved in dragged[1]
    assert moved not in dragged[0]
    expect(page.get_by_text("The new order is not saved yet.")).to_be_visible()
    save(page)
    assert titles(page) == dragged

    # By keys: the focus stays on the button, and what has happened is said.
    up = page.get_by_role("button", name=f"Move up: {dragged[1][0]}")
    up.focus()
    page.keyboard.press("Enter")
    expect(up).to_be_focused()
    expect(page.locator("[data-announce]")).to_contain_text(re.compile("place 1 of 2"))
    down = page.get_by_role("button", name=f"Move down: {moved}")
    down.focus()
    page.keyboard.press("Space")
    by_keys = titles(page)
    assert by_keys[0][0] == dragged[1][0]
    save(page)
    assert titles(page) == by_keys

    # What was not saved is gone after a reload, and the browser asks before.
    page.get_by_role("button", name=f"Move down: {by_keys[0][0]}").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    assert titles(page) == by_keys
