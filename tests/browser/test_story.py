"""The main job from end to end, in a real browser with real workers, a real video and the clock moved.

One story in six chapters, each a step of the job; a chapter starts from what the one before has left.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser import authoring
from tests.browser.conftest import House
from tests.browser.people import PASSWORD, confirm, confirmation_link, press, register, sign_in, top_up

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TITLE = "Bridges that stand for a century"
SHORT = "You see why some bridges outlive their builders, and build a small one."
TEXT = "A bridge carries its own weight first, and everybody who trusts it second. " * 6
NEW_SENTENCE = "Cables carry what arches cannot."
BLOCKED_COURSE = "SQL beyond SELECT"
ITS_AUTHOR = "author@lectern.example"
BLOCK_REASON = "Lecture two shows a picture without the consent of its painter."
RELEASED = """
    SELECT account.kind, amount
      FROM ledger_entry
      JOIN account ON account.id = account_id
      JOIN ledger_transaction ON ledger_transaction.id = transaction_id
      JOIN purchase ON purchase.id = purchase_id
      JOIN user_account ON user_account.id = author_id
     WHERE ledger_transaction.kind = 'release' AND email = 'brunel@example.org' AND amount > 0
     ORDER BY amount
"""
NewPage = Callable[..., Page]


@dataclass(frozen=True)
class Course:
    """The course of the story: `home` in the studio, `slug` in the shop."""

    home: str
    slug: str

    @property
    def page(self) -> str:
        """Its address in the shop."""
        return f"/courses/{self.slug}"


def sign_in_new(new_page: NewPage, admin: Page, *, name: str, email: str) -> Page:
    """Somebody new: registered, confirmed and signed in."""
    page = new_page()
    register(page, name=name, email=email)
    confirm(page, confirmation_link(admin, email))
    return sign_in(page, email, PASSWORD)


def write_course(author: Page, folder: Path) -> str:
    """1: two modules with a text and a video with a question, texts, cover, price. Returns its place in the studio."""
    home = authoring.new_course(author, TITLE)
    authoring.add_lecture(author, home, module="Foundations", title="Foundations, first look", kind="Text")
    authoring.add_text(author, TEXT)
    authoring.add_lecture(author, home, module="Arches", title="Arches, first look", kind="Video")
    authoring.add_video(author, folder / "arches.mp4")
    authoring.add_question(author, "What carries an arch?", right="Its stones pressing on each other", wrong="Hope")
    author.goto(f"{home}/sale")
    author.locator("[name=price]").fill("50")
    authoring.save(author)
    return home


def be_rejected_and_mend(author: Page, home: str, folder: Path) -> None:
    """2: contacts in the description come back with reasons; mended, the course is published."""
    texts = {"short": SHORT, "cover": folder / "cover.png"}
    authoring.write_texts(author, home, description=f"{TEXT} Write to me: brunel@bridgemail.com", **texts)
    authoring.hand_in(author, home, "Sent back")
    expect(author.get_by_text(re.compile("There is an e-mail address")).first).to_be_visible()
    authoring.write_texts(author, home, description=TEXT, **texts)
    authoring.hand_in(author, home, "Published")


def sell(author: Page, home: str) -> Course:
    """3, the author's part: on sale."""
    author.goto(f"{home}/sale")
    press(author, "Put on sale")
    expect(author.get_by_text("The course is on sale.")).to_be_visible()
    author.goto(home)
    address = author.get_by_role("link", name="See it as buyers do").get_attribute("href")
    assert address
    return Course(home, address.removeprefix("/courses/"))


def buy(page: Page, course: Course) -> None:
    """Buy the course on its page."""
    page.goto(course.page)
    page.get_by_role("button", name="Buy for $50.00").click()
    expect(page.get_by_text("The course is yours. Enjoy it.")).to_be_visible()


def learn(page: Page) -> None:
    """3, the student's part: read, watch and answer until the progress is whole (P-2)."""
    page.get_by_role("link", name=re.compile("Go on")).first.click()
    page.get_by_role("link", name="Foundations, first look").first.click()
    page.get_by_role("button", name="I have read this").click()
    page.get_by_role("link", name="Arches, first look").first.click()
    video = page.locator("video")
    video.evaluate("video => { video.muted = true; return video.play() }")
    page.wait_for_function("() => document.querySelector('video').currentTime > 1")
    page.get_by_label("Hope").check()
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Not right yet.")).to_be_visible()
    page.get_by_label("Its stones pressing on each other").check()
    page.get_by_role("button", name="Answer again").click()
    expect(page.get_by_text("Right.", exact=True)).to_be_visible()
    expect(page.get_by_role("progressbar").first).to_have_attribute("value", "100")


def give_back(new_page: NewPage, admin: Page, course: Course) -> None:
    """4: a second buyer tops up what is missing, buys and gives the course back: money returns, access ends."""
    page = sign_in_new(new_page, admin, name="Hesitant", email="hesitant@example.org")
    page.goto(course.page)
    page.get_by_role("button", name="Buy for $50.00").click()
    page.get_by_role("link", name="Top up what is missing and come back").click()
    expect(page.get_by_label("Amount")).to_have_value("50.00")
    top_up(page, "50")
    buy(page, course)
    page.goto("/account/purchases")
    page.get_by_role("link", name="Give back …").click()
    expect(page.get_by_role("heading", name="What you lose")).to_be_visible()
    page.get_by_role("button", name="Give back and get $50.00").click()
    expect(page.get_by_text("The course is given back: $50.00 is on your balance again.")).to_be_visible()
    answer = page.goto(f"/learn/{course.slug}")
    assert answer
    assert answer.status == 404


