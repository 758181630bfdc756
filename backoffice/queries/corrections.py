"""Corrections and runs of the proof, as admins see them (B-4, M-10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from backoffice.db import db
from backoffice.models.corrections import Correction, CorrectionState, VerifyRun
from backoffice.models.people import User
from backoffice.money import Money

PAGE = 50


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """A correction with its lines and the names of both admins."""

    id: int
    state: CorrectionState
    reason: str
    lines: list[tuple[str, Money]]
    amount: Money
    asked_by: int
    asker: str
    asked_at: datetime
    decider: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class ProofRun:
    """One run of the proof; `findings` as JSON: name, looked_at, subject, offenders."""

    id: int
    ran_at: datetime
    holds: bool
    took_ms: int
    counts: dict[str, int]
    findings: list[dict[str, Any]]


def corrections(*, waiting: bool) -> list[CorrectionRow]:
    """Those that wait for a second admin, or the decided ones, newest first. One statement."""
    asker, decider = aliased(User), aliased(User)
    is_waiting = Correction.state == CorrectionState.WAITING
    rows = db.session.execute(
        select(Correction, asker.name, decider.name)
        .join(asker, asker.id == Correction.asked_by)
        .outerjoin(decider, decider.id == Correction.decided_by)
        .where(is_waiting if waiting else ~is_waiting)
        .order_by(Correction.id.desc())
        .limit(PAGE)
    )
    return [
        CorrectionRow(
            id=row.id,
            state=row.state,
            reason=row.reason,
            lines=[(name, Money(amount, row.currency)) for name, amount in sorted(row.lines.items())],
            amount=Money(row.amount_minor, row.currency),
            asked_by=row.asked_by,
            asker=asked,
            asked_at=row.asked_at,
            decider=decided,
            decided_at=row.decided_at,
        )
        for row, asked, decided in rows
    ]


def proof_runs() -> list[ProofRun]:
    """The last runs of the proof, newest first. One statement."""
    rows = db.session.scalars(select(VerifyRun).order_by(VerifyRun.id.desc()).limit(PAGE))
    return [ProofRun(run.id, run.ran_at, run.holds, run.took_ms, run.counts, run.findings) for run in rows]
