"""Each finding tells the author what is wrong, where, and how to mend it (L-3)."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from backoffice.integrations.checks import messages
from backoffice.integrations.checks.messages import FIELD_NAMES, MESSAGES, explain, field_name, hint, sentence
from backoffice.integrations.checks.model import Finding, Place, Severity

FULL = Finding(
    check="some",
    version=1,
    code="",
    severity=Severity.FLAG,
    place=Place("title"),
    excerpt="an excerpt",
    measured=3,
    threshold=5,
    params={"field": "title", "title": "Bows", "match": "t.me/x", "check": "contacts", "error_code": "broken"},
)


def test_every_code_of_the_checks_has_a_message_and_every_message_a_code() -> None:
    folder = Path(messages.__file__).parent
    codes = {"check_crashed"} | {
        f"{field}_missing" for field in ("category", "language", "cover", "level", "skills", "requirements")
    }
    for source in folder.glob("*.py"):
        if source.name != "messages.py":
            text = source.read_text(encoding="utf-8")
            codes |= set(re.findall(r'code="([a-z_]+)"', text))
            codes |= set(re.findall(r'"((?:contact|payment|language|video)_[a-z_]+)"', text))
    codes -= {"video_technique", "language_use"}
    assert codes == set(MESSAGES)


@pytest.mark.parametrize("code", MESSAGES)
def test_every_message_can_be_told(code: str) -> None:
    told = explain(replace(FULL, code=code))
    assert "%" not in re.sub(r"\d %", "", told)
    assert told.startswith(sentence(replace(FULL, code=code)))
    assert told.endswith(hint(replace(FULL, code=code)))
    assert hint(replace(FULL, code=code))


def test_figures_and_places_stand_in_the_sentence() -> None:
    assert sentence(replace(FULL, code="text_too_short")) == (
        "The title is too short: 3 characters, at least 5 are needed."
    )
    assert sentence(replace(FULL, code="video_black")) == (
        "The video of the lecture “Bows” is black: 3 % of it, at most 5 % pass."
    )


def test_a_finding_of_a_check_that_is_gone_is_still_told() -> None:
    assert "an excerpt" in explain(replace(FULL, code="no_longer_known", params={}))


def test_a_text_with_per_cent_signs_is_told() -> None:
    params = {"match": "100%(off)s now"}
    assert "100%(off)s now" in sentence(replace(FULL, code="payment_phrase", params=params))


@pytest.mark.parametrize("field", [*FIELD_NAMES, "option_3"])
def test_every_field_has_a_name(field: str) -> None:
    assert field_name(replace(FULL, place=Place(field)))


def test_the_whole_course_has_no_field_name() -> None:
    assert field_name(replace(FULL, place=Place())) == ""
