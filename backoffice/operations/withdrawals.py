"""Paying authors out: asked, decided by an admin, paid by the provider or returned (M-8)."""

import re

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from backoffice import clock, ledger, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.formats import money
from backoffice.integrations.payments.base import Payout, PayoutState
from backoffice.models.ledger import TransactionKind
from backoffice.models.payments import Withdrawal, WithdrawalState
from backoffice.money import Money
from backoffice.operations.people import wait_for_turn
from backoffice.operations.texts import REASON_MAX, cleaned, legible_name
from backoffice.outbox import Event, emit

METHOD_LENGTH = 120
# Country, two check digits, groups of four as people write them.
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII)


@operation
def ask(*, actor: Actor, request_key: str, amount_minor: int, payout_method: str, provider: str) -> Withdrawal:
    """Ask to be paid out; the amount leaves *available* at once (M-8).

    A repeated `request_key` returns the first withdrawal. Errors, each with data `field`: `withdrawal.too_small`,
    `withdrawal.method`, `withdrawal.iban`, `withdrawal.debt` while something is owed, `money.not_enough`; and
    `withdrawal.key_reused` for a key that came with another amount.
    """
    actor.require(Action.WITHDRAW)
    # One at a time: a second click finds the first one, and a clawback, which cancels what is asked for, sees it.
    wait_for_turn(actor.person_id)
    earlier = _by_key(actor, request_key)
    if earlier is None:
        return _write(actor, request_key, amount_minor, _checked(actor, amount_minor, payout_method), provider)
    if earlier.amount_minor != amount_minor:
        raise Conflict("withdrawal.key_reused", _l("This form was already sent with another amount. Open it afresh."))
    return earlier


def _by_key(actor: Actor, request_key: str) -> Withdrawal | None:
    query = select(Withdrawal).where(Withdrawal.user_id == actor.person_id, Withdrawal.request_key == request_key)
    return db.session.scalar(query)


def _checked(actor: Actor, amount_minor: int, payout_method: str) -> str:
    if amount_minor < settings().min_withdrawal_minor:
        least = money(Money(settings().min_withdrawal_minor, settings().currency))
        message = _l("A withdrawal is %(least)s at least.", least=least)
        raise Refused("withdrawal.too_small", message, field="amount")
    method = _good_method(payout_method)
    if ledger.balance(ledger.debt(actor.person_id)) < 0:
        raise Refused(
            "withdrawal.debt", _l("Money is owed. Sales pay that first, then you can withdraw again."), field="amount"
        )
    # Only the kinder error: the ledger decides, under its lock.
    if ledger.balance(ledger.available(actor.person_id)) < amount_minor:
        raise Refused("money.not_enough", _l("There is not enough money on the balance."), field="amount")
    return method


def _good_method(payout_method: str) -> str:
    """What the payee typed: one line with an account in it; an IBAN has to be a possible one."""
    method = " ".join(payout_method.split())
    if not legible_name(method, METHOD_LENGTH) or not re.search(r"[0-9]{4}|[^ @]+@[^ @]+", method.replace(" ", "")):
        raise Refused(
            "withdrawal.method",
            _l("Say where the money should go: the number of an account or the address of a wallet."),
            field="payout_method",
        )
    if not all(_is_iban(found[0]) for found in _IBAN.finditer(method.upper())):
        raise Refused(
            "withdrawal.iban", _l("This IBAN has a mistake: its check digits do not fit."), field="payout_method"
        )
    return method


def _is_iban(text: str) -> bool:
    """Whether it begins with an IBAN (ISO 7064, mod 97-10); a name that follows looks like more groups of it."""
    groups = text.split()
    for end in range(1, len(groups) + 1):
        letters = "".join(groups[:end])
        if int("".join(str(int(letter, 36)) for letter in letters[4:] + letters[:4])) % 97 == 1:
            return True
    return False


