"""Money by days, with the days on which nothing happened."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from backoffice.config import settings
from backoffice.money import Money


@dataclass(frozen=True, slots=True)
class DayOfMoney:
    """An amount and how many sales it comes from, on a day of the reader's zone."""

    day: date
    amount: Money
    sales: int


def each_day(rows: Iterable[tuple[date, int, int]], first: date, days: int) -> tuple[DayOfMoney, ...]:
    """`days` days from `first` on; `rows` are day, minor units and sales of those that have any."""
    found = {day: (int(minor), sales) for day, minor, sales in rows}
    wanted = [first + timedelta(days=number) for number in range(days)]
    made = ((day, *found.get(day, (0, 0))) for day in wanted)
    return tuple(DayOfMoney(day, Money(minor, settings().currency), sales) for day, minor, sales in made)
