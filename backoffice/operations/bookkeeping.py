"""Upkeep of the books: checkpoints of the house's busy accounts (M-10)."""

from backoffice import ledger
from backoffice.access import Action, Actor
from backoffice.db import operation


@operation
def checkpoint(*, actor: Actor) -> int:
    """Fold the settled entries of hot accounts into checkpoints; returns how many accounts had any (M-10)."""
    actor.require(Action.RUN_SWEEPS)
    return ledger.checkpoint()
