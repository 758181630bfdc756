"""Bad language in Russian and English, also disguised: look-alike letters, digits, gaps, dots, stars, repeats, accents,
invisible characters, Russian in Latin letters (L-3)."""

import re
from collections.abc import Iterator
from functools import lru_cache, partial

from backoffice.integrations.checks import roots
from backoffice.integrations.checks.glyphs import CYRILLIC_BY_SHAPE, CYRILLIC_BY_SOUND, LATIN_LIKE, folded, plain
from backoffice.integrations.checks.model import Check, CourseSnapshot, Finding, Severity, Thresholds
from backoffice.integrations.checks.texts import TextPlace, excerpt, text_places, without_code

ID, VERSION = "language_use", 1
_finding = partial(Finding, check=ID, version=VERSION)

_CHUNK = re.compile(r"\S+")
_PIECE = re.compile(r"[^\W_]+(?:[@$!*#%•+]+[^\W_]+)*|[@$][^\W_]+(?:[@$!*#%•+]+[^\W_]+)*[$]*")
_STARS = re.compile(r"[*#@$%•]+")
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LETTER = re.compile(r"[^\W\d_]")
_ONLY_TRAILING_DIGITS = re.compile(r"[^\W\d_]+\d+\Z")
_LEET_RU = str.maketrans("0346189@$!", "озчбивяаси")
_LEET_EN = str.maketrans("013457@$!+89", "oieastasitbg")
_RUN = re.compile(r"(.)\1+")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_SPACED = re.compile(r"(?<![^\W_])[^\W_]([ \t.\-_*•·,/|]{1,3})(?:[^\W_]\1){1,14}[^\W_](?![^\W_])")
_SHORT_PIECE, _SHORT_WHOLE = 4, 16


def _run(snapshot: CourseSnapshot, thresholds: Thresholds) -> list[Finding]:
    return [finding for place in text_places(snapshot) for finding in _in_text(place)]


def _in_text(place: TextPlace) -> Iterator[Finding]:
    text, origin = plain(place.text)
    if place.markdown and not place.public:
        text = without_code(text)
    for start, end, strong in bad_words(text):
        if origin:
            start, end = origin[start], origin[end]
        # Strong: block in public, flag inside; mild: flag in public, advice inside.
        steps = (Severity.BLOCK, Severity.FLAG, Severity.INFO)
        yield _finding(
            code="language_obscene" if strong else "language_coarse",
            severity=steps[(not place.public) + (not strong)],
            place=place.place(start, end),
            excerpt=excerpt(place.text, start, end),
            params={"match": place.text[start:end][:100]},
        )


def bad_words(text: str) -> list[tuple[int, int, bool]]:
    """Start, end and whether it is strong, for every bad word of a plain text (see `glyphs.plain`), in order."""
    found = []
    for match in _CHUNK.finditer(text):
        for start, end, strong in _in_chunk(match.group()):
            found.append((match.start() + start, match.start() + end, strong))
    for match in _SPACED.finditer(text):
        joined = re.sub(r"[\W_]", "", match.group()).lower().replace("ё", "е")
        if any(roots.SPACED.search(form) for form in (joined, *_disguised(joined, keep_short_i=True))):
            found.append((match.start(), match.end(), True))
    found += [(match.start(), match.end(), True) for match in roots.SPLIT.finditer(text)]
    found.sort()
    return [span for number, span in enumerate(found) if not number or span[0] >= found[number - 1][1]]


@lru_cache(maxsize=32768)
def _in_chunk(chunk: str) -> tuple[tuple[int, int, bool], ...]:
    """Bad words between two spaces. Cached, because texts repeat their words."""
    if "://" in chunk:
        return ()
    pieces = list(_PIECE.finditer(chunk))
    found = []
    for piece in pieces:
        strong = _judge(piece.group())
        if strong is not None:
            found.append((piece.start(), piece.end(), strong))
    if not found and len(pieces) > 1 and len(chunk) <= _SHORT_WHOLE:
        parts = [piece.group() for piece in pieces]
        if max(map(len, parts)) <= _SHORT_PIECE and _judge("".join(parts)):
            found.append((pieces[0].start(), pieces[-1].end(), True))
    return tuple(found)


def _judge(written: str) -> bool | None:
    """True: strong; False: mild; None: nothing."""
    word = folded(written)
    if roots.HARMLESS.match(word):
        return None
    mild = False
    for form in (word, *_disguised(word)):
        if roots.HARMLESS.match(form):
            continue
        if _CYRILLIC.search(form):
            once = _RUN.sub(r"\1", form)
            if roots.STRONG_RU.match(form) or roots.STRONG_RU.match(once):
                return True
            mild = mild or bool(roots.MILD_RU.match(form) or roots.MILD_RU.match(once))
        else:
            for latin in {form, _LONG_RUN.sub(r"\1", form), _LONG_RUN.sub(r"\1\1", form)}:
                if roots.STRONG_EN.match(latin) or roots.STRONG_TRANSLIT.match(latin):
                    return True
                mild = mild or bool(roots.MILD_EN.match(latin) or roots.MILD_TRANSLIT.match(latin))
    hidden = _behind_stars(word)
    return hidden if hidden is not None else (False if mild else None)


def _disguised(word: str, *, keep_short_i: bool = False) -> Iterator[str]:
    """The word with foreign letters and digits read as the letters that they stand for."""
    letters = len(_LETTER.findall(word))
    if letters == len(word) and (word.isascii() or all("\u0400" <= char <= "\u045f" for char in word)):
        return
    others = len(word) - letters
    if not letters or others > letters or (_ONLY_TRAILING_DIGITS.match(word) and letters < 5):
        return
    yield word.rstrip("0123456789!+").lstrip("0123456789")
    if _CYRILLIC.search(word):
        for table in (CYRILLIC_BY_SHAPE, CYRILLIC_BY_SOUND):
            form = word.translate(table).translate(_LEET_RU)
            yield form if keep_short_i else form.replace("й", "и")
    if re.search("[a-z\u0250-\u03ff\u1d00-\u1dbf\ua730-\ua7ff]", word):
        yield word.translate(LATIN_LIKE).translate(_LEET_EN)


def _behind_stars(word: str) -> bool | None:
    """A few known words with letters hidden inside; at least two letters must show, the first one among them."""
    if not _STARS.search(word) or len(_LETTER.findall(word)) < 2 or not _LETTER.match(word):
        return None
    pattern = re.compile("".join(_hidden(part) for part in re.findall(r"[*#@$%•]+|[^*#@$%•]+", word)))
    if any(pattern.fullmatch(known) for known in roots.MASKABLE_STRONG):
        return True
    return False if any(pattern.fullmatch(known) for known in roots.MASKABLE_MILD) else None


def _hidden(part: str) -> str:
    if not _STARS.match(part):
        return re.escape(part)
    return "." if len(part) == 1 else f".{{1,{len(part) + 2}}}"


CHECK = Check(ID, VERSION, _run)
