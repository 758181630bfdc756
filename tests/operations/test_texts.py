"""What people type for other people to read: legible, within its limit, and there at all (C-1, P-7, L-8, M-8)."""

import pytest

from backoffice.errors import DomainError
from backoffice.models.payments import WithdrawalState
from backoffice.operations import accounts, authors, blocks, courses, reviews, withdrawals
from backoffice.operations.authors import ProfileTexts
from backoffice.operations.texts import REASON_MAX, REMARK_MAX, blank, cleaned, legible
from tests.factories.courses import live_course
from tests.factories.learning import own
from tests.factories.money import fund
from tests.factories.people import Cast

STACKED = "Z" + "\u0335" * 30
TURNED = "Course \u202egnp.exe"
INVISIBLE = "\u200b\u200d\u3164"


@pytest.mark.parametrize(
    "text", ["Counting", "Ёлка и й", "c\u0301a\u0300", "שָׁלוֹם", "👩\u200d🔬 science", "a\tb\nc", "நன்றி"]
)
def test_c1_what_people_write_is_legible(text: str) -> None:
    assert legible(text)
    assert not blank(text)
    assert cleaned(f" {text}\r\n", field="title", at_most=100, required=True) == text


@pytest.mark.parametrize("text", [TURNED, STACKED, "a\0b", "a\x1bb", "\ud800", "\u2066a"])
def test_c1_what_spoils_the_text_beside_it_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        cleaned(text, field="title", at_most=100)
    assert (refused.value.code, refused.value.data["field"]) == ("text.forbidden", "title")


def test_c1_a_title_without_anything_to_see_is_none(cast: Cast) -> None:
    for title in (INVISIBLE, " ", "\u2800"):
        with pytest.raises(DomainError) as refused:
            courses.create(actor=cast.owner, title=title)
        assert refused.value.code == "text.missing"
    assert cleaned(INVISIBLE, field="text", at_most=100) == ""


@pytest.mark.parametrize("text", [TURNED, STACKED])
def test_p7_the_rule_holds_for_reviews_titles_and_names(cast: Cast, text: str) -> None:
    course = live_course(cast.owner)
    own(cast.student, course)
    with pytest.raises(DomainError, match=r"text\.forbidden"):
        courses.create(actor=cast.owner, title=text)
    with pytest.raises(DomainError, match=r"text\.forbidden"):
        reviews.review(actor=cast.student, course_id=course.id, stars=5, text=text)
    with pytest.raises(DomainError, match=r"name\.invalid"):
        accounts.edit_profile(actor=cast.student, name=text, locale=None, time_zone="UTC")
    with pytest.raises(DomainError, match=r"author\.display_name"):
        authors.edit_profile(actor=cast.owner, texts=ProfileTexts(display_name=text))


def test_l8_m8_reasons_have_an_end(cast: Cast) -> None:
    course = live_course(cast.owner)
    fund(cast.owner, 5_000)
    asked = withdrawals.ask(
        actor=cast.owner, request_key="k", amount_minor=5_000, payout_method="IBAN 0003", provider="fake"
    )
    with pytest.raises(DomainError, match=r"text\.too_long"):
        blocks.block(actor=cast.moderator, course_id=course.id, reason="x" * (REMARK_MAX + 1))
    with pytest.raises(DomainError, match=r"text\.too_long"):
        withdrawals.decline(
            actor=cast.admin,
            withdrawal_id=asked.id,
            reason="x" * (REASON_MAX + 1),
            shown_amount_minor=5_000,
            shown_state=WithdrawalState.ASKED,
        )
    assert blocks.block(actor=cast.moderator, course_id=course.id, reason="x" * REMARK_MAX).blocked_at is not None
