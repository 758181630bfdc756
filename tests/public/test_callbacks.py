"""What providers call back with: signed, in any order, any number of times (M-2, M-8, M-10)."""

import time
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from backoffice import clock, ledger
from backoffice.config import settings
from backoffice.db import db
from backoffice.integrations.payments import callbacks, payment_provider
from backoffice.integrations.payments.base import Charge, ChargeState, Payout, PayoutState, checked_card
from backoffice.models.payments import TopUp, Withdrawal, WithdrawalState
from backoffice.operations import top_ups, withdrawals
from tests.factories.money import fund
from tests.factories.people import Cast

DELAYED = "4000000000000259"


def tell(client: FlaskClient, key: str, answer: Charge | Payout, *, secret: str = "", age: int = 0) -> int:
    """Call back as the provider does; returns the status."""
    body = callbacks.write(key, answer)
    signed_with = callbacks.signing_key(secret or settings().secret_key)
    header = callbacks.sign(signed_with, body, now=int(time.time()) - age)
    return client.post("/callbacks/fake", data=body, headers={callbacks.HEADER: header}).status_code


def available(user_id: int) -> int:
    return ledger.balance(ledger.available(user_id))


@pytest.fixture
def waiting(cast: Cast) -> TopUp:
    """A top-up whose money the provider has not spoken of yet."""
    card = checked_card(DELAYED, (clock.now() + timedelta(days=99)).date(), "123")
    return top_ups.start(
        actor=cast.student,
        request_key="k",
        amount_minor=5_000,
        card=payment_provider("fake").tokenize(card, keep=False),
        provider="fake",
    )


def test_m2_a_delayed_payment_arrives_by_a_callback_once_however_often_it_comes(
    client: FlaskClient, cast: Cast, waiting: TopUp
) -> None:
    number = waiting.id
    for _time in range(3):
        assert tell(client, f"top-up:{number}", Charge(ChargeState.SETTLED, ref="fake/1")) == 204
        assert available(cast.student.person_id) == 5_000
    # The answer to the request comes after the callback: it is too late to change anything.
    late = Charge(ChargeState.PENDING, ref="fake/1")
    assert tell(client, f"top-up:{number}", late) == 204
    assert available(cast.student.person_id) == 5_000


def test_m2_a_chargeback_comes_by_a_callback(client: FlaskClient, cast: Cast, waiting: TopUp) -> None:
    number = waiting.id
    for _time in range(2):
        charge = Charge(ChargeState.CHARGED_BACK, ref="fake/1", decline_code="fraudulent")
        assert tell(client, f"top-up:{number}", charge) == 204
    assert available(cast.student.person_id) == 0
    assert db.session.execute(text("SELECT state FROM top_up")).scalar_one() == "charged_back"


def test_m8_a_payout_is_paid_and_bounces_by_callbacks(client: FlaskClient, cast: Cast) -> None:
    fund(cast.owner, 5_000)
    asked = withdrawals.ask(
        actor=cast.owner, request_key="k", amount_minor=5_000, payout_method="IBAN 0003", provider="fake"
    )
    number = asked.id
    paid, bounced = Payout(PayoutState.PAID, ref="fake/2"), Payout(PayoutState.BOUNCED, ref="fake/2")
    # Nobody has approved it: the house does not follow, and the provider tells it again.
    assert tell(client, f"withdrawal:{number}", paid) == 409
    withdrawals.approve(
        actor=cast.admin, withdrawal_id=number, shown_amount_minor=5_000, shown_state=WithdrawalState.ASKED
    )
    assert tell(client, f"withdrawal:{number}", paid) == 204
    assert available(cast.owner.person_id) == 0
    for _time in range(2):
        assert tell(client, f"withdrawal:{number}", bounced) == 204
    assert available(cast.owner.person_id) == 5_000
    assert db.session.get_one(Withdrawal, number, populate_existing=True).state is WithdrawalState.BOUNCED


def test_m10_only_the_provider_is_believed(client: FlaskClient, cast: Cast, waiting: TopUp) -> None:
    key, charge = f"top-up:{waiting.id}", Charge(ChargeState.SETTLED, ref="fake/1")
    assert tell(client, key, charge, secret="somebody else's") == 400
    assert tell(client, key, charge, age=301) == 400
    assert tell(client, key, charge, age=-301) == 400
    assert client.post("/callbacks/fake", data=callbacks.write(key, charge)).status_code == 400
    for header in ("t=,v1=", "t=²,v1=x", "x", "t=1" + "0" * 400):
        answer = client.post("/callbacks/fake", data=b"{}", headers={callbacks.HEADER: header.encode("latin-1")})
        assert answer.status_code == 400
    assert available(cast.student.person_id) == 0


@pytest.mark.parametrize("key", ["top-up:999999", "nonsense:1", "top-up:x", "", "withdrawal:-1"])
def test_m10_a_callback_about_nothing_moves_nothing(client: FlaskClient, cast: Cast, key: str) -> None:
    assert tell(client, key, Charge(ChargeState.SETTLED, ref="fake/1")) in (400, 409)
    assert db.session.execute(text("SELECT count(*) FROM ledger_transaction")).scalar_one() == 0


def test_m10_a_signed_body_that_is_no_callback_is_refused(client: FlaskClient, cast: Cast) -> None:
    signed_with = callbacks.signing_key(settings().secret_key)
    for body in (b"", b"[]", b"{}", b'{"key": 5}', b'{"key": "top-up:1", "state": "rich", "ref": ""}'):
        header = callbacks.sign(signed_with, body, now=int(time.time()))
        assert client.post("/callbacks/fake", data=body, headers={callbacks.HEADER: header}).status_code == 400
