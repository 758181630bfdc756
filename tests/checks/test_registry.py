"""All checks together: crashes, order, caps, JSON and the verdict (L-3, L-4, L-7)."""

import json
from dataclasses import replace

import pytest

from backoffice.integrations.checks.model import Check, CourseSnapshot, Finding, Place, Severity, Thresholds
from backoffice.integrations.checks.registry import CHECKS, Verdict, run_checks, verdict
from tests.checks.samples import COURSE, MODULE, course, course_with_question, course_with_video


def a_finding(severity: Severity) -> Finding:
    return Finding(check="some", version=1, code="some_code", severity=severity)


def breaks(_snapshot: CourseSnapshot, _thresholds: Thresholds) -> list[Finding]:
    raise ZeroDivisionError("the check is broken")


def test_the_good_course_passes() -> None:
    findings = run_checks(COURSE, Thresholds())
    assert findings == []
    assert verdict(findings, first_publication=True) == "pass"


def test_a_crashed_check_brings_the_course_to_a_person_and_stops_no_other() -> None:
    """L-4: one that crashed sends the course to review."""
    findings = run_checks(course(cover_ready=False), Thresholds(), checks=(Check("broken", 7, breaks), *CHECKS))
    crashed = next(finding for finding in findings if finding.code == "check_crashed")
    assert (crashed.check, crashed.version, crashed.severity) == ("broken", 7, Severity.FLAG)
    assert crashed.params == {"check": "broken", "error": "ZeroDivisionError"}
    assert "cover_missing" in {finding.code for finding in findings}
    alone = run_checks(COURSE, Thresholds(), checks=(Check("broken", 7, breaks),))
    assert verdict(alone, first_publication=True) == "review"


@pytest.mark.parametrize(
    ("severities", "first_publication", "expected"),
    [
        ((), True, "pass"),
        ((Severity.INFO,), True, "pass"),
        ((Severity.FLAG,), True, "review"),
        ((Severity.INFO, Severity.FLAG), True, "review"),
        ((Severity.BLOCK,), True, "reject"),
        ((Severity.FLAG, Severity.BLOCK, Severity.INFO), True, "reject"),
        ((), False, "review"),
        ((Severity.INFO,), False, "review"),
        ((Severity.FLAG,), False, "review"),
        ((Severity.BLOCK,), False, "reject"),
    ],
)
def test_verdict(severities: tuple[Severity, ...], first_publication: bool, expected: Verdict) -> None:
    """L-3, L-4 and L-7: a change of a published course never passes by itself."""
    findings = [a_finding(severity) for severity in severities]
    assert verdict(findings, first_publication=first_publication) == expected


def test_findings_come_in_reading_order() -> None:
    second = replace(MODULE, node_id=5, title="", lectures=())
    snapshot = course(
        title="",
        description=COURSE.description + " Call me: (415) 234-5678. Write to maria@studio-piano.com.",
        modules=(MODULE, second),
    )
    places = [(finding.code, finding.place.node_id) for finding in run_checks(snapshot, Thresholds(min_lectures=3))]
    assert places == [
        ("text_missing", None),
        ("contact_phone", None),
        ("contact_email", None),
        ("too_few_lectures", None),
        ("node_untitled", 5),
        ("module_empty", 5),
    ]


def test_options_are_ordered_by_number() -> None:
    options = tuple(f"t.me/ivan_piano{number}" for number in range(1, 11))
    fields = [finding.place.field for finding in run_checks(course_with_question(options=options), Thresholds())]
    assert fields == [f"option_{number}" for number in range(1, 11)]


def test_repetitions_are_capped_without_losing_the_worst() -> None:
    links = " ".join(f"https://site{number}.ru" for number in range(50))
    findings = run_checks(
        course(description=f"{COURSE.description} {links} bit.ly/3xYz"), Thresholds(findings_per_place=4)
    )
    assert [finding.code for finding in findings] == ["contact_link"] * 4 + ["contact_shortener"]


def test_findings_survive_json() -> None:
    snapshot = replace(course_with_video(black_share=0.99), title="fuck", cover_ready=False)
    findings = run_checks(snapshot, Thresholds())
    assert len(findings) >= 3
    stored = json.dumps([finding.to_json() for finding in findings])
    assert [Finding.from_json(data) for data in json.loads(stored)] == findings


@pytest.mark.parametrize("data", [{}, {"severity": "worse", "place": {}}, {"severity": "info", "place": {"page": 1}}])
def test_other_json_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Finding.from_json(data)


def test_excerpts_are_cut() -> None:
    finding = Finding(check="some", version=1, code="some_code", severity=Severity.INFO, excerpt="a" * 500)
    assert len(finding.excerpt) == 200
    assert finding.place == Place()


def test_checks_have_distinct_ids() -> None:
    assert len({check.id for check in CHECKS}) == len(CHECKS)
