"""Saving a form that others may have saved meanwhile: field by field, by what was on the screen (L-1, rule 4).

A form carries the fingerprint of what each of its fields was filled with. So it is known who has changed a field:
whoever fills in the form, somebody else, or both. Parts of operations.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from backoffice.errors import Refused
from backoffice.operations.texts import blank

FINGERPRINT_CHARS = 16

Shown = Mapping[str, str]
"""Field → fingerprint of the value that the form was filled with."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of a form: `stored` is how its fields stand now, whoever wrote them.

    Not saved were `clashes`, fields that somebody else had changed as well, and `refused` ones, with the reason.
    """

    stored: Mapping[str, Any]
    clashes: Collection[str]
    refused: Mapping[str, Refused]


def fingerprint(value: Any) -> str:
    """Tells two values of a field apart, whatever line ends and outer spaces a browser gave them."""
    text = json.dumps(_plain(value), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:FINGERPRINT_CHARS]


def fingerprints(stored: Mapping[str, Any]) -> dict[str, str]:
    """What a form carries that is filled with these values."""
    return {field: fingerprint(value) for field, value in stored.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return "" if blank(value) else value.replace("\r\n", "\n").strip()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return value


def merge(
    stored: Mapping[str, Any], typed: Mapping[str, Any], shown: Shown, check: Callable[[str, Any], Any]
) -> tuple[dict[str, Any], Saved]:
    """Values to write, and what becomes of the form with them.

    What only one side has changed is as that side wants it; what both have changed is a clash, and nothing is written.
    `check(field, value)` gives the value as it is stored, or raises Refused; what was not changed is not checked.
    """
    values: dict[str, Any] = {}
    clashes: list[str] = []
    refused: dict[str, Refused] = {}
    for field, value in typed.items():
        mine, now, before = fingerprint(value), fingerprint(stored[field]), shown.get(field)
        if mine in (now, before):
            continue
        if now != before:
            clashes.append(field)
            continue
        try:
            values[field] = check(field, value)
        except Refused as error:
            refused[field] = error
    return values, Saved({**stored, **values}, clashes, refused)
