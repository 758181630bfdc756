"""Sweeps: what falls due by time is found by looking for it, so that a stop of hours loses nothing (T-4)."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import text

from backoffice import clock
from backoffice.access import SYSTEM
from backoffice.db import db, operation
from backoffice.operations import bookkeeping, captions, chunks, counters, exports, purchases, uploads
from backoffice.tasks import holds, originals, transport
from backoffice.tasks.actors import course_exports, media, money

log = logging.getLogger(__name__)

KEEP_DAYS = 14


@dataclass(frozen=True, slots=True)
class Sweep:
    """One line of the table: `function` handles all that is due and returns how many that were."""

    name: str
    every_s: float
    function: Callable[[], int]


def until_none(batch: Callable[[], int]) -> int:
    """Call a batch again and again until it finds nothing; returns the sum."""
    handled = 0
    while found := batch():
        handled += found
    return handled


@operation
def _purge() -> int:
    return transport.purge(db.session.connection(), days=KEEP_DAYS)


def prove_book() -> int:
    """The proof on schedule (M-10)."""
    money.prove_book()
    return 1


SWEEPS: tuple[Sweep, ...] = (
    Sweep("release reserves", 5, lambda: until_none(lambda: purchases.release_due(actor=SYSTEM))),
    Sweep("settle pending top-ups", 5, money.settle_pending_top_ups),
    Sweep("settle pending payouts", 5, money.settle_pending_payouts),
    Sweep("fold course counters", 2, lambda: until_none(lambda: counters.fold(actor=SYSTEM))),
    Sweep("ledger checkpoints", 60, lambda: bookkeeping.checkpoint(actor=SYSTEM)),
    Sweep("prove the book", 1800, prove_book),
    Sweep("queue stuck uploads", 5, lambda: until_none(lambda: uploads.requeue_stuck(actor=SYSTEM))),
    Sweep("release held uploads", 30, holds.release),
    Sweep("queue stuck chunks", 5, lambda: until_none(lambda: chunks.requeue_stuck(actor=SYSTEM))),
    Sweep("expire unfinished uploads", 60, lambda: until_none(media.expire_unfinished)),
    Sweep("clear leftover files", 600, media.clear_leftovers),
    Sweep("clear unused captions", 21_600, lambda: until_none(lambda: captions.clear_unused(actor=SYSTEM))),
    Sweep("clear incoming files", 600, originals.clear_incoming),
    Sweep("expire exports", 60, lambda: until_none(course_exports.expire_exports)),
    Sweep("give up lost exports", 600, lambda: until_none(lambda: exports.give_up_silent(actor=SYSTEM))),
    Sweep("clear leftovers of exports", 600, course_exports.clear_work),
    Sweep("purge the outbox", 600, lambda: until_none(_purge)),
)

_RECORD = text(
    """
    INSERT INTO sweep_run (name, ran_at, handled, took_ms, error) VALUES (:name, :ran_at, :handled, :took_ms, :error)
    ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, handled = excluded.handled,
        took_ms = excluded.took_ms, error = excluded.error
    """
)


def run(sweep: Sweep) -> bool:
    """Run one sweep and write down how it went; False when another scheduler is at it. Its error stops nobody else."""
    with db.engine.begin() as lock:
        mine = lock.execute(
            text("SELECT pg_try_advisory_xact_lock(hashtext('sweep'), hashtext(:name))"), {"name": sweep.name}
        ).scalar()
        if not mine:
            return False
        began = time.monotonic()
        handled, error = 0, None
        try:
            handled = sweep.function()
        except Exception as failure:
            log.exception("sweep %s failed", sweep.name)
            error = f"{type(failure).__name__}: {failure}"
        _record(sweep=sweep, handled=handled, took_ms=int((time.monotonic() - began) * 1000), error=error)
    return True


@operation
def _record(*, sweep: Sweep, handled: int, took_ms: int, error: str | None) -> None:
    db.session.execute(
        _RECORD,
        {"name": sweep.name, "ran_at": clock.now(), "handled": handled, "took_ms": took_ms, "error": error},
    )
