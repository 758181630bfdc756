"""What the relay and the workers do, done at once in the thread of the test."""

from flask import Flask

from backoffice.config import settings
from backoffice.db import db
from backoffice.tasks import delivery, transport
from backoffice.tasks.registry import REGISTRY
from backoffice.tasks.routes import ROUTES


def expand() -> list[transport.Message]:
    """Make deliveries of all new events, committed as the relay does."""
    messages: list[transport.Message] = []
    while True:
        events, made = transport.expand(db.session.connection(), ROUTES, lease=settings().task_lease_seconds)
        db.session.commit()
        messages += made
        if not events:
            return messages


def drain(app: Flask) -> int:
    """Deliver all new events, and those that their actors emit; returns how many deliveries were handled.

    A failed delivery stays as it is after its first attempt: look at `Delivery.error`.
    """
    handled = 0
    while messages := expand():
        for message in messages:
            delivery.handle(REGISTRY[message.actor], message.delivery_id)
            handled += 1
    return handled
