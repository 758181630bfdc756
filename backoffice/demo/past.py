"""What happened in the demo shop in the last months: money, sales, answers, reviews, refunds (M-2 to M-5, M-8)."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.demo import texts
from backoffice.demo.course import DemoCourse
from backoffice.integrations.payments.base import Card, Charge, ChargeState, Payout, PayoutState
from backoffice.integrations.payments.fake import FakePayments, FakePayouts
from backoffice.models.content import Question
from backoffice.models.courses import Course
from backoffice.models.payments import TopUp, TopUpState, Withdrawal
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.money import Money
from backoffice.operations import (
    answers,
    clawbacks,
    corrections,
    counters,
    purchases,
    reviews,
    top_ups,
    withdrawals,
)
from backoffice.pricing import current_price

Story = list[tuple[datetime, Callable[[], object]]]
SALES_PER_BUYER = (4, 10)
REFUND_SHARE, REVIEW_SHARE, LEARN_SHARE = 0.07, 0.6, 0.8
CARD = "4242424242424242"
PAYOUT = "IBAN SE45 5000 0000 0583 9825 7466"


def seeded(number: int) -> random.Random:
    """Chance that decides the same way each time, so that every demo shop has the same past."""
    return random.Random(number)  # noqa: S311


def tell(story: Story) -> None:
    """Let everything happen at its time, with the sweeps that were due in between."""
    last_sweep: datetime | None = None
    for moment, happening in sorted(story, key=lambda part: part[0]):
        with clock.at(moment):
            if last_sweep is None or moment - last_sweep > timedelta(days=1):
                sweep()
                last_sweep = moment
            happening()
    sweep()


def sweep() -> None:
    """Release what is due and fold the counters, as the scheduler would."""
    while purchases.release_due(actor=SYSTEM):
        pass
    while counters.fold(actor=SYSTEM):
        pass


def top_up(person: Actor, minor: int, key: str) -> None:
    """Money by the test card, settled at once (M-2)."""
    provider = FakePayments()
    expires = (clock.now() + timedelta(days=700)).date()
    order = top_ups.start(
        actor=person,
        request_key=key,
        amount_minor=minor,
        card=provider.tokenize(Card(number=CARD, expires=expires, code="123"), keep=False),
        provider=provider.name,
    )
    charge = provider.charge(key=f"top-up:{order.id}", token=order.card_token, amount=Money(minor, order.currency))
    top_ups.record(actor=SYSTEM, top_up_id=order.id, charge=charge)


def buy(person: Actor, course_id: int, key: str) -> Purchase:
    """Buy a course at its price of the moment, topping up first when money is short (M-2, M-3)."""
    course = db.session.get_one(Course, course_id)
    price = current_price(course, clock.now())
    missing = price - ledger.balance(ledger.available(person.person_id))
    if missing > 0:
        top_up(person, -(-missing // 2500) * 2500, key)
    return purchases.buy(actor=person, course_id=course_id, shown_price_minor=price)


def learn(person: Actor, course_id: int, chance: random.Random, *, at_most: int = 4) -> None:
    """Answer the first questions of a course, mostly right (P-4)."""
    questions = db.session.scalars(
        select(Question)
        .join(Course, Course.live_revision_id == Question.revision_id)
        .where(Course.id == course_id)
        .order_by(Question.id)
        .limit(at_most)
    ).all()
    for question in questions:
        right = chance.random() < 0.85
        chosen = next(option["key"] for option in question.options if option["right"] is right)
        answers.answer(actor=person, course_id=course_id, question_node_id=question.node_id, chosen=[chosen])


def sales(buyers: list[Actor], sold: list[tuple[Course, DemoCourse, datetime]], end: datetime) -> Story:
    """What buyers do: most of them learn, many write a review, few give a course back."""
    chance = seeded(7)
    story: Story = []
    for number, buyer in enumerate(buyers):
        favourites = chance.sample(sold, chance.randint(*SALES_PER_BUYER))
        for course, demo, on_sale in favourites:
            span = (end - on_sale).total_seconds()
            moment = on_sale + timedelta(seconds=span * chance.uniform(0.02, 0.97))
            story.append((moment, _deed(buyer, course.id, f"demo-{number}-{course.id}")))
            if chance.random() < REFUND_SHARE:
                story.append((moment + timedelta(days=2), _giving_back(buyer, course.id)))
            elif chance.random() < LEARN_SHARE:
                story.append((moment + timedelta(hours=30), _learning(buyer, course.id, chance.randrange(10**6))))
                if chance.random() < REVIEW_SHARE:
                    words = chance.choice(texts.REVIEWS[demo.language])
                    story.append((moment + timedelta(days=3), _review(buyer, course.id, words)))
    return [part for part in story if part[0] < end]


def _deed(buyer: Actor, course_id: int, key: str) -> Callable[[], object]:
    return lambda: buy(buyer, course_id, key)


def _giving_back(buyer: Actor, course_id: int) -> Callable[[], object]:
    def give_back() -> None:
        query = select(Purchase.id).where(Purchase.student_id == buyer.user_id, Purchase.course_id == course_id)
        purchases.refund(actor=buyer, purchase_id=db.session.scalars(query).one())

    return give_back


def _learning(buyer: Actor, course_id: int, seed: int) -> Callable[[], object]:
    return lambda: learn(buyer, course_id, seeded(seed))


def _review(buyer: Actor, course_id: int, words: tuple[int, str]) -> Callable[[], object]:
    def write() -> None:
        right = select(Purchase.id).where(Purchase.student_id == buyer.user_id, Purchase.course_id == course_id)
        if db.session.scalar(right) is not None:
            learn(buyer, course_id, seeded(1), at_most=2)
            reviews.review(actor=buyer, course_id=course_id, stars=words[0], text=words[1])

    return write


def ask_withdrawal(author: Actor, share: float, key: str, method: str = PAYOUT) -> Withdrawal:
    """Ask to be paid out a share of what is available (M-8)."""
    amount = int(ledger.balance(ledger.available(author.person_id)) * share)
    return withdrawals.ask(
        actor=author,
        request_key=key,
        amount_minor=amount,
        payout_method=method,
        provider=FakePayouts.name,
    )


def bounce(withdrawal: Withdrawal) -> None:
    """The bank sends a payout back (M-8)."""
    answer = Payout(PayoutState.BOUNCED, ref=str(withdrawal.provider_ref), failure="account_closed")
    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal.id, payout=answer)


def charge_back(person: Actor) -> None:
    """The bank takes the last top-up of a buyer again (M-2)."""
    query = select(TopUp).where(TopUp.user_id == person.user_id, TopUp.state == TopUpState.SETTLED)
    last = db.session.scalars(query.order_by(TopUp.id.desc()).limit(1)).one()
    answer = Charge(ChargeState.CHARGED_BACK, ref=str(last.provider_ref), decline_code="fraudulent")
    top_ups.record(actor=SYSTEM, top_up_id=last.id, charge=answer)


def claw_back(admin: Actor, course_id: int, reason: str) -> None:
    """Staff give the buyer of a sale that was released long ago the money back (M-4)."""
    query = select(Purchase).where(Purchase.course_id == course_id, Purchase.state == PurchaseState.RELEASED)
    sale = db.session.scalars(query.order_by(Purchase.id).limit(1)).one()
    clawbacks.give_back(actor=admin, purchase_id=sale.id, reason=reason, shown_state=sale.state)


def correct(admin: Actor, person: Actor, minor: int, reason: str) -> None:
    """An admin gives somebody money of the house by a correction (B-4)."""
    lines = {ledger.GOODWILL: -minor, ledger.available(person.person_id): minor}
    corrections.enter(actor=admin, request_key=reason, lines=lines, reason=reason)


def pay_out(admin: Actor, withdrawal: Withdrawal) -> None:
    """An admin approves, the provider answers (M-8)."""
    withdrawals.approve(
        actor=admin,
        withdrawal_id=withdrawal.id,
        shown_amount_minor=withdrawal.amount_minor,
        shown_state=withdrawal.state,
    )
    payout = FakePayouts().pay(
        key=f"withdrawal:{withdrawal.id}",
        method=withdrawal.payout_method,
        amount=Money(withdrawal.amount_minor, withdrawal.currency),
    )
    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal.id, payout=payout)
