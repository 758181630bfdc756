"""Tasks that failed for good and wait for staff (T-3, B-6)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.errors import NotFound
from backoffice.models.outbox import Delivery


@operation
def retry(*, actor: Actor, delivery_id: int) -> Delivery:
    """Send a parked delivery again, as if for the first time; else harmless (T-3). Error: `delivery.not_found`."""
    delivery = db.session.scalar(
        select(Delivery).where(Delivery.id == delivery_id).with_for_update().execution_options(populate_existing=True)
    )
    actor.require(Action.MANAGE_TASKS)
    if delivery is None:
        raise NotFound("delivery.not_found", _l("There is no such task."))
    if delivery.parked_at is not None:
        delivery.parked_at = None
        delivery.attempts = 0
        delivery.sends = 0
        delivery.started_at = None
        # The transport keeps the time of the database, not the one of the domain.
        delivery.due_at = func.clock_timestamp()
    return delivery
