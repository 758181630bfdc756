"""Stripe's adapter against a server of its API: cards are charged once per key (M-2, M-10)."""

from contextlib import suppress
from datetime import date

import pytest

from backoffice.errors import Refused
from backoffice.integrations.payments.base import ChargeState, ProviderAway, checked_card
from backoffice.integrations.payments.stripe import StripePayments
from backoffice.money import Money
from tests.integrations.stripe_front import SECRET_KEY, WEBHOOK_SECRET, Front

LAST_DAY = date(2040, 12, 31)
TEN = Money(1_000, "USD")
GOOD, NOT_ATTACHED, NOT_CHARGED, ASKS_HOLDER = (
    "4242424242424242",
    "4000000000000002",
    "4000000000000341",
    "4000002500003155",
)


def token(provider: StripePayments, number: str = GOOD, *, keep: bool = False) -> str:
    return provider.tokenize(checked_card(number, LAST_DAY, "123"), keep=keep).token


def test_m2_a_card_is_charged_once_however_often_it_is_asked_for(provider: StripePayments, stripe: Front) -> None:
    before, card = len(stripe.charges()), token(provider)
    first = provider.charge(key="top-up:1", token=card, amount=TEN)
    assert first.state is ChargeState.SETTLED
    assert provider.charge(key="top-up:1", token=card, amount=TEN) == first
    assert provider.look_up(first.ref) == first
    charges = stripe.charges()
    assert len(charges) == before + 1
    assert (charges[0]["amount"], charges[0]["currency"]) == (1_000, "usd")


@pytest.mark.parametrize("lost", ["top-up:1", "top-up:1/confirm"])
def test_m2_an_answer_that_is_lost_is_asked_for_again_and_charged_once(
    provider: StripePayments, stripe: Front, lost: str
) -> None:
    """The answer to the creation, and the one to the confirmation."""
    before, card = len(stripe.charges()), token(provider)
    stripe.lose.add(lost)
    for _attempt in range(2):
        with suppress(ProviderAway):
            assert provider.charge(key="top-up:1", token=card, amount=TEN).state is ChargeState.SETTLED
    assert not stripe.lose
    assert provider.charge(key="top-up:1", token=card, amount=TEN).state is ChargeState.SETTLED
    assert len(stripe.charges()) == before + 1


def test_m2_a_confirmed_intent_is_found_where_the_key_of_its_confirmation_is_forgotten(
    provider: StripePayments, stripe: Front
) -> None:
    before, card = len(stripe.charges()), token(provider)
    first = provider.charge(key="top-up:1", token=card, amount=TEN)
    del stripe.answers["top-up:1/confirm"]
    assert provider.charge(key="top-up:1", token=card, amount=TEN) == first
    assert len(stripe.charges()) == before + 1


def test_m2_only_a_card_that_is_kept_hangs_on_a_customer(provider: StripePayments) -> None:
    assert token(provider).startswith("pm_")
    kept = token(provider, keep=True)
    assert kept.startswith("cus_")
    for key in ("top-up:1", "top-up:2"):
        assert provider.charge(key=key, token=kept, amount=TEN).state is ChargeState.SETTLED


def test_m2_a_card_that_the_bank_refuses_is_declined_with_its_reason(provider: StripePayments) -> None:
    declined = provider.charge(key="top-up:1", token=token(provider, NOT_CHARGED), amount=TEN)
    assert (declined.state, declined.decline_code) == (ChargeState.DECLINED, "card_declined")
    assert provider.look_up(declined.ref).state is ChargeState.DECLINED
    asks = token(provider, ASKS_HOLDER)
    # A worker that is killed after it has cancelled the intent asks again.
    for _time in range(2):
        asked = provider.charge(key="top-up:2", token=asks, amount=TEN)
        assert (asked.state, asked.decline_code) == (ChargeState.DECLINED, "authentication_required")
        assert provider.look_up(asked.ref).state is ChargeState.DECLINED


def test_m2_an_intent_that_was_never_confirmed_is_no_answer(provider: StripePayments, stripe: Front) -> None:
    before, card = len(stripe.charges()), token(provider)
    stripe.answers["top-up:1/confirm"] = (400, b'{"error": {"type": "invalid_request_error", "message": "not now"}}')
    with pytest.raises(ProviderAway):
        provider.charge(key="top-up:1", token=card, amount=TEN)
    assert len(stripe.charges()) == before
    del stripe.answers["top-up:1/confirm"]
    assert provider.charge(key="top-up:1", token=card, amount=TEN).state is ChargeState.SETTLED
    assert len(stripe.charges()) == before + 1


def test_m2_a_card_that_cannot_be_kept_is_refused_at_the_form(provider: StripePayments) -> None:
    with pytest.raises(Refused) as refused:
        token(provider, NOT_ATTACHED, keep=True)
    assert (refused.value.code, refused.value.data["field"]) == ("card.declined", "number")


def test_m2_a_provider_that_does_not_answer_is_away(stripe: Front) -> None:
    for away in (
        StripePayments(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, url="http://127.0.0.1:9"),
        StripePayments(secret_key=SECRET_KEY, webhook_secret=WEBHOOK_SECRET, url=stripe.url + "/nowhere"),
    ):
        with pytest.raises(ProviderAway):
            token(away)
        with pytest.raises(ProviderAway):
            away.charge(key="top-up:1", token="pm_none", amount=TEN)
