"""Topping up: the card form, and the page that shows how it goes (M-2)."""

from flask import abort, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from backoffice.access import Action
from backoffice.config import settings
from backoffice.errors import DomainError
from backoffice.integrations.payments import DEFAULT, payment_provider
from backoffice.integrations.payments.fake import TEST_CARDS
from backoffice.money import Money, parse
from backoffice.operations import top_ups
from backoffice.public import refusals
from backoffice.public.account.blueprint import bp
from backoffice.public.account.forms import TopUpForm
from backoffice.public.security import limiter
from backoffice.public.sessions import viewer
from backoffice.public.site.routes import safe_next
from backoffice.queries import money

ATTEMPTS = "30 per hour"


def _limit(minor: int) -> Money:
    return Money(minor, settings().currency)


def _page(form: TopUpForm) -> str:
    return render_template(
        "account/top_up.html",
        form=form,
        available=money.available(viewer().actor.person_id),
        least=_limit(settings().min_top_up_minor),
        most=_limit(settings().max_top_up_minor),
        test_cards=TEST_CARDS,
    )


def _proposed() -> Money | None:
    """The amount of the address (`amount=12.50`), raised to the least one that is possible."""
    try:
        amount = parse(request.args.get("amount", ""), settings().currency)
    except ValueError:
        return None
    return max(amount, _limit(settings().min_top_up_minor), key=lambda money: money.minor)


@bp.get("/top-up")
def top_up() -> str:
    """The form; `amount` fills it in and `next` is where to come back to (M-3)."""
    viewer().actor.require(Action.TOP_UP)
    return _page(TopUpForm(formdata=None, data={"amount": _proposed(), "next": safe_next(request.args.get("next"))}))


@bp.post("/top-up")
@limiter.limit(ATTEMPTS, key_func=lambda: f"top-up:{viewer().actor.person_id}")
def start_top_up() -> Response | tuple[str, int]:
    """Give the card to the provider and write the top-up down; what the provider says comes on the next page."""
    viewer().actor.require(Action.TOP_UP)
    form = TopUpForm()
    if form.validate_on_submit():
        key, amount = form.request()
        try:
            top_up = top_ups.start(
                actor=viewer().actor,
                request_key=key,
                amount_minor=amount,
                card=payment_provider().tokenize(form.card()),
                provider=DEFAULT,
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
