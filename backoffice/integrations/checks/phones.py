"""Phone numbers, also in words and keycaps, told from the other numbers of a course."""

import re
from collections.abc import Iterator

import phonenumbers

from backoffice.integrations.checks.spans import Span

_GAP = r"[ \t\u00a0.()\-\u2010-\u2015*·/]"
_CANDIDATE = re.compile(rf"(?<![\w./,=#\\-])\+?\(?\d(?:{_GAP}{{0,3}}\d){{6,14}}(?![\w/\\])(?![.,]\d)")
_CONTEXT = re.compile(
    r"""\b(?:тел(?:ефон\w*)?|моб(?:ильн\w*)?|сот(?:ов\w*)?|звон\w+|позвон\w+|набер\w+|номер\w*|в[ао]тс?[ао]п\w*|ва[цт]ап\w*
    |whats\s?app|viber|вайбер\w*|телеграм\w*|telegram|тг|пиши\w*|напиш\w*|связ\w+|свяж\w+|контакт\w*|смс|sms|сбер\w*|сбп
    |my\s+number|number\s+is|phone|call|cell|mobile|tel|text\s+me|dial|contact|reach|hotline)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_OTHER_NUMBER = re.compile(
    r"(?:ISBN|ISSN|ИНН|ОГРН\w*|КПП|СНИЛС|ГОСТ|УДК|DOI|артикул\w*|заказ\w*|order|версия|version|порт|port|timestamp|seed|сч[её]т\w*"
    r"|π|pi|id|№|\$|€|₽|IP)[\s:=≈№#-]*(?:Р\s?)?\Z",
    re.IGNORECASE,
)
_DATE_OR_IP = re.compile(
    r"\(?(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}[./-]\d{1,2}[./-]\d{1,2}|(?:\d{1,3}\.){3}\d{1,3})"
)
_FORMULA = re.compile(r"[=*/%<>^]\s?\Z")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ \u00a0.]\d{3}){2,}\Z")
_RUSSIAN_GROUPS = re.compile(
    r"\+?[78]?\D{0,3}\d{3}\D{1,3}\d{3}\D{0,2}\d{2}\D{0,2}\d{2}\Z|[78]\D{1,3}\d{3}\D{1,3}\d{7}\Z"
)
_AMERICAN_GROUPS = re.compile(r"(?:1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[.-])\d{3}[.-]\d{4}\Z")
_INVENTED = re.compile(r"1?\d{3}55501\d\d\Z|[78]?(\d)\1{9}\Z|[78]9001234567\Z|[78]?1234567890\Z")

_UNITS = (
    ("ноль", "zero", "oh"),
    ("один", "одна", "one"),
    ("два", "две", "two"),
    ("три", "three"),
    ("четыре", "four"),
    ("пять", "five"),
    ("шесть", "six"),
    ("семь", "seven"),
    ("восемь", "eight"),
    ("девять", "nine"),
)
_TEENS = (
    "десять одиннадцать двенадцать тринадцать четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать"
)
_TENS = "двадцать тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
_HUNDREDS = "сто двести триста четыреста пятьсот шестьсот семьсот восемьсот девятьсот"
_NUMBER_WORDS: dict[str, int] = (
    {word: value for value, words in enumerate(_UNITS) for word in words}
    | {word: value for value, word in enumerate(_TEENS.split(), start=10)}
    | {word: 10 * value for value, word in enumerate(_TENS.split(), start=2)}
    | {word: 100 * value for value, word in enumerate(_HUNDREDS.split(), start=1)}
)
_NUMBER_WORD = rf"(?:{'|'.join(sorted(_NUMBER_WORDS, key=len, reverse=True))}|\d{{1,3}})"
_SPELLED = re.compile(
    rf"(?<!\w)(?:(?:плюс|plus|\+)\s*)?{_NUMBER_WORD}(?:[\s,.\-–—]{{1,3}}{_NUMBER_WORD}){{4,13}}(?!\w)", re.IGNORECASE
)


def phones(text: str, language: str) -> Iterator[Span]:
    """Spans of phone numbers. One that nothing around confirms is not sure."""
    region = "US" if language == "en" else "RU"
    for match in _CANDIDATE.finditer(text):
        written = match.group()
        if _OTHER_NUMBER.search(text, max(0, match.start() - 16), match.start()) or _DATE_OR_IP.match(written):
            continue
        confirmed = _confirmed(text, match)
        if not confirmed and _FORMULA.search(text, max(0, match.start() - 2), match.start()):
            continue
        sure = _judge(written, region, confirmed=confirmed)
        if sure is not None:
            yield Span("contact_phone", match.start(), match.end(), sure)
    for match in _SPELLED.finditer(text):
        words = [word for word in re.split(r"[\s,.\-–—+]+", match.group().lower()) if word in _NUMBER_WORDS]
        digits = _digits_of(match.group().lower())
        if len(words) >= 4 and _is_valid(digits, region) and (_confirmed(text, match) or region == "RU"):
            yield Span("contact_phone", match.start(), match.end(), True)


def _confirmed(text: str, match: re.Match[str]) -> bool:
    return _CONTEXT.search(text, max(0, match.start() - 45), min(len(text), match.end() + 20)) is not None


def _judge(written: str, region: str, *, confirmed: bool) -> bool | None:
    """True: surely a phone; False: may be one; None: is none."""
    digits = re.sub(r"\D", "", written)
    if _INVENTED.match(digits):
        return None
    if written.startswith(("+", "(+")):
        return True if _is_valid("+" + digits, None) else None
    if digits.startswith("00") and _is_valid("+" + digits[2:], None):
        return confirmed
    if confirmed:
        return True if any(_is_valid(digits, place) for place in (region, "RU", "US")) else None
    if _THOUSANDS.match(written):
        return None
    if len(digits) in (10, 11) and _RUSSIAN_GROUPS.match(written) and _is_valid(digits, "RU"):
        return len(digits) == 11
    if len(digits) == 11 and digits[:2] in ("89", "79") and _is_valid(digits, "RU"):
        return " " in written.strip() or "-" in written
    return False if _AMERICAN_GROUPS.match(written) and _is_valid(digits, "US") else None


def _is_valid(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _digits_of(spelled: str) -> str:
    """`восемь девятьсот шестнадцать` is 8916: a smaller number fills the zeros of the one before."""
    digits, last = "", 0
    for word in re.split(r"[\s,.\-–—+]+", spelled):
        if word.isdigit():
            digits, last = digits + word, 0
        elif word in _NUMBER_WORDS:
            value = _NUMBER_WORDS[word]
            fits = (last >= 100 and last % 100 == 0 and 0 < value < 100) or (
                last >= 20 and last % 10 == 0 and last % 100 != 10 and 0 < value < 10
            )
            if fits:
                digits, last = digits[: -len(str(value))] + str(value), last + value
            else:
                digits, last = digits + str(value), value
    return digits
