"""Withdrawals: M-8, B-8, T-2."""

import pytest
from sqlalchemy import func, select

from backoffice import ledger
from backoffice.access import SYSTEM, Role
from backoffice.db import db
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.models.outbox import OutboxEvent
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.timeline import Transition
from backoffice.operations import withdrawals
from backoffice.tasks.actors import money
from tests.factories.money import fund
from tests.factories.people import Cast, person

ASKED = {"shown_amount_minor": 3_000, "shown_state": WithdrawalState.ASKED}


def ask(actor, amount: int = 3_000, key: str = "form-1", method: str = "IBAN DE00 6789") -> Withdrawal:
    return withdrawals.ask(actor=actor, request_key=key, amount_minor=amount, payout_method=method, provider="fake")


def available(actor) -> int:
    return ledger.balance(ledger.available(actor.user_id))


def moves() -> list[str]:
    query = select(Transition.to_state).where(Transition.subject == "withdrawal").order_by(Transition.id)
    return list(db.session.scalars(query))


def test_m8_asked_amount_leaves_available_at_once(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner)
    assert available(cast.owner) == 7_000
    assert ledger.balance(ledger.withdrawing(withdrawal.id)) == 3_000
    assert db.session.scalars(select(OutboxEvent.name)).all() == ["withdrawal.asked"]


def test_m8_double_click_is_one_withdrawal(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    assert ask(cast.owner).id == ask(cast.owner).id
    assert available(cast.owner) == 7_000
    with pytest.raises(Conflict, match=r"withdrawal\.key_reused"):
        ask(cast.owner, amount=4_000)


@pytest.mark.parametrize(
    ("amount", "method", "code", "field"),
    [
        (999, "IBAN DE00 6789", "withdrawal.too_small", "amount"),
        (-3_000, "IBAN DE00 6789", "withdrawal.too_small", "amount"),
        (3_000, "  ", "withdrawal.method", "payout_method"),
        (3_000, "to my bank", "withdrawal.method", "payout_method"),
        (3_000, "IBAN DE89 3704 0044 0532 0130 01, Anna", "withdrawal.iban", "payout_method"),
        (10_001, "IBAN DE00 6789", "money.not_enough", "amount"),
    ],
)
def test_m8_refusals_leave_nothing_behind(cast: Cast, amount: int, method: str, code: str, field: str) -> None:
    fund(cast.owner, 10_000)
    with pytest.raises(Refused) as refused:
        ask(cast.owner, amount=amount, method=method)
    assert (refused.value.code, refused.value.data["field"]) == (code, field)
    assert available(cast.owner) == 10_000
    assert db.session.scalar(select(func.count(Withdrawal.id))) == 0


def test_b8_students_do_not_withdraw(cast: Cast) -> None:
    fund(cast.student, 10_000)
    with pytest.raises(NotAllowed):
        ask(cast.student)


def test_m8_cancelled_money_comes_back_once(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner)
    for stranger in (cast.other_author, cast.admin):
        with pytest.raises(NotFound):
            withdrawals.cancel(actor=stranger, withdrawal_id=withdrawal.id)
    for _twice in range(2):
        withdrawals.cancel(actor=cast.owner, withdrawal_id=withdrawal.id)
    assert available(cast.owner) == 10_000
    assert moves() == ["asked", "cancelled"]


def test_m8_approved_is_paid_once_however_often_the_task_runs(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner)
    for _twice in range(2):
        withdrawals.approve(actor=cast.admin, withdrawal_id=withdrawal.id, **ASKED)
    for _twice in range(2):
        money.pay_out(withdrawal_id=withdrawal.id)
    assert moves() == ["asked", "approved", "paid"]
    assert available(cast.owner) == 7_000
    assert ledger.balance(ledger.withdrawing(withdrawal.id)) == 0
    assert ledger.balance("provider:fake") == -7_000
    with pytest.raises(Conflict, match=r"state\.illegal"):
        withdrawals.cancel(actor=cast.owner, withdrawal_id=withdrawal.id)


def test_m8_a_payout_that_fails_returns_the_money(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner, method="IBAN DE00 0002")
    withdrawals.approve(actor=cast.admin, withdrawal_id=withdrawal.id, **ASKED)
    for _twice in range(2):
        money.pay_out(withdrawal_id=withdrawal.id)
    assert moves() == ["asked", "approved", "failed"]
    assert available(cast.owner) == 10_000
    reason = select(Transition.reason).where(Transition.to_state == "failed")
    assert db.session.scalar(reason) == "account_closed"


def test_m8_nothing_is_paid_before_an_admin_approved(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner)
    money.pay_out(withdrawal_id=withdrawal.id)
    with pytest.raises(Conflict, match=r"state\.illegal"):
        withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal.id, payout=Payout(PayoutState.PAID, ref="x"))
    assert moves() == ["asked"]


def test_m8_declined_with_a_reason_returns_the_money(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner)
    with pytest.raises(Refused, match=r"withdrawal\.reason"):
        withdrawals.decline(actor=cast.admin, withdrawal_id=withdrawal.id, reason=" ", **ASKED)
    for _twice in range(2):
        withdrawals.decline(actor=cast.admin, withdrawal_id=withdrawal.id, reason="Name differs", **ASKED)
    assert available(cast.owner) == 10_000
    assert moves() == ["asked", "declined"]
    assert db.session.scalar(select(Withdrawal.decline_reason)) == "Name differs"


def test_m8_a_decision_is_bound_to_what_was_shown(cast: Cast) -> None:
    fund(cast.owner, 10_000)
    withdrawal = ask(cast.owner)
    with pytest.raises(Conflict, match=r"withdrawal\.changed"):
        withdrawals.approve(
            actor=cast.admin,
            withdrawal_id=withdrawal.id,
            shown_amount_minor=2_000,
            shown_state=WithdrawalState.ASKED,
        )
    withdrawals.cancel(actor=cast.owner, withdrawal_id=withdrawal.id)
    with pytest.raises(Conflict, match=r"withdrawal\.changed"):
        withdrawals.approve(actor=cast.admin, withdrawal_id=withdrawal.id, **ASKED)
    assert moves() == ["asked", "cancelled"]


def test_b8_only_another_admin_decides(cast: Cast) -> None:
    both = person(Role.AUTHOR, Role.ADMIN)
    fund(both, 10_000)
    withdrawal = ask(both)
    for actor, code in ((both, "withdrawal.own"), (cast.moderator, "access.denied"), (cast.owner, "access.denied")):
        with pytest.raises(NotAllowed, match=code.replace(".", r"\.")):
            withdrawals.approve(actor=actor, withdrawal_id=withdrawal.id, **ASKED)
        with pytest.raises(NotAllowed, match=code.replace(".", r"\.")):
            withdrawals.decline(actor=actor, withdrawal_id=withdrawal.id, reason="no", **ASKED)
    withdrawals.approve(actor=cast.admin, withdrawal_id=withdrawal.id, **ASKED)
    assert moves() == ["asked", "approved"]
