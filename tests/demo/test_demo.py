"""The demo shop comes whole, once, and its book is right (M-10)."""

from click.testing import Result
from flask import Flask
from sqlalchemy import func, select

from backoffice.db import db
from backoffice.models.content import Caption
from backoffice.models.corrections import Correction, CorrectionState
from backoffice.models.courses import Course, CourseState
from backoffice.models.payments import TopUp, TopUpState, Withdrawal, WithdrawalState
from backoffice.models.people import AuthorProfile
from backoffice.models.purchases import Purchase, PurchaseState
from backoffice.models.review import Submission, SubmissionState


def _count(column: object, *conditions: object) -> int:
    return db.session.scalars(select(func.count(column)).where(*conditions)).one()  # type: ignore[arg-type]


def _run(app: Flask, *arguments: str) -> Result:
    result = app.test_cli_runner().invoke(args=list(arguments))
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


def test_the_demo_shop_is_loaded_once_and_its_book_is_right(committed_app: Flask) -> None:
    assert "demo: done" in _run(committed_app, "demo", "load").output
    assert _count(Course.id) == 30
    assert _count(AuthorProfile.user_id) == 6
    assert _count(Caption.id) == 2
    assert _count(Course.id, Course.state == CourseState.ON_SALE) == 27
    assert _count(Course.id, Course.blocked_at.is_not(None)) == 1
    assert _count(Submission.id, Submission.state == SubmissionState.IN_REVIEW) == 3
    for state in PurchaseState:
        assert _count(Purchase.id, Purchase.state == state) > 0, state
    for withdrawal_state in set(WithdrawalState) - {WithdrawalState.APPROVED}:
        assert _count(Withdrawal.id, Withdrawal.state == withdrawal_state) > 0, withdrawal_state
    for top_up_state in (TopUpState.SETTLED, TopUpState.CHARGED_BACK):
        assert _count(TopUp.id, TopUp.state == top_up_state) > 0, top_up_state
    assert _count(Correction.id, Correction.state == CorrectionState.WAITING) == 1
    _run(committed_app, "ledger", "verify")

    purchases = _count(Purchase.id)
    assert "already here" in _run(committed_app, "demo", "load").output
    assert _count(Purchase.id) == purchases
