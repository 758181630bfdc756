"""Turns: what belongs to one person is changed by one operation at a time where a row of its own cannot say so."""

from sqlalchemy import select

from backoffice.db import db
from backoffice.models.people import User


def wait_for_turn(user_id: int) -> None:
    """Hold this person's row until the transaction ends.

    Taken before accounts of the ledger. Rows that only refer to the person do not wait.
    """
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))
