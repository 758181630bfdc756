"""What authors type, on its way into a column: trimmed, within its limit, without what PostgreSQL cannot keep."""

from flask_babel import lazy_gettext as _l

from backoffice.errors import Refused


def cleaned(text: str, *, field: str, at_most: int, required: bool = False) -> str:
    """The text with plain line ends. Errors name the `field`: `text.forbidden`, `text.too_long`, `text.missing`."""
    text = text.replace("\r\n", "\n").strip()
    if "\0" in text:
        raise Refused("text.forbidden", _l("There is a character in the text that cannot be kept."), field=field)
    if len(text) > at_most:
        raise Refused("text.too_long", _l("At most %(limit)s characters fit here.", limit=at_most), field=field)
    if required and not text:
        raise Refused("text.missing", _l("Write something here."), field=field)
    return text
