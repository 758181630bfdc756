"""Addresses made of names: lower-case Latin words joined by hyphens, Cyrillic transliterated."""

import re
import unicodedata

MAX_LENGTH = 60

_PAIRS = (
    "а:a б:b в:v г:g д:d е:e ё:yo ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:kh ц:ts ч:ch ш:sh "
    "щ:shch ъ: ы:y ь: э:e ю:yu я:ya і:i ї:yi є:ye ґ:g"
)
_TABLE = str.maketrans(dict(pair.split(":") for pair in _PAIRS.split()))


def slug_of(name: str, *, otherwise: str) -> str:
    """The address of a name, at most 60 characters; `otherwise` when nothing of it can be written in Latin."""
    latin = unicodedata.normalize("NFKC", name).casefold().translate(_TABLE)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_LENGTH].rstrip("-") or otherwise
