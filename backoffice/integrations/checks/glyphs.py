"""Characters that look like others or like nothing, undone. Everything here keeps track of the original positions."""

import re
import unicodedata
from functools import lru_cache


def _pairs(listed: str) -> dict[int, str]:
    return {ord(pair[0]): pair[1] for pair in listed.split()}


# Cyrillic, Greek and small-capital letters that pass for a Latin one.
LATIN_LIKE = _pairs(
    "аa вb еe ёe іi кk мm нh оo рp сc тt уy хx ѕs јj ԁd ԛq ɡg һh ӏl "
    "αa βb εe ιi κk μm νv οo ρp τt υu χx "
    "ᴀa ʙb ᴄc ᴅd ᴇe ғf ɢg ʜh ɪi ᴊj ᴋk ʟl ᴍm ɴn ᴏo ᴘp ʀr ᴛt ᴜu ᴠv ᴡw ʏy ᴢz"
)
# Letters in a Cyrillic word that belong to another script, by shape (`p` is a Cyrillic er) and by sound (`p` is a pe).
CYRILLIC_BY_SHAPE = _pairs(
    "aа bь cс eе hн kк mм oо pр rг tт xх yу uи iи nп dд gд wш vв zз lл fф sс jй єе іи їи ґг οо αа ρр χх υу εе κк"
)
CYRILLIC_BY_SOUND = _pairs("aа bб cс eе hх kк mм oо pп rр tт xх yй uу iи nн dд gг wв vв zз lл fф sс jй єе іи їи ґг")

_PLAIN = re.compile(r"[\x00-\x7f\u0400-\u045f«»—–“”’№]*\Z")
_INVISIBLE = frozenset("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u2800\u3164\ufe0e\ufe0f\ufeff\uffa0\u20e3")


def is_invisible(char: str) -> bool:
    """Whether a reader sees nothing of it, not even a gap."""
    return char in _INVISIBLE or unicodedata.category(char) == "Cf"


@lru_cache(maxsize=4096)
def _plain_char(char: str) -> str:
    if is_invisible(char):
        return ""
    return unicodedata.normalize("NFKC", char)


def plain(text: str) -> tuple[str, list[int] | None]:
    """Text without invisible characters and with compatibility forms (full width, bold, keycaps) made plain.

    The list has the original position of every character, with one more for the end; None if nothing has moved.
    """
    if _PLAIN.match(text):
        return text, None
    out: list[str] = []
    origin: list[int] = []
    for position, char in enumerate(text):
        for made in _plain_char(char):
            out.append(made)
            origin.append(position)
    return "".join(out), [*origin, len(text)]


@lru_cache(maxsize=65536)
def folded(word: str) -> str:
    """Lower-case letters without accents; `й` and `ё` become `и` and `е`."""
    spread = unicodedata.normalize("NFKD", word.casefold())
    return "".join(char for char in spread if not unicodedata.combining(char) and not is_invisible(char))
