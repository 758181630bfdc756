"""Money is integer minor units with a currency; nothing of it is lost by rounding (M-1, M-5)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.money import BASIS_POINTS, Money, commission, parse


def test_m1_money_is_whole_minor_units_of_a_known_currency() -> None:
    with pytest.raises(TypeError):
        Money(12.5, "USD")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="ABC"):
        Money(1250, "ABC")
    with pytest.raises(TypeError):
        Money(1, "USD") + Money(1, "EUR")


@given(price=st.integers(0, 10**9), rate=st.integers(0, BASIS_POINTS))
def test_m5_commission_is_rounded_down_and_both_parts_make_the_price(price: int, rate: int) -> None:
    part = commission(Money(price, "USD"), rate)
    rest = Money(price, "USD") - part
    assert part + rest == Money(price, "USD")
    assert part.minor * BASIS_POINTS <= price * rate < (part.minor + 1) * BASIS_POINTS


@given(minor=st.integers(0, 10**9))
def test_m1_what_is_shown_is_read_back_exactly(minor: int) -> None:
    assert parse(str(Money(minor, "USD").decimal()), "USD") == Money(minor, "USD")


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("12", 1200),
        ("12.5", 1250),
        ("12,50", 1250),
        (" 1 250.50 ", 125_050),
        ("1\u00a0000\u202f000", 10**8),
        ("-7", -700),
    ],
)
def test_m1_amounts_are_read_as_people_write_them(text: str, minor: int) -> None:
    assert parse(text, "USD") == Money(minor, "USD")


@pytest.mark.parametrize(
    "text",
    [
        *("12.505", "NaN", "1e999", "1e999999", "1e3", "", "twelve", "1_0", "0x10", "--1", "1.2.3", "12.", ".5"),
        # An English thousand and a Russian fraction look alike: nobody is charged by a guess.
        *("1,000", "1.500", "1,000.50", "12 50", "1 2345", "\u0661\u0662", "\uff11\uff12", "9" * 400, "1\x00"),
    ],
)
def test_m1_what_is_not_an_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        parse(text, "USD")
