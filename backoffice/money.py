"""Money is integer minor units with a currency (M-1). Only this module rounds."""

import re
from dataclasses import dataclass
from decimal import Decimal

BASIS_POINTS = 10_000

# Minor units per unit. The shop runs on one currency, so the list holds what a shop may be set to.
CURRENCY_DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "RUB": 2, "JPY": 0}
MAX_MINOR = 10**12

_SPACE = "[ \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]"
_AMOUNT = re.compile(
    rf"(?P<sign>[+-]?)(?P<whole>[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}})+|[0-9]{{1,40}})(?:[.,](?P<part>[0-9]{{1,4}}))?"
)


class TooMuch(ValueError):
    """An amount, but a greater one than the shop can count."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units, for example `Money(1250, "USD")` for $12.50. Adding two currencies is a TypeError."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"money is integer minor units, got {self.minor!r}")
        if self.currency not in CURRENCY_DIGITS:
            raise ValueError(f"unknown currency {self.currency!r}")

    def _same(self, other: "Money") -> int:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise TypeError(f"{self} and {other!r} are not of one currency")
        return other.minor

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        return f"{self.decimal()} {self.currency}"

    def decimal(self) -> Decimal:
        """The amount in units, exact, with the currency's digits: Decimal("12.50")."""
        return Decimal(self.minor).scaleb(-CURRENCY_DIGITS[self.currency])


def commission(price: Money, basis_points: int) -> Money:
    """The platform's part of a price, rounded down to the minor unit; the author gets the rest (M-5)."""
    if not 0 <= basis_points <= BASIS_POINTS:
        raise ValueError(f"a commission of {basis_points} basis points is senseless")
    return Money(price.minor * basis_points // BASIS_POINTS, price.currency)


def parse(text: str, currency: str) -> Money:
    """Money from what a person types: "12", "12.5", "12,50", "1 250.50".

    ValueError for anything that is not exact or could be read in two ways: "1,500" is one and a half to some and
    fifteen hundred to others; its kind `TooMuch` for an amount beyond all reason.
    """
    found = _AMOUNT.fullmatch(text.strip())
    digits = CURRENCY_DIGITS[currency]
    if found is None or len(found["part"] or "") > digits:
        raise ValueError(f"not an amount in {currency}: {text[:40]!r}")
    whole = "".join(found["whole"].split())
    minor = int(whole + (found["part"] or "").ljust(digits, "0"))
    if minor > MAX_MINOR:
        raise TooMuch(f"too great an amount in {currency}: {text[:40]!r}")
    return Money(-minor if found["sign"] == "-" else minor, currency)
