"""Topping up: the card form, cards that are kept, and the page that shows how a top-up goes (M-2)."""

from datetime import date
from http import HTTPStatus

from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.integrations.payments import payment_provider
from backoffice.integrations.payments.base import CardToken
from backoffice.integrations.payments.fake import TEST_CARDS
from backoffice.money import Money, parse
from backoffice.operations import cards, top_ups
from backoffice.public import refusals
from backoffice.public.account.blueprint import bp
from backoffice.public.account.forms import TopUpForm
from backoffice.public.security import limiter
from backoffice.public.sessions import viewer
from backoffice.public.site.routes import safe_next
from backoffice.queries import money
from backoffice.queries.money import CardView

ATTEMPTS = "30 per hour"


def _limit(minor: int) -> Money:
    return Money(minor, settings().currency)


def _page(form: TopUpForm) -> str:
    return render_template(
        "account/top_up.html",
        form=form,
        balance=money.balance(viewer().actor.person_id),
        least=_limit(settings().min_top_up_minor),
        most=_limit(settings().max_top_up_minor),
        test_cards=TEST_CARDS if settings().payment_provider == "fake" else {},
    )


def _proposed() -> Money | None:
    """The amount of the address (`amount=12.50`), raised to the least one that is possible."""
    try:
        amount = parse(request.args.get("amount", ""), settings().currency)
    except ValueError:
        return None
    return max(amount, _limit(settings().min_top_up_minor), key=lambda money: money.minor)


def _cards() -> list[CardView]:
    return money.cards(viewer().actor.person_id)


def _card(form: TopUpForm) -> tuple[CardToken, date | None]:
    """The kept card that was chosen, or the one that was typed with its last good day if it shall be kept (M-2)."""
    if form.saved.data:
        return cards.use(actor=viewer().actor, card_id=form.saved.data), None
    typed = form.card()
    g.provider_was_asked = True
    keep = bool(form.keep.data)
    token = payment_provider(settings().payment_provider).tokenize(typed, keep=keep)
    return token, typed.expires if keep else None


def _was_an_attempt(response: Response) -> bool:
    """Whether the provider saw a card: who only mistypes an amount is not cut off."""
    return response.status_code != HTTPStatus.UNPROCESSABLE_ENTITY or "provider_was_asked" in g


@bp.get("/cards")
def card_list() -> str:
    """The cards that are kept."""
    return render_template("account/cards.html", cards=_cards())


@bp.post("/cards/<int:card_id>/default")
def default_card(card_id: int) -> Response:
    """Offer this card first."""
    cards.make_default(actor=viewer().actor, card_id=card_id)
    flash(_("This card is offered first from now on."), "success")
    return redirect(url_for("account.card_list"))


@bp.post("/cards/<int:card_id>/remove")
def remove_card(card_id: int) -> Response:
    """Forget a card."""
    cards.remove(actor=viewer().actor, card_id=card_id)
    flash(_("The card is forgotten."), "success")
    return redirect(url_for("account.card_list"))


@bp.get("/top-up")
def top_up() -> str:
    """The form; `amount` fills it in and `next` is where to come back to (M-3)."""
    viewer().actor.require(Action.TOP_UP)
    kept = _cards()
    default = next((card.id for card in kept if card.is_default and card.usable), 0)
    data = {"amount": _proposed(), "saved": default, "next": safe_next(request.args.get("next"))}
    return _page(TopUpForm(kept, formdata=None, data=data))


@bp.post("/top-up")
@limiter.limit(ATTEMPTS, key_func=lambda: f"top-up:{viewer().actor.person_id}", deduct_when=_was_an_attempt)
def start_top_up() -> Response | tuple[str, int]:
    """Give the card to the provider and write the top-up down; what the provider says comes on the next page."""
    viewer().actor.require(Action.TOP_UP)
    form = TopUpForm(_cards())
    if form.validate_on_submit():
        key, amount = form.request()
        try:
            card, keep_expires = _card(form)
            top_up = top_ups.start(
                actor=viewer().actor,
                request_key=key,
                amount_minor=amount,
                card=card,
                provider=settings().payment_provider,
                keep_expires=keep_expires,
            )
        except DomainError as error:
            refusals.show(form, error)
        else:
            goal = safe_next(form.next.data)
            return redirect(url_for("account.top_up_state", top_up_id=top_up.id, next=goal))
    return _page(form), 422


@bp.get("/top-ups/<int:top_up_id>")
def top_up_state(top_up_id: int) -> Response:
    """How a top-up goes; asked for by the page itself until the provider's last word."""
    found = money.top_up(viewer().actor.person_id, top_up_id)
    if found is None:
        abort(404)
    fragment = bool(request.headers.get("HX-Request"))
    template = "account/_top_up_state.html" if fragment else "account/top_up_state.html"
    return make_response(
        render_template(
            template,
            top_up=found,
            available=money.available(viewer().actor.person_id),
            goal=safe_next(request.args.get("next")) or "",
        )
    )
