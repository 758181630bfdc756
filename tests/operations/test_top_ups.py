"""Topping up by card: M-2, T-2."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from backoffice import clock, ledger
from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.errors import Conflict, NotAllowed, Refused
from backoffice.integrations.payments import payment_provider
from backoffice.integrations.payments.base import CardToken, Charge, ChargeState, checked_card, passes_luhn
from backoffice.integrations.payments.fake import DELAY
from backoffice.models.ledger import LedgerTransaction
from backoffice.models.outbox import OutboxEvent
from backoffice.models.payments import TopUp, TopUpState
from backoffice.operations import top_ups
from backoffice.tasks.actors import money
from tests.factories.people import Cast

GOOD, DECLINED, DELAYED = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 0259"
NEXT_YEAR = date(2099, 12, 31)


def token(number: str = GOOD) -> CardToken:
    return payment_provider("fake").tokenize(checked_card(number, NEXT_YEAR, "123"), keep=False)


def start(actor, number: str = GOOD, amount: int = 5_000, key: str = "form-1") -> TopUp:
    return top_ups.start(actor=actor, request_key=key, amount_minor=amount, card=token(number), provider="fake")


def available(actor) -> int:
    return ledger.balance(ledger.available(actor.user_id))


def state(top_up: TopUp) -> TopUpState:
    return db.session.scalars(select(TopUp.state).where(TopUp.id == top_up.id)).one()


def test_m2_good_card_credits_the_balance_once_however_often_the_task_runs(cast: Cast) -> None:
    top_up = start(cast.student)
    assert available(cast.student) == 0
    for _twice in range(2):
        money.settle_top_up(top_up_id=top_up.id)
    assert (state(top_up), available(cast.student)) == (TopUpState.SETTLED, 5_000)
    assert ledger.balance("provider:fake") == -5_000
    events = db.session.scalars(select(OutboxEvent.name).order_by(OutboxEvent.id)).all()
    assert events == ["top_up.started", "top_up.settled"]


def test_m2_declined_card_moves_nothing_and_says_why(cast: Cast) -> None:
    top_up = start(cast.student, DECLINED)
    money.settle_top_up(top_up_id=top_up.id)
    assert (state(top_up), available(cast.student)) == (TopUpState.DECLINED, 0)
    assert db.session.scalar(select(TopUp.decline_code)) == "card_declined"
    assert db.session.scalar(select(func.count(LedgerTransaction.id))) == 0


def test_m2_t4_delayed_card_settles_by_the_sweep_when_the_provider_is_ready(cast: Cast) -> None:
    top_up = start(cast.student, DELAYED)
    money.settle_top_up(top_up_id=top_up.id)
    assert (state(top_up), available(cast.student)) == (TopUpState.PENDING, 0)
    assert money.settle_pending_top_ups() == 1
    assert state(top_up) is TopUpState.PENDING
    with clock.at(clock.now() + DELAY + timedelta(seconds=1)):
        money.settle_pending_top_ups()
        assert money.settle_pending_top_ups() == 0
    assert (state(top_up), available(cast.student)) == (TopUpState.SETTLED, 5_000)


def test_m2_a_late_answer_changes_nothing(cast: Cast) -> None:
    top_up = start(cast.student)
    money.settle_top_up(top_up_id=top_up.id)
    top_ups.record(
        actor=SYSTEM, top_up_id=top_up.id, charge=Charge(ChargeState.DECLINED, ref="late", decline_code="late")
    )
    assert (state(top_up), available(cast.student)) == (TopUpState.SETTLED, 5_000)


def test_m2_double_click_is_one_top_up(cast: Cast) -> None:
    first, second = start(cast.student), start(cast.student)
    assert first.id == second.id
    assert db.session.scalars(select(OutboxEvent.name)).all() == ["top_up.started"]
    with pytest.raises(Conflict, match=r"top_up\.key_reused"):
        start(cast.student, amount=6_000)


def test_m2_the_same_key_of_somebody_else_is_another_top_up(cast: Cast) -> None:
    assert start(cast.student).id != start(cast.other_student).id


@pytest.mark.parametrize("amount", [-100, 0, 99, 1_000_001])
def test_m2_amount_has_limits(cast: Cast, amount: int) -> None:
    with pytest.raises(Refused) as refused:
        start(cast.student, amount=amount)
    assert (refused.value.code, refused.value.data) == ("top_up.amount", {"field": "amount"})
    assert db.session.scalar(select(func.count(TopUp.id))) == 0


def test_b8_visitors_cannot_top_up_and_people_cannot_answer_for_the_provider(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        start(cast.visitor)
    top_up = start(cast.student)
    for actor in (cast.student, cast.admin):
        with pytest.raises(NotAllowed):
            top_ups.record(actor=actor, top_up_id=top_up.id, charge=Charge(ChargeState.SETTLED, ref="mine"))
    assert available(cast.student) == 0


def test_m2_only_brand_last_four_and_token_of_a_card_are_kept(cast: Cast) -> None:
    start(cast.student)
    row = db.session.execute(select(TopUp.__table__)).one()
    assert (row.card_brand, row.card_last4) == ("visa", "4242")
    assert "424242424242" not in " ".join(str(value) for value in row)
    card = checked_card(GOOD, NEXT_YEAR, "987")
    assert "4242" not in repr(card)
    assert "987" not in repr(card)


@pytest.mark.parametrize(
    ("number", "expires", "code", "problem"),
    [
        ("4242 4242 4242 4241", NEXT_YEAR, "123", "card.number"),
        ("4242", NEXT_YEAR, "123", "card.number"),
        ("\u0664242424242424242", NEXT_YEAR, "123", "card.number"),
        (GOOD, date(2020, 1, 31), "123", "card.expired"),
        (GOOD, NEXT_YEAR, "12", "card.code"),
        ("4111 1111 1111 1111", NEXT_YEAR, "123", "card.test_only"),
    ],
)
def test_m2_cards_that_cannot_be_used(cast: Cast, number: str, expires: date, code: str, problem: str) -> None:
    with pytest.raises(Refused) as refused:
        payment_provider("fake").tokenize(checked_card(number, expires, code), keep=False)
    assert refused.value.code == problem
    assert refused.value.data["field"] in ("number", "expires", "code")


def test_m2_luhn_finds_every_single_wrong_digit() -> None:
    digits = "4000000000000259"
    assert passes_luhn(digits)
    for place in range(len(digits)):
        for wrong in set("0123456789") - {digits[place]}:
            assert not passes_luhn(digits[:place] + wrong + digits[place + 1 :])
