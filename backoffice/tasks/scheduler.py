"""The scheduler: runs each sweep when its time has come. Several at once are harmless (T-4)."""

import logging
import time
from collections.abc import Sequence
from threading import Event as Flag

from sqlalchemy.exc import DBAPIError

from backoffice.db import db
from backoffice.tasks import sweeps
from backoffice.tasks.sweeps import Sweep

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5


def run(table: Sequence[Sweep], *, stopped: Flag) -> None:
    """Run the sweeps of the table until `stopped`, each one at once and then by its interval."""
    due = {sweep.name: 0.0 for sweep in table}
    while not stopped.is_set():
        for sweep in table:
            if stopped.is_set() or time.monotonic() < due[sweep.name]:
                continue
            try:
                sweeps.run(sweep)
            except DBAPIError as error:
                log.warning("sweep %s finds no database: %s", sweep.name, error)
            db.session.remove()
            due[sweep.name] = time.monotonic() + sweep.every_s
        stopped.wait(TICK_SECONDS)
