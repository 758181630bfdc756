"""Money that staff give back, before and after the release; debts that later sales pay (M-4, M-5)."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from backoffice import clock, ledger
from backoffice.access import SYSTEM, Actor
from backoffice.db import db
from backoffice.errors import Conflict, NotAllowed, Refused
from backoffice.integrations.payments.base import Charge, ChargeState, Payout, PayoutState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.payments import TopUp, TopUpState, Withdrawal, WithdrawalState
from backoffice.models.purchases import Enrolment, Purchase, PurchaseState
from backoffice.models.timeline import Transition
from backoffice.operations import clawbacks, purchases, top_ups, withdrawals
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, person

PRICE, PART, COMMISSION = 9_999, 8_000, 1_999


def bought(cast: Cast, *, student: Actor | None = None, released: bool = True) -> Purchase:
    """A purchase for 99.99; released, the author has 80.00 of it."""
    student = student or person()
    course = live_course(cast.owner, price_minor=PRICE)
    fund(student, PRICE)
    purchase = purchases.buy(actor=student, course_id=course.id, shown_price_minor=PRICE)
    if released:
        with clock.at(purchase.refundable_until + timedelta(seconds=1)):
            purchases.release_due(actor=SYSTEM)
    return db.session.get_one(Purchase, purchase.id, populate_existing=True)


def give_back(cast: Cast, purchase: Purchase, **changes: object) -> Purchase:
    arguments = {
        "actor": cast.admin,
        "purchase_id": purchase.id,
        "reason": "A copied course",
        "shown_state": purchase.state,
    }
    return clawbacks.give_back(**(arguments | changes))


def ask(actor: Actor, amount: int, key: str = "k") -> Withdrawal:
    return withdrawals.ask(
        actor=actor, request_key=key, amount_minor=amount, payout_method="IBAN 6789", provider="fake"
    )


def paid(cast: Cast, amount: int) -> Withdrawal:
    asked = ask(cast.owner, amount, "paid")
    shown = {"shown_amount_minor": amount, "shown_state": WithdrawalState.ASKED}
    withdrawals.approve(actor=cast.admin, withdrawal_id=asked.id, **shown)
    return withdrawals.record_payout(
        actor=SYSTEM, withdrawal_id=asked.id, payout=Payout(PayoutState.PAID, ref="payout-1")
    )


def available(actor: Actor) -> int:
    return ledger.balance(ledger.available(actor.person_id))


def debt(actor: Actor) -> int:
    return ledger.balance(ledger.debt(actor.person_id))


def test_m5_a_clawback_takes_the_authors_part_and_the_commission(cast: Cast) -> None:
    student = person()
    purchase = give_back(cast, bought(cast, student=student))
    assert purchase.state is PurchaseState.CLAWED_BACK
    assert (available(student), available(cast.owner), debt(cast.owner)) == (PRICE, 0, 0)
    assert ledger.balance(ledger.COMMISSION) == 0
    assert db.session.scalar(select(Enrolment.ended_at).where(Enrolment.purchase_id == purchase.id)) is not None
    told = db.session.scalars(select(OutboxEvent.payload).where(OutboxEvent.name == "purchase.clawed_back")).all()
    assert told == [{"purchase_id": purchase.id}]
    step = select(Transition).where(Transition.subject == "purchase", Transition.to_state == "clawed_back")
    found = db.session.scalars(step).one()
    assert (found.reason, found.actor_id, found.from_state) == ("A copied course", cast.admin.user_id, "released")


def test_m5_what_the_author_has_not_is_a_debt_that_later_sales_pay_first(cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    assert (available(cast.owner), debt(cast.owner)) == (0, -7_000)
    bought(cast)
    assert (available(cast.owner), debt(cast.owner)) == (1_000, 0)


def test_m8_who_owes_withdraws_nothing_until_sales_have_paid(cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    fund(cast.owner, 2_000)
    assert (available(cast.owner), debt(cast.owner)) == (0, -5_000)
    with pytest.raises(Refused) as error:
        ask(cast.owner, 1_500, "owing")
    assert (error.value.code, error.value.data) == ("withdrawal.debt", {"field": "amount"})
    bought(cast)
    assert (available(cast.owner), debt(cast.owner)) == (3_000, 0)
    assert ask(cast.owner, 1_500, "owing").state is WithdrawalState.ASKED


def test_m5_sales_released_together_pay_a_debt_once(cast: Cast) -> None:
    purchase = bought(cast)
    paid(cast, 7_000)
    give_back(cast, purchase)
    later = [bought(cast, released=False) for _number in range(3)]
    with clock.at(later[-1].refundable_until + timedelta(seconds=1)):
        assert purchases.release_due(actor=SYSTEM) == 3
    assert (available(cast.owner), debt(cast.owner)) == (3 * PART - 7_000, 0)


def test_m5_a_debt_larger_than_the_sales_takes_all_of_them(cast: Cast) -> None:
    first = [bought(cast) for _number in range(3)]
    paid(cast, 3 * PART)
    for purchase in first:
        give_back(cast, purchase)
    assert debt(cast.owner) == -3 * PART
    later = [bought(cast, released=False) for _number in range(2)]
    with clock.at(later[-1].refundable_until + timedelta(seconds=1)):
        purchases.release_due(actor=SYSTEM)
    assert (available(cast.owner), debt(cast.owner)) == (0, -PART)


def test_m8_a_clawback_first_cancels_withdrawals_that_nobody_approved(cast: Cast) -> None:
    purchase = bought(cast)
    asked = ask(cast.owner, 5_000)
    give_back(cast, purchase)
    cancelled = db.session.get_one(Withdrawal, asked.id, populate_existing=True)
    assert (cancelled.state, cancelled.decline_reason) == (WithdrawalState.CANCELLED, "A copied course")
    assert (cancelled.decided_by, cancelled.decided_at is None) == (cast.admin.user_id, False)
    told = db.session.scalars(select(OutboxEvent.payload).where(OutboxEvent.name == "withdrawal.cancelled"))
    assert told.all() == [{"withdrawal_id": asked.id}]
    assert (available(cast.owner), debt(cast.owner)) == (0, 0)


def test_m8_an_approved_withdrawal_goes_out_and_leaves_a_debt(cast: Cast) -> None:
    purchase = bought(cast)
    asked = ask(cast.owner, 5_000)
    withdrawals.approve(
        actor=cast.admin, withdrawal_id=asked.id, shown_amount_minor=5_000, shown_state=WithdrawalState.ASKED
    )
    give_back(cast, purchase)
    assert (available(cast.owner), debt(cast.owner)) == (0, -5_000)


def test_m4_before_the_release_staff_return_the_reserve(cast: Cast) -> None:
    student = person()
    purchase = give_back(cast, bought(cast, student=student, released=False))
    assert (purchase.state, purchase.return_reason) == (PurchaseState.REFUNDED, "A copied course")
    assert (available(student), available(cast.owner)) == (PRICE, 0)


def test_m4_a_second_click_moves_nothing(cast: Cast) -> None:
    student = person()
    purchase = bought(cast, student=student)
    give_back(cast, purchase)
    give_back(cast, purchase, shown_state=PurchaseState.RELEASED)
    assert available(student) == PRICE


def test_m4_staff_decide_on_what_they_saw(cast: Cast) -> None:
    purchase = bought(cast)
    with pytest.raises(Conflict) as error:
        give_back(cast, purchase, shown_state=PurchaseState.RESERVED)
    assert error.value.code == "purchase.changed"
    with pytest.raises(Refused) as refused:
        give_back(cast, purchase, reason="  ")
    assert refused.value.code == "clawback.reason"
    assert available(cast.owner) == PART


@pytest.mark.parametrize("who", ["owner", "student", "moderator", "visitor"])
def test_b8_only_admins_give_money_back(cast: Cast, who: str) -> None:
    purchase = bought(cast)
    with pytest.raises(NotAllowed):
        give_back(cast, purchase, actor=getattr(cast, who))


def test_m3_a_course_that_was_clawed_back_can_be_bought_again(cast: Cast) -> None:
    student = person()
    purchase = give_back(cast, bought(cast, student=student))
    again = purchases.buy(actor=student, course_id=purchase.course_id, shown_price_minor=PRICE)
    assert again.id != purchase.id


def charge_back(top_up: TopUp) -> TopUp:
    charge = Charge(ChargeState.CHARGED_BACK, ref=str(top_up.provider_ref), decline_code="fraud")
    return top_ups.record(actor=SYSTEM, top_up_id=top_up.id, charge=charge)


def test_m2_a_chargeback_takes_what_is_left_and_the_rest_is_owed(cast: Cast) -> None:
    top_up = fund(cast.student, 10_000)
    course = live_course(cast.owner, price_minor=6_000)
    purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=6_000)
    assert charge_back(top_up).state is TopUpState.CHARGED_BACK
    assert (available(cast.student), debt(cast.student)) == (0, -6_000)
    charge_back(top_up)
    assert debt(cast.student) == -6_000
    assert ledger.balance(ledger.provider("fake")) == 0


def test_m2_a_charge_that_was_declined_cannot_be_charged_back(cast: Cast) -> None:
    top_up = fund(cast.student, 10_000)
    db.session.execute(text("UPDATE top_up SET state = 'declined' WHERE id = :id"), {"id": top_up.id})
    db.session.commit()
    assert charge_back(top_up).state is TopUpState.DECLINED
    assert available(cast.student) == 10_000


def test_m8_a_bounced_payout_returns_and_pays_a_debt_first(cast: Cast) -> None:
    purchase = bought(cast)
    withdrawal = paid(cast, 7_000)
    give_back(cast, purchase)
    assert debt(cast.owner) == -7_000
    bounce = Payout(PayoutState.BOUNCED, ref="payout-1", failure="account_closed")
    for _time in range(2):
        done = withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal.id, payout=bounce)
        assert done.state is WithdrawalState.BOUNCED
        assert (available(cast.owner), debt(cast.owner)) == (0, 0)
    late = Payout(PayoutState.PAID, ref="payout-1")
    assert withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal.id, payout=late).state.value == "bounced"
