"""Letters: written once per key, marked when they have left the house (X-6, T-2)."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock
from backoffice.access import Action, Actor
from backoffice.db import db, operation
from backoffice.models.letters import Letter


@operation
def write(*, actor: Actor, key: str, user_id: int, recipient: str, subject: str, body: str) -> Letter:
    """Write a letter down; the second one with the same key is the first one, with its text as it was."""
    actor.require(Action.RUN_SWEEPS)
    values = {
        "key": key,
        "user_id": user_id,
        "recipient": recipient,
        "subject": subject,
        "body": body,
        "written_at": clock.now(),
    }
    db.session.execute(insert(Letter).values(values).on_conflict_do_nothing(index_elements=[Letter.key]))
    return db.session.scalars(select(Letter).where(Letter.key == key)).one()


@operation
def mark_sent(*, actor: Actor, letter_id: int) -> None:
    """Remember that the mailer has taken it; the first time counts."""
    actor.require(Action.RUN_SWEEPS)
    letter = db.session.get_one(Letter, letter_id, with_for_update=True)
    letter.sent_at = letter.sent_at or clock.now()
