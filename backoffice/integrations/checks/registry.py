"""All checks, how they are run over a course, and what follows from their findings (L-3, L-4, L-7)."""

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from backoffice.integrations.checks import completeness, contacts, language_use, structure, video_technique
from backoffice.integrations.checks.model import Check, CourseSnapshot, Finding, Place, Severity, Thresholds

log = logging.getLogger(__name__)

CHECKS: tuple[Check, ...] = (
    completeness.CHECK,
    structure.CHECK,
    video_technique.CHECK,
    contacts.CHECK,
    language_use.CHECK,
)

Verdict = Literal["reject", "review", "pass"]

_FIELDS = (
    *("title", "short_description", "description", "requirements", "category", "language", "level", "skills", "cover"),
    *("body", "video", "text", "options"),
)
_SEVERITIES = tuple(Severity)


def run_checks(snapshot: CourseSnapshot, thresholds: Thresholds, *, checks: Sequence[Check] = CHECKS) -> list[Finding]:
    """Findings of all checks in reading order; a check that crashes becomes a `check_crashed` flag, never a pass."""
    found: list[Finding] = []
    for check in checks:
        found += _run_one(check, snapshot, thresholds)
    position = {node_id: number for number, node_id in enumerate(_node_ids(snapshot))}
    found.sort(key=lambda finding: _reading_order(finding, position))
    return list(_capped(found, thresholds.findings_per_place))


def verdict(findings: Iterable[Finding], *, first_publication: bool) -> Verdict:
    """A block rejects; a flag, and any change of a published course (L-7), needs a person; the rest passes."""
    severities = {finding.severity for finding in findings}
    if Severity.BLOCK in severities:
        return "reject"
    if Severity.FLAG in severities or not first_publication:
        return "review"
    return "pass"


def _run_one(check: Check, snapshot: CourseSnapshot, thresholds: Thresholds) -> list[Finding]:
    try:
        return check.run(snapshot, thresholds)
    except Exception as error:
        # Whatever breaks inside a check must neither stop the others nor let the course through.
        log.exception("Check %s crashed", check.id)
        params = {"check": check.id, "error": type(error).__name__}
        return [
            Finding(check=check.id, version=check.version, code="check_crashed", severity=Severity.FLAG, params=params)
        ]


def _node_ids(snapshot: CourseSnapshot) -> Iterator[int]:
    for module in snapshot.modules:
        yield module.node_id
        for lecture in module.lectures:
            yield lecture.node_id
            for question in lecture.questions:
                yield question.node_id


def _reading_order(finding: Finding, position: dict[int, int]) -> tuple[int, int, int, str, int, int]:
    place: Place = finding.place
    node = -1 if place.node_id is None else position.get(place.node_id, len(position))
    field = place.field or ""
    rank = _FIELDS.index(field) if field in _FIELDS else len(_FIELDS)
    # By length before name, so that option_10 comes after option_2.
    return node, rank, len(field), field, place.start or 0, _SEVERITIES.index(finding.severity)


def _capped(findings: list[Finding], most: int) -> Iterator[Finding]:
    seen: Counter[tuple[str, Severity, str | None, int | None]] = Counter()
    for finding in findings:
        key = (finding.code, finding.severity, finding.place.field, finding.place.node_id)
        seen[key] += 1
        if seen[key] <= most:
            yield finding