def _write(actor: Actor, request_key: str, amount_minor: int, method: str, provider: str) -> Withdrawal:
    withdrawal = Withdrawal(
        user_id=actor.person_id,
        request_key=request_key,
        amount_minor=amount_minor,
        currency=settings().currency,
        payout_method=method,
        provider=provider,
    )
    db.session.add(withdrawal)
    db.session.flush()
    states.begin(withdrawal, actor=actor)
    ledger.post(
        TransactionKind.WITHDRAWAL,
        key=f"withdrawal:{withdrawal.id}",
        lines={ledger.available(actor.person_id): -amount_minor, ledger.withdrawing(withdrawal.id): amount_minor},
        actor=actor,
        withdrawal_id=withdrawal.id,
    )
    emit(Event.WITHDRAWAL_ASKED, withdrawal_id=withdrawal.id)
    return withdrawal


@operation
def cancel(*, actor: Actor, withdrawal_id: int) -> Withdrawal:
    """Take a withdrawal back before it is decided; the money returns (M-8).

    Errors: `withdrawal.not_found`, `state.illegal` when it was decided meanwhile.
    """
    withdrawal = _locked(withdrawal_id)
    if withdrawal.user_id != actor.person_id:
        raise NotFound("withdrawal.not_found", _l("There is no such withdrawal."))
    if withdrawal.state is WithdrawalState.CANCELLED:
        return withdrawal
    states.move(withdrawal, WithdrawalState.CANCELLED, actor=actor)
    _return_money(withdrawal, actor)
    return withdrawal


def cancel_for_clawback(withdrawal: Withdrawal, actor: Actor, reason: str) -> None:
    """Part of an operation that holds the withdrawal's lock: the house cancels it and tells the author why."""
    states.move(withdrawal, WithdrawalState.CANCELLED, actor=actor, reason=reason)
    withdrawal.decline_reason = reason
    withdrawal.decided_by, withdrawal.decided_at = actor.user_id, clock.now()
    _return_money(withdrawal, actor)
    emit(Event.WITHDRAWAL_CANCELLED, withdrawal_id=withdrawal.id)


@operation
def approve(*, actor: Actor, withdrawal_id: int, shown_amount_minor: int, shown_state: WithdrawalState) -> Withdrawal:
    """An admin lets a withdrawal go out; the payout provider is asked after the commit (M-8, B-8).

    Amount and state are those on the admin's screen (rule 4). A repeated click of the same admin returns the
    approved withdrawal. Errors: `withdrawal.not_found`, `withdrawal.own`, `withdrawal.changed`, `state.illegal`.
    """
    withdrawal = _locked(withdrawal_id)
    _may_decide(actor, withdrawal)
    if withdrawal.state is WithdrawalState.APPROVED and withdrawal.decided_by == actor.user_id:
        return withdrawal
    _as_shown(withdrawal, shown_amount_minor, shown_state)
    states.move(withdrawal, WithdrawalState.APPROVED, actor=actor)
    withdrawal.decided_by, withdrawal.decided_at = actor.user_id, clock.now()
    emit(Event.WITHDRAWAL_APPROVED, withdrawal_id=withdrawal.id)
    return withdrawal


@operation
def decline(
    *, actor: Actor, withdrawal_id: int, reason: str, shown_amount_minor: int, shown_state: WithdrawalState
) -> Withdrawal:
    """An admin refuses a withdrawal and says why; the money returns (M-8).

    Errors: those of `approve`, and `withdrawal.reason` (data: field) when no reason is given.
    """
    withdrawal = _locked(withdrawal_id)
    _may_decide(actor, withdrawal)
    if withdrawal.state is WithdrawalState.DECLINED and withdrawal.decided_by == actor.user_id:
        return withdrawal
    reason = cleaned(reason, field="reason", at_most=REASON_MAX)
    if not reason:
        raise Refused("withdrawal.reason", _l("Say why, the author will read it."), field="reason")
    _as_shown(withdrawal, shown_amount_minor, shown_state)
    withdrawal.decline_reason = reason
    states.move(withdrawal, WithdrawalState.DECLINED, actor=actor, reason=reason)
    withdrawal.decided_by, withdrawal.decided_at = actor.user_id, clock.now()
    _return_money(withdrawal, actor)
    emit(Event.WITHDRAWAL_DECLINED, withdrawal_id=withdrawal.id)
    return withdrawal


