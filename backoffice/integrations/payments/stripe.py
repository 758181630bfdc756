"""Stripe behind the interface of payment providers (M-2); a house takes it by PAYMENT_PROVIDER=stripe.

Cards are given to Stripe by the server, which Stripe allows to accounts with access to its "raw card data" API alone.
A token is a payment method, `pm_…`, or one that hangs on a customer and can be charged again, `cus_…:pm_…`.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import stripe
from flask_babel import lazy_gettext as _l

from backoffice.errors import Refused
from backoffice.integrations.payments.base import (
    Card,
    CardToken,
    Charge,
    ChargeState,
    ProviderAway,
)
from backoffice.integrations.payments.callbacks import TOLERANCE_SECONDS, BadCallback, Notice, Subject, notice_of
from backoffice.money import Money

log = logging.getLogger(__name__)

HEADER = "Stripe-Signature"
TIMEOUT_SECONDS = 10
_STATES = {
    "succeeded": ChargeState.SETTLED,
    "processing": ChargeState.PENDING,
    "requires_capture": ChargeState.PENDING,
    "requires_confirmation": ChargeState.PENDING,
    "requires_action": ChargeState.DECLINED,
    "requires_payment_method": ChargeState.DECLINED,
    "canceled": ChargeState.DECLINED,
}
_TOLD = ("payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled")
# Only then has the bank really taken the money; a dispute that is won is given back by a correction.
_TAKEN_BACK = "charge.dispute.funds_withdrawn"
_EXPIRED = _l("This card has expired.")
_NUMBER = _l("This is not a card number. Check the digits.")
_CODE = _l("The security code is not right.")
_REFUSALS = {
    "incorrect_number": ("card.number", "number", _NUMBER),
    "invalid_number": ("card.number", "number", _NUMBER),
    "expired_card": ("card.expired", "expires", _EXPIRED),
    "invalid_expiry_month": ("card.expired", "expires", _EXPIRED),
    "invalid_expiry_year": ("card.expired", "expires", _EXPIRED),
    "incorrect_cvc": ("card.code", "code", _CODE),
    "invalid_cvc": ("card.code", "code", _CODE),
}
_NOT_TAKEN = ("card.declined", "number", _l("The bank does not take this card. Please use another one."))


class StripePayments:
    """`PaymentProvider` by Stripe's payment intents."""

    name = "stripe"

    def __init__(self, *, secret_key: str, webhook_secret: str, url: str = "") -> None:
        self._webhook_secret = webhook_secret
        self._client = stripe.StripeClient(
            secret_key,
            base_addresses={"api": url} if url else None,
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        )

    def tokenize(self, card: Card, *, keep: bool) -> CardToken:
        """Refused `card.*` with the field when Stripe does not take it, ProviderAway when it does not answer."""
        details: Any = {
            "number": card.number,
            "exp_month": card.expires.month,
            "exp_year": card.expires.year,
            "cvc": card.code,
        }
        with _asking():
            try:
                method = self._client.v1.payment_methods.create({"type": "card", "card": details})
                token = method.id
                if keep:
                    customer = self._client.v1.customers.create()
                    self._client.v1.payment_methods.attach(method.id, {"customer": customer.id})
                    token = f"{customer.id}:{method.id}"
            except (stripe.CardError, stripe.InvalidRequestError) as error:
                if error.code is None:
                    raise
                code, field, message = _REFUSALS.get(error.code, _NOT_TAKEN)
                raise Refused(code, message, field=field) from error
        brand = method.card.brand if method.card else "card"
        return CardToken(token=token, brand=brand, last4=card.number[-4:])

    def charge(self, *, key: str, token: str, amount: Money) -> Charge:
        """Charge once per key: Stripe gives a repeated request its first answer, and confirms an intent once.

        It remembers keys for 24 hours; its callbacks, which are repeated for three days, tell of what was asked before.
        A card whose bank wants to see its holder first is declined as `authentication_required`.
        """
        customer, _colon, method = token.rpartition(":")
        wanted: Any = {
            "amount": amount.minor,
            "currency": amount.currency.lower(),
            "payment_method": method,
            "payment_method_types": ["card"],
            "metadata": {"key": key},
        }
        if customer:
            wanted["customer"] = customer
        intents = self._client.v1.payment_intents
        with _asking():
            intent = intents.create(wanted, {"idempotency_key": key})
            try:
                intent = intents.confirm(intent.id, options={"idempotency_key": f"{key}/confirm"})
            except stripe.CardError as error:
                return Charge(ChargeState.DECLINED, ref=intent.id, decline_code=_decline_code(error))
            except stripe.InvalidRequestError:
                # It was confirmed before, and the repeated answer of the creation does not know it.
                intent = intents.retrieve(intent.id)
                if intent.status == "requires_confirmation":
                    # It was not: whoever keeps this as an answer would wait for ever.
                    raise
            if intent.status == "requires_action":
                # A repetition finds it cancelled.
                with suppress(stripe.InvalidRequestError):
                    intents.cancel(intent.id)
                return Charge(ChargeState.DECLINED, ref=intent.id, decline_code="authentication_required")
        return _charge(intent.to_dict())

    def look_up(self, ref: str) -> Charge:
        """The present state of a payment intent."""
        with _asking():
            return _charge(self._client.v1.payment_intents.retrieve(ref).to_dict())

    def notice(self, body: bytes, header: str) -> Notice | None:
        """What a callback tells; None when it tells nothing that the house must know. Raises BadCallback."""
        try:
            stripe.WebhookSignature.verify_header(body.decode(), header, self._webhook_secret, TOLERANCE_SECONDS)
            event = json.loads(body)
            kind, told = event["type"], event["data"]["object"]
            if kind in _TOLD:
                return _notice(told, _charge(told))
            if kind == _TAKEN_BACK and told["payment_intent"]:
                with _asking():
                    intent = self._client.v1.payment_intents.retrieve(told["payment_intent"]).to_dict()
                reason = told.get("reason") or "disputed"
                return _notice(intent, Charge(ChargeState.CHARGED_BACK, ref=intent["id"], decline_code=reason))
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadCallback("not a callback of the provider") from error
        return None


@contextmanager
def _asking() -> Iterator[None]:
    """ProviderAway for whatever keeps Stripe from answering; the reason is for the log alone."""
    try:
        yield
    except stripe.StripeError as error:
        log.warning("the payment provider did not answer: %s %s", type(error).__name__, error.code)
        raise ProviderAway from error


def _notice(intent: dict[str, Any], answer: Charge) -> Notice | None:
    """None for a payment of another shop on the same account. Raises BadCallback for a top-up without a number."""
    key = str((intent.get("metadata") or {}).get("key", ""))
    return notice_of(key, answer) if key.startswith(f"{Subject.TOP_UP}:") else None


def _charge(intent: dict[str, Any]) -> Charge:
    state = _STATES.get(intent["status"], ChargeState.PENDING)
    error = intent.get("last_payment_error") or {}
    reason = error.get("decline_code") or error.get("code") or "card_declined"
    return Charge(state, ref=intent["id"], decline_code=reason if state is ChargeState.DECLINED else "")


def _decline_code(error: stripe.CardError) -> str:
    body: Any = error.json_body if isinstance(error.json_body, dict) else {}
    return str(body.get("error", {}).get("decline_code") or error.code or "card_declined")
