"""Loading the demo shop: all of it or nothing, once."""

import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from backoffice import clock
from backoffice.access import Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.demo import courses_en, courses_made, courses_ru, past, people, people_made
from backoffice.demo.course import DemoCourse
from backoffice.demo.people_made import Shop
from backoffice.integrations.video.ffmpeg import find_ffmpeg
from backoffice.models.content import Revision
from backoffice.models.courses import Course
from backoffice.models.payments import Withdrawal
from backoffice.models.people import User
from backoffice.models.review import Submission
from backoffice.operations import blocks, review, withdrawals

DEMO = (*courses_en.COURSES, *courses_ru.COURSES)
OPENING = timedelta(days=160)
WITH_VIDEO = "Python from the first line"
REJECTED = "Web services that survive Mondays"
BLOCKED = "Selling your first company"
ONLY_WRITTEN = "Фотоархив в порядке"
NOT_ON_SALE = "Meetings worth having"
APPROVED_CHANGE = "SQL beyond SELECT"
REJECTED_CHANGE = "Графики, которые понимают"
WAITING_CHANGES = ("Tests that you trust", "Colour that carries meaning", "SQL для аналитика")
CONTACTS = "\n\nQuestions? Write to me: vera.lindqvist@example.com or t.me/vera_teaches, it is cheaper there too."
VIDEO_SECONDS = 12

Tell = Callable[[str], object]


@dataclass(frozen=True)
class Made:
    """A course of the shop, how it was described, and since when it is sold."""

    course: Course
    demo: DemoCourse
    author: Actor
    on_sale: datetime


def is_loaded() -> bool:
    """Whether the demo people live here already."""
    return db.session.scalar(select(User.id).where(User.email == people.ADMIN[0])) is not None


@operation
def load(*, actor: Actor, tell: Tell) -> bool:
    """Make the demo shop in one transaction, so that a load that was killed leaves nothing; False if it is there.

    `tell` is called with a line for people before each step.
    """
    if is_loaded():
        return False
    now = clock.now()
    opening = now - OPENING
    shop = Shop()
    with clock.at(opening):
        tell("catalogues and people")
        people_made.fill_catalogues(shop)
        people_made.invite_people(shop)
    tell(f"{len(DEMO)} courses with covers and a video")
    video = _video()
    made = [_publish(shop, demo, number, now, video) for number, demo in enumerate(DEMO)]
    by_title = {one.demo.title: one for one in made}
    tell("months of sales, answers and reviews")
    sold = [(one.course, one.demo, one.on_sale) for one in made if one.on_sale < now]
    story = past.sales(shop.buyers, sold, now)
    story += _reviews(shop, by_title, now) + _withdrawals(shop, now) + _trouble(shop, by_title, now)
    story += _student(shop, by_title, now)
    past.tell(story)
    past.sweep()
    return True


def _video() -> bytes:
    """A short film with sound, so that there is something to watch."""
    ffmpeg = find_ffmpeg(settings().ffmpeg_binary or None)
    length = f"d={VIDEO_SECONDS}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "welcome.mp4"
        picture = ["-f", "lavfi", "-i", f"gradients=s=640x360:r=25:{length}:speed=0.02:seed=7"]
        sound = ["-f", "lavfi", "-i", f"sine=f=220:{length}"]
        codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        command = [str(ffmpeg), "-v", "error", *picture, *sound, *codecs, "-shortest", str(file)]
        subprocess.run(command, check=True, capture_output=True)
        return file.read_bytes()


def _publish(shop: Shop, demo: DemoCourse, number: int, now: datetime, video: bytes) -> Made:
    """A course on its way as far as it has come; those that are not sold get a date in the future."""
    author = shop.authors[demo.author]
    begun = now - OPENING + timedelta(days=2 + number * 1.5)
    if demo.title in (REJECTED, ONLY_WRITTEN):
        begun = now - timedelta(days=4, hours=number)
    with clock.at(begun):
        extra = CONTACTS if demo.title == REJECTED else ""
        course = courses_made.write(shop, demo, number, extra=extra, video=video if demo.title == WITH_VIDEO else b"")
    never = now + timedelta(days=1)
    if demo.title == ONLY_WRITTEN:
        return Made(course, demo, author, never)
    with clock.at(begun + timedelta(days=1)):
        courses_made.hand_in(author, course)
    if demo.title in (REJECTED, NOT_ON_SALE):
        return Made(course, demo, author, never)
    on_sale = begun + timedelta(days=2)
    with clock.at(on_sale):
        courses_made.sell(author, course, demo, now + timedelta(days=20))
    return Made(course, demo, author, on_sale)


