"""The part of a cover chosen with the mouse, a finger and the keyboard (C-1)."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.authoring import new_course
from tests.browser.conftest import House
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def halves(path: Path) -> Path:
    """1600 by 1600 points: red above, blue below."""
    picture = Image.new("RGB", (1600, 1600), "red")
    picture.paste("blue", (0, 800, 1600, 1600))
    picture.save(path)
    return path


def part(page: Page) -> tuple[int, int, int]:
    x, y, width = (int(page.locator(f"[name={name}]").input_value()) for name in ("x", "y", "width"))
    return x, y, width


def drag(page: Page, selector: str, *, right: int, down: int) -> None:
    box = page.locator(selector).bounding_box()
    assert box
    x, y = box["x"] + min(10, box["width"] / 2), box["y"] + min(10, box["height"] / 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right, y + down, steps=6)
    page.mouse.up()


def shown(page: Page) -> Image.Image:
    address = page.locator("#cover img").get_attribute("src")
    return Image.open(io.BytesIO(page.request.get(str(address)).body())).convert("RGB")


def by_finger(page: Page, house: House, browser: Browser, home: str) -> None:
    """On a phone of the same author: draw the frame up to the edge, and see the red half."""
    phone = browser.new_context(
        base_url=house.address,
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        storage_state=page.context.storage_state(),
    )
    small = phone.new_page()
    small.goto(f"{home}/cover")
    small.locator("[data-frame]").scroll_into_view_if_needed()
    client = phone.new_cdp_session(small)
    box = small.locator("[data-frame]").bounding_box()
    assert box
    x, y = box["x"] + 10, box["y"] + 10
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        *(("touchMove", [{"x": x, "y": y - 70 * step}]) for step in range(1, 6)),
        ("touchEnd", []),
    ):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert part(small)[1] == 0
    small.get_by_role("button", name="Show this part").click()
    expect(small.get_by_role("link", name="Choose the part that is shown")).to_be_visible()
    with shown(small) as cover:
        assert cover.getpixel((240, 265))[0] > 200
    phone.close()


def test_c1_the_part_of_a_cover_is_chosen_and_shown(
    new_page: Callable[..., Page], house: House, browser: Browser, tmp_path: Path
) -> None:
    page = new_page()
    sign_in(page, "author@lectern.example")
    home = new_course(page, "Seen in part")
    page.goto(f"{home}/texts")
    page.set_input_files("[data-upload] input[type=file]", halves(tmp_path / "cover.png"))
    # It saves itself, is made, and can be cut, without a reload.
    page.get_by_role("link", name="Choose the part that is shown").click()
    page.wait_for_load_state()
    frame = page.locator("[data-frame]")
    expect(frame).to_be_visible()
    assert part(page)[2] == 10_000

    drag(page, "[data-corner]", right=-2000, down=0)
    assert part(page) == (0, part(page)[1], 3000)
    drag(page, "[data-frame]", right=4000, down=4000)
    x, y, width = part(page)
    assert (x, width) == (7000, 3000)
    assert y == pytest.approx(10_000 - 3000 * 9 / 16, abs=10)

    page.get_by_label("Left or right").focus()
    page.keyboard.press("Home")
    page.get_by_label("Size of the part").focus()
    for _press in range(5):
        page.keyboard.press("ArrowRight")
    assert part(page)[0] == 0
    assert part(page)[2] == 3050
    page.get_by_role("button", name="Show this part").click()
    expect(page.get_by_role("link", name="Choose the part that is shown")).to_be_visible()
    with shown(page) as cover:
        assert cover.getpixel((240, 4))[2] > 200

    # With a finger, on a phone.
    by_finger(page, house, browser, home)
