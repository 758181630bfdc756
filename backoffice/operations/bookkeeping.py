"""Upkeep of the books: checkpoints of the house's busy accounts, and records of the proof (M-10)."""

from backoffice import clock, ledger
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.ledger_verify import Report
from backoffice.models.corrections import VerifyRun
from backoffice.outbox import Event, emit


@operation
def checkpoint(*, actor: Actor) -> int:
    """Fold the settled entries of hot accounts into checkpoints; returns how many accounts had any (M-10)."""
    actor.require(Action.RUN_SWEEPS)
    return ledger.checkpoint()


@operation
def ask_for_proof(*, actor: Actor) -> None:
    """An admin wants the book proven now; a worker does it after the commit (B-4)."""
    actor.require(Action.SEE_LEDGER)
    emit(Event.PROOF_ASKED)


@operation
def record_proof(*, actor: Actor, report: Report) -> VerifyRun:
    """Keep what a run of the proof has found, offenders included."""
    actor.require(Action.RUN_SWEEPS)
    run = VerifyRun(
        ran_at=clock.now(),
        holds=report.holds,
        took_ms=int(report.seconds * 1000),
        counts=report.counts,
        findings=[
            {
                "name": finding.check.name,
                "subject": finding.check.subject,
                "looked_at": finding.looked_at,
                "offenders": [{key: str(value) for key, value in row.items()} for row in finding.offenders],
            }
            for finding in report.findings
        ],
    )
    db.session.add(run)
    return run