def _reviews(shop: Shop, made: dict[str, Made], now: datetime) -> past.Story:
    """What moderators decided about changes, what waits for them, and a block (L-7, L-8)."""
    accepted, refused, blocked = made[APPROVED_CHANGE], made[REJECTED_CHANGE], made[BLOCKED]

    def approve() -> None:
        submission = courses_made.change(accepted.author, accepted.course, accepted.demo)
        review.claim(actor=shop.moderator, submission_id=submission.id)
        review.approve(actor=shop.moderator, submission_id=submission.id, shown_revision_version=_version(submission))

    def reject() -> None:
        submission = courses_made.change(refused.author, refused.course, refused.demo)
        review.claim(actor=shop.moderator, submission_id=submission.id)
        review.reject(
            actor=shop.moderator,
            submission_id=submission.id,
            shown_revision_version=_version(submission),
            reasons=["content-quality"],
            note="Покажите, пожалуйста, сам разобранный пример: в описании он есть, а в лекциях пока нет.",
        )

    def block() -> None:
        reason = "Two buyers report that lecture 3 is taken from a book. Please show us the publisher's consent."
        blocks.block(actor=shop.moderator, course_id=blocked.course.id, reason=reason)

    story: past.Story = [
        (now - timedelta(days=40), approve),
        (now - timedelta(days=9), reject),
        (now - timedelta(minutes=40), block),
    ]
    for hours, title in enumerate(WAITING_CHANGES, start=3):
        story.append((now - timedelta(hours=hours * 5), _waiting(made[title])))
    return story


def _waiting(one: Made) -> Callable[[], object]:
    return lambda: courses_made.change(one.author, one.course, one.demo)


def _version(submission: Submission) -> int:
    return db.session.get_one(Revision, submission.revision_id).version


def _withdrawals(shop: Shop, now: datetime) -> past.Story:
    """Withdrawals in each of their states (M-8)."""
    vera, marat, ines, _olga, samuel, hanna = shop.authors

    def declined() -> None:
        asked = past.ask_withdrawal(marat, 0.5, "demo-declined", "Карта 2200 7007 1234 5678")
        reason = "We pay to bank accounts only. Please ask again with an IBAN."
        withdrawals.decline(
            actor=shop.admin,
            withdrawal_id=asked.id,
            reason=reason,
            shown_amount_minor=asked.amount_minor,
            shown_state=asked.state,
        )

    def cancelled() -> None:
        asked = past.ask_withdrawal(samuel, 0.9, "demo-cancelled")
        withdrawals.cancel(actor=samuel, withdrawal_id=asked.id)

    return [
        (now - timedelta(days=30), lambda: past.pay_out(shop.admin, past.ask_withdrawal(vera, 0.6, "demo-paid"))),
        (now - timedelta(days=21), declined),
        (
            now - timedelta(days=15),
            lambda: past.pay_out(shop.admin, past.ask_withdrawal(ines, 0.4, "demo-failed", "IBAN PT50 0002")),
        ),
        (now - timedelta(days=6), cancelled),
        (now - timedelta(hours=20), lambda: past.ask_withdrawal(vera, 0.5, "demo-asked")),
        (now - timedelta(hours=7), lambda: past.ask_withdrawal(hanna, 0.7, "demo-asked")),
    ]


def _trouble(shop: Shop, made: dict[str, Made], now: datetime) -> past.Story:
    """What goes wrong with money: a bank takes a top-up again, a payout comes back, a sale is taken back."""
    olga, buyer, copied = shop.authors[3], shop.buyers[2], made["SQL beyond SELECT"].course.id
    reason = "The student shows that two of the lectures cannot be played."
    payouts: list[Withdrawal] = []

    def pay_out() -> None:
        payouts.append(past.ask_withdrawal(olga, 0.3, "demo-bounced"))
        past.pay_out(shop.admin, payouts[0])

    return [
        (now - timedelta(days=12), pay_out),
        (now - timedelta(days=10), lambda: past.bounce(payouts[0])),
        (now - timedelta(days=9), lambda: past.top_up(buyer, 5_000, "demo-charged-back")),
        (now - timedelta(days=3), lambda: past.charge_back(buyer)),
        (now - timedelta(days=5), lambda: past.claw_back(shop.admin, copied, reason)),
        (
            now - timedelta(hours=30),
            lambda: past.correct(shop.admin, buyer, 700, "Goodwill for a lecture without sound"),
        ),
        (
            now - timedelta(hours=3),
            lambda: past.correct(shop.admin, olga, 15_000, "A top-up was credited to a wrong account"),
        ),
    ]


def _student(shop: Shop, made: dict[str, Made], now: datetime) -> past.Story:
    """What the demo student has: a course that is learnt, one that can still be given back, and money left."""
    learnt, fresh = made[WITH_VIDEO].course.id, made["Hearing what you play"].course.id
    chance = past.seeded(11)
    return [
        (now - timedelta(days=25), lambda: past.top_up(shop.student, 20_000, "demo-first")),
        (now - timedelta(days=25, minutes=-9), lambda: past.buy(shop.student, learnt, "demo-learnt")),
        (now - timedelta(days=20), lambda: past.learn(shop.student, learnt, chance)),
        (now - timedelta(days=2), lambda: past.buy(shop.student, fresh, "demo-fresh")),
    ]
