"""Topping up the balance by card: intention, answer of the provider, posting (M-2)."""

from datetime import date

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from backoffice import clock, ledger, states
from backoffice.access import Action, Actor
from backoffice.config import settings
from backoffice.db import db, operation
from backoffice.errors import Conflict, NotFound, Refused
from backoffice.formats import money
from backoffice.integrations.payments.base import CardToken, Charge, ChargeState
from backoffice.models.ledger import TransactionKind
from backoffice.models.payments import TopUp, TopUpState
from backoffice.money import Money
from backoffice.operations import cards
from backoffice.outbox import Event, emit

_OPEN = (TopUpState.STARTED, TopUpState.PENDING)


@operation
def start(
    *,
    actor: Actor,
    request_key: str,
    amount_minor: int,
    card: CardToken,
    provider: str,
    keep_expires: date | None = None,
) -> TopUp:
    """Write down that this card is to be charged; an actor asks the provider after the commit (M-2, rule 7).

    `keep_expires`, the card's last good day, asks to keep it once it was charged. A repeated `request_key` returns the
    first top-up. Errors: `top_up.amount`, `card.too_many` (data: field) and `top_up.key_reused` when the key came
    before with another amount.
    """
    actor.require(Action.TOP_UP)
    values = {
        "user_id": actor.person_id,
        "request_key": request_key,
        "state": TopUpState.STARTED,
        "amount_minor": amount_minor,
        "currency": settings().currency,
        "provider": provider,
        "card_token": card.token,
        "card_brand": card.brand,
        "card_last4": card.last4,
        "keep_expires": keep_expires,
        "created_at": clock.now(),
    }
    earlier = _by_key(actor, request_key)
    if earlier is None:
        least, most = settings().min_top_up_minor, settings().max_top_up_minor
        if not least <= amount_minor <= most:
            limits = {
                "least": money(Money(least, settings().currency)),
                "most": money(Money(most, settings().currency)),
            }
            raise Refused("top_up.amount", _l("A top-up is from %(least)s to %(most)s.", **limits), field="amount")
        if keep_expires is not None:
            cards.require_room(actor, card, keep_expires)
        top_up = db.session.scalar(insert(TopUp).values(values).on_conflict_do_nothing().returning(TopUp))
        if top_up is not None:
            states.begin(top_up, actor=actor)
            emit(Event.TOP_UP_STARTED, top_up_id=top_up.id)
            return top_up
        # Two clicks at the same moment: the other one has just committed.
        earlier = _by_key(actor, request_key)
    if earlier is None or earlier.amount_minor != amount_minor:
        raise Conflict("top_up.key_reused", _l("This form was already sent with another amount. Open it afresh."))
    return earlier


def _by_key(actor: Actor, request_key: str) -> TopUp | None:
    return db.session.scalar(select(TopUp).where(TopUp.user_id == actor.person_id, TopUp.request_key == request_key))


@operation
def record(*, actor: Actor, top_up_id: int, charge: Charge) -> TopUp:
    """Write down what the provider answered: settled (money arrives), declined, pending, or charged back (M-2).

    An answer that comes twice, late or out of order changes nothing that was settled by a later one. A chargeback takes
    what is left of *available*; the rest is a debt. Error: `top_up.not_found`.
    """
    top_up = db.session.scalar(
        select(TopUp).where(TopUp.id == top_up_id).with_for_update().execution_options(populate_existing=True)
    )
    actor.require(Action.RUN_SWEEPS)
    if top_up is None:
        raise NotFound("top_up.not_found", _l("There is no such top-up."))
    if top_up.state in _OPEN:
        top_up.provider_ref = charge.ref
        _record_first(top_up, charge, actor)
    if top_up.state is TopUpState.SETTLED and charge.state is ChargeState.CHARGED_BACK:
        _charge_back(top_up, charge, actor)
    return top_up


def _record_first(top_up: TopUp, charge: Charge, actor: Actor) -> None:
    if charge.state is ChargeState.PENDING:
        if top_up.state is TopUpState.STARTED:
            states.move(top_up, TopUpState.PENDING, actor=actor)
    elif charge.state is ChargeState.DECLINED:
        states.move(top_up, TopUpState.DECLINED, actor=actor, reason=charge.decline_code)
        top_up.decline_code = charge.decline_code
        top_up.settled_at = clock.now()
        emit(Event.TOP_UP_DECLINED, top_up_id=top_up.id)
    else:
        _settle(top_up, actor)


def _settle(top_up: TopUp, actor: Actor) -> None:
    states.move(top_up, TopUpState.SETTLED, actor=actor)
    top_up.settled_at = clock.now()
    if top_up.keep_expires is not None:
        # Before the posting: it takes the person's turn, which comes before accounts.
        card = CardToken(token=top_up.card_token, brand=top_up.card_brand, last4=top_up.card_last4)
        cards.keep(user_id=top_up.user_id, card=card, expires=top_up.keep_expires, provider=top_up.provider)
    ledger.post(
        TransactionKind.TOP_UP,
        key=f"top-up:{top_up.id}",
        lines={
            ledger.provider(top_up.provider): -top_up.amount_minor,
            ledger.due(top_up.user_id): top_up.amount_minor,
        },
        actor=actor,
        top_up_id=top_up.id,
    )
    emit(Event.TOP_UP_SETTLED, top_up_id=top_up.id)


def _charge_back(top_up: TopUp, charge: Charge, actor: Actor) -> None:
    states.move(top_up, TopUpState.CHARGED_BACK, actor=actor, reason=charge.decline_code)
    top_up.charged_back_at = clock.now()
    ledger.post(
        TransactionKind.CHARGEBACK,
        key=f"chargeback:{top_up.id}",
        lines={
            ledger.due(top_up.user_id): -top_up.amount_minor,
            ledger.provider(top_up.provider): top_up.amount_minor,
        },
        actor=actor,
        top_up_id=top_up.id,
    )
    emit(Event.TOP_UP_CHARGED_BACK, top_up_id=top_up.id)
