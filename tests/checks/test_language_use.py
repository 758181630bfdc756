"""Bad language in Russian and English, disguised or not, and the words that look like it (L-3)."""

import pytest

from backoffice.integrations.checks import language_use
from backoffice.integrations.checks.glyphs import plain
from backoffice.integrations.checks.language_use import bad_words
from backoffice.integrations.checks.model import Severity, Thresholds
from tests.checks.language_samples import DISGUISED, HARMLESS, MILD, MORE_BAD, MORE_HARMLESS, STRONG
from tests.checks.samples import course, course_with_lecture


def levels(text: str) -> set[bool]:
    return {strong for _, _, strong in bad_words(plain(text)[0])}


@pytest.mark.parametrize("text", STRONG)
def test_obscene(text: str) -> None:
    assert True in levels(text)


@pytest.mark.parametrize("text", MILD)
def test_coarse(text: str) -> None:
    assert levels(text) == {False}


@pytest.mark.parametrize(("trick", "text"), [(trick, text) for trick, texts in DISGUISED.items() for text in texts])
def test_disguised(trick: str, text: str) -> None:
    assert True in levels(text), trick


@pytest.mark.parametrize("text", MORE_BAD)
def test_bad(text: str) -> None:
    assert levels(text)


@pytest.mark.parametrize("text", HARMLESS + MORE_HARMLESS)
def test_harmless(text: str) -> None:
    assert levels(text) == set()


@pytest.mark.parametrize(
    ("word", "public", "inside"),
    [("пиздец", Severity.BLOCK, Severity.FLAG), ("жопа", Severity.FLAG, Severity.INFO)],
)
def test_severity_by_place(word: str, public: Severity, inside: Severity) -> None:
    for field in ("title", "short_description", "description"):
        text = f"Полный {word} с гитарой"
        (finding,) = language_use.CHECK.run(course(**{field: text}), Thresholds())
        assert (finding.severity, finding.place.field) == (public, field)
        assert text[finding.place.start : finding.place.end] == word
    (finding,) = language_use.CHECK.run(course_with_lecture(body=f"Вот {word}."), Thresholds())
    assert (finding.severity, finding.place.node_id) == (inside, 21)


def test_code_in_lectures_is_left_alone() -> None:
    snapshot = course_with_lecture(body="Do not do this:\n\n```\nint shit = 1;\n```\n")
    assert language_use.CHECK.run(snapshot, Thresholds()) == []


def test_each_occurrence_has_its_place() -> None:
    text = "fuck it, f u c k it, x\u200by\u200bй"
    places = [finding.place for finding in language_use.CHECK.run(course(description=text), Thresholds())]
    assert [text[place.start : place.end] for place in places] == ["fuck", "f u c k", "x\u200by\u200bй"]