def be_paid(house: House, author: Page, admin: Page) -> None:
    """4: days pass, the sweep releases price less commission, the author withdraws and an admin approves."""
    author.goto("/studio/earnings")
    available = author.locator(".stat", has_text="Available").locator(".money")
    expect(available).to_have_text("$0.00")
    house.flask("clock", "forward", "--days", "8")
    expect_after_reload(author, lambda: expect(available).to_have_text("$40.00", timeout=500))
    assert house.rows(RELEASED) == [("platform", 1000), ("available", 4000)]
    author.goto("/account/withdraw")
    author.get_by_label("Amount").fill("40")
    author.get_by_label("Where to").fill("IBAN DE89 3704 0044 0532 0130 00, Isambard Brunel")
    author.locator("main").get_by_role("button", name="Ask for the withdrawal").click()
    expect(author.get_by_text("Your withdrawal is asked for.")).to_be_visible()
    admin.goto("/admin/withdrawals/")
    row = admin.locator("tr", has_text="Isambard Brunel")
    row.get_by_role("button", name="Approve").click()
    admin.locator("dialog[open]").get_by_role("button").last.click()
    expect(admin.get_by_text("Approved: the provider pays it out.")).to_be_visible()
    author.goto("/account/withdraw")
    mine = author.locator("tr", has_text="IBAN DE89")
    expect_after_reload(author, lambda: expect(mine.get_by_text("Paid")).to_be_visible(timeout=500))


def change_and_approve(author: Page, moderator: Page, student: Page, visitor: Page, course: Course) -> None:
    """5: buyers see the old revision until a moderator has seen what changed, and approves."""
    author.goto(f"{course.home}/texts")
    author.locator("textarea[name=description]").fill(f"{TEXT}\n\n{NEW_SENTENCE}")
    authoring.save(author)
    authoring.hand_in(author, course.home, "In review")
    for buyer in (student, visitor):
        buyer.goto(course.page)
        expect(buyer.get_by_text(NEW_SENTENCE)).to_have_count(0)
    moderator.goto("/admin/review/")
    moderator.get_by_role("link", name=TITLE).click()
    moderator.get_by_role("button", name="Claim it").click()
    expect(moderator.locator("ins", has_text=NEW_SENTENCE)).to_be_visible()
    press(moderator, "Approve")
    expect(moderator.get_by_text("Approved: buyers see this revision now.")).to_be_visible()
    expect(author.locator("#course-state").get_by_text("On sale", exact=True)).to_be_visible(timeout=30_000)
    for buyer in (student, visitor):
        buyer.goto(course.page)
        expect(buyer.get_by_text(NEW_SENTENCE)).to_be_visible()


def block_another(moderator: Page, visitor: Page, owner: Page) -> None:
    """5: a blocked course leaves the catalogue, and its author reads why."""
    search = f"/courses?q={BLOCKED_COURSE.replace(' ', '+')}"
    visitor.goto(search)
    expect(visitor.get_by_role("link", name=BLOCKED_COURSE, exact=True)).to_be_visible()
    moderator.goto("/admin/courses/?q=SQL")
    moderator.get_by_role("link", name=BLOCKED_COURSE, exact=True).click()
    moderator.get_by_label("Reason, read by the author").fill(BLOCK_REASON)
    press(moderator, "Block the course")
    expect(moderator.get_by_text("Blocked: it is off sale and out of the catalogue.")).to_be_visible()
    visitor.goto(search)
    expect(visitor.get_by_role("link", name=BLOCKED_COURSE, exact=True)).to_have_count(0)
    owner.goto("/studio/courses")
    owner.get_by_role("link", name=BLOCKED_COURSE, exact=True).first.click()
    expect(owner.get_by_text(BLOCK_REASON).first).to_be_visible()


def expect_after_reload(page: Page, check: Callable[[], object], *, seconds: int = 60) -> None:
    """Reload until the check holds: for pages that do not follow by themselves."""
    for _try in range(seconds):
        page.reload()
        try:
            check()
        except AssertionError:
            page.wait_for_timeout(500)
        else:
            return
    check()


def test_the_main_job(house: House, new_page: NewPage, tmp_path: Path) -> None:
    admin = sign_in(new_page(), "admin@lectern.example")
    author = sign_in_new(new_page, admin, name="Brunel", email="brunel@example.org")
    authoring.become_author(author, name="Isambard Brunel", headline="Builds bridges")
    home = write_course(author, tmp_path)
    be_rejected_and_mend(author, home, tmp_path)
    course = sell(author, home)

    student = sign_in_new(new_page, admin, name="Stella", email="stella@example.org")
    top_up(student, "60")
    buy(student, course)
    learn(student)
    give_back(new_page, admin, course)
    be_paid(house, author, admin)

    moderator, visitor = sign_in(new_page(), "moderator@lectern.example"), new_page()
    change_and_approve(author, moderator, student, visitor, course)
    block_another(moderator, visitor, sign_in(new_page(), ITS_AUTHOR))

    proof = house.flask("ledger", "verify")
    assert "The book holds" in proof
    assert "BROKEN" not in proof
