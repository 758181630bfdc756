"""Providers that move no real money (the default): test cards and payout methods with known outcomes.

They keep no state: what they must remember is in the token and in the reference, as with a real provider's opaque
strings. In development `fake_server` puts them behind HTTP, with callbacks.
"""

import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from flask_babel import lazy_gettext as _l

from backoffice import clock
from backoffice.errors import Refused
from backoffice.integrations.payments.base import (
    Card,
    CardToken,
    Charge,
    ChargeState,
    Payout,
    PayoutState,
    brand_of,
)
from backoffice.money import Money

DELAY = timedelta(seconds=20)


class Outcome(StrEnum):
    """What becomes of a test card's charge, and how the provider tells of it."""

    SETTLED = "settled"
    DECLINED = "declined"
    DELAYED = "delayed"
    # Settled, but told of twice, or before the answer to the request; or after a while and without a word.
    TWICE = "twice"
    EARLY = "early"
    SILENT = "silent"
    # Settled, and after a while taken again by the bank.
    DISPUTED = "disputed"


TEST_CARDS = {
    "4242424242424242": Outcome.SETTLED,
    "5555555555554444": Outcome.SETTLED,
    "4000000000000002": Outcome.DECLINED,
    "4000000000000259": Outcome.DELAYED,
    "4000000000000341": Outcome.TWICE,
    "4000000000000424": Outcome.EARLY,
    "4000000000000507": Outcome.SILENT,
    "4000000000000689": Outcome.DISPUTED,
}
# The last digits of a payout method: a closed account, a slow bank, and one that sends the money back after a while.
CLOSED_ACCOUNT, SLOW_BANK, BOUNCING_BANK = "0002", "0003", "0004"


class FakePayments:
    """Takes the test cards only, so that nobody leaves a real number here."""

    name = "fake"

    def tokenize(self, card: Card, *, keep: bool) -> CardToken:
        """A token that carries the card's known outcome and the moment; Refused `card.test_only` for other cards."""
        outcome = TEST_CARDS.get(card.number)
        if outcome is None:
            raise Refused(
                "card.test_only",
                _l("No real card is charged here: please use one of the test cards below."),
                field="number",
            )
        token = f"tok-{outcome}-{_seconds(clock.now())}-{secrets.token_hex(8)}"
        return CardToken(token=token, brand=brand_of(card.number), last4=card.number[-4:])

    def charge(self, *, key: str, token: str, amount: Money) -> Charge:
        """The outcome that the token names; `amount` would be what a real provider takes."""
        _prefix, outcome, moment, _random = token.split("-")
        # A card that is kept is charged again later: its delay counts from now on, once per key.
        return self.look_up(f"fake/{key}/{outcome}/{moment}")

    def look_up(self, ref: str) -> Charge:
        """What became of a charge; delays count from the moment in the reference."""
        _name, _key, outcome, moment = ref.split("/")
        waited = clock.now() >= _moment(moment) + DELAY
        if outcome == Outcome.DECLINED:
            return Charge(ChargeState.DECLINED, ref=ref, decline_code="card_declined")
        if outcome in (Outcome.DELAYED, Outcome.SILENT) and not waited:
            return Charge(ChargeState.PENDING, ref=ref)
        if outcome == Outcome.DISPUTED and waited:
            return Charge(ChargeState.CHARGED_BACK, ref=ref, decline_code="fraudulent")
        return Charge(ChargeState.SETTLED, ref=ref)


class FakePayouts:
    """Pays everybody, with the exceptions that the last digits of the method name."""

    name = "fake"

    def pay(self, *, key: str, method: str, amount: Money) -> Payout:
        """Paid, failed, or pending; `amount` would be what a real provider pays."""
        digits = method.rstrip()[-4:]
        outcome = digits if digits in (CLOSED_ACCOUNT, SLOW_BANK, BOUNCING_BANK) else "paid"
        return self.look_up(f"fake/{key}/{outcome}/{_seconds(clock.now())}")

    def look_up(self, ref: str) -> Payout:
        """What became of a payout; delays count from the moment in the reference."""
        _name, _key, outcome, moment = ref.split("/")
        waited = clock.now() >= _moment(moment) + DELAY
        if outcome == CLOSED_ACCOUNT:
            return Payout(PayoutState.FAILED, ref=ref, failure="account_closed")
        if outcome == SLOW_BANK and not waited:
            return Payout(PayoutState.PENDING, ref=ref)
        if outcome == BOUNCING_BANK and waited:
            return Payout(PayoutState.BOUNCED, ref=ref, failure="account_closed")
        return Payout(PayoutState.PAID, ref=ref)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
