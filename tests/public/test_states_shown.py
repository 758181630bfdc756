"""What people are told about a state is the whole truth (L-8, L-3, M-3)."""

import pytest
from flask import render_template_string
from flask.testing import FlaskClient

from backoffice.models.content import RevisionState
from backoffice.models.courses import CourseState
from backoffice.models.media import UploadState
from backoffice.models.payments import WithdrawalState
from backoffice.models.purchases import PurchaseState
from backoffice.models.review import SubmissionState
from backoffice.operations import blocks, purchases
from tests.factories.courses import live_course
from tests.factories.money import fund
from tests.factories.people import Cast, log_in


def test_l8_a_blocked_course_is_not_called_for_sale(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner)
    log_in(client, cast.owner)
    assert "Visitors see the course and can buy it." in client.get(f"/studio/courses/{course.id}").text
    blocks.block(actor=cast.moderator, course_id=course.id, reason="A complaint.")
    page = client.get(f"/studio/courses/{course.id}").text
    assert "A complaint." in page
    assert "While it is blocked nobody finds or buys it." in page
    assert "Visitors see the course and can buy it." not in page
    staff = log_in(client, cast.moderator).get(f"/admin/courses/{course.id}").text
    assert "Blocked since" in staff
    assert "On sale" not in staff


def test_m3_a_purchase_in_reserve_is_called_so_on_its_receipt(client: FlaskClient, cast: Cast) -> None:
    course = live_course(cast.owner, price_minor=1_000)
    fund(cast.student, 1_000)
    purchase = purchases.buy(actor=cast.student, course_id=course.id, shown_price_minor=1_000)
    page = log_in(client, cast.student).get(f"/account/purchases/{purchase.id}").text
    assert "In reserve" in page


def test_m4_nobody_is_promised_money_back_for_what_is_free(client: FlaskClient, cast: Cast) -> None:
    paid, free = live_course(cast.owner, price_minor=1_000), live_course(cast.owner, price_minor=0)
    assert "Money back within" in client.get(f"/courses/{paid.slug}").text
    assert "Money back within" not in client.get(f"/courses/{free.slug}").text


@pytest.mark.parametrize(
    "states", [RevisionState, CourseState, SubmissionState, PurchaseState, WithdrawalState, UploadState]
)
def test_x4_each_state_has_a_word_of_its_own(client: FlaskClient, cast: Cast, states: type) -> None:
    log_in(client, cast.student)
    with client.application.test_request_context():
        for state in states:
            badge = render_template_string(
                "{% from 'macros/basics.html' import state_badge %}{{ state_badge(state) }}", state=state
            )
            # The circle is the sign of a state that the table of words does not know.
            assert "#circle" not in badge, state
