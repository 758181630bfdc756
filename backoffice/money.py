"""Money is integer minor units with a currency (M-1). Only this module rounds."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

BASIS_POINTS = 10_000

# Minor units per unit. The shop runs on one currency, so the list holds what a shop may be set to.
CURRENCY_DIGITS = {"USD": 2, "EUR": 2, "GBP": 2, "RUB": 2, "JPY": 0}
MAX_MINOR = 10**12


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
    """Money from what a person types: "12", "12.5", "12,50". ValueError for anything that is not exact."""
    try:
        amount = Decimal(text.strip().replace(" ", "").replace("\N{NO-BREAK SPACE}", "").replace(",", "."))
    except InvalidOperation as error:
        raise ValueError(f"not an amount: {text!r}") from error
    if not amount.is_finite():
        raise ValueError(f"not an amount: {text!r}")
    minor = amount.scaleb(CURRENCY_DIGITS[currency])
    if abs(minor) > MAX_MINOR or minor != minor.to_integral_value():
        raise ValueError(f"not an amount in {currency}: {text!r}")
    return Money(int(minor), currency)
