"""What the house asks of a payment and of a payout provider, and the pure data that goes between them (M-2, M-8)."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from flask_babel import lazy_gettext as _l

from backoffice import clock
from backoffice.errors import Conflict, Refused
from backoffice.money import Money

_BRANDS = {"4": "visa", "2": "mastercard", "34": "amex", "37": "amex"} | {f"5{n}": "mastercard" for n in range(1, 6)}


@dataclass(frozen=True, slots=True)
class Card:
    """What a person types. Lives for one request, and never shows itself in a log or a traceback."""

    number: str = field(repr=False)
    expires: date
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardToken:
    """All that the house keeps of a card: the provider's token, brand and last four digits (M-2)."""

    token: str
    brand: str
    last4: str


class ChargeState(StrEnum):
    """PENDING: the provider answers later; ask `look_up` again. CHARGED_BACK: the bank took settled money again."""

    SETTLED = "settled"
    PENDING = "pending"
    DECLINED = "declined"
    CHARGED_BACK = "charged_back"


class PayoutState(StrEnum):
    """PENDING: the provider answers later. BOUNCED: it was paid, and the bank sent it back."""

    PAID = "paid"
    PENDING = "pending"
    FAILED = "failed"
    BOUNCED = "bounced"


@dataclass(frozen=True, slots=True)
class Charge:
    """The provider's answer to a charge; `ref` is its own name for it, `decline_code` is set when it declined."""

    state: ChargeState
    ref: str
    decline_code: str = ""


@dataclass(frozen=True, slots=True)
class Payout:
    """The provider's answer to a payout; `failure` says why it was not paid or came back."""

    state: PayoutState
    ref: str
    failure: str = ""


class ProviderAway(Conflict):
    """The provider does not answer: nothing is known of what was asked, and it may be asked again with the same key."""

    def __init__(self) -> None:
        super().__init__("provider.away", _l("The payment provider does not answer at the moment. Please try again."))


class PaymentProvider(Protocol):
    """Charges cards. The same key never charges twice, whatever happens between two calls."""

    name: str

    def tokenize(self, card: Card, *, keep: bool) -> CardToken:
        """Give the card to the provider, get its token, which is good for one charge or, to `keep`, for many.

        Refused `card.*` with the field when it cannot be used.
        """

    def charge(self, *, key: str, token: str, amount: Money) -> Charge:
        """Charge once per key; a repeated key returns the present state of the first charge."""

    def look_up(self, ref: str) -> Charge:
        """The present state of a charge by the provider's reference."""


class PayoutProvider(Protocol):
    """Pays people out. The same key never pays twice."""

    name: str

    def pay(self, *, key: str, method: str, amount: Money) -> Payout:
        """Pay once per key to the method that the payee named; a repeated key returns the first answer."""

    def look_up(self, ref: str) -> Payout:
        """The present state of a payout by the provider's reference."""


def checked_card(number: str, expires: date, code: str) -> Card:
    """A card whose digits can be right: Luhn, expiry (its last day), code. Refused `card.*` with data `field`."""
    digits = number.replace(" ", "").replace("-", "")
    if not (digits.isascii() and digits.isdigit() and 12 <= len(digits) <= 19 and passes_luhn(digits)):
        raise Refused("card.number", _l("This is not a card number. Check the digits."), field="number")
    if expires < clock.now().date():
        raise Refused("card.expired", _l("This card has expired."), field="expires")
    if not (code.isascii() and code.isdigit() and 3 <= len(code) <= 4):
        raise Refused("card.code", _l("The security code has three or four digits."), field="code")
    return Card(number=digits, expires=expires, code=code)


def passes_luhn(digits: str) -> bool:
    """Whether the check digit is right."""
    doubled = (int(d) * 2 for d in digits[-2::-2])
    return (sum(int(d) for d in digits[-1::-2]) + sum(d - 9 if d > 9 else d for d in doubled)) % 10 == 0


def brand_of(digits: str) -> str:
    """The card's brand by its first digits, or "card"."""
    return next((brand for prefix, brand in _BRANDS.items() if digits.startswith(prefix)), "card")
