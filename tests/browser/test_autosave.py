"""Editors save by themselves: two tabs, a cut line, a login that ran out (L-1, rule 4)."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.authoring import add_lecture, new_course
from tests.browser.conftest import House
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BODY, TITLE = "textarea[name=body]", "form[data-autosave] [name=title]"


@pytest.fixture
def lecture(new_page: Callable[..., Page]) -> Page:
    """An author on the page of a lecture of a new course."""
    page = new_page()
    sign_in(page, "author@lectern.example")
    home = new_course(page, "Saved without being asked")
    add_lecture(page, home, module="One", title="First", kind="Text")
    return page


def stored(house: House, page: Page) -> tuple[str, str]:
    node_id = page.url.partition("?")[0].rsplit("/", 1)[-1]
    return house.rows(f"SELECT title, body FROM lecture WHERE node_id = {node_id}")[0]  # type: ignore[return-value]


def saved(page: Page) -> None:
    expect(page.locator("[data-save-status]")).to_contain_text(re.compile(r"^Saved at"))


def test_l1_what_is_typed_is_saved_and_typing_goes_on_meanwhile(house: House, lecture: Page) -> None:
    page = lecture
    expect(page.locator("[data-save-status]")).to_have_text("What you type is saved by itself.")
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    page.route("**/lectures/*", hold)
    body = page.locator(BODY)
    body.press_sequentially("One **two**")
    page.wait_for_timeout(1600)
    assert len(held) == 1
    # The save is on its way; the caret stands in the middle of what is there.
    body.press("Home")
    body.press_sequentially("Zero ")
    held.pop().continue_()
    page.wait_for_timeout(1600)
    held.pop().continue_()
    page.unroute("**/lectures/*")
    saved(page)
    expect(body).to_have_value("Zero One **two**")
    assert body.evaluate("element => element.selectionStart") == len("Zero ")
    assert body.evaluate("element => element === document.activeElement")
    assert stored(house, page)[1] == "Zero One **two**"
    # What depends on it follows without a reload.
    expect(page.locator("#lecture-preview strong")).to_have_text("two")
    page.locator(TITLE).fill("Renamed")
    expect(page.locator("#desk-outline")).to_contain_text("Renamed")


def test_rule4_two_tabs_are_merged_and_what_both_have_changed_is_chosen(house: House, lecture: Page) -> None:
    one, two = lecture, lecture.context.new_page()
    two.goto(one.url)
    one.locator(BODY).fill("From the first tab")
    saved(one)
    two.locator(TITLE).fill("From the second tab")
    saved(two)
    # Each has changed another field: the second tab shows both now.
    expect(two.locator(BODY)).to_have_value("From the first tab")
    assert stored(house, one) == ("From the second tab", "From the first tab")

    one.locator(TITLE).fill("First again")
    expect(one.locator("[data-save-status]")).to_contain_text("Not everything is saved. Look at: Title")
    expect(one.locator(TITLE)).to_have_value("First again")
    panel = one.get_by_role("group", name="Title")
    expect(panel).to_contain_text("From the second tab")
    assert stored(house, one)[0] == "From the second tab"
    panel.get_by_label("What you typed here").check()
    saved(one)
    expect(panel).to_have_count(0)
    assert stored(house, one)[0] == "First again"

    two.locator(TITLE).fill("Second again")
    two.get_by_label("What is saved").check()
    saved(two)
    expect(two.locator(TITLE)).to_have_value("First again")
    # The button does the same as ever.
    two.locator(TITLE).fill("By the button")
    two.locator("main").get_by_role("button", name="Save").click()
    expect(two.locator("main .notice", has_text="Saved.")).to_be_visible()
    assert stored(house, one)[0] == "By the button"


def test_l1_a_cut_line_and_a_lost_login_lose_nothing(house: House, lecture: Page) -> None:
    page, status = lecture, lecture.locator("[data-save-status]")
    # The server saves, but its answer is lost: what stands there then is no other version than ours.

    def lose(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch()
            route.abort()
        else:
            route.continue_()

    page.route("**/lectures/*", lose)
    page.locator(BODY).fill("Sent into the void")
    expect(status).to_contain_text("there is no connection")
    page.unroute("**/lectures/*")
    page.locator(BODY).fill("Sent into the void, and more")
    saved(page)
    assert stored(house, page)[1] == "Sent into the void, and more"

    page.context.clear_cookies()
    page.locator(BODY).fill("Typed while signed out")
    expect(status).to_contain_text("you are signed out")
    assert stored(house, page)[1] == "Sent into the void, and more"
    with page.expect_popup() as opened:
        status.get_by_role("link", name="Sign in in another tab").click()
    sign_in(opened.value, "author@lectern.example")
    opened.value.close()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    saved(page)
    expect(page.locator(BODY)).to_have_value("Typed while signed out")
    assert stored(house, page)[1] == "Typed while signed out"


def test_l1_a_senseless_value_is_told_at_its_field_and_leaving_saves_the_rest(house: House, lecture: Page) -> None:
    page = lecture
    page.locator(TITLE).fill("")
    page.locator(BODY).fill("Saved all the same")
    expect(page.locator("#title-error")).to_be_visible()
    assert stored(house, page) == ("First", "Saved all the same")
    page.locator(TITLE).fill("Better")
    saved(page)
    expect(page.locator("#title-error")).to_have_count(0)
    # Gone before the pause is over.
    page.locator(TITLE).fill("Last words")
    page.goto("/studio/courses")
    house.wait_for("SELECT count(*) FROM lecture WHERE title = 'Last words'", 1)


def test_l1_without_a_script_the_button_saves(house: House, lecture: Page) -> None:
    context = lecture.context.browser.new_context(  # type: ignore[union-attr]
        base_url=house.address, java_script_enabled=False, storage_state=lecture.context.storage_state()
    )
    page = context.new_page()
    page.goto(lecture.url)
    lecture.locator(TITLE).fill("With a script")
    saved(lecture)
    page.locator(TITLE).fill("Without one")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("What you typed here").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main .notice", has_text="Saved.")).to_be_visible()
    assert stored(house, page)[0] == "Without one"
    context.close()
