"""Is everything there that a buyer reads before paying, and is it neither too short nor too long? (C-1, L-3)"""

from collections.abc import Iterator
from functools import partial

from backoffice.integrations.checks.model import Check, CourseSnapshot, Finding, Place, Severity, Thresholds
from backoffice.integrations.checks.words import has_words, word_count

ID, VERSION = "completeness", 1
_finding = partial(Finding, check=ID, version=VERSION)


def _run(snapshot: CourseSnapshot, thresholds: Thresholds) -> list[Finding]:
    return [*_missing(snapshot), *_lengths(snapshot, thresholds)]


def _missing(snapshot: CourseSnapshot) -> Iterator[Finding]:
    for field in ("title", "short_description", "description"):
        if not has_words(getattr(snapshot, field)):
            yield _finding(code="text_missing", severity=Severity.BLOCK, place=Place(field), params={"field": field})
    for field, there, severity in (
        ("category", snapshot.category, Severity.BLOCK),
        ("language", snapshot.language, Severity.BLOCK),
        ("cover", snapshot.cover_ready, Severity.BLOCK),
        ("level", snapshot.level, Severity.INFO),
        ("skills", snapshot.skills, Severity.INFO),
        ("requirements", snapshot.requirements.strip(), Severity.INFO),
    ):
        if not there:
            yield _finding(code=f"{field}_missing", severity=severity, place=Place(field))
    nodes = [(module.node_id, module.title) for module in snapshot.modules]
    nodes += [(lecture.node_id, lecture.title) for lecture in snapshot.lectures()]
    for node_id, title in nodes:
        if not has_words(title):
            yield _finding(code="node_untitled", severity=Severity.BLOCK, place=Place("title", node_id))


def _lengths(snapshot: CourseSnapshot, thresholds: Thresholds) -> Iterator[Finding]:
    for field, least, most in (
        ("title", thresholds.title_min_chars, thresholds.title_max_chars),
        ("short_description", thresholds.short_description_min_chars, thresholds.short_description_max_chars),
    ):
        text = getattr(snapshot, field)
        length = len(text.strip())
        found = partial(_finding, severity=Severity.BLOCK, place=Place(field), measured=length, params={"field": field})
        if has_words(text) and length < least:
            yield found(code="text_too_short", threshold=least, excerpt=text)
        elif length > most:
            yield found(code="text_too_long", threshold=most, excerpt=text)
    words = word_count(snapshot.description)
    if 0 < words < thresholds.description_min_words:
        yield _finding(
            code="too_few_words",
            severity=Severity.BLOCK,
            place=Place("description"),
            excerpt=snapshot.description,
            measured=words,
            threshold=thresholds.description_min_words,
            params={"field": "description"},
        )


CHECK = Check(ID, VERSION, _run)
