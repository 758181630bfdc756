"""Money of tests: top-ups that have arrived, posted through the ledger as in life."""

from itertools import count

from backoffice import clock, ledger
from backoffice.access import Actor
from backoffice.db import db, unguarded
from backoffice.models.ledger import TransactionKind
from backoffice.models.payments import TopUp, TopUpState

_numbers = count(1)


def fund(actor: Actor, minor: int) -> TopUp:
    """Give a user money: a settled top-up with its posting."""
    assert actor.user_id is not None
    number = next(_numbers)
    with unguarded():
        top_up = TopUp(
            user_id=actor.user_id,
            request_key=f"fund-{number}",
            state=TopUpState.SETTLED,
            amount_minor=minor,
            currency="USD",
            provider="fake",
            provider_ref=f"fund-{actor.user_id}-{number}",
            card_token="token",
            card_brand="visa",
            card_last4="4242",
            settled_at=clock.now(),
        )
        db.session.add(top_up)
        db.session.flush()
        ledger.post(
            TransactionKind.TOP_UP,
            key=f"top-up:{top_up.id}",
            lines={ledger.due(actor.user_id): minor, ledger.provider("fake"): -minor},
            actor=actor,
            top_up_id=top_up.id,
        )
        db.session.commit()
    return top_up
