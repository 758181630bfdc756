"""The house with Stripe as its provider: the page, the money, the callbacks (M-2, M-10)."""

import dataclasses
import hashlib
import hmac
import json
import queue
import threading
import time
from collections.abc import Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backoffice import ledger
from backoffice.config import Settings, settings
from backoffice.db import db, operation
from backoffice.errors import SettingsError
from backoffice.integrations.payments import payment_provider
from backoffice.integrations.payments.base import CardToken
from backoffice.integrations.payments.stripe import HEADER, StripePayments
from backoffice.ledger_verify import verify_book
from backoffice.models.payments import SavedCard, TopUp, TopUpState
from backoffice.money import Money
from backoffice.operations import cards
from backoffice.tasks.actors import money
from tests.factories.people import Cast, log_in
from tests.integrations.stripe_front import SECRET_KEY, WEBHOOK_SECRET, Front

LAST_DAY = date(2040, 12, 31)
FORM = {"number": "4242424242424242", "expires": "12/40", "code": "123", "amount": "20", "saved": "0"}


@pytest.fixture
def house(app: Flask, stripe: Front) -> Iterator[Flask]:
    """The application with Stripe as its provider."""
    before = app.extensions["lectern.settings"]
    app.extensions["lectern.settings"] = dataclasses.replace(
        before,
        payment_provider="stripe",
        stripe_secret_key=SECRET_KEY,
        stripe_webhook_secret=WEBHOOK_SECRET,
        stripe_url=stripe.url,
    )
    yield app
    app.extensions["lectern.settings"] = before


