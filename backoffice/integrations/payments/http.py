"""Providers behind HTTP, as the development server runs them: the path that a real provider takes (rule 7)."""

import json
import time
import urllib.error
import urllib.request
from typing import Any

from flask_babel import lazy_gettext as _l

from backoffice.errors import Refused
from backoffice.integrations.payments import callbacks
from backoffice.integrations.payments.base import (
    Card,
    CardToken,
    Charge,
    ChargeState,
    Payout,
    PayoutState,
    ProviderAway,
)
from backoffice.money import Money

TIMEOUT_SECONDS = 10


class _Http:
    """Signed JSON requests to `url`."""

    name = "fake"

    def __init__(self, url: str, secret: str) -> None:
        self._url, self._key = url.rstrip("/"), callbacks.signing_key(secret)

    def _ask(self, path: str, **question: Any) -> dict[str, Any]:
        body = json.dumps(question).encode()
        headers = {
            "Content-Type": "application/json",
            callbacks.HEADER: callbacks.sign(self._key, body, now=int(time.time())),
        }
        request = urllib.request.Request(f"{self._url}/{path}", body, headers)  # noqa: S310 (the address is a setting)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code == 422:
                return {"refused": json.load(error)["refused"]}
            raise ProviderAway from error
        except (urllib.error.URLError, OSError, ValueError) as error:
            raise ProviderAway from error


class HttpPayments(_Http):
    """`PaymentProvider` over HTTP."""

    def tokenize(self, card: Card, *, keep: bool) -> CardToken:
        """Refused `card.test_only` when the provider does not take the card, ProviderAway when it does not answer."""
        found = self._ask("tokens", number=card.number, expires=card.expires.isoformat(), code=card.code)
        if "refused" in found:
            raise Refused(
                str(found["refused"]),
                _l("No real card is charged here: please use one of the test cards below."),
                field="number",
            )
        return CardToken(**found)

    def charge(self, *, key: str, token: str, amount: Money) -> Charge:
        """Charge once per key."""
        return _charge(self._ask("charges", key=key, token=token, amount=amount.minor, currency=amount.currency))

    def look_up(self, ref: str) -> Charge:
        """The present state of a charge."""
        return _charge(self._ask("charges/look-up", ref=ref))


class HttpPayouts(_Http):
    """`PayoutProvider` over HTTP."""

    def pay(self, *, key: str, method: str, amount: Money) -> Payout:
        """Pay once per key."""
        return _payout(self._ask("payouts", key=key, method=method, amount=amount.minor, currency=amount.currency))

    def look_up(self, ref: str) -> Payout:
        """The present state of a payout."""
        return _payout(self._ask("payouts/look-up", ref=ref))


def _charge(found: dict[str, Any]) -> Charge:
    return Charge(ChargeState(found["state"]), found["ref"], found["decline_code"])


def _payout(found: dict[str, Any]) -> Payout:
    return Payout(PayoutState(found["state"]), found["ref"], found["failure"])
