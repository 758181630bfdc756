"""Providers that move no real money (the default): test cards with known outcomes.

They keep no state, so every process gives the same answer to the same key: what they must remember is in the
token and in the reference, as with a real provider's opaque strings.
"""

import secrets
from datetime import UTC, datetime, timedelta

from flask_babel import lazy_gettext as _l

from backoffice import clock
from backoffice.errors import Refused
from backoffice.integrations.payments.base import Card, CardToken, Charge, ChargeState, Payout, PayoutState, brand_of
from backoffice.money import Money

DELAY = timedelta(seconds=20)
TEST_CARDS = {
    "4242424242424242": "settled",
    "5555555555554444": "settled",
    "4000000000000002": "declined",
    "4000000000000259": "delayed",
}
# A payout to a method that ends so is refused, as a closed bank account would be.
CLOSED_ACCOUNT = "0002"


class FakePayments:
    """Takes the test cards only, so that nobody leaves a real number here."""

    name = "fake"

    def tokenize(self, card: Card) -> CardToken:
        """A token that carries the card's known outcome and the moment; Refused `card.test_only` for other cards."""
        outcome = TEST_CARDS.get(card.number)
        if outcome is None:
            raise Refused(
                "card.test_only",
                _l("No real card is charged here: please use one of the test cards below."),
                field="number",
            )
        moment = int(clock.now().timestamp())
        token = f"tok-{outcome}-{moment}-{secrets.token_hex(8)}"
        return CardToken(token=token, brand=brand_of(card.number), last4=card.number[-4:])

    def charge(self, *, key: str, token: str, amount: Money) -> Charge:
        """The outcome that the token names; `amount` would be what a real provider takes."""
        _prefix, outcome, moment, _random = token.split("-")
        if outcome == "declined":
            return Charge(ChargeState.DECLINED, ref=f"fake/{key}", decline_code="card_declined")
        if outcome == "settled":
            return Charge(ChargeState.SETTLED, ref=f"fake/{key}")
        return self.look_up(f"fake/{key}/{moment}")

    def look_up(self, ref: str) -> Charge:
        """Settled once the delay is over, which counts from the moment in the reference."""
        _name, _key, *moment = ref.split("/")
        ready = not moment or clock.now() >= datetime.fromtimestamp(int(moment[0]), UTC) + DELAY
        return Charge(ChargeState.SETTLED if ready else ChargeState.PENDING, ref=ref)


class FakePayouts:
    """Pays everybody, except accounts that end in 0002."""

    name = "fake"

    def pay(self, *, key: str, method: str, amount: Money) -> Payout:
        """Paid, or failed for a closed account; `amount` would be what a real provider pays."""
        if method.rstrip().endswith(CLOSED_ACCOUNT):
            return Payout(PayoutState.FAILED, ref=f"fake/{key}", failure="account_closed")
        return Payout(PayoutState.PAID, ref=f"fake/{key}")