@operation
def record_payout(*, actor: Actor, withdrawal_id: int, payout: Payout) -> Withdrawal:
    """Write down what the payout provider answered: paid, failed and returned, or bounced after it was paid (M-8).

    An answer that comes twice, late or out of order changes nothing. Errors: `withdrawal.not_found`, `state.illegal`
    if it was never approved.
    """
    withdrawal = _locked(withdrawal_id)
    actor.require(Action.RUN_SWEEPS)
    if payout.state is PayoutState.PENDING or withdrawal.state in (WithdrawalState.FAILED, WithdrawalState.BOUNCED):
        withdrawal.provider_ref = withdrawal.provider_ref or payout.ref
        return withdrawal
    if payout.state is PayoutState.FAILED and withdrawal.state is not WithdrawalState.PAID:
        states.move(withdrawal, WithdrawalState.FAILED, actor=actor, reason=payout.failure)
        withdrawal.provider_ref = payout.ref
        _return_money(withdrawal, actor)
        emit(Event.WITHDRAWAL_FAILED, withdrawal_id=withdrawal.id)
        return withdrawal
    if withdrawal.state is not WithdrawalState.PAID:
        _pay(withdrawal, payout, actor)
    if payout.state is not PayoutState.PAID:
        _bounce(withdrawal, payout, actor)
    return withdrawal


def _pay(withdrawal: Withdrawal, payout: Payout, actor: Actor) -> None:
    states.move(withdrawal, WithdrawalState.PAID, actor=actor)
    withdrawal.provider_ref = payout.ref
    withdrawal.settled_at = clock.now()
    ledger.post(
        TransactionKind.WITHDRAWAL_PAID,
        key=f"withdrawal-paid:{withdrawal.id}",
        lines={
            ledger.withdrawing(withdrawal.id): -withdrawal.amount_minor,
            ledger.provider(withdrawal.provider): withdrawal.amount_minor,
        },
        actor=actor,
        withdrawal_id=withdrawal.id,
    )
    emit(Event.WITHDRAWAL_PAID, withdrawal_id=withdrawal.id)


def _bounce(withdrawal: Withdrawal, payout: Payout, actor: Actor) -> None:
    # The money was there and came back; a debt of the author is paid first.
    states.move(withdrawal, WithdrawalState.BOUNCED, actor=actor, reason=payout.failure)
    withdrawal.bounced_at = clock.now()
    ledger.post(
        TransactionKind.PAYOUT_BOUNCED,
        key=f"payout-bounced:{withdrawal.id}",
        lines={
            ledger.provider(withdrawal.provider): -withdrawal.amount_minor,
            ledger.due(withdrawal.user_id): withdrawal.amount_minor,
        },
        actor=actor,
        withdrawal_id=withdrawal.id,
    )
    emit(Event.WITHDRAWAL_BOUNCED, withdrawal_id=withdrawal.id)


def _locked(withdrawal_id: int) -> Withdrawal:
    withdrawal = db.session.scalar(
        select(Withdrawal)
        .where(Withdrawal.id == withdrawal_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if withdrawal is None:
        raise NotFound("withdrawal.not_found", _l("There is no such withdrawal."))
    return withdrawal


def _may_decide(actor: Actor, withdrawal: Withdrawal) -> None:
    actor.require(Action.DECIDE_WITHDRAWALS)
    if withdrawal.user_id == actor.user_id:
        raise NotAllowed("withdrawal.own", _l("This is your own withdrawal: another admin has to decide it."))


def _as_shown(withdrawal: Withdrawal, amount_minor: int, state: WithdrawalState) -> None:
    if (withdrawal.amount_minor, withdrawal.state) != (amount_minor, state):
        raise Conflict(
            "withdrawal.changed",
            _l("This withdrawal has changed since the page was shown. Look at it again and decide."),
        )


def _return_money(withdrawal: Withdrawal, actor: Actor) -> None:
    withdrawal.settled_at = clock.now()
    ledger.post(
        TransactionKind.WITHDRAWAL_RETURNED,
        key=f"withdrawal-returned:{withdrawal.id}",
        lines={
            ledger.withdrawing(withdrawal.id): -withdrawal.amount_minor,
            ledger.due(withdrawal.user_id): withdrawal.amount_minor,
        },
        actor=actor,
        withdrawal_id=withdrawal.id,
    )
