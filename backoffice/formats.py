"""How money, moments and lengths are written for people, in the locale and time zone of the reader (S-6, X-4)."""

from datetime import date, datetime
from typing import Any

from babel.numbers import format_currency, format_decimal
from flask import Flask
from flask_babel import format_date, format_datetime, get_locale, ngettext
from flask_babel import gettext as _

from backoffice import words
from backoffice.money import Money


def money(amount: Money) -> str:
    """Money with its sign and two digits: $12.50, 12,50 $."""
    return format_currency(amount.decimal(), amount.currency, locale=get_locale())


def moment(value: datetime) -> str:
    """Date and time in the reader's zone."""
    return format_datetime(value, "medium")


def day(value: date) -> str:
    """A date in the reader's zone; a datetime is converted first."""
    return format_date(value, "long")


def month(value: date) -> str:
    """A month with its year; `value` is any day of it."""
    return format_date(value, "LLLL y", rebase=False)


def bar(day: date, value: int, text: str) -> dict[str, Any]:
    """A bar of a chart by days, as the macro `bar_chart` takes it."""
    return {"label": format_date(day, "d MMM", rebase=False), "value": value, "text": text}


def duration(seconds: int) -> str:
    """A length for people: "1 h 20 min", "45 min", "30 s"."""
    hours, rest = divmod(int(seconds), 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return ngettext("%(num)d h", "%(num)d h", hours) + (
            " " + ngettext("%(num)d min", "%(num)d min", minutes) if minutes else ""
        )
    if minutes:
        return ngettext("%(num)d min", "%(num)d min", minutes)
    return ngettext("%(num)d s", "%(num)d s", left)


def filesize(count: int) -> str:
    """Bytes for people: "17 B", "1.5 MB", "12 GB"; as the upload desk writes them."""
    units = (_("B"), _("KB"), _("MB"), _("GB"))
    power = 0
    while power < len(units) - 1 and count >= 1024 ** (power + 1):
        power += 1
    value = count / 1024**power
    pattern = "#,##0.#" if power and value < 10 else "#,##0"
    return f"{format_decimal(value, pattern, locale=get_locale())} {units[power]}"


DIGITS_SHOWN = 4


def masked(payout_method: str) -> str:
    """The method without the digits that others could use: mail is read on the way. "IBAN DE·· ···· ··30 00"."""
    left = sum(letter.isdigit() for letter in payout_method)
    shown = []
    for letter in payout_method:
        left -= letter.isdigit()
        shown.append("·" if letter.isdigit() and left >= DIGITS_SHOWN else letter)
    return "".join(shown)


# Characters that a spreadsheet takes for the start of a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def plain_cell(text: str) -> str:
    """Text of a CSV cell that no spreadsheet runs as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def init_app(app: Flask) -> None:
    """Give the templates their filters and the locale of the page."""
    app.add_template_filter(money, "money")
    app.add_template_filter(moment, "datetime")
    app.add_template_filter(day, "date")
    app.add_template_filter(month, "month")
    app.add_template_filter(duration, "duration")
    app.add_template_filter(filesize, "size")
    app.jinja_env.globals.update(
        get_locale=get_locale,
        operation_names=words.OPERATIONS,
        account_names=words.ACCOUNTS,
        status_names=words.STATUSES,
        payout_failure=words.payout_failure,
    )
