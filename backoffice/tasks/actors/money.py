"""Talking to payment and payout providers: intention row, call with a key of its id, result operation (rule 7)."""

import logging
from collections.abc import Callable

from backoffice.access import SYSTEM
from backoffice.db import db
from backoffice.integrations.payments import payment_provider, payout_provider
from backoffice.ledger_verify import verify_book
from backoffice.operations import bookkeeping, top_ups, withdrawals
from backoffice.queries import money
from backoffice.tasks.registry import actor

log = logging.getLogger(__name__)


@actor(long=True)
def settle_top_up(*, top_up_id: int) -> None:
    """Ask the provider for a top-up's money and write down its answer; can run any number of times (M-2, T-2)."""
    order = money.charge_order(top_up_id)
    # No transaction stays open while the provider is asked.
    db.session.close()
    if order is None:
        return
    provider = payment_provider(order.provider)
    if order.provider_ref is None:
        charge = provider.charge(key=f"top-up:{top_up_id}", token=order.card_token, amount=order.amount)
    else:
        charge = provider.look_up(order.provider_ref)
    top_ups.record(actor=SYSTEM, top_up_id=top_up_id, charge=charge)


@actor(long=True)
def pay_out(*, withdrawal_id: int) -> None:
    """Pay an approved withdrawal and write down the answer; can run any number of times (M-8, T-2)."""
    order = money.payout_order(withdrawal_id)
    db.session.close()
    if order is None:
        return
    provider = payout_provider(order.provider)
    if order.provider_ref is None:
        payout = provider.pay(key=f"withdrawal:{withdrawal_id}", method=order.payout_method, amount=order.amount)
    else:
        payout = provider.look_up(order.provider_ref)
    withdrawals.record_payout(actor=SYSTEM, withdrawal_id=withdrawal_id, payout=payout)


@actor(long=True)
def prove_book() -> None:
    """Prove the whole book in one snapshot and keep the result; a broken one is an error of the log, too (M-10)."""
    report = verify_book()
    if not report.holds:
        log.error("the book is BROKEN: %s", "; ".join(f.check.name for f in report.findings if f.offenders))
    bookkeeping.record_proof(actor=SYSTEM, report=report)


def settle_pending_top_ups() -> int:
    """Ask about every top-up whose provider answers later; returns how many were asked about (T-4)."""
    return _ask_about(money.pending_top_ups(), lambda number: settle_top_up(top_up_id=number))


def settle_pending_payouts() -> int:
    """Ask about every payout whose provider answers later; returns how many were asked about (T-4)."""
    return _ask_about(money.pending_payouts(), lambda number: pay_out(withdrawal_id=number))


def _ask_about(waiting: list[int], ask: Callable[[int], object]) -> int:
    """One that fails does not keep the others waiting; it is asked about again by the next sweep."""
    for number in waiting:
        try:
            ask(number)
        except Exception:
            log.exception("a provider could not be asked about %d", number)
    return len(waiting)
