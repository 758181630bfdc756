"""The address of a catalogue page is its state: reading filters from it, and writing addresses of its neighbours."""

from dataclasses import replace
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from backoffice.config import settings
from backoffice.formats import money
from backoffice.money import CURRENCY_DIGITS, Money
from backoffice.queries.catalogue import Filters, Sort
from backoffice.queries.facets import Choice, Facets

LONGEST = 200
MOST = 10**7 - 1
LISTS = ("category", "level", "language", "skill")


def parse(args: MultiDict[str, str]) -> Filters:
    """Filters of an address; what makes no sense is left out."""

    def chosen(name: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value[:LONGEST] for value in args.getlist(name)[:20] if value))

    most, stars, sort = args.get("max_price", ""), args.get("rating", ""), args.get("sort", "")
    return Filters(
        q=args.get("q", "").replace("\x00", "").strip()[:LONGEST],
        category=chosen("category"),
        level=chosen("level"),
        language=chosen("language"),
        skill=chosen("skill"),
        price=args["price"] if args.get("price") in ("free", "paid") else "",
        max_price=int(most) if most.isascii() and most.isdecimal() and len(most) <= len(str(MOST)) else None,
        rating=int(stars) if stars in ("3", "4") else None,
        certificate=args.get("certificate") == "1",
        sort=Sort(sort) if sort in set(Sort) else Sort.NEWEST,
    )


def address(filters: Filters, **more: Any) -> str:
    """The address of the catalogue with these filters; defaults are left out."""
    values: dict[str, Any] = {name: list(getattr(filters, name)) for name in LISTS if getattr(filters, name)}
    values |= {"q": filters.q or None, "price": filters.price or None, "rating": filters.rating}
    values |= {"max_price": filters.max_price, "certificate": "1" if filters.certificate else None}
    values["sort"] = filters.sort.value if filters.sort is not Sort.NEWEST else None
    return url_for("storefront.courses", **values, **more)


def level_names() -> dict[str, str]:
    """Levels by their names for people."""
    return {
        "beginner": _("Beginner"),
        "intermediate": _("Intermediate"),
        "advanced": _("Advanced"),
        "all": _("All levels"),
    }


def sort_names() -> list[tuple[str, str]]:
    """Orders by their names for people."""
    return [
        (Sort.NEWEST.value, _("Newest first")),
        (Sort.POPULAR.value, _("Most students")),
        (Sort.RATING.value, _("Best rated")),
        (Sort.PRICE.value, _("Cheapest first")),
        (Sort.PRICE_DOWN.value, _("Dearest first")),
    ]


def chips(filters: Filters, facets: Facets) -> list[tuple[str, str]]:
    """What is chosen: labels with the address without each."""
    found: list[tuple[str, str]] = []
    if filters.q:
        found.append((f"“{filters.q}”", address(replace(filters, q=""))))
    named: dict[str, dict[str, str]] = {
        "category": _labels(facets.categories),
        "level": level_names(),
        "language": _labels(facets.languages),
        "skill": _labels(facets.skills),
    }
    for name in LISTS:
        for value in getattr(filters, name):
            rest = tuple(other for other in getattr(filters, name) if other != value)
            without: dict[str, Any] = {name: rest}
            found.append((named[name].get(value, value), address(replace(filters, **without))))
    return found + _single_chips(filters)


def _single_chips(filters: Filters) -> list[tuple[str, str]]:
    found = []
    if filters.price:
        label = _("Free") if filters.price == "free" else _("Paid")
        found.append((label, address(replace(filters, price=""))))
    if filters.max_price is not None:
        currency = settings().currency
        most = Money(filters.max_price * 10 ** CURRENCY_DIGITS[currency], currency)
        found.append((_("Up to %(price)s", price=money(most)), address(replace(filters, max_price=None))))
    if filters.rating:
        found.append((_("%(stars)s stars and more", stars=filters.rating), address(replace(filters, rating=None))))
    if filters.certificate:
        found.append((_("With a certificate"), address(replace(filters, certificate=False))))
    return found


def _labels(choices: list[Choice]) -> dict[str, str]:
    return {choice.value: choice.label for choice in choices}
