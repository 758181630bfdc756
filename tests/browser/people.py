"""What people do in the browser, step by step; used by the stories."""

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Page, expect

from backoffice.dev import DEMO_PASSWORD
from backoffice.integrations.video.ffmpeg import find_ffmpeg

PASSWORD = "a horse that counts to nine"


def make_video(path: Path, *, seconds: int = 6) -> Path:
    """A real video with picture and sound, larger than the largest form."""
    source = ["-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={seconds}"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "4", "-pix_fmt", "yuv420p", "-c:a", "aac", "-shortest"]
    subprocess.run([str(find_ffmpeg()), "-loglevel", "error", *source, *sound, *codecs, str(path)], check=True)
    return path


def make_cover(path: Path) -> Path:
    """A picture that may be a cover."""
    source = ["-f", "lavfi", "-i", "testsrc2=size=1280x720:duration=1"]
    subprocess.run([str(find_ffmpeg()), "-loglevel", "error", *source, "-frames:v", "1", str(path)], check=True)
    return path


def sign_in(page: Page, email: str, password: str = DEMO_PASSWORD) -> Page:
    """Sign in on the login page."""
    page.goto("/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*/login)"))
    return page


def register(page: Page, *, name: str, email: str) -> None:
    """Fill in the registration form."""
    page.goto("/register")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Register").click()
    expect(page.get_by_role("heading", name="Look into your inbox")).to_be_visible()


def confirmation_link(admin: Page, email: str) -> str:
    """The link of the letter, read by an admin on the letters page of development (X-6)."""
    for _try in range(40):
        admin.goto(f"/admin/letters/?search={email}")
        row = admin.locator("tr", has_text="Confirm your e-mail").first
        if row.count():
            row.get_by_role("link").first.click()
            found = re.search(r"http\S+/confirm/\S+", admin.locator("body").inner_text())
            assert found, admin.locator("body").inner_text()
            return found[0]
        admin.wait_for_timeout(500)
    raise AssertionError(f"no letter came to {email}")


def confirm(page: Page, link: str) -> None:
    """Open the link of the letter and press its button."""
    page.goto(link)
    page.get_by_role("button", name="Confirm my e-mail").click()


def top_up(page: Page, amount: str, card: str = "4242 4242 4242 4242") -> None:
    """Top the balance up by card and wait until the money is there (M-2)."""
    page.goto("/account/top-up")
    page.get_by_label("Amount").fill(amount)
    page.get_by_label("Card number").fill(card)
    page.get_by_label("Good until").fill("09/31")
    page.get_by_label("Security code").fill("123")
    page.locator("main").get_by_role("button", name="Top up").click()
    expect(page.get_by_text("The money has arrived.")).to_be_visible()


def press(page: Page, name: str) -> None:
    """Press a button that asks before it acts, and confirm."""
    page.locator("main").get_by_role("button", name=name, exact=True).first.click()
    dialog = page.locator("dialog[open]")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button").last.click()
