"""Money under real concurrency: real commits, threads, one outcome (M-3, M-4, M-8, M-10). Each race is shown first."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import count

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor, Role
from backoffice.db import db
from backoffice.errors import Conflict, DomainError
from backoffice.integrations.payments.base import CardToken, Charge, ChargeState, Payout, PayoutState
from backoffice.ledger_verify import verify_book
from backoffice.models.outbox import OutboxEvent
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import clawbacks, purchases, top_ups, withdrawals
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, make_cast, person

CLIENTS = 8
ASKED = WithdrawalState.ASKED


def together(app: Flask, jobs: Sequence[Callable[[], object]]) -> list[object]:
    """Start all jobs at one moment, each in a thread with a session of its own; their results or errors, in order."""
    gate = threading.Barrier(len(jobs))
    outcomes: list[object] = [None] * len(jobs)

    def run(place: int, job: Callable[[], object]) -> None:
        with app.app_context():
            gate.wait()
            try:
                outcomes[place] = job()
            except Exception as error:
                outcomes[place] = error

    threads = [threading.Thread(target=run, args=(place, job)) for place, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def codes(outcomes: Sequence[object]) -> Counter[str]:
    """How often each outcome came: "ok", or the code of a refusal; anything else fails the test."""
    counter: Counter[str] = Counter()
    for outcome in outcomes:
        if isinstance(outcome, DomainError):
            counter[outcome.code] += 1
        elif isinstance(outcome, Exception):
            raise outcome
        else:
            counter["ok"] += 1
    return counter


def assert_book_holds() -> None:
    db.session.rollback()
    report = verify_book()
    assert report.holds, [finding for finding in report.findings if finding.offenders]


def available(actor: Actor) -> int:
    return ledger.balance(ledger.available(actor.person_id))


def ask(actor: Actor, amount: int, key: str) -> Withdrawal:
    return withdrawals.ask(
        actor=actor, request_key=key, amount_minor=amount, payout_method="IBAN 6789", provider="fake"
    )


def a_purchase(cast: Cast, *, due: bool = False) -> Purchase:
    """An open purchase; a due one can be released and given back at the same moment."""
    course = live_course(cast.owner, price_minor=10_000)
    fund(cast.student, 10_000)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=10_000)
    if due:
        with db.engine.begin() as connection:
            connection.execute(
                text("UPDATE purchase SET release_at = :at WHERE id = :id"),
                {"at": clock.now() - timedelta(hours=1), "id": purchase.id},
            )
    return purchase


def test_m8_reading_checking_and_writing_without_a_lock_overdraws(committed_app: Flask) -> None:
    """The race itself: what `ask` would be if the balance were read, checked and written without a lock."""
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE unlocked AS SELECT 10000 AS balance, 0 AS taken"))
    both_have_read = threading.Barrier(CLIENTS)

    def take() -> bool:
        with db.engine.begin() as connection:
            seen = connection.execute(text("SELECT balance FROM unlocked")).scalar_one()
            both_have_read.wait()
            if seen < 3_000:
                return False
            connection.execute(
                text("UPDATE unlocked SET balance = :left, taken = taken + 3000"), {"left": seen - 3_000}
            )
            return True

    assert together(committed_app, [take] * CLIENTS) == [True] * CLIENTS
    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT balance, taken FROM unlocked")).one() == (7_000, 24_000)


def test_m8_eight_withdrawals_of_one_balance_take_what_is_there(committed_app: Flask) -> None:
    cast = make_cast()
    fund(cast.owner, 10_000)
    jobs = [lambda key=f"w{number}": ask(cast.owner, 3_000, key) for number in range(CLIENTS)]
    assert codes(together(committed_app, jobs)) == {"ok": 3, "money.not_enough": 5}
    assert available(cast.owner) == 1_000
    assert_book_holds()


def test_m8_one_form_sent_eight_times_is_one_withdrawal(committed_app: Flask) -> None:
    cast = make_cast()
    fund(cast.owner, 10_000)
    outcomes = together(committed_app, [lambda: ask(cast.owner, 3_000, "the form").id] * CLIENTS)
    assert codes(outcomes) == {"ok": CLIENTS}
    assert len(set(outcomes)) == 1
    assert available(cast.owner) == 7_000
    assert_book_holds()


def test_m3_asking_for_ownership_without_a_constraint_finds_none_eight_times(committed_app: Flask) -> None:
    """The race itself: everybody asks "owned already?" before anybody has written, and all hear no."""
    purchase = a_purchase(make_cast())
    with db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE unguarded AS SELECT student_id, course_id FROM purchase WHERE false"))
    everybody_asked = threading.Barrier(CLIENTS)

    def buy() -> None:
        with db.engine.begin() as connection:
            owned = connection.execute(text("SELECT count(*) FROM unguarded")).scalar_one()
            everybody_asked.wait()
            if not owned:
                values = {"student": purchase.student_id, "course": purchase.course_id}
                connection.execute(text("INSERT INTO unguarded VALUES (:student, :course)"), values)

    together(committed_app, [buy] * CLIENTS)
    with db.engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM unguarded")).scalar_one() == CLIENTS


def test_m3_one_course_bought_eight_times_at_once_is_bought_once(committed_app: Flask) -> None:
    cast = make_cast()
    course = live_course(cast.owner, price_minor=1_000)
    fund(cast.student, 10_000)
    jobs = [lambda: purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=1_000)] * CLIENTS
    assert codes(together(committed_app, jobs)) == {"ok": 1, "purchase.already_owned": CLIENTS - 1}
    assert available(cast.student) == 9_000
    assert_book_holds()


def test_m4_m5_without_the_row_lock_both_settle_and_the_database_stops_the_second(committed_app: Flask) -> None:
    """The race itself: refund and release both read *reserved*; only the index of the ledger tells them apart."""
    purchase = a_purchase(make_cast())
    both_have_read = threading.Barrier(2)
    seen = []

    def settle(kind: str, account: str) -> None:
        with db.engine.begin() as connection:
            state = "SELECT state FROM purchase WHERE id = :id"
            seen.append(connection.execute(text(state), {"id": purchase.id}).scalar_one())
            both_have_read.wait()
            connection.execute(
                text(
                    "SELECT ledger_post(:key, '', :kind, now(), NULL, :id, NULL, NULL, NULL,"
                    " CAST(:accounts AS text[]), CAST(:amounts AS bigint[]))"
                ),
                {
                    "key": f"{kind}:{purchase.id}",
                    "kind": kind,
                    "id": purchase.id,
                    "accounts": [ledger.reserve(purchase.id), account],
                    "amounts": [-5_000, 5_000],
                },
            )

    student, author = ledger.available(purchase.student_id), ledger.available(purchase.author_id)
    outcomes = together(committed_app, [lambda: settle("refund", student), lambda: settle("release", author)])
    assert seen == ["reserved", "reserved"]
    assert sorted(type(outcome) for outcome in outcomes if outcome) == [IntegrityError]


def test_m4_m5_refund_against_release_settles_once(committed_app: Flask) -> None:
    cast = make_cast()
    settled: Counter[PurchaseState] = Counter()
    for _round in range(10):
        purchase = a_purchase(cast, due=True)
        outcomes = together(
            committed_app,
            [
                lambda number=purchase.id: purchases.refund(actor=cast.student, purchase_id=number),
                lambda: purchases.release_due(actor=SYSTEM),
            ],
        )
        refund, released = outcomes
        db.session.rollback()
        state = db.session.scalars(select(Purchase.state).where(Purchase.id == purchase.id)).one()
        settled[state] += 1
        if state is PurchaseState.RELEASED:
            assert isinstance(refund, Conflict)
            assert released == 1
        else:
            assert codes([refund]) == {"ok": 1}
            assert released == 0
    assert available(cast.student) == settled[PurchaseState.REFUNDED] * 10_000
    assert available(cast.owner) == settled[PurchaseState.RELEASED] * 8_000
    assert sum(settled.values()) == 10
    assert_book_holds()


def test_m8_two_admins_who_approve_at_once_approve_once(committed_app: Flask) -> None:
    cast = make_cast()
    admins = [cast.admin, person(Role.ADMIN)]
    fund(cast.owner, 50_000)
    for number in range(5):
        asked = ask(cast.owner, 5_000, f"w{number}")
        shown = {"withdrawal_id": asked.id, "shown_amount_minor": 5_000, "shown_state": ASKED}
        jobs = [lambda admin=admin, shown=shown: withdrawals.approve(actor=admin, **shown) for admin in admins]
        assert codes(together(committed_app, jobs)) == {"ok": 1, "withdrawal.changed": 1}
    db.session.rollback()
    approved = select(func.count()).where(OutboxEvent.name == "withdrawal.approved")
    assert db.session.scalar(approved) == 5
    assert_book_holds()


class Client:
    """Somebody who does one money operation after another, without looking whether it is possible."""

    def __init__(self, cast: Cast, authors: list[Actor], students: list[Actor], courses: list[int], seed: int) -> None:
        self.cast, self.authors, self.students, self.courses = cast, authors, students, courses
        self.chance = random.Random(seed)
        self.seed, self.numbers, self.done = seed, count(1), Counter[str]()

    def work(self, operations: int) -> Counter[str]:
        acts = (self.top_up, self.buy, self.buy, self.refund, self.release, self.withdraw, self.decide, self.decide)
        acts += (self.charge_back, self.claw_back, self.bounce)
        for _number in range(operations):
            act = self.chance.choice(acts)
            try:
                act()
                self.done[act.__name__] += 1
            except DomainError as error:
                self.done[error.code] += 1
        return self.done

    def top_up(self) -> None:
        student, key = self.chance.choice(self.students), f"{self.seed}-{next(self.numbers)}"
        card = CardToken(token=key, brand="visa", last4="4242")
        amount = self.chance.randint(1_000, 30_000)
        started = top_ups.start(actor=student, request_key=key, amount_minor=amount, card=card, provider="fake")
        top_ups.record(actor=SYSTEM, top_up_id=started.id, charge=Charge(ChargeState.SETTLED, ref=key))

    def buy(self) -> None:
        student, course = self.chance.choice(self.students), self.chance.choice(self.courses)
        purchases.buy(actor=student, course_id=course, shown_price_minor=3_333)

    def _some(self, query: str) -> int | None:
        with db.engine.begin() as connection:
            found = connection.execute(text(query)).scalars().all()
        return self.chance.choice(found) if found else None

    def refund(self) -> None:
        number = self._some("SELECT id FROM purchase ORDER BY id DESC LIMIT 20")
        if number is not None:
            owner = db.session.scalars(select(Purchase.student_id).where(Purchase.id == number)).one()
            purchases.refund(actor=Actor(owner, self.cast.student.roles), purchase_id=number)

    def charge_back(self) -> None:
        number = self._some("SELECT id FROM top_up ORDER BY id DESC LIMIT 20")
        if number is not None:
            charge = Charge(ChargeState.CHARGED_BACK, ref=f"back-{number}")
            top_ups.record(actor=SYSTEM, top_up_id=number, charge=charge)

    def claw_back(self) -> None:
        number = self._some("SELECT id FROM purchase WHERE state = 'released' ORDER BY id DESC LIMIT 20")
        if number is not None:
            wish = {"purchase_id": number, "reason": "why", "shown_state": PurchaseState.RELEASED}
            clawbacks.give_back(actor=self.cast.admin, **wish)

    def bounce(self) -> None:
        number = self._some("SELECT id FROM withdrawal WHERE state = 'paid'")
        if number is not None:
            answer = Payout(PayoutState.BOUNCED, ref=f"r{number}")
            withdrawals.record_payout(actor=SYSTEM, withdrawal_id=number, payout=answer)

    def release(self) -> None:
        with db.engine.begin() as connection:
            connection.execute(
                text(
                    "UPDATE purchase SET release_at = :at WHERE id IN (SELECT id FROM purchase WHERE state = 'reserved'"
                    " ORDER BY random() LIMIT 3 FOR UPDATE SKIP LOCKED)"
                ),
                {"at": clock.now() - timedelta(hours=1)},
            )
        purchases.release_due(actor=SYSTEM, limit=5)

    def withdraw(self) -> None:
        ask(self.chance.choice(self.authors), self.chance.randint(1_000, 4_000), f"{self.seed}-{next(self.numbers)}")

    def decide(self) -> None:
        number = self._some("SELECT id FROM withdrawal WHERE state IN ('asked', 'approved')")
        if number is None:
            return
        row = db.session.execute(
            select(Withdrawal.user_id, Withdrawal.amount_minor).where(Withdrawal.id == number)
        ).one()
        shown = {"withdrawal_id": number, "shown_amount_minor": row.amount_minor, "shown_state": ASKED}
        author = next(author for author in self.authors if author.user_id == row.user_id)
        how = self.chance.choice(("cancel", "decline", "approve", "approve", "answer", "answer"))
        if how == "cancel":
            withdrawals.cancel(actor=author, withdrawal_id=number)
        elif how == "decline":
            withdrawals.decline(actor=self.cast.admin, reason="no", **shown)
        elif how == "approve":
            withdrawals.approve(actor=self.cast.admin, **shown)
        else:
            payout = Payout(
                self.chance.choice([PayoutState.PAID, PayoutState.PAID, PayoutState.FAILED]), ref=f"r{number}"
            )
            withdrawals.record_payout(actor=SYSTEM, withdrawal_id=number, payout=payout)


@pytest.mark.parametrize("operations", [304, pytest.param(2_000, marks=pytest.mark.soak)])
def test_m10_eight_clients_at_random_leave_a_sound_book(committed_app: Flask, operations: int) -> None:
    cast = make_cast()
    authors = [cast.owner, cast.other_author]
    # An author is a buyer too: their one account is on both sides.
    students = [cast.student, cast.other_student, *authors, *(person() for _number in range(4))]
    courses = [live_course(author, price_minor=3_333).id for author in authors for _number in range(3)]
    for somebody in students:
        fund(somebody, 20_000)
    clients = [Client(cast, authors, students, courses, seed) for seed in range(CLIENTS)]
    outcomes = together(committed_app, [lambda c=c: c.work(operations // CLIENTS) for c in clients])
    # A deadlock or any other error of the database that reached a caller would stand here.
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    done = sum((client.done for client in clients), Counter())
    assert done.total() == operations
    assert all(
        done[act] for act in ("top_up", "buy", "refund", "release", "withdraw", "decide", "charge_back", "claw_back")
    ), done
    assert_book_holds()
