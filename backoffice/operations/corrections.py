"""Mending the book by another transaction, with a second admin above a limit (B-4, M-10)."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock, ledger, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotAllowed, NotFound, Refused
from backoffice.models.corrections import Correction, CorrectionState
from backoffice.models.ledger import Account, TransactionKind
from backoffice.operations.texts import REASON_MAX, cleaned

# Reserves and withdrawals have stories of their own: money leaves them by a refund, a release, a payout.
KINDS = ("available", "debt", "platform", "provider")


@operation
def enter(*, actor: Actor, request_key: str, lines: Mapping[str, int], reason: str) -> Correction:
    """Enter a correction: `lines` maps names of existing accounts to signed minor units that sum to zero.

    Up to the limit of the settings it is posted at once; above it, and with an account of one's own, it waits for
    another admin, whose money it is not about. A repeated `request_key`
    returns the first one. Errors, each with data `field`: `correction.reason`, `correction.unbalanced`,
    `correction.account` (data: account); `correction.key_reused`, and `money.not_enough` when it is posted.
    """
    actor.require(Action.CORRECT_THE_BOOK)
    parts = {account.strip(): amount for account, amount in lines.items() if amount}
    earlier = _by_key(actor, request_key)
    if earlier is None:
        reason = cleaned(reason, field="reason", at_most=REASON_MAX)
        _check(parts, reason)
        correction = db.session.scalar(
            insert(Correction)
            .values(
                request_key=request_key,
                state=CorrectionState.WAITING,
                reason=reason,
                lines=parts,
                amount_minor=sum(amount for amount in parts.values() if amount > 0),
                currency=settings().currency,
                asked_by=actor.person_id,
                asked_at=clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(Correction)
        )
        if correction is not None:
            states.begin(correction, actor=actor)
            if correction.amount_minor <= settings().correction_limit_minor and not _is_about(actor, correction):
                _post(correction, actor)
            return correction
        # Two clicks at the same moment: the other one has just committed.
        earlier = _by_key(actor, request_key)
    if earlier is None or earlier.lines != parts:
        raise Conflict("correction.key_reused", _l("This form was already sent with other lines. Open it afresh."))
    return earlier


def _by_key(actor: Actor, request_key: str) -> Correction | None:
    query = select(Correction).where(Correction.asked_by == actor.person_id, Correction.request_key == request_key)
    return db.session.scalar(query)


def _check(parts: Mapping[str, int], reason: str) -> None:
    if not reason:
        raise Refused("correction.reason", _l("Say what was wrong and how this mends it."), field="reason")
    if len(parts) < 2 or sum(parts.values()) != 0:
        message = _l("Name two accounts at least; the lines must sum to zero.")
        raise Refused("correction.unbalanced", message, field="lines")
    for account in parts:
        if account not in (ledger.COMMISSION, ledger.GOODWILL) and not _is_open(account):
            raise Refused(
                "correction.account",
                _l("“%(account)s” is no account that a correction may touch.", account=account),
                field="lines",
                account=account,
            )


def _is_open(account: str) -> bool:
    query = select(exists().where(Account.name == account, Account.kind.in_(KINDS)))
    return bool(db.session.scalar(query))


@operation
def confirm(*, actor: Actor, correction_id: int) -> Correction:
    """A second admin confirms a correction above the limit, and it is posted. A repeated click moves nothing.

    Errors: `correction.not_found`, `correction.own`, `correction.own_money`, `state.illegal`, `money.not_enough`.
    """
    correction = _locked(correction_id)
    _may_decide(actor, correction)
    if correction.state is CorrectionState.POSTED and correction.decided_by == actor.user_id:
        return correction
    _post(correction, actor)
    return correction


@operation
def decline(*, actor: Actor, correction_id: int, reason: str) -> Correction:
    """A second admin, or the one who entered it, declines a correction that waits; nothing is posted.

    Errors: `correction.not_found`, `correction.reason` (data: field), `state.illegal`.
    """
    correction = _locked(correction_id)
    actor.require(Action.CORRECT_THE_BOOK)
    if correction.state is CorrectionState.DECLINED and correction.decided_by == actor.user_id:
        return correction
    reason = cleaned(reason, field="reason", at_most=REASON_MAX)
    if not reason:
        raise Refused("correction.reason", _l("Say why."), field="reason")
    states.move(correction, CorrectionState.DECLINED, actor=actor, reason=reason)
    correction.decided_by, correction.decided_at = actor.user_id, clock.now()
    return correction


def _locked(correction_id: int) -> Correction:
    correction = db.session.scalar(
        select(Correction)
        .where(Correction.id == correction_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if correction is None:
        raise NotFound("correction.not_found", _l("There is no such correction."))
    return correction


def _may_decide(actor: Actor, correction: Correction) -> None:
    actor.require(Action.CORRECT_THE_BOOK)
    if correction.asked_by == actor.user_id:
        raise NotAllowed("correction.own", _l("Another admin has to confirm your correction."))
    if _is_about(actor, correction):
        raise NotAllowed("correction.own_money", _l("This is about your own money: another admin has to confirm it."))


def _is_about(actor: Actor, correction: Correction) -> bool:
    return bool({ledger.available(actor.person_id), ledger.debt(actor.person_id)} & set(correction.lines))


def _post(correction: Correction, actor: Actor) -> None:
    states.move(correction, CorrectionState.POSTED, actor=actor, reason=correction.reason)
    correction.decided_by, correction.decided_at = actor.user_id, clock.now()
    ledger.post(
        TransactionKind.CORRECTION,
        key=f"correction:{correction.id}",
        lines=correction.lines,
        actor=actor,
        correction_id=correction.id,
    )
