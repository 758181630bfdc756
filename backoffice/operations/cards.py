"""Cards that their owner lets the provider keep: list, default, remove (M-2)."""

from collections.abc import Sequence
from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from backoffice import clock
from backoffice.access import Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import NotFound, Refused
from backoffice.integrations.payments.base import CardToken
from backoffice.models.payments import SavedCard
from backoffice.operations.people import wait_for_turn

MOST = 10


def require_room(actor: Actor, card: CardToken, expires: date) -> None:
    """Refuse one card more than anybody needs, before it is charged (`card.too_many`, field `keep`)."""
    kept = _kept(actor.person_id)
    if len(kept) >= MOST and _same(kept, card, expires, settings().payment_provider) is None:
        raise Refused("card.too_many", _l("You keep too many cards. Remove one first."), field="keep")


def keep(*, user_id: int, card: CardToken, expires: date, provider: str) -> SavedCard | None:
    """Part of the operation that has charged it: keep a card's token, brand, last digits and expiry (M-2).

    The first one is the default. The same card is kept once; None when there is no room left by now.
    """
    wait_for_turn(user_id)
    kept = _kept(user_id)
    same = _same(kept, card, expires, provider)
    if same is not None:
        same.token = card.token
        return same
    if len(kept) >= MOST:
        return None
    made = SavedCard(
        user_id=user_id,
        provider=provider,
        token=card.token,
        brand=card.brand,
        last4=card.last4,
        expires=expires,
        is_default=not kept,
    )
    db.session.add(made)
    return made


@operation
def make_default(*, actor: Actor, card_id: int) -> SavedCard:
    """Offer this card first from now on. Error: `card.not_found`."""
    card = _own(actor, card_id)
    db.session.execute(update(SavedCard).where(SavedCard.user_id == card.user_id).values(is_default=False))
    card.is_default = True
    return card


@operation
def remove(*, actor: Actor, card_id: int) -> None:
    """Forget a card; the newest of the others becomes the default. A repetition changes nothing."""
    card = _own(actor, card_id, removed_too=True)
    if card.removed_at is not None:
        return
    was_default, card.is_default, card.removed_at = card.is_default, False, clock.now()
    # The row stays for those who ask which card it was; what could charge it does not.
    card.token = ""
    db.session.flush()
    if was_default:
        newest = (
            select(SavedCard)
            .where(SavedCard.user_id == card.user_id, SavedCard.removed_at.is_(None))
            .order_by(SavedCard.id.desc())
            .limit(1)
        )
        following = db.session.scalar(newest)
        if following is not None:
            following.is_default = True


@operation
def use(*, actor: Actor, card_id: int) -> CardToken:
    """The token of an own card that is still good.

    Errors, with data `field`: `card.not_found`, `card.provider`, `card.expired`.
    """
    card = _own(actor, card_id)
    if card.provider != settings().payment_provider:
        message = _l("This card was kept by another payment provider. Please type it again.")
        raise Refused("card.provider", message, field="saved")
    if card.expires < clock.now().date():
        raise Refused("card.expired", _l("This card has expired."), field="saved")
    return CardToken(token=card.token, brand=card.brand, last4=card.last4)


def _kept(user_id: int) -> Sequence[SavedCard]:
    mine = (SavedCard.user_id == user_id, SavedCard.removed_at.is_(None))
    return db.session.scalars(select(SavedCard).where(*mine)).all()


def _same(kept: Sequence[SavedCard], card: CardToken, expires: date, provider: str) -> SavedCard | None:
    wanted = (provider, card.brand, card.last4, expires)
    return next((one for one in kept if (one.provider, one.brand, one.last4, one.expires) == wanted), None)


def _own(actor: Actor, card_id: int, *, removed_too: bool = False) -> SavedCard:
    wait_for_turn(actor.person_id)
    query = select(SavedCard).where(SavedCard.id == card_id, SavedCard.user_id == actor.person_id)
    card = db.session.scalar(query.execution_options(populate_existing=True))
    if card is None or (card.removed_at is not None and not removed_too):
        raise NotFound("card.not_found", _l("There is no such card."), field="saved")
    return card
