"""What people type, on its way into a column: trimmed, within its limit, and such that others can read it."""

import re
import unicodedata

from flask_babel import lazy_gettext as _l

from backoffice.errors import Refused

# Why somebody decided so about another's money, and what they write about another's course; the forms say the same.
REASON_MAX = 1_000
REMARK_MAX = 4_000
FILENAME_MAX_CHARS = 200

# Control characters, halves of surrogate pairs, and marks that turn the direction of everything that follows them.
_UNREADABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# No script puts more marks than this on one letter.
_MOST_MARKS = 6
_INVISIBLE = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def legible(text: str) -> bool:
    """Whether the text can be kept and shown beside others without spoiling them."""
    if _UNREADABLE.search(text):
        return False
    marks = 0
    for char in text if not text.isascii() else "":
        marks = marks + 1 if unicodedata.category(char) in ("Mn", "Me") else 0
        if marks > _MOST_MARKS:
            return False
    return True


def blank(text: str) -> bool:
    """Whether there is nothing to see in the text, however many characters it has."""
    return all(unicodedata.category(char)[0] in "ZCM" or char in _INVISIBLE for char in text)


def legible_name(text: str, at_most: int) -> bool:
    """Whether this, with its spaces put in order, can be somebody's name: one line, visible, not too long."""
    return not blank(text) and len(text) <= at_most and text.isprintable() and legible(text)


def cleaned(text: str, *, field: str, at_most: int, required: bool = False) -> str:
    """The text with plain line ends. Errors name the `field`: `text.forbidden`, `text.too_long`, `text.missing`."""
    text = text.replace("\r\n", "\n").strip()
    if not legible(text):
        raise Refused("text.forbidden", _l("There is a character in the text that cannot be kept."), field=field)
    if len(text) > at_most:
        raise Refused("text.too_long", _l("At most %(limit)s characters fit here.", limit=at_most), field=field)
    if required and blank(text):
        raise Refused("text.missing", _l("Write something here."), field=field)
    return "" if blank(text) else text


def clean_filename(name: str) -> str:
    """The name as it is shown: NFC, last part of a path, no control or direction-changing characters, ≤ 200."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(char for char in last if unicodedata.category(char)[0] != "C").strip()
    return plain[:FILENAME_MAX_CHARS] or "upload"