@pytest.fixture
def heard(stripe: Front) -> Iterator["queue.Queue[tuple[bytes, str]]"]:
    """Body and signature of each callback that the server sends."""
    found: queue.Queue[tuple[bytes, str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.put((self.rfile.read(int(self.headers["Content-Length"])), self.headers[HEADER]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    stripe.tell(f"http://127.0.0.1:{listener.server_port}/callbacks/stripe")
    yield found
    listener.shutdown()
    listener.server_close()


def signed(event: dict[str, Any], secret: str = WEBHOOK_SECRET) -> tuple[bytes, str]:
    """Body and signature of an event, as Stripe documents them."""
    body, now = json.dumps({"id": "evt_1", "object": "event"} | event).encode(), int(time.time())
    digest = hmac.new(secret.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={now},v1={digest}"


def post(client: FlaskClient, told: tuple[bytes, str]) -> int:
    body, header = told
    return client.post("/callbacks/stripe", data=body, headers={HEADER: header}).status_code


def available(cast: Cast) -> int:
    return ledger.balance(ledger.available(cast.student.person_id))


def told_of(heard: "queue.Queue[tuple[bytes, str]]", number: int) -> tuple[bytes, str]:
    """The callback about this top-up; those about earlier tests' payments may still be on their way."""
    while True:
        told = heard.get(timeout=20)
        if json.loads(told[0])["data"]["object"].get("metadata") == {"key": f"top-up:{number}"}:
            return told


def row(number: int) -> TopUp:
    return db.session.get_one(TopUp, number, populate_existing=True)


def top_up(client: FlaskClient, key: str, **form: str) -> int:
    """Send the form; the number of the top-up that it has made."""
    answer = client.post("/account/top-up", data=FORM | {"request_key": key} | form)
    assert answer.status_code == 302, answer.text
    return db.session.scalars(select(TopUp.id).where(TopUp.request_key == key)).one()


def test_m2_the_page_tops_up_by_stripe_and_its_callback_changes_nothing_more(
    client: FlaskClient, house: Flask, cast: Cast, heard: "queue.Queue[tuple[bytes, str]]"
) -> None:
    log_in(client, cast.student)
    assert "4000 0000 0000 0259" not in client.get("/account/top-up").text, "no test cards where money is real"
    made = top_up(client, "1", keep="y")
    money.settle_top_up(top_up_id=made)
    assert (row(made).state, available(cast)) == (TopUpState.SETTLED, 2_000)
    assert ledger.balance(ledger.provider("stripe")) == -2_000
    told = told_of(heard, made)
    assert json.loads(told[0])["type"] == "payment_intent.succeeded"
    for _time in range(2):
        assert post(client, told) == 204
    card = db.session.scalars(select(SavedCard.id)).one()
    again = top_up(client, "2", saved=str(card), amount="5", number="", code="")
    money.settle_top_up(top_up_id=again)
    assert available(cast) == 2_500
    assert verify_book().holds


def test_m2_money_arrives_by_the_callback_when_the_answer_never_came(
    client: FlaskClient, house: Flask, cast: Cast, provider: StripePayments, heard: "queue.Queue[tuple[bytes, str]]"
) -> None:
    log_in(client, cast.student)
    made = top_up(client, "1")
    # The actor has asked, and was killed before it could write the answer down.
    provider.charge(key=f"top-up:{made}", token=row(made).card_token, amount=Money(2_000, "USD"))
    told = told_of(heard, made)
    assert post(client, (told[0], told[1].replace("v1=", "v1=0"))) == 400
    assert available(cast) == 0
    assert post(client, told) == 204
    assert available(cast) == 2_000
    money.settle_top_up(top_up_id=made)
    assert available(cast) == 2_000


def test_m2_money_that_the_bank_took_again_leaves_the_balance(client: FlaskClient, house: Flask, cast: Cast) -> None:
    log_in(client, cast.student)
    made = top_up(client, "1")
    money.settle_top_up(top_up_id=made)
    dispute = {"object": "dispute", "payment_intent": row(made).provider_ref, "reason": "fraudulent"}
    told = signed({"type": "charge.dispute.funds_withdrawn", "data": {"object": dispute}})
    for _time in range(2):
        assert post(client, told) == 204
    assert (row(made).state, available(cast)) == (TopUpState.CHARGED_BACK, 0)
    assert verify_book().holds


def test_m10_only_stripe_is_believed_and_only_about_the_house(client: FlaskClient, house: Flask, cast: Cast) -> None:
    log_in(client, cast.student)
    made = top_up(client, "1")
    intent = {"object": "payment_intent", "id": "pi_1", "status": "succeeded", "metadata": {"key": f"top-up:{made}"}}
    event = {"type": "payment_intent.succeeded", "data": {"object": intent}}
    assert post(client, signed(event, "whsec_somebody_else")) == 400
    assert post(client, (signed(event)[0], "")) == 400
    for body in (b"", b"[]", b"{}", b'{"object": "event"}', b'{"object": "event", "type": 5, "data": []}'):
        now = int(time.time())
        digest = hmac.new(WEBHOOK_SECRET.encode(), f"{now}.".encode() + body, hashlib.sha256).hexdigest()
        assert post(client, (body, f"t={now},v1={digest}")) in (204, 400)
    # Another shop on the same account, and events that say nothing of a top-up.
    others = {"": 204, "order 5": 204, f"withdrawal:{made}": 204, "top-up:x": 400, "top-up:999999": 409}
    for key, status in others.items():
        assert post(client, signed(event | {"data": {"object": intent | {"metadata": {"key": key}}}})) == status, key
    assert post(client, signed(event | {"data": {"object": intent | {"metadata": {}}}})) == 204
    assert post(client, signed({"type": "customer.created", "data": {"object": {"object": "customer"}}})) == 204
    assert available(cast) == 0
    assert post(client, signed(event)) == 204
    assert available(cast) == 2_000


def test_m2_a_card_of_another_provider_is_not_charged(client: FlaskClient, house: Flask, cast: Cast) -> None:
    log_in(client, cast.student)
    token = CardToken(token="tok", brand="visa", last4="4444")
    operation(cards.keep)(user_id=cast.student.person_id, card=token, expires=LAST_DAY, provider="fake")
    old = db.session.scalars(select(SavedCard.id)).one()
    assert "4444" not in client.get("/account/top-up").text
    assert "Can no longer be charged" in client.get("/account/cards").text
    answer = client.post(
        "/account/top-up", data=FORM | {"request_key": "1", "saved": str(old), "number": "", "code": ""}
    )
    assert answer.status_code == 422
    assert "kept by another payment provider" in answer.text
    money.settle_top_up(top_up_id=top_up(client, "2", keep="y"))
    assert [card.is_default for card in db.session.scalars(select(SavedCard).order_by(SavedCard.id))] == [True, False]


def test_m2_a_house_without_stripe_does_not_listen_to_it(client: FlaskClient, cast: Cast) -> None:
    assert post(client, signed({"type": "customer.created", "data": {"object": {}}})) == 404
    with pytest.raises(KeyError):
        payment_provider("stripe")


def test_m2_stripe_without_its_keys_stops_the_start(app: Flask) -> None:
    with pytest.raises(SettingsError, match="STRIPE_SECRET_KEY"):
        dataclasses.replace(settings(), payment_provider="stripe")
    with pytest.raises(SettingsError, match="PAYMENT_PROVIDER"):
        Settings.from_environ(
            {
                "DATABASE_URL": "postgresql://x/y",
                "REDIS_URL": "redis://x",
                "SECRET_KEY": "x" * 32,
                "PAYMENT_PROVIDER": "paypal",
            }
        )
