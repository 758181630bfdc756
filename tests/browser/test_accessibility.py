"""Every page of the demo shop, as each of the people, wide and narrow: accessible, nothing to scroll sideways."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import House
from tests.browser.people import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
WIDTHS = (1280, 390)
COURSE = "python-from-the-first-line"
# Addresses that name a row are found by a query, whose result fills `{}`.
OWN_PURCHASE = (
    "SELECT p.id FROM purchase p JOIN user_account u ON u.id = student_id WHERE email = 'student@lectern.example'"
    " ORDER BY state = 'reserved' DESC, p.id DESC LIMIT 1"
)
VIDEO_LECTURE = (
    "SELECT c.id || '/lectures/' || l.node_id FROM lecture l JOIN course c ON live_revision_id = revision_id"
    " WHERE l.kind = 'video' AND slug = 'python-from-the-first-line'"
)
PAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "": (
        ("/", ""),
        ("/courses", ""),
        ("/courses?level=beginner&sort=price", ""),
        ("/courses?q=nothing+like+this", ""),
        (f"/courses/{COURSE}", ""),
        ("/authors", ""),
        ("/authors/vera-lindqvist", ""),
        *((path, "") for path in ("/login", "/register", "/forgot", "/no-such-page")),
    ),
    "student@lectern.example": (
        *(
            (f"/account{path}", "")
            for path in ("/", "/balance", "/history", "/purchases", "/top-up", "/cards", "/profile")
        ),
        (f"/learn/{COURSE}", ""),
        (
            f"/learn/{COURSE}/{{}}",
            "SELECT l.node_id FROM lecture l JOIN course ON live_revision_id = revision_id WHERE l.kind = 'video'",
        ),
        (
            "/account/top-ups/{}",
            "SELECT t.id FROM top_up t JOIN user_account u ON u.id = user_id"
            " WHERE email = 'student@lectern.example' LIMIT 1",
        ),
        *((f"/account/purchases/{{}}{path}", OWN_PURCHASE) for path in ("", "/refund")),
        ("/studio/become-author", ""),
    ),
    "author@lectern.example": (
        *(
            (f"/studio{path}", "")
            for path in ("/courses", "/courses/new", "/courses/import", "/files", "/coupons", "/earnings")
        ),
        *(
            (f"/account{path}", "")
            for path in ("/balance", "/history", "/history/1", "/history?kind=sales", "/withdraw")
        ),
        *(
            (f"/studio/courses/{{}}{path}", "SELECT id FROM course WHERE slug = 'python-from-the-first-line'")
            for path in (
                "",
                "/texts",
                "/sale",
                "/submit",
                "/versions",
                "/versions/1",
                "/outline",
                "/deleted",
                "/export",
                "/cover",
            )
        ),
        *((f"/studio/courses/{{}}{path}", VIDEO_LECTURE) for path in ("", "/captions")),
        (
            "/preview/tests-that-you-trust/{}?shown=draft",
            "SELECT node_id FROM lecture l JOIN course ON draft_revision_id = revision_id"
            " WHERE slug = 'tests-that-you-trust' LIMIT 1",
        ),
        ("/courses/tests-that-you-trust?shown=draft", ""),
        (
            "/studio/courses/{}",
            "SELECT course.id || '/lectures/' || l.node_id FROM lecture l JOIN course ON live_revision_id = revision_id"
            " WHERE l.kind = 'video'",
        ),
        (
            "/studio/courses/{}",
            "SELECT course.id || '/lectures/' || l.node_id || '/captions' FROM lecture l"
            " JOIN course ON live_revision_id = revision_id WHERE l.kind = 'video'",
        ),
        (
            "/studio/courses/{}",
            "SELECT c.id || '/questions/' || q.node_id FROM question q JOIN course c ON live_revision_id = revision_id"
            " WHERE slug = 'python-from-the-first-line'",
        ),
    ),
    "moderator@lectern.example": (
        *((f"/admin/{path}", "") for path in ("", "review/", "courses/", "uploads/")),
        ("/admin/review/{}", "SELECT id FROM submission WHERE state = 'in_review' LIMIT 1"),
        ("/admin/courses/{}", "SELECT id FROM course WHERE blocked_at IS NOT NULL LIMIT 1"),
        ("/admin/courses/{}", "SELECT course_id || '/revisions/' || id FROM revision WHERE number = 2 LIMIT 1"),
    ),
    "admin@lectern.example": (
        *(
            (f"/admin/{path}/", "")
            for path in (
                *(
                    "withdrawals",
                    "purchases",
                    "sales",
                    "ledger",
                    "corrections",
                    "proof",
                    "coupons",
                    "users",
                    "catalogues",
                ),
                *("parked", "deliveries", "events", "sweeps", "letters"),
            )
        ),
        ("/admin/users/{}", "SELECT id FROM user_account WHERE email = 'author@lectern.example'"),
        ("/admin/ledger/accounts/platform:commission?at=2026-01-01T00:00", ""),
        ("/admin/ledger/transactions/{}", "SELECT max(id) FROM ledger_transaction"),
        ("/admin/purchases/{}", "SELECT id FROM purchase WHERE state = 'released' LIMIT 1"),
        ("/admin/letters/details/?id={}", "SELECT max(id) FROM letter"),
    ),
}


def faults(page: Page) -> list[str]:
    """What is wrong with the page that is open."""
    found = [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in Axe().run(page, options=RULES).response["violations"]
        for node in violation["nodes"]
    ]
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if width > 0:
        found.append(f"{width} px to scroll sideways")
    return found


def picture(page: Page, who: str, path: str, width: int) -> None:
    """Keep a picture for those who want to look: the setting SCREENSHOTS names the folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        name = f"{who.partition('@')[0] or 'visitor'}{path}".replace("/", "_").replace("?", "_").replace("=", "_")
        page.screenshot(path=Path(folder) / f"{name[:80]}-{width}.png", full_page=True)


@pytest.mark.parametrize("who", PAGES)
def test_pages_are_accessible_and_fit(house: House, new_page: Callable[..., Page], who: str) -> None:
    page = new_page()
    if who:
        sign_in(page, who)
    wrong = []
    for path, query in PAGES[who]:
        address = path.format(house.rows(query)[0][0]) if query else path
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == (404 if path == "/no-such-page" else 200), address
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wrong += [f"{address} at {width}: {fault}" for fault in faults(page)]
            picture(page, who, address, width)
    assert wrong == []


def test_a_fault_is_found(house: House, new_page: Callable[..., Page]) -> None:
    page = new_page(width=390)
    page.goto("/")
    assert faults(page) == []
    page.evaluate("""() => {
        document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=x>');
        document.querySelector('main').style.minWidth = '2000px';
    }""")
    found = " ".join(faults(page))
    assert "image-alt" in found
    assert "to scroll sideways" in found
