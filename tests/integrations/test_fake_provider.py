"""The fake provider as a real HTTP server, with a house that takes or misses its callbacks (M-2, M-8, T-1)."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask

from backoffice import clock
from backoffice.errors import Refused
from backoffice.integrations.payments import callbacks, fake_server
from backoffice.integrations.payments.base import CardToken, ChargeState, PayoutState, ProviderAway, checked_card
from backoffice.integrations.payments.fake_server import FakeProvider
from backoffice.integrations.payments.http import HttpPayments, HttpPayouts
from backoffice.money import Money

SECRET = "between the two of them, 0123456789"
TEN = Money(1_000, "USD")
EARLY, TWICE, DISPUTED, SILENT = "4000000000000424", "4000000000000341", "4000000000000689", "4000000000000507"


class House:
    """Takes callbacks as the shop would, and remembers them; while `away` it refuses."""

    def __init__(self) -> None:
        self.heard: list[callbacks.Notice] = []
        self.away = False
        house = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                key = callbacks.signing_key(SECRET)
                callbacks.verify(key, body, self.headers[callbacks.HEADER], now=int(time.time()))
                if not house.away:
                    house.heard.append(callbacks.read(body))
                self.send_response(503 if house.away else 204)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def running(server: ThreadingHTTPServer) -> str:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def house() -> Iterator[House]:
    """A house that listens."""
    made = House()
    running(made.server)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def provider(app: Flask, house: House, tmp_path: Path) -> FakeProvider:
    """The provider without its server, whose callbacks are due at once."""
    address = f"http://127.0.0.1:{house.server.server_port}"
    return FakeProvider(tmp_path / "provider.sqlite", house=address, secret=SECRET, delay_s=0)


@pytest.fixture
def url(provider: FakeProvider) -> Iterator[str]:
    """The provider's address."""
    server = fake_server.serve(provider, 0)
    yield running(server)
    server.shutdown()
    server.server_close()


def token(url: str, number: str) -> CardToken:
    card = checked_card(number, (clock.now() + timedelta(days=400)).date(), "123")
    return HttpPayments(url, SECRET).tokenize(card, keep=False)


def charge(url: str, number: str, key: str = "top-up:1") -> ChargeState:
    return HttpPayments(url, SECRET).charge(key=key, token=token(url, number).token, amount=TEN).state


def states(house: House) -> list[str]:
    return [notice.answer.state.value for notice in house.heard]


def test_m2_a_card_is_charged_over_http(url: str) -> None:
    kept = token(url, "4242424242424242")
    assert (kept.brand, kept.last4) == ("visa", "4242")
    assert "4242424242424242" not in kept.token
    assert charge(url, "4242424242424242") is ChargeState.SETTLED
    assert charge(url, "4000000000000002") is ChargeState.SETTLED, "the same key never asks twice"
    assert charge(url, "4000000000000002", "top-up:2") is ChargeState.DECLINED
    with pytest.raises(Refused) as error:
        token(url, "4111111111111111")
    assert error.value.code == "card.test_only"


def test_m2_a_callback_comes_before_the_answer(url: str, house: House) -> None:
    assert charge(url, EARLY) is ChargeState.SETTLED
    assert states(house) == ["settled"]
    assert house.heard[0].number == 1


def test_m2_a_callback_comes_twice_or_never(url: str, house: House, provider: FakeProvider) -> None:
    charge(url, TWICE)
    with clock.at(clock.now()):
        provider.pump()
        time.sleep(1.1)
        provider.pump()
    assert states(house) == ["settled", "settled"]
    assert charge(url, SILENT, "top-up:2") is ChargeState.PENDING
    assert provider.pump() == 0


def test_m2_a_delayed_charge_settles_and_a_disputed_one_is_charged_back(
    url: str, house: House, provider: FakeProvider
) -> None:
    assert charge(url, "4000000000000259") is ChargeState.PENDING
    assert charge(url, DISPUTED, "top-up:2") is ChargeState.SETTLED
    with clock.at(clock.now() + timedelta(seconds=30)):
        provider.pump()
    assert sorted(states(house)) == ["charged_back", "settled"]


def test_m8_payouts_are_paid_once_per_key_and_may_come_back(url: str, house: House, provider: FakeProvider) -> None:
    payouts = HttpPayouts(url, SECRET)
    first = payouts.pay(key="withdrawal:1", method="IBAN 0004", amount=TEN)
    assert first.state is PayoutState.PAID
    with clock.at(clock.now() + timedelta(seconds=30)):
        again = payouts.pay(key="withdrawal:1", method="IBAN 0004", amount=TEN)
        assert (again.ref, again.state) == (first.ref, PayoutState.BOUNCED)
        assert payouts.pay(key="withdrawal:2", method="IBAN 0002", amount=TEN).state is PayoutState.FAILED
        slow = payouts.pay(key="withdrawal:3", method="IBAN 0003", amount=TEN)
        assert slow.state is PayoutState.PENDING
        provider.pump()
    assert "bounced" in states(house)
    with clock.at(clock.now() + timedelta(seconds=90)):
        assert payouts.look_up(slow.ref).state is PayoutState.PAID


def test_t1_a_callback_that_was_not_taken_is_sent_again(
    url: str, house: House, provider: FakeProvider, tmp_path: Path
) -> None:
    house.away = True
    charge(url, DISPUTED)
    assert provider.pump() == 0
    house.away = False
    # The provider was killed meanwhile: what it owes is in its file.
    address = f"http://127.0.0.1:{house.server.server_port}"
    reborn = FakeProvider(tmp_path / "provider.sqlite", house=address, secret=SECRET, delay_s=0)
    time.sleep(1.1)
    assert reborn.pump() == 1
    assert len(house.heard) == 1


def test_m10_the_provider_believes_the_house_alone(url: str) -> None:
    with pytest.raises(ProviderAway):
        HttpPayments(url, "another secret of somebody else, 01234").look_up("fake/top-up:1/settled/0")


def test_m2_a_provider_that_is_away_is_told_and_nothing_else_happens(app: Flask) -> None:
    away = HttpPayments("http://127.0.0.1:1", SECRET)
    with pytest.raises(ProviderAway) as error:
        away.look_up("fake/top-up:1/settled/0")
    assert error.value.code == "provider.away"
