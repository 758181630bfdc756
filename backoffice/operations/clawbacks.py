"""Staff give a student's money back, even after it was released to the author (M-4, M-5)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock, ledger, states
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.models.ledger import TransactionKind
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.operations import withdrawals
from backoffice.operations.people import wait_for_turn
from backoffice.operations.purchases import end_access, return_reserve
from backoffice.operations.texts import REASON_MAX, cleaned
from backoffice.outbox import Event, emit


@operation
def give_back(*, actor: Actor, purchase_id: int, reason: str, shown_state: PurchaseState) -> Purchase:
    """An admin returns the whole price of a purchase: from its reserve, or after the release by a clawback.

    A clawback cancels the author's withdrawals that nobody has approved, takes the author's part from what is
    available as far as it goes, leaves the rest as a debt that later sales pay first, and takes the commission back.
    `shown_state` is the one on the admin's screen (rule 4). A repeated request moves nothing.

    Errors: `purchase.not_found`, `purchase.changed`, `clawback.reason` (data: field), `state.illegal`.
    """
    purchase = db.session.scalar(
        select(Purchase).where(Purchase.id == purchase_id).with_for_update().execution_options(populate_existing=True)
    )
    actor.require(Action.GIVE_MONEY_BACK)
    if purchase is None:
        raise NotFound("purchase.not_found", _l("There is no such purchase."))
    if purchase.state in (PurchaseState.REFUNDED, PurchaseState.CLAWED_BACK) and purchase.return_reason is not None:
        return purchase
    if purchase.state is not shown_state:
        raise Conflict(
            "purchase.changed", _l("This purchase has changed since the page was shown. Look at it again and decide.")
        )
    reason = cleaned(reason, field="reason", at_most=REASON_MAX)
    if not reason:
        raise Refused("clawback.reason", _l("Say why: the student and the author will read it."), field="reason")
    purchase.return_reason = reason
    if purchase.state is PurchaseState.RESERVED:
        return_reserve(purchase, actor, reason)
    else:
        _claw_back(purchase, actor, reason)
    return purchase


def _claw_back(purchase: Purchase, actor: Actor, reason: str) -> None:
    states.move(purchase, PurchaseState.CLAWED_BACK, actor=actor, reason=reason, course_id=purchase.course_id)
    purchase.clawed_back_at = clock.now()
    end_access(purchase)
    if purchase.price_minor:
        _cancel_withdrawals(purchase.author_id, actor, reason)
        ledger.post(
            TransactionKind.CLAWBACK,
            key=f"clawback:{purchase.id}",
            lines={
                ledger.due(purchase.author_id): purchase.commission_minor - purchase.price_minor,
                ledger.COMMISSION: -purchase.commission_minor,
                ledger.due(purchase.student_id): purchase.price_minor,
            },
            actor=actor,
            purchase_id=purchase.id,
        )
    emit(Event.PURCHASE_CLAWED_BACK, purchase_id=purchase.id)


def _cancel_withdrawals(author_id: int, actor: Actor, reason: str) -> None:
    wait_for_turn(author_id)
    asked = db.session.scalars(
        select(Withdrawal)
        .where(Withdrawal.user_id == author_id, Withdrawal.state == WithdrawalState.ASKED)
        .order_by(Withdrawal.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for withdrawal in asked:
        withdrawals.cancel_for_clawback(withdrawal, actor, reason)
