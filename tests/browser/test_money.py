"""Money in the browser, through the provider's own server and its callbacks (M-2, M-9, M-11, B-4)."""

import csv
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import House
from tests.browser.people import PASSWORD, confirm, confirmation_link, press, register, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

DELAYED, TWICE = "4000 0000 0000 0259", "4000 0000 0000 0341"
PAID_COURSE = "/courses/tests-that-you-trust"


def pay(page: Page, amount: str, card: str) -> None:
    """Send the card form."""
    page.goto("/account/top-up")
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Good until").fill("09/31")
    page.get_by_label("Security code").fill("123")
    page.locator("main").get_by_role("button", name="Top up").click()


def make_coupon(author: Page) -> None:
    """Half the price, once."""
    author.goto("/studio/coupons")
    author.get_by_label("Code").fill("half-26")
    author.get_by_label("Percent off").fill("50")
    author.get_by_label("How often it can be used").fill("1")
    author.locator("main").get_by_role("button", name="Make the coupon").click()
    expect(author.get_by_text("The coupon HALF-26 can be used.")).to_be_visible()


def test_money_comes_late_buys_with_a_coupon_and_is_exported(
    house: House, new_page: Callable[..., Page], tmp_path: Path
) -> None:
    admin = sign_in(new_page(), "admin@lectern.example")
    student = new_page()
    register(student, name="Late Larry", email="larry@example.org")
    confirm(student, confirmation_link(admin, "larry@example.org"))
    sign_in(student, "larry@example.org", PASSWORD)

    pay(student, "30", DELAYED)
    expect(student.get_by_text("The provider needs a little longer.")).to_be_visible()
    # The page follows by itself when the provider calls the house.
    expect(student.get_by_text("The money has arrived.")).to_be_visible(timeout=60_000)
    pay(student, "5", TWICE)
    expect(student.get_by_text("The money has arrived.")).to_be_visible()
    student.goto("/account/balance")
    expect(student.locator(".stat", has_text="Available").locator(".money")).to_have_text("$35.00")

    make_coupon(sign_in(new_page(), "author@lectern.example"))
    student.goto(PAID_COURSE)
    student.get_by_text("I have a coupon").click()
    student.get_by_label("Coupon code").fill("half-26")
    student.get_by_role("button", name="Use it").click()
    student.get_by_role("button", name=re.compile(r"Buy for \$26\.00")).click()
    expect(student.get_by_text("The course is yours. Enjoy it.")).to_be_visible()

    student.goto("/account/history?kind=purchases")
    student.get_by_role("link", name="Purchase", exact=True).click()
    expect(student.get_by_role("heading", name="What happened to this money")).to_be_visible()
    student.goto("/account/history")
    student.get_by_role("button", name="Export as CSV").click()
    expect(student.get_by_text("The file is ready.")).to_be_visible(timeout=30_000)
    with student.expect_download() as download:
        student.get_by_role("link", name="Fetch the file").click()
    download.value.save_as(tmp_path / "history.csv")
    rows = list(csv.DictReader((tmp_path / "history.csv").read_text("utf-8-sig").splitlines()))
    assert [row["Amount"] for row in rows] == ["-26.00", "5.00", "30.00"]

    admin.goto("/admin/proof/")
    admin.get_by_role("button", name="Prove the book now").click()
    expect(admin.get_by_text("The book is being proven")).to_be_visible()
    for _try in range(30):
        admin.reload()
        if admin.get_by_text("The book holds.").count():
            break
        admin.wait_for_timeout(1000)
    expect(admin.get_by_text("The book holds.")).to_be_visible()


def test_an_admin_gives_the_money_of_a_sale_back(house: House, new_page: Callable[..., Page]) -> None:
    admin = sign_in(new_page(), "admin@lectern.example")
    number = house.rows("SELECT max(id) FROM purchase WHERE state = 'released' AND price_minor > 0")[0][0]
    admin.goto(f"/admin/purchases/{number}")
    admin.get_by_label("Reason, read by the student and the author").fill("The sound is missing from lecture two.")
    press(admin, "Give the money back")
    expect(admin.get_by_text("The money is back with the student.")).to_be_visible()
    expect(admin.get_by_text(f"clawback:{number}")).to_be_visible()
