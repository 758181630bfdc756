"""Ways past the shop are found where they are and nothing else is (L-3)."""

import pytest

from backoffice.integrations.checks import contacts
from backoffice.integrations.checks.contacts import contact_spans
from backoffice.integrations.checks.glyphs import plain
from backoffice.integrations.checks.model import CourseSnapshot, Finding, Severity, Thresholds
from tests.checks.contact_samples import BAD, HARMLESS
from tests.checks.contact_samples_more import MORE_BAD, MORE_HARMLESS
from tests.checks.samples import course, course_with_lecture, course_with_question


def found(snapshot: CourseSnapshot, **thresholds: object) -> list[Finding]:
    return contacts.CHECK.run(snapshot, Thresholds(**thresholds))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "code", "language"), BAD)
def test_found_as_what_it_is(text: str, code: str, language: str) -> None:
    assert code in {span.code for span in contact_spans(plain(text)[0], language)}


@pytest.mark.parametrize(("text", "language"), MORE_BAD)
def test_found(text: str, language: str) -> None:
    assert contact_spans(plain(text)[0], language)


@pytest.mark.parametrize(("text", "language"), HARMLESS + MORE_HARMLESS)
def test_harmless(text: str, language: str) -> None:
    assert contact_spans(plain(text)[0], language) == []


@pytest.mark.parametrize("field", ["title", "short_description", "description", "requirements"])
def test_blocks_on_the_course_page(field: str) -> None:
    text = "All about violins. Write to maria@studio-piano.com today."
    (finding,) = found(course(**{field: text}))
    assert (finding.code, finding.severity, finding.place.field) == ("contact_email", Severity.BLOCK, field)
    assert text[finding.place.start : finding.place.end] == "maria@studio-piano.com"
    assert finding.place.node_id is None


def test_flags_inside_lectures_and_questions() -> None:
    (in_body,) = found(course_with_lecture(body="Message me on WhatsApp for the notes."))
    assert (in_body.severity, in_body.place.node_id, in_body.place.field) == (Severity.FLAG, 21, "body")
    (in_option,) = found(course_with_question(options=("Four", "Ask at t.me/ivan_piano")))
    assert (in_option.severity, in_option.place.node_id, in_option.place.field) == (Severity.FLAG, 31, "option_2")


def test_plain_links_are_sources_inside_lectures() -> None:
    (finding,) = found(course_with_lecture(body="See https://docs.python.org/3/ for more."))
    assert (finding.code, finding.severity) == ("contact_link", Severity.INFO)
    (shortened,) = found(course_with_lecture(body="See https://clck.ru/34abc for more."))
    assert shortened.severity is Severity.FLAG


def test_what_may_be_harmless_weighs_less() -> None:
    (public,) = found(course(description="As @maria_plays said."))
    assert (public.code, public.severity) == ("contact_handle", Severity.FLAG)
    (inside,) = found(course_with_lecture(body="As @maria_plays said."))
    assert inside.severity is Severity.INFO


def test_code_in_lectures_is_left_alone() -> None:
    body = "Run it:\n\n```\nbot.send('t.me/ivan_piano')\n```\n\nor `mail ivan@piano-school.ru`."
    assert found(course_with_lecture(body=body)) == []


def test_code_marks_hide_no_messenger_on_the_course_page() -> None:
    (finding,) = found(course(description="Questions? `t.me/ivan_piano`, e-mail as in `ivan@piano-school.ru`."))
    assert (finding.code, finding.severity) == ("contact_messenger", Severity.BLOCK)


def test_own_hosts_are_no_leak() -> None:
    body = "Go on with https://www.lectern.shop/courses/violin."
    assert found(course(description=body), own_hosts=("lectern.shop",)) == []
    assert found(course(description=body)) != []


def test_place_counts_the_characters_that_the_author_wrote() -> None:
    text = "\u200b\u200bСм. ｔ．ｍｅ／ivan_piano, там всё."
    (finding,) = found(course(description=text))
    assert text[finding.place.start : finding.place.end] == "ｔ．ｍｅ／ivan_piano"


def test_overlapping_patterns_are_one_finding() -> None:
    (finding,) = found(course(description="Заходите: https://t.me/ivan_piano"))
    assert finding.code == "contact_messenger"


def test_excerpt_is_short_and_shows_the_neighbourhood() -> None:
    (finding,) = found(course(description="а" * 300 + " пишите на ivan@piano-school.ru " + "б" * 300))
    assert "ivan@piano-school.ru" in finding.excerpt
    assert "пишите на" in finding.excerpt
    assert len(finding.excerpt) <= 200
