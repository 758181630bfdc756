"""Ways past the shop: links, addresses, messengers, phones, accounts (L-3).

On the course's page they go back to the author; inside lectures a person looks at them. What may be harmless weighs one
step less, and so do plain links in lectures, where they are usually sources.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import partial

from backoffice.integrations.checks import contact_patterns as patterns
from backoffice.integrations.checks.addresses import emails, links
from backoffice.integrations.checks.glyphs import plain
from backoffice.integrations.checks.model import Check, CourseSnapshot, Finding, Severity, Thresholds
from backoffice.integrations.checks.payments import payments
from backoffice.integrations.checks.phones import phones
from backoffice.integrations.checks.spans import Span
from backoffice.integrations.checks.texts import TextPlace, excerpt, text_places, without_code

ID, VERSION = "contacts", 1
_finding = partial(Finding, check=ID, version=VERSION)

_ENDS = re.compile(r"\s*(?:[.,;!?)\n]|\Z)")

# What a code block may well hold for teaching; the rest is no less a contact for standing between backticks.
_FINE_IN_CODE = frozenset({"contact_link", "contact_email", "contact_handle"})


def _run(snapshot: CourseSnapshot, thresholds: Thresholds) -> list[Finding]:
    return [
        finding
        for place in text_places(snapshot)
        for finding in _in_text(place, snapshot.language, thresholds.own_hosts)
    ]


def _in_text(place: TextPlace, language: str, own_hosts: tuple[str, ...]) -> Iterator[Finding]:
    text, origin = plain(place.text)
    prose = without_code(text) if place.markdown else text
    spans = list(contact_spans(prose, language, own_hosts))
    if place.public and prose != text:
        covered = (span for span in contact_spans(text, language, own_hosts) if span.code not in _FINE_IN_CODE)
        spans = _without_overlaps([*spans, *covered])
    for span in spans:
        start, end = (origin[span.start], origin[span.end]) if origin else (span.start, span.end)
        yield _finding(
            code=span.code,
            severity=_severity(span, public=place.public),
            place=place.place(start, end),
            excerpt=excerpt(place.text, start, end),
            params={"match": place.text[start:end][:100]},
        )


def _severity(span: Span, *, public: bool) -> Severity:
    steps = (Severity.BLOCK, Severity.FLAG, Severity.INFO)
    down = (not public) + (not span.sure) + (span.code == "contact_link" and not public)
    return steps[min(down, 2)]


def contact_spans(text: str, language: str, own_hosts: tuple[str, ...] = ()) -> list[Span]:
    """Everything in a plain text (see `glyphs.plain`) that leads past the shop, without overlaps, surest kind first."""
    found = [
        *payments(text),
        *emails(text),
        *links(text, own_hosts),
        *_calls(text),
        *phones(text, language),
        *_handles(text),
        *_nicks(text),
    ]
    return _without_overlaps(found)


def _without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Those that touch no earlier one, by position."""
    kept: list[Span] = []
    for span in spans:
        at = bisect_left(kept, span.start, key=lambda other: other.start)
        free_before = at == 0 or kept[at - 1].end <= span.start
        if free_before and (at == len(kept) or span.end <= kept[at].start):
            kept.insert(at, span)
    return kept


def _calls(text: str) -> Iterator[Span]:
    for match in patterns.CALLS.finditer(text):
        yield Span("contact_messenger", match.start(), match.end())


def _handles(text: str) -> Iterator[Span]:
    for match in patterns.HANDLE.finditer(text):
        nick = match["nick"].lower()
        before = max(0, match.start() - 40)
        if nick.split(".")[0] in patterns.DECORATORS or text[match.end() : match.end() + 1] in ("(", "/", "{", "<"):
            continue
        if patterns.CODE_CONTEXT.search(text, before, min(len(text), match.end() + 25)):
            continue
        sure = patterns.CONTACT_CONTEXT.search(text, before, match.start()) is not None
        yield Span("contact_handle", match.start(), match.end(), sure)


def _nicks(text: str) -> Iterator[Span]:
    for match in patterns.NICK.finditer(text):
        mark, nick = match["mark"].strip().lower(), match["nick"].rstrip(".")
        unusual = any(char.isdigit() or char in "_#" for char in nick)
        named = len(mark) > 2 or "@" in match.group()
        # A plain word after "Telegram:" is a nickname only if the sentence ends with it.
        plain_nick = mark in (":", "=") and nick.islower() and _ENDS.match(text, match.end())
        if unusual or named or plain_nick:
            sure = bool(mark) and (unusual or named)
            yield Span("contact_messenger", match.start(), match.start("nick") + len(nick), sure)


CHECK = Check(ID, VERSION, _run)
