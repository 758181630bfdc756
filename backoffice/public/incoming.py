"""What comes in from outside, measured before any route or query sees it."""

from typing import Any

from flask import Flask, abort, request
from werkzeug.routing import IntegerConverter, Map, ValidationError

# The greatest whole number of a column; no row has a greater one.
MOST = 2**63 - 1
# More than the longest form of the studio; files come in by their own protocol, piece by piece.
LARGEST_BODY = 2 * 1024 * 1024
# Endpoints that count the bytes of their body themselves.
STREAMED = frozenset({"media.create_upload", "media.tus_append", "media.tus_overridden"})


def whole_number(text: str | int) -> int:
    """The number of a row, as an address or a form gives it; ValueError for anything that can be none."""
    text = str(text)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST)) and int(text) <= MOST):
        raise ValueError(f"not a number of a row: {text[:30]!r}")
    return int(text)


class RowNumber(IntegerConverter):
    """`<int:...>` of an address; what no row can have is no address of the house (404)."""

    def __init__(self, url_map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(url_map, *args, **{"max": MOST} | kwargs)

    def to_python(self, value: str) -> Any:
        """The number; too many digits are not even counted."""
        if len(value) > len(str(MOST)):
            raise ValidationError
        return super().to_python(value)


def _measure() -> None:
    """An address with a NUL, which PostgreSQL keeps in no text, is nobody's (404); files may be of any length."""
    if "\0" in request.path:
        abort(404)
    if request.endpoint in STREAMED:
        # None would be the application's limit again.
        request.max_content_length = MOST


def init_app(app: Flask) -> None:
    """Measure every request, before anything else looks at it."""
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_BODY, MAX_FORM_MEMORY_SIZE=LARGEST_BODY)
    app.url_map.converters["int"] = RowNumber
    app.before_request(_measure)
